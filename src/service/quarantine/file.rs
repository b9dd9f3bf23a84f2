//! Rows that were exported, corrected elsewhere, and are read back.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use importer_core::contracts::Contract;
use importer_core::ports::{QuarantineStatus, RowId, RunId};
use importer_core::{Error, ErrorKind, Result};

use super::CORRECTIONS;
use super::columns::columns;
use super::correction_source::Pull;
use super::file_report::{FileProblem, FileReport};
use super::file_rows::{ColumnTarget, FileRows, GroupOutcome};
use super::groups::Group;
use super::reprocess::ReprocessRequest;
use super::revalidator::Revalidator;
use crate::service::access::{Action, Desk, MaskedSearch, Note};
use crate::service::export::{ExportKind, ExportReader, TOLD};

const OPERATION: &str = "read corrected rows";

/// How [`Desk::fix_file`] reads a corrected file back.
///
/// ```
/// use importer::service::FileFix;
///
/// let fix = FileFix { reason: "back from the office".into(), ..FileFix::default() };
/// assert!(!fix.current_mapping);
/// ```
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct FileFix {
    /// The reason, for the audit log.
    pub reason: String,
    /// Reads the rows with the mapping of this importer, although their run had another one; otherwise another mapping
    /// is an error.
    pub current_mapping: bool,
}

impl FileFix {
    /// Reads a file back for a reason.
    ///
    /// ```
    /// assert_eq!(importer::service::FileFix::new("why").reason, "why");
    /// ```
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    /// Reads the rows with the mapping of this importer, although their run had another one.
    ///
    /// ```
    /// assert!(importer::service::FileFix::new("why").with_current_mapping().current_mapping);
    /// ```
    #[must_use]
    pub fn with_current_mapping(mut self) -> Self {
        self.current_mapping = true;
        self
    }
}

impl Desk<'_> {
    /// Reads a file back that [`Desk::export_quarantine`] wrote and that somebody has corrected.
    ///
    /// Rows are found by their ids. Rows with changed cells are sent in like any correction, all others are left alone.
    /// Rows may be left out, and columns for further fields may be added. Masked cells count as unchanged. If somebody
    /// typed a value over a masked cell, the row is a problem, whatever the masked value is. Returns what became of the
    /// rows. Needs a steward.
    ///
    /// ```
    /// use importer::service::FileFix;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let path = folder.path().join("rows.csv");
    /// # let mut out = std::fs::File::create(&path).unwrap();
    /// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
    /// # drop(out);
    /// let text = std::fs::read_to_string(&path).unwrap().replace("bob@@", "bob@");
    /// std::fs::write(&path, text).unwrap();
    /// let fix = FileFix { reason: "back from the office".into(), ..FileFix::default() };
    /// let report = desk.fix_file("volunteer", &path, &fix)?;
    /// assert_eq!((report.read, report.loaded), (1, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, the file is no such export or has a column that is neither of a
    /// source nor a field, or as for [`Desk::fix`]. A broken file is refused before any of its rows is sent in. Rows
    /// that went in before a later error stay in; the same file again takes the others.
    pub fn fix_file(&self, entity: &str, path: &Path, fix: &FileFix) -> Result<FileReport> {
        let mut note = Note::new("", &fix.reason).entity(entity);
        note.detail("change", "file");
        self.ready(Action::FixRows, &note)?;
        let contract = self.importer.contract(entity)?;
        self.importer.no_unfinished_rollback(entity, OPERATION)?;
        let survey = survey(path)?;
        let mut hidden = BTreeSet::new();
        let mut report = FileReport { read: survey.counted.values().sum(), ..FileReport::default() };
        for group in self.file_groups(contract, path, &survey, fix, &mut report)? {
            let outcome = Arc::new(Mutex::new(GroupOutcome::default()));
            let mut rows = FileRows {
                file: ExportReader::open(path)?,
                session: self.importer.store()?.session()?,
                contract,
                runs: group.runs.iter().map(|run| run.id).collect(),
                places: survey.header.iter().map(|name| own_place(&group.revalidator, name)).collect(),
                revalidator: Arc::clone(&group.revalidator),
                mask: self.mask(),
                search: MaskedSearch::by(self.mask(), &self.importer.contracts),
                outcome: Arc::clone(&outcome),
            };
            let pull: Pull = Box::new(move || rows.next_drafts());
            let verdict = Some(self.verdict(QuarantineStatus::Fixed, &note));
            let request = ReprocessRequest {
                source: CORRECTIONS,
                action: Action::FixRows,
                verdict,
                note: note.clone(),
            };
            if let Some(run) = self.reprocess_group(&group.revalidator, pull, request)? {
                report.skipped += run.counts.skipped;
                report.runs += 1;
            }
            let outcome = std::mem::take(&mut *outcome.lock().unwrap_or_else(PoisonError::into_inner));
            report.add(outcome.report);
            hidden.extend(outcome.hidden);
        }
        report.loaded -= report.skipped.min(report.loaded);
        if !hidden.is_empty() {
            note.subject = "rows of a file".into();
            note.detail("columns", hidden.into_iter().collect::<Vec<_>>());
            self.refuse(Action::FixRows, &note, "set cells that this role does not see")?;
        }
        Ok(report)
    }

    fn file_groups(
        &self,
        contract: &'static Contract,
        path: &Path,
        survey: &Survey,
        fix: &FileFix,
        report: &mut FileReport,
    ) -> Result<Vec<Group>> {
        let mut session = self.importer.store()?.session()?;
        let (mut groups, mut used) = (Vec::new(), BTreeSet::new());
        for (&id, &rows) in &survey.counted {
            let Some(run) = session.run(id)?.filter(|run| run.new.entity == contract.entity) else {
                report.not_open += rows;
                let why = format!("there is no run {id} in this database");
                report.problem(FileProblem::new(0, 0, RowId::of(id, 0), why));
                continue;
            };
            let own = columns(&run);
            let is_field = |name: &str| contract.fields.iter().any(|f| f.name == name || f.header == name);
            let keys: Vec<&str> =
                survey.header.iter().map(String::as_str).filter(|name| !name.starts_with(TOLD)).collect();
            let keys: Vec<&str> =
                keys.into_iter().filter(|key| own.iter().any(|c| c == key) || is_field(key)).collect();
            used.extend(keys.iter().map(|key| (*key).to_owned()));
            let revalidator = Revalidator::of(self.importer, contract, &run, &keys, fix.current_mapping)?;
            Group::put(&mut groups, revalidator, run);
        }
        // Rows of a source may be left out; the columns of it alone stay behind, and are empty.
        let unknown = survey.header.iter().zip(&survey.filled).find_map(|(name, filled)| {
            let known = name.starts_with(TOLD) || used.contains(name);
            filled.filter(|_| !known).map(|place| (name, place))
        });
        if let (Some((name, (number, line))), false) = (unknown, groups.is_empty()) {
            let message = "this is neither a column of the sources of the rows nor a field";
            return Err(Error::new(ErrorKind::Config, OPERATION, message)
                .at("file", path.display())
                .at("column", name)
                .at("row of the file", number)
                .at("line", line)
                .hint(
                    "leave the names of columns as they were exported; a column for a field has its name",
                ));
        }
        Ok(groups)
    }
}

