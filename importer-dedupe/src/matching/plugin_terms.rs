//! Terms whose levels somebody else tells, many pairs at a time: match features of plugins.

use std::sync::Arc;

use importer_core::plugin::Batch;

use super::features::MISSING;
use super::levels::{Levels, MAX_TERMS};

/// A term that is compared elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginTerm {
    /// Its name.
    pub name: String,
    /// The fields it looks at.
    pub columns: Vec<String>,
    /// Its levels, strongest agreement first.
    pub levels: Vec<String>,
}

/// Tells the levels of further terms.
pub trait Compares: Send + Sync {
    /// What it compares by.
    fn terms(&self) -> &[PluginTerm];

    /// The level of each pair of rows in a term, or nothing where it has nothing to say or fails.
    fn levels(&self, term: usize, left: &Batch, right: &Batch) -> Vec<Option<usize>>;
}

/// How many pairs are compared by one call.
const AT_A_TIME: usize = 4_096;

/// The values of all records that further terms look at.
pub(crate) struct PluginTerms {
    by: Arc<dyn Compares>,
    /// Term by term, record by record.
    cells: Vec<Vec<Option<Box<str>>>>,
    /// Their place behind the frame's own terms.
    start: usize,
}

impl PluginTerms {
    pub(crate) fn new(by: Arc<dyn Compares>, start: usize) -> Self {
        Self { cells: vec![Vec::new(); by.terms().len()], by, start }
    }

    /// The terms for which a pattern of levels has room.
    pub(crate) fn terms(&self) -> &[PluginTerm] {
        let terms = self.by.terms();
        &terms[..terms.len().min(MAX_TERMS - self.start.min(MAX_TERMS))]
    }

    /// Those for which it has none.
    pub(crate) fn left_out(&self) -> &[PluginTerm] {
        &self.by.terms()[self.terms().len()..]
    }

    /// Takes one more record.
    pub(crate) fn push(&mut self, value: impl Fn(&str) -> Option<String>) {
        for (term, cells) in self.by.terms().iter().zip(&mut self.cells) {
            cells.extend(term.columns.iter().map(|column| value(column).map(Into::into)));
        }
    }

    /// Writes the levels of further terms behind the others of each pair.
    pub(crate) fn compare(&self, pairs: &mut [(u32, u32, Levels)]) {
        for (term, about) in self.terms().iter().enumerate() {
            let columns = about.columns.len();
            let cells = |record: u32| {
                let start = record as usize * columns;
                self.cells[term][start..start + columns].iter().map(Option::as_deref)
            };
            for pairs in pairs.chunks_mut(AT_A_TIME) {
                let (mut left, mut right) = (Batch::new(columns), Batch::new(columns));
                // A batch that is full refuses the rest, which is missing then.
                let filled = pairs
                    .iter()
                    .take_while(|(a, b, _)| left.push_row(cells(*a)).and(right.push_row(cells(*b))).is_ok())
                    .count();
                let levels = self.by.levels(term, &left, &right);
                for ((_, _, to), level) in pairs.iter_mut().take(filled).zip(levels) {
                    to[self.start + term] = level
                        .filter(|level| *level < about.levels.len())
                        .and_then(|level| u8::try_from(level).ok())
                        .filter(|level| *level < MISSING)
                        .unwrap_or(MISSING);
                }
            }
        }
    }
}
