//! Previews: what a suite would do to a source, before anybody is surprised by it.

mod table;

use std::collections::BTreeMap;

use importer_core::Result;
use importer_core::plugin::{Batch, Finding, Severity};
use serde::Serialize;

use crate::evaluate::CompiledSuite;

/// What a suite would do to the rows of a source.
///
/// To see what enforcing everything would mean, preview a suite compiled with `with_mode(Some(Mode::Enforce))`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// How many rows were judged.
    pub rows: u64,
    /// How many of them would be held back.
    pub quarantined: u64,
    /// The rules that found anything, the one that holds back most first.
    pub by_rule: Vec<RuleCount>,
}

/// How many rows one rule concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RuleCount {
    /// The code of the rule, or of what an adapter found.
    pub code: String,
    /// What the rule demands; empty for what an adapter found.
    pub title: String,
    /// Rows it would hold back.
    pub quarantines: u64,
    /// Rows it would only warn about.
    pub warns: u64,
    /// Rows it holds back that would go in if this rule, and no other, were in mode `warn`.
    pub only_this_rule: u64,
}

/// Counts verdicts batch by batch; memory does not grow with the rows.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::mapping::batch_columns;
/// use importer_core::plugin::Batch;
/// use importer_dq::{Binding, Previewer, SuiteBuilder, SuiteDocument};
///
/// let columns = batch_columns(&VOLUNTEER);
/// let suite = SuiteBuilder::new(SuiteDocument::volunteers()).compile(&Binding {
///     entity: "volunteer",
///     source: "csv",
///     today: chrono::NaiveDate::from_ymd_opt(2025, 6, 1).unwrap(),
///     columns: &columns,
/// })?;
/// let mut rows = Batch::new(columns.len());
/// rows.push_row(columns.iter().map(|c| (c == "email_normalized").then_some("ana@example.org")))?;
///
/// let mut previewer = Previewer::new(&suite);
/// previewer.add(&rows, &[])?;
/// let preview = previewer.finish();
/// assert_eq!((preview.rows, preview.quarantined), (1, 1));
/// assert_eq!((preview.by_rule[0].code.as_str(), preview.by_rule[0].only_this_rule), ("REQ-002", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Previewer<'a> {
    suite: &'a CompiledSuite,
    rows: u64,
    quarantined: u64,
    counts: BTreeMap<String, RuleCount>,
}

impl<'a> Previewer<'a> {
    /// Starts counting.
    pub fn new(suite: &'a CompiledSuite) -> Self {
        Self { suite, rows: 0, quarantined: 0, counts: BTreeMap::new() }
    }

    /// Judges a batch and counts the verdict.
    ///
    /// # Errors
    /// When a rule itself failed.
    pub fn add(&mut self, rows: &Batch, from_adapter: &[Finding]) -> Result<()> {
        let found = self.suite.collect(rows, from_adapter)?;
        self.rows += rows.rows() as u64;
        // A rule that keeps silent because of another would speak up were the other one in mode `warn`. So what would let a
        // row in is decided before anybody is silenced: all its errors must be of one rule.
        for row in found.chunk_by(|a, b| a.row == b.row) {
            let mut errors = row.iter().filter(|f| f.severity == Severity::Error).map(|f| f.code.as_str());
            if let Some(first) = errors.next() {
                self.quarantined += 1;
                if errors.all(|code| code == first) {
                    self.count(first).only_this_rule += 1;
                }
            }
        }
        let reported = self.suite.without_silenced(found);
        for of_rule in reported.chunk_by(|a, b| (a.row, &a.code) == (b.row, &b.code)) {
            match of_rule.iter().map(|f| f.severity).max() {
                Some(Severity::Error) => self.count(&of_rule[0].code).quarantines += 1,
                Some(Severity::Warning) => self.count(&of_rule[0].code).warns += 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// The counts.
    pub fn finish(self) -> Preview {
        let mut by_rule: Vec<RuleCount> = self.counts.into_values().collect();
        for count in &mut by_rule {
            if let Some(bound) = self.suite.rules.iter().find(|bound| bound.meta.code == count.code) {
                count.title = bound.meta.title.clone().into_owned();
            }
        }
        // Stable, so equal counts stay in the order of their codes.
        by_rule.sort_by_key(|count| std::cmp::Reverse((count.quarantines, count.warns)));
        Preview { rows: self.rows, quarantined: self.quarantined, by_rule }
    }

    fn count(&mut self, code: &str) -> &mut RuleCount {
        if !self.counts.contains_key(code) {
            let count = RuleCount { code: code.to_owned(), ..RuleCount::default() };
            self.counts.insert(code.to_owned(), count);
        }
        self.counts.entry(code.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests;