/// What a file holds.
struct Survey {
    /// The columns that somebody may have corrected.
    header: Vec<String>,
    /// How many rows of which runs.
    counted: BTreeMap<RunId, u64>,
    /// For each column, the number and line of the first row that has something in it.
    filled: Vec<Option<(u64, u64)>>,
}

/// Reads a file to its end before anything is done, so that a broken one is refused as a whole.
fn survey(path: &Path) -> Result<Survey> {
    let mut file = ExportReader::open(path)?;
    if file.kind() != ExportKind::Quarantine {
        return Err(Error::new(ErrorKind::Config, OPERATION, "the file holds no rows of the quarantine")
            .at("file", path.display())
            .hint("export the rows in quarantine, and correct that file"));
    }
    let header = file.columns().to_vec();
    let mut survey = Survey { filled: vec![None; header.len()], header, counted: BTreeMap::new() };
    let mut ids = HashSet::new();
    while let Some(row) = file.next_row()? {
        if !ids.insert(row.id) {
            return Err(Error::new(ErrorKind::Config, OPERATION, "this row appears in the file twice")
                .at("file", path.display())
                .at("row of the file", row.number)
                .at("line", row.line)
                .at("id", row.id)
                .hint("remove one of the two"));
        }
        *survey.counted.entry(RunId(row.id >> 32)).or_default() += 1;
        for (cell, filled) in row.cells.iter().zip(&mut survey.filled) {
            if !cell.trim().is_empty() {
                filled.get_or_insert((row.number, row.line));
            }
        }
    }
    Ok(survey)
}

/// Where a column of the file belongs; what is only told belongs nowhere.
fn own_place(revalidator: &Revalidator, name: &str) -> ColumnTarget {
    match name.starts_with(TOLD) {
        true => ColumnTarget::ForPeople,
        false => revalidator.place(name).map_or(ColumnTarget::Elsewhere, ColumnTarget::At),
    }
}
