use importer_core::contracts::Contract;
use importer_core::ports::{QuarantineEntry, QuarantineFilter, RowId, RunId, RunRecord, Session};
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::Value;

use super::columns::object;
use super::revalidator::Revalidator;
use super::view::{FindingView, RowDetail, RowSummary};
use crate::service::access::{Action, Columns, Desk, MaskedSearch};

/// The number of rows in quarantine that a filter finds; [`Desk::quarantine_tally`] returns it.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let tally = desk.quarantine_tally("volunteer", &Default::default())?;
/// assert_eq!((tally.rows, tally.by_run), (1, vec![(report.run_id, 1)]));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QuarantineTally {
    /// The number of all rows.
    pub rows: i64,
    /// The number of rows by the run that landed them.
    pub by_run: Vec<(RunId, i64)>,
}

const OPERATION: &str = "show a row in quarantine";
const LIST: &str = "list rows in quarantine";

impl Desk<'_> {
    /// Returns rows in quarantine, in the order of their ids and without their cells.
    ///
    /// Rows that were decided are listed too, unless the filter names a status. To page, set
    /// [`QuarantineFilter::after`] to the id of the last row. External ids and reasons that quote a masked value are
    /// masked. A text is searched only in what the role sees. Any role may call it.
    ///
    /// ```
    /// use importer::{QuarantineFilter, QuarantineStatus};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let filter = QuarantineFilter { status: Some(QuarantineStatus::Open), limit: 50, ..Default::default() };
    /// let rows = desk.quarantine("volunteer", &filter)?;
    /// assert_eq!((rows.len(), rows[0].position), (1, 3), "it stands on line 3 of the file");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see them, there is no such entity or rule, or the database fails.
    pub fn quarantine(&self, entity: &str, filter: &QuarantineFilter) -> Result<Vec<RowSummary>> {
        let contract = self.importer.contract(entity)?;
        self.query(Action::ViewQuarantine, "the quarantine", |session| {
            self.importer.known_rules(session, entity, filter.rule.as_deref(), LIST)?;
            let mut search = MaskedSearch::by(self.mask(), &self.importer.contracts);
            let rows = search.rows(session, contract, filter)?;
            let masked =
                |row: &QuarantineEntry| Ok(self.mask().row_summary(search.columns(session, row.run)?, row));
            rows.iter().map(masked).collect()
        })
    }

    /// Counts the rows in quarantine that a filter finds, whatever its limit.
    ///
    /// Returns the number of all rows, and of those of each run. A text is searched only in what the role sees. Any
    /// role may call it.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// assert_eq!(desk.quarantine_tally("volunteer", &Default::default())?.rows, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Desk::quarantine`].
    pub fn quarantine_tally(&self, entity: &str, filter: &QuarantineFilter) -> Result<QuarantineTally> {
        let contract = self.importer.contract(entity)?;
        self.query(Action::ViewQuarantine, "the quarantine", |session| {
            self.importer.known_rules(session, entity, filter.rule.as_deref(), LIST)?;
            let by_run =
                MaskedSearch::by(self.mask(), &self.importer.contracts).tally(session, contract, filter)?;
            Ok(QuarantineTally { rows: by_run.iter().map(|(_, rows)| rows).sum(), by_run })
        })
    }

    /// Returns everything about a row in quarantine: as received, as normalised, and what is wrong with it.
    ///
    /// Cells, values, messages and suggestions are masked for the role. Any role may call it.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let row = desk.quarantine("volunteer", &Default::default())?[0].row;
    /// let detail = desk.quarantined_row("volunteer", row)?;
    /// assert_eq!(detail.raw["email"], "bob@@example.org");
    /// assert_eq!(detail.findings[0].suggestion.as_deref(), Some("bob@example.org"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see it, there is no such entity or row, or the database fails.
    pub fn quarantined_row(&self, entity: &str, row: RowId) -> Result<RowDetail> {
        let contract = self.importer.contract(entity)?;
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
            .hint("the list of rows in quarantine shows the ids")
    })
}
