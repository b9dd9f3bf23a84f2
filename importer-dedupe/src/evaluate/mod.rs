//! Evaluation: how well records are matched, against what somebody knows about them.
//!
//! ```
//! use importer_dedupe::evaluate::{Answer, Settings, Table, evaluate};
//! let mut people = Table::new(["id", "first name", "surname", "date of birth"]);
//! for (line, id, first, last, birth) in [
//!     (2, "1", "Ada", "Lovelace", "1815-12-10"),
//!     (3, "2", "Ada", "Lovelac", "1815-12-10"),
//!     (4, "3", "Alan", "Turing", "1912-06-23"),
//! ] {
//!     people.push(line, [Some(id), Some(first), Some(last), Some(birth)]);
//! }
//! let mut truth = Table::new(["one", "other"]);
//! truth.push(2, [Some("1"), Some("2")]);
//!
//! let report = evaluate(&people, Answer::Pairs(&truth), &Settings::default())?;
//! assert_eq!(report.blocking.recall, 1.0);
//! assert_eq!(report.clusters.pairs.f1, 1.0);
//! # Ok::<(), importer_core::Error>(())
//! ```

mod headers;
mod metrics;
mod plot;
mod reading;
mod recognise;
mod report;
mod samples;
mod table;
mod text;
mod train;
mod truth;
mod values;

pub use metrics::{AtThreshold, Band, ClusterRates, Point, Rates};
pub use recognise::{Column, FoundBy};
pub use report::{Blocking, KeyFacts, LevelFacts, Report, TermFacts, TruthFacts};
pub use samples::{Sample, TermWeight, Values};
pub use table::Table;
pub use train::{HalfRates, Trained};
pub use truth::Answer;

use importer_core::Result;

use crate::matching::blocking::KeyReport;
use crate::matching::frame::{ColumnSpec, Frame};
use crate::matching::model::{ModelDocument, Thresholds};
use crate::matching::role::Role;
use crate::matching::scan::{Scan, scan_with};
use metrics::{Ranking, calibration, rounded, share};
use recognise::{Recognised, recognise, settle};
use samples::{Source, hundredths};
use truth::{Truth, list, pairs_of, wrong};

/// From this probability on two records are merged without anybody being asked.
pub const AUTO_MERGE: f64 = Thresholds::DEFAULT.auto;

/// From this probability on somebody is asked.
pub const REVIEW: f64 = Thresholds::DEFAULT.review;

const THRESHOLDS: [f64; 8] = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99];

/// The curve has at most so many points.
const CURVE: usize = 200;

/// What to do otherwise than by default.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Columns, and what they are: a field of the contract, a role, `ignore`, or `record_id` for the column with the ids.
    pub map: Vec<(String, String)>,
    /// How many missed and how many wrong pairs are shown; 0 for a report without values.
    pub samples: usize,
    /// A model that was learned elsewhere; without one it is learned from the records themselves, without the truth.
    pub model: Option<ModelDocument>,
    /// Says what training would bring, too: see [`Trained`].
    pub train: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { map: Vec::new(), samples: 5, model: None, train: false }
    }
}

/// Matches the records as an import does, and compares the outcome with the truth.
///
/// # Errors
///
/// When there are no records, nothing to compare, or no truth about them; when the truth names records that do not exist;
/// when a column or a field of the settings does not exist.
pub fn evaluate(records: &Table, answer: Answer<'_>, settings: &Settings) -> Result<Report> {
    if records.rows() == 0 {
        return Err(wrong("there are no records").hint("check that it is the file with the records"));
    }
    let mut recognised = recognise(records, answer, &settings.map)?;
    let truth = match (answer, recognised.id) {
        (Answer::Column(name), _) => Truth::labels(records, truth::column(records, name)?)?,
        (Answer::Pairs(pairs), Some(id)) => Truth::pairs(records, id, pairs)?,
        (Answer::Pairs(_), None) => return Err(wrong("the records have no column with ids")),
    };
    settle(records, &mut recognised, &truth);
    let mut frame = frame(records, &recognised)?;
    let scan = scan_with(&mut frame, settings.model.as_ref());
    let mut report = report(records, &recognised, &frame, &scan, &truth, settings);
    if settings.train {
        report.trained = Some(train::trained(records, &recognised, &truth)?);
    }
    Ok(report)
}

fn frame(records: &Table, recognised: &Recognised) -> Result<Frame> {
    let mut specs: Vec<ColumnSpec> = recognised
        .columns
        .iter()
        .map(|column| ColumnSpec { name: column.column.clone(), role: column.role })
        .collect();
    let columns = specs.len();
    if Frame::new(&specs).terms().is_empty() {
        let why = recognised.columns.iter().map(|column| {
            format!("`{}`: {}", column.column, column.left_out.as_deref().unwrap_or("not compared"))
        });
        return Err(wrong("there is no column to compare")
            .at("columns", why.collect::<Vec<_>>().join("; "))
            .coded("columns_unknown")
            .hint("map columns to fields"));
    }
    if recognised.id.is_some() {
        // One file has all of them, each under an id of its own.
        specs.push(ColumnSpec { name: "external_id".into(), role: Role::ExternalId });
    }
    let mut frame = Frame::new(&specs);
    for row in 0..records.rows() {
        let id = recognised.id.and_then(|column| records.cell(row, column)).map(|id| format!("file:{id}"));
        let cells = (0..columns).map(|column| records.cell(row, column));
        let cells: Vec<Option<&str>> = cells.chain(recognised.id.map(|_| id.as_deref())).collect();
        frame.push(&cells);
    }
    frame.finish();
    Ok(frame)
}

