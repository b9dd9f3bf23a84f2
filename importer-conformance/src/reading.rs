//! Reading a source as a host does, and keeping what it said.

use importer_plugin::{Error, Extract, Source};

/// So many batches are read of a source, so that a check of a large one ends.
pub(crate) const MOST_BATCHES: usize = 64;

/// One answer of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Vec<Option<String>>>,
    pub(crate) positions: Vec<u64>,
    /// Row and code.
    pub(crate) findings: Vec<(usize, String)>,
    pub(crate) cursor: Option<String>,
}

/// The next answer; `None` at the end.
pub(crate) fn next(source: &mut dyn Source) -> Result<Option<Answer>, Error> {
    let columns = source.columns().len();
    let mut out = Extract::new(columns);
    source.next(&mut out)?;
    if out.batch().is_empty() {
        return Ok(None);
    }
    let batch = out.batch();
    let cells = |row| (0..columns).map(|column| batch.get(row, column).map(str::to_owned)).collect();
    Ok(Some(Answer {
        rows: (0..batch.rows()).map(cells).collect(),
        positions: (0..batch.rows()).map(|row| out.position(row)).collect(),
        findings: out.findings().iter().map(|f| (f.row, f.code.clone())).collect(),
        cursor: source.cursor(),
    }))
}

/// All answers, and whether the end was seen.
pub(crate) fn read(source: &mut dyn Source) -> Result<(Vec<Answer>, bool), Error> {
    let mut answers = Vec::new();
    while answers.len() < MOST_BATCHES {
        match next(source)? {
            Some(answer) => answers.push(answer),
            None => return Ok((answers, true)),
        }
    }
    Ok((answers, false))
}

/// The rows of answers without their batches.
pub(crate) fn rows(answers: &[Answer]) -> Vec<Vec<Option<String>>> {
    answers.iter().flat_map(|answer| answer.rows.iter().cloned()).collect()
}
