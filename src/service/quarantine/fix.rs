use std::fmt;
use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::pipeline::RunReport;
use importer_core::ports::{QuarantineEntry, QuarantineStatus, QuarantineVerdict, RowId, RunRecord};
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::effect::{Effects, RecordEffect};
use super::list::find;
use super::reprocess::ReprocessRequest;
use super::revalidator::{Draft, Revalidator, SharedRevalidator};
use super::view::{FindingView, Loaded};
use super::{CORRECTIONS, OPERATION};
use crate::service::access::{Action, Columns, Desk, Note};

/// The correction of one row in quarantine, as [`Desk::fix`] takes it.
///
/// Its `Debug` text holds no cells, because cells are personal data.
///
/// ```
/// use importer::service::RowFix;
///
/// let fix = RowFix {
///     values: vec![("email".into(), "bob@example.org".into())],
///     reason: "he called".into(),
///     ..RowFix::default()
/// };
/// assert_eq!(format!("{fix:?}"), "RowFix(1 cells, exempt from [])");
/// ```
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct RowFix {
    /// New cells: a column of the source or a field of the contract, and what it holds from now on. Cells that are not
    /// named stay as they were received. A blank text takes the value out.
    pub values: Vec<(String, String)>,
    /// The codes of rules that do not hold the row back.
    pub exempt: Vec<String>,
    /// The reason, for the audit log.
    pub reason: String,
    /// Reads the row with the mapping of this importer, although its run had another one; otherwise another mapping is
    /// an error.
    pub current_mapping: bool,
}

impl RowFix {
    /// A correction for a reason, which changes no cell yet.
    ///
    /// ```
    /// assert_eq!(importer::service::RowFix::new("why").reason, "why");
    /// ```
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    /// Adds a value for a field.
    ///
    /// ```
    /// let fix = importer::service::RowFix::new("why").set("city", "Liberty");
    /// assert_eq!(fix.values.len(), 1);
    /// ```
    #[must_use]
    pub fn set(mut self, field: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.push((field.into(), value.into()));
        self
    }

    /// Exempts the row from a rule.
    ///
    /// ```
    /// assert_eq!(importer::service::RowFix::new("why").exempt_from("REQ-001").exempt, ["REQ-001"]);
    /// ```
    #[must_use]
    pub fn exempt_from(mut self, rule: impl Into<String>) -> Self {
        self.exempt.push(rule.into());
        self
    }

    /// Reads the rows with the mapping of this importer, although their run had another one.
    ///
    /// ```
    /// assert!(importer::service::RowFix::new("why").with_current_mapping().current_mapping);
    /// ```
    #[must_use]
    pub fn with_current_mapping(mut self) -> Self {
        self.current_mapping = true;
        self
    }
}

impl fmt::Debug for RowFix {
    // Values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowFix({} cells, exempt from {:?})", self.values.len(), self.exempt)
    }
}

/// What became of a row that was sent in again, or of a person who was made by hand.
///
/// ```
/// use importer::service::RowFix;
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
/// let values = vec![("email".into(), "nowhere".into())];
/// let fixed = desk.fix("volunteer", row, &RowFix { values, reason: "a guess".into(), ..RowFix::default() })?;
/// assert_eq!((fixed.loaded, fixed.findings[0].rule.as_str()), (None, "FMT-101"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fixed {
    /// The id of the row in quarantine; 0 for a person who was made by hand.
    pub row: RowId,
    /// Where the row went; `None` when the rules still hold it back, and then nothing has changed anywhere.
    pub loaded: Option<Loaded>,
    /// What the rules say about the corrected row, also when it went in: a warning may say that a value was not taken.
    /// What the role does not see is masked.
    pub findings: Vec<FindingView>,
}

/// What a correction of one row would do, as [`Desk::preview_fix`] shows it.
///
/// ```
/// use importer::service::RowFix;
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
/// let preview = desk.preview_fix("volunteer", row, &RowFix::default().set("email", "nowhere"))?;
/// assert_eq!((preview.effect, preview.findings[0].rule.as_str()), (None, "FMT-101"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FixPreview {
    /// The id of the row in quarantine.
    pub row: RowId,
    /// What the row would do to a record; `None` if the rules would still hold it back.
    pub effect: Option<RecordEffect>,
    /// What the rules say about the corrected row; what the role does not see is masked.
    pub findings: Vec<FindingView>,
}