fn report(
    records: &Table,
    recognised: &Recognised,
    frame: &Frame,
    scan: &Scan,
    truth: &Truth,
    settings: &Settings,
) -> Report {
    let ranking = Ranking::new(&scan.pairs, truth);
    let compared = compared(scan, truth);
    let roles: Vec<Role> = recognised.columns.iter().map(|column| column.role).collect();
    let source = Source { records, id: recognised.id, roles: &roles, frame, scan, truth };
    let sampled = |samples: &dyn Fn(usize) -> Vec<Sample>| {
        if settings.samples == 0 { Vec::new() } else { samples(settings.samples) }
    };
    Report {
        records: records.rows() as u64,
        truth: TruthFacts { pairs: truth.pairs, people: truth.people().len() as u64 },
        columns: recognised.columns.clone(),
        notes: [notes(frame, truth), reading::differences(records, recognised)].concat(),
        blocking: Blocking {
            pairs: pairs_of(records.rows() as u64),
            scored: scan.scored,
            right: compared,
            recall: share(compared, truth.pairs).unwrap_or(0.0),
            keys: keys(scan),
        },
        thresholds: THRESHOLDS.map(|threshold| ranking.at(threshold)).to_vec(),
        auto_merge: ranking.at(AUTO_MERGE),
        review: ranking.at(REVIEW),
        best: ranking.best(),
        merged: merged(frame, scan, truth),
        clusters: ClusterRates::new(&scan.cluster_of, truth),
        calibration: calibration(&scan.pairs, truth, scan.scored, compared),
        curve: ranking.curve(CURVE),
        trained: None,
        terms: terms(scan),
        missed: sampled(&|most| source.missed(REVIEW, most)),
        wrong: sampled(&|most| source.wrong(REVIEW, most)),
    }
}

/// How many pairs of one person blocking brought together.
fn compared(scan: &Scan, truth: &Truth) -> u64 {
    let mut compared = 0;
    for person in truth.people() {
        for (place, a) in person.iter().enumerate() {
            compared += person[place + 1..].iter().filter(|b| scan.compared(*a, **b)).count() as u64;
        }
    }
    compared
}

/// What comes of it when all pairs that need no human are merged.
fn merged(frame: &Frame, scan: &Scan, truth: &Truth) -> Rates {
    ClusterRates::new(&scan.merged(frame, &Thresholds::DEFAULT), truth).pairs
}

fn keys(scan: &Scan) -> Vec<KeyFacts> {
    let facts = |key: &KeyReport| KeyFacts {
        key: key.key.clone(),
        pairs: key.pairs,
        matches: key.matches.map_or(0.0, rounded),
        cut_records: key.cut_records,
    };
    scan.keys().iter().map(facts).collect()
}

fn terms(scan: &Scan) -> Vec<TermFacts> {
    let level = |(name, (m, u)): (&String, (&f64, &f64))| LevelFacts {
        level: name.clone(),
        one_person: rounded(*m),
        two_people: rounded(*u),
        weight: hundredths((m.max(1e-9) / u.max(1e-9)).ln()),
    };
    let term = |term: &crate::matching::model::TermWeights| TermFacts {
        term: term.name.clone(),
        levels: term.levels.iter().zip(term.m.iter().zip(&term.u)).map(level).collect(),
    };
    scan.model.terms.iter().map(term).collect()
}

fn notes(frame: &Frame, truth: &Truth) -> Vec<String> {
    let mut notes = Vec::new();
    if truth.implied > 0 {
        notes.push(format!("{} pairs of the truth follow from others and were added.", truth.implied));
    }
    if truth.repeated > 0 {
        notes.push(format!(
            "{} lines of the truth say nothing new: a pair again, or a record with itself.",
            truth.repeated
        ));
    }
    if !frame.left_out().is_empty() {
        notes.push(format!(
            "Pairs are compared by at most {} terms; left out: {}.",
            crate::matching::levels::MAX_TERMS,
            list(frame.left_out().iter().map(String::as_str))
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_beyond_the_most_terms_are_named() {
        let names: Vec<String> = (0..20).map(|n| format!("hobby {n}")).collect();
        let mut people = Table::new([&["cluster".to_owned()], &names[..]].concat());
        for row in 0..40_u64 {
            let cells: Vec<String> = (0..21)
                .map(|n| format!("h{n}w{}", if n == 0 { row / 2 } else { (row / 2 + n) % 17 }))
                .collect();
            people.push(row + 2, cells.iter().map(|cell| Some(cell.as_str())));
        }
        let report = evaluate(&people, Answer::Column("cluster"), &Settings::default()).unwrap();
        assert_eq!(report.terms.len(), crate::matching::levels::MAX_TERMS);
        let note = report.notes.iter().find(|note| note.contains("at most 16 terms")).unwrap();
        assert!(note.contains("`hobby 16`") && note.contains("`hobby 19`"), "{note}");
        assert!(!format!("{people:?}").contains("h1w"), "cells are personal");
    }
}
