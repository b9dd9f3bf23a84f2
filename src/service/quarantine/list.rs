use importer_core::contracts::Contract;
use importer_core::ports::{QuarantineEntry, QuarantineFilter, RowId, RunRecord, Session};
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::Value;

use super::columns::object;
use super::revalidator::Revalidator;
use super::view::{FindingView, RowDetail, RowSummary};
use crate::service::access::{Action, Columns, Desk, MaskedSearch};
use crate::service::runs;

/// How many rows a filter finds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QuarantineTally {
    /// All of them.
    pub rows: i64,
    /// By the run that landed them.
    pub by_run: Vec<(i64, i64)>,
}

const OPERATION: &str = "show a row in quarantine";
const LIST: &str = "list rows in quarantine";

impl Desk<'_> {
    /// Rows in quarantine, in the order of their ids; page with [`QuarantineFilter::after`]. A text is sought only in what the
    /// role sees.
    ///
    /// # Errors
    /// When the actor may not see them, there is no such entity or rule, or the database fails.
    pub fn quarantine(&self, entity: &str, filter: &QuarantineFilter) -> Result<Vec<RowSummary>> {
        let contract = runs::contract(entity)?;
        self.query(Action::ViewQuarantine, "the quarantine", |session| {
            self.importer.known_rules(session, entity, filter.rule.as_deref(), LIST)?;
            let mut search = MaskedSearch::by(self.mask());
            let rows = search.rows(session, contract, filter)?;
            let masked =
                |row: &QuarantineEntry| Ok(self.mask().row_summary(search.columns(session, row.run)?, row));
            rows.iter().map(masked).collect()
        })
    }

    /// How many rows in quarantine a filter finds, whatever its limit.
    ///
    /// # Errors
    /// As [`Desk::quarantine`].
    pub fn quarantine_tally(&self, entity: &str, filter: &QuarantineFilter) -> Result<QuarantineTally> {
        let contract = runs::contract(entity)?;
        self.query(Action::ViewQuarantine, "the quarantine", |session| {
            self.importer.known_rules(session, entity, filter.rule.as_deref(), LIST)?;
            let by_run = MaskedSearch::by(self.mask()).tally(session, contract, filter)?;
            Ok(QuarantineTally { rows: by_run.iter().map(|(_, rows)| rows).sum(), by_run })
        })
    }

    /// Everything about a row in quarantine: as received, as normalised, and what is wrong with it; masked.
    ///
    /// # Errors
    /// When the actor may not see it, there is no such row, or the database fails.
    pub fn quarantined_row(&self, entity: &str, row: RowId) -> Result<RowDetail> {
        let contract = runs::contract(entity)?;
        self.query(Action::ViewQuarantine, &format!("row {row}"), |session| {
            let (entry, run) = find(session, contract, row, OPERATION)?;
            let stored = session.violations_of(&[row])?;
            let details = stored.first().and_then(|v| object(&v.violation.details_json).ok());
            let normalised = details.and_then(|mut details| match details.remove("normalised") {
                Some(Value::Object(values)) => Some(values),
                _ => None,
            });
            let raw = object(&entry.payload_json)?;
            // Whatever mapping there is now: it only tells where a suggestion would go.
            let revalidator = Revalidator::of(self.importer, contract, &run, &[], true).ok();
            let mut findings: Vec<FindingView> = stored.iter().map(FindingView::stored).collect();
            for finding in &mut findings {
                if let Some(revalidator) = &revalidator {
                    revalidator.advise(finding, &raw);
                }
            }
            let mut detail = RowDetail {
                summary: RowSummary::from(&entry),
                entity: contract.entity.into(),
                columns: revalidator.map(|revalidator| revalidator.columns).unwrap_or_default(),
                raw,
                normalised: normalised.unwrap_or_default(),
                findings,
            };
            self.mask().row_detail(contract, &Columns::of(contract, &run), &mut detail);
            Ok(detail)
        })
    }
}

/// An entry with the run that landed its row.
pub(super) fn find(
    session: &mut dyn Session,
    contract: &Contract,
    row: RowId,
    operation: &'static str,
) -> Result<(QuarantineEntry, RunRecord)> {
    let filter = QuarantineFilter { rows: vec![row], ..QuarantineFilter::default() };
    let entry = session.quarantined(contract, &filter)?.pop();
    let run = match &entry {
        Some(entry) => session.run(entry.run)?,
        None => None,
    };
    entry.zip(run).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, operation, format!("there is no row {row} in quarantine"))
            .hint("the list of rows in quarantine tells their ids")
    })
}