/// A row with its corrections and what the rules say about it.
struct Corrected {
    contract: &'static Contract,
    amended: Amended,
    held: bool,
    findings: Vec<FindingView>,
}

/// A row with its corrections, ready to be judged.
pub(crate) struct Amended {
    pub(crate) revalidator: SharedRevalidator,
    pub(crate) draft: Draft,
}

impl Desk<'_> {
    /// Corrects cells of a row in quarantine and sends the row in again.
    ///
    /// Without new cells, the rules of today judge the row again as it is. A row that passes goes the way of an import:
    /// a run of corrections lands it beside the row that it corrects, finds out who the person is, and merges it. A row
    /// that is still held back changes nothing; [`Fixed::findings`] says why. Needs a steward.
    ///
    /// ```
    /// use importer::service::RowFix;
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
    /// let values = vec![("email".into(), "bob@example.org".into())];
    /// let fixed = desk.fix("volunteer", row, &RowFix { values, reason: "he called".into(), ..RowFix::default() })?;
    /// assert_eq!(fixed.loaded.unwrap().outcome, "inserted");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not or does not see a cell that is to be set, no reason is given, there is no such row or
    /// rule, the row is not open, a name is neither a column nor a field, the mapping is another one than that of the
    /// row's run, a value that could be read cannot be read any more, a rollback of the entity is unfinished, or the
    /// database refuses the row.
    pub fn fix(&self, entity: &str, row: RowId, fix: &RowFix) -> Result<Fixed> {
        let (action, note) = fix_note(entity, row, fix);
        self.ready(action, &note)?;
        self.importer.no_unfinished_rollback(entity, OPERATION)?;
        let corrected = self.corrected(entity, row, fix, (action, &note))?;
        let Corrected { contract, amended: Amended { revalidator, draft }, held, findings } = corrected;
        if held {
            return Ok(Fixed { row, loaded: None, findings });
        }
        // An exemption alone changes nothing about the row.
        let exempted = !fix.exempt.is_empty() && fix.values.is_empty();
        let status = if exempted { QuarantineStatus::Suppressed } else { QuarantineStatus::Fixed };
        let report = self.reprocess(
            &revalidator,
            once(vec![draft]),
            ReprocessRequest {
                source: CORRECTIONS,
                action,
                verdict: Some(self.verdict(status, &note)),
                note,
            },
        )?;
        Ok(Fixed { row, loaded: Some(self.loaded(contract, &report)?), findings })
    }

    /// Shows what [`Desk::fix`] would do. Nothing changes. Needs a steward; the reason may be empty.
    ///
    /// ```
    /// use importer::service::RowFix;
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
    /// let preview = desk.preview_fix("volunteer", row, &RowFix::default().set("email", "bob@example.org"))?;
    /// assert_eq!(preview.effect.unwrap().outcome, "inserted");
    /// assert_eq!(importer.count("volunteer")?, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Desk::fix`].
    pub fn preview_fix(&self, entity: &str, row: RowId, fix: &RowFix) -> Result<FixPreview> {
        let (action, note) = fix_note(entity, row, fix);
        self.authorize(action, &note)?;
        let corrected = self.corrected(entity, row, fix, (action, &note))?;
        let Corrected { amended: Amended { revalidator, draft }, held, findings, .. } = corrected;
        let effect = match held {
            true => None,
            false => Effects::default().of(self, &revalidator, &[draft])?.pop(),
        };
        Ok(FixPreview { row, effect, findings })
    }

    /// A row with its corrections, judged.
    fn corrected(
        &self,
        entity: &str,
        row: RowId,
        fix: &RowFix,
        (action, note): (Action, &Note),
    ) -> Result<Corrected> {
        let contract = self.importer.contract(entity)?;
        let mut session = self.importer.store()?.session()?;
        self.importer.known_rules(
            session.as_mut(),
            entity,
            fix.exempt.iter().map(String::as_str),
            OPERATION,
        )?;
        let (entry, run) = find(session.as_mut(), contract, row, OPERATION)?;
        drop(session);
        still_open(&entry)?;
        let amended = self.amend(contract, &entry, &run, fix)?;
        let Amended { revalidator, draft } = &amended;
        let landed = Columns::of(contract, &run);
        let mut set = Vec::with_capacity(fix.values.len());
        for (key, _) in &fix.values {
            set.push((key.as_str(), revalidator.class(&landed, revalidator.place(key)?)));
        }
        self.guard_write(action, note, set)?;
        let Some(judged) = revalidator.judge(std::slice::from_ref(draft))?.pop() else {
            return Ok(Corrected { contract, amended, held: true, findings: Vec::new() });
        };
        let findings = revalidator.findings_view(self.mask(), &landed, draft, &judged.findings);
        if !judged.held
            && let Some(value_regression) =
                revalidator.value_regression(&revalidator.draft(&entry, &fix.exempt)?, draft, &judged)?
        {
            return Err(value_regression.error().at("row", row));
        }
        Ok(Corrected { contract, amended, held: judged.held, findings })
    }

    /// A row with its corrections.
    pub(crate) fn amend(
        &self,
        contract: &'static Contract,
        entry: &QuarantineEntry,
        run: &RunRecord,
        fix: &RowFix,
    ) -> Result<Amended> {
        let keys: Vec<&str> = fix.values.iter().map(|(key, _)| key.as_str()).collect();
        let revalidator = Revalidator::of(self.importer, contract, run, &keys, fix.current_mapping)?;
        let mut draft = revalidator.draft(entry, &fix.exempt)?;
        for (key, value) in &fix.values {
            revalidator.set(&mut draft, revalidator.place(key)?, Some(value.clone()))?;
        }
        Ok(Amended { revalidator: Arc::new(revalidator), draft })
    }

    pub(super) fn verdict(&self, status: QuarantineStatus, note: &Note) -> QuarantineVerdict {
        QuarantineVerdict { status, actor: self.actor.name.clone(), reason: note.reason.clone() }
    }

    /// Where the one row of a run went.
    ///
    /// # Errors
    /// When the database refused it.
    pub(super) fn loaded(&self, contract: &Contract, report: &RunReport) -> Result<Loaded> {
        let row = RowId::of(report.run_id, 1);
        let outcome = self.importer.store()?.session()?.outcome(row)?;
        let refused = |why: Option<String>| {
            Error::new(ErrorKind::Refused, OPERATION, why.unwrap_or_else(|| "the row was not loaded".into()))
                .at("run", report.run_id)
                .hint("it is still in quarantine")
        };
        match outcome {
            Some(outcome) if outcome.core_id.is_some() => {
                let mut loaded = Loaded {
                    run: report.run_id,
                    row,
                    record: outcome.core_id,
                    outcome: outcome.kind.as_str(),
                    why: outcome.reason,
                };
                self.mask().loaded(contract, &mut loaded);
                Ok(loaded)
            }
            Some(outcome) => Err(refused(outcome.reason)),
            None => Err(refused(None)),
        }
    }
}

/// What a correction of a row is, for the journals.
fn fix_note(entity: &str, row: RowId, fix: &RowFix) -> (Action, Note) {
    let action = if fix.exempt.is_empty() { Action::FixRows } else { Action::SuppressRows };
    let mut note = Note::new(format!("row {row}"), &fix.reason).entity(entity);
    note.detail("fields", fix.values.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>());
    if !fix.exempt.is_empty() {
        note.detail("exempt", fix.exempt.clone());
    }
    (action, note)
}

/// Rows that are at hand, in one batch.
pub(super) fn once(rows: Vec<Draft>) -> super::correction_source::Pull {
    let mut rows = Some(rows);
    Box::new(move || Ok(rows.take().unwrap_or_default()))
}

pub(super) fn still_open(entry: &QuarantineEntry) -> Result<()> {
    if entry.status == QuarantineStatus::Open {
        return Ok(());
    }
    let message = match entry.status {
        QuarantineStatus::Superseded => {
            "the source has delivered another row of the record since then".to_owned()
        }
        QuarantineStatus::WontFix => "it was rejected; reopen it first".to_owned(),
        status => format!("it is {} already", status.as_str().replace('_', " ")),
    };
    Err(Error::new(ErrorKind::Config, OPERATION, message).at("row", entry.row))
}
