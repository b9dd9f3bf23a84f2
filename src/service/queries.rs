//! Looking at data: what people are shown, masked by what their role sees.

use importer_core::pipeline::RunReport;
use importer_core::ports::{
    ChangeFilter, ChangeRow, RecordId, RowId, RunFilter, RunId, RunRecord, SuggestionFilter, SuggestionRow,
    ViolationFilter, ViolationRow,
};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::matching::model::ModelDocument;

use super::access::{Action, Columns, Desk, Mask, MaskedSearch, Note, RecordView};
use super::score::PairScore;

impl Desk<'_> {
    pub(crate) fn mask(&self) -> Mask {
        Mask(self.actor.role)
    }

    /// Returns a core record by its id, masked for the role.
    ///
    /// For a record that went in a merge it returns the survivor, and `None` when there is no such record. Any role may
    /// call it.
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
    /// let ann = desk.record("volunteer", 1.into())?.unwrap();
    /// assert_eq!(ann.values["last_name"], "Lee");
    /// assert!(desk.record("volunteer", 99.into())?.is_none());
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see records, there is no such entity, or the database fails.
    pub fn record(&self, entity: &str, id: RecordId) -> Result<Option<RecordView>> {
        let contract = self.importer.contract(entity)?;
        let subject = format!("{entity} {id}");
        let found = self.query(Action::ViewRecords, &subject, |session| {
            let id = session.survivor_of(contract, id)?.map_or(id, |(survivor, _)| survivor);
            Ok(session.load(contract, &[id])?.pop())
        })?;
        Ok(found.map(|person| self.mask().record(contract, &person)))
    }

    /// Returns at most `limit` records behind the id `after`, in the order of their ids and masked for the role.
    ///
    /// To page, begin with 0 and continue with the id of the last record. Any role may call it.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let first = desk.records("volunteer", 0.into(), 1)?;
    /// let second = desk.records("volunteer", first[0].id, 1)?;
    /// assert_eq!((first[0].id.0, second[0].id.0), (1, 2));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see records, there is no such entity, or the database fails.
    pub fn records(&self, entity: &str, after: RecordId, limit: usize) -> Result<Vec<RecordView>> {
        let contract = self.importer.contract(entity)?;
        let found = self
            .query(Action::ViewRecords, "records", |session| session.records_after(contract, after, limit))?;
        Ok(found.iter().map(|person| self.mask().record(contract, person)).collect())
    }

    /// Returns the changes of a record from the change log, the oldest first.
    ///
    /// Values and reasons are masked for the role. What a merge did to a masked field is left out, because the line
    /// alone would say that two values differ. Any role may call it.
    ///
    /// ```
    /// use importer::ChangeFilter;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let changes = desk.changes("volunteer", &ChangeFilter { record: 1.into(), ..ChangeFilter::default() })?;
    /// assert_eq!((changes[0].action.as_str(), changes[0].run_id), ("created", Some(report.run_id)));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see records, there is no such entity, or the database fails.
    pub fn changes(&self, entity: &str, filter: &ChangeFilter) -> Result<Vec<ChangeRow>> {
        let contract = self.importer.contract(entity)?;
        let subject = format!("{entity} {}", filter.record);
        let mut found =
            self.query(Action::ViewRecords, &subject, |session| session.changes(contract, filter))?;
        self.mask().changes(contract, &mut found);
        Ok(found)
    }

    /// Returns a row as it was received: its cells by source column, as a JSON object.
    ///
    /// Cells are masked by the mapping of the row's run; a column that no field takes counts as sensitive. Returns
    /// `None` when there is no such row, or when it was purged. Any role may call it.
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
    /// let cells = desk.received("volunteer", row)?.unwrap();
    /// assert!(cells.contains("bob@@example.org"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see the quarantine, there is no such entity, or the database fails.
    pub fn received(&self, entity: &str, row: RowId) -> Result<Option<String>> {
        let contract = self.importer.contract(entity)?;
        self.query(Action::ViewQuarantine, &format!("row {row}"), |session| {
            let Some(staged) = session.staged_rows(contract, &[row])?.pop() else { return Ok(None) };
            // The upper half of a row's id is its run.
            let columns = session.run(row.run())?.map(|run| Columns::of(contract, &run));
            Ok(Some(self.mask().received(&columns.unwrap_or_default(), &staged.payload_json)))
        })
    }

    /// Returns findings with the rows they are about, in the order of their ids.
    ///
    /// Rows, messages and external ids are masked for the role, and a text is searched only in what the role sees. To
    /// page, set [`ViolationFilter::after`] to the id of the last finding. Any role may call it.
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
    /// let found = desk.violations(&Default::default())?;
    /// assert_eq!((found.len(), found[0].violation.rule_code.as_str()), (1, "FMT-101"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see the quarantine, there is no such rule, or the database fails.
    pub fn violations(&self, filter: &ViolationFilter) -> Result<Vec<ViolationRow>> {
        let mut search = MaskedSearch::by(self.mask(), &self.importer.contracts);
        let entity = filter.entity.as_deref().unwrap_or("volunteer");
        self.query(Action::ViewQuarantine, "violations", |session| {
            self.importer.known_rules(session, entity, filter.rule.as_deref(), "list violations")?;
            search.violations(session, filter)
        })
    }

    /// Returns suggestions in the order of their ids, or the likeliest first if the filter says so and the role sees
    /// every field.
    ///
    /// A suggestion that waits is about its records as they are now, as for
    /// [`Importer::suggestions`](crate::Importer::suggestions). Terms about fields that the role does not see are masked. The score is then of the other terms alone, also in
    /// the filter. To page, set [`SuggestionFilter::after`] to the id of the last suggestion. Any role may call it.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let pending = desk.suggestions(&importer.pending_suggestions())?;
    /// assert_eq!((pending[0].left.0, pending[0].right.0), (1, 2));
    /// assert_eq!(pending[0].kind, importer::SuggestionKind::PossibleDuplicate);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see suggestions, or the database fails.
    pub fn suggestions(&self, filter: &SuggestionFilter) -> Result<Vec<SuggestionRow>> {
        let search = MaskedSearch::by(self.mask(), &self.importer.contracts);
        self.query(Action::ViewSuggestions, "suggestions", |session| {
            search.suggestions(session, filter, &|session, rows| self.importer.rescore_changed(session, rows))
        })
    }

    /// Returns the explained score of two records by the fields that the role sees; see
    /// [`Importer::score`](crate::Importer::score).
    ///
    /// Terms about other fields are left out, as if neither record had a value there. Any role may call it.
    ///
    /// ```
    /// use importer::service::{Actor, Role};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let admin = importer.desk(Actor::admin("ann")).score("volunteer", 1.into(), 2.into(), None)?;
    /// let steward = importer.desk(Actor::new("sam", Role::Steward)).score("volunteer", 1.into(), 2.into(), None)?;
    /// assert!(admin.left_out == 0 && steward.left_out > 0);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see suggestions, and as for [`Importer::score`](crate::Importer::score).
    pub fn score(
        &self,
        entity: &str,
        one: RecordId,
        other: RecordId,
        model: Option<&ModelDocument>,
    ) -> Result<PairScore> {
        self.authorize(Action::ViewSuggestions, &Note::new(format!("{entity} {one} and {other}"), ""))?;
        let mask = self.mask();
        self.importer.score_by(entity, one, other, model, |contract, term| mask.sees_term(contract, term))
    }

    /// Returns runs, the newest first, without samples of cells that the role does not see.
    ///
    /// To page, set [`RunFilter::before`] to the id of the last run. Any role may call it.
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
    /// let runs = desk.runs(&Default::default())?;
    /// assert_eq!((runs[0].id, runs[0].status), (report.run_id, importer::RunStatus::Succeeded));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see runs, or the database fails.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>> {
        let mut found = self.query(Action::ViewRuns, "runs", |session| session.runs(filter))?;
        for run in &mut found {
            self.mask().run(self.importer.contracts.find(&run.new.entity), run);
        }
        Ok(found)
    }

    /// Returns the report of a stored run, without samples of cells that the role does not see. Any role may call it.
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
    /// let stored = desk.report(report.run_id)?;
    /// assert_eq!((stored.counts.read, stored.counts.quarantined), (2, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see runs, there is no such run, or the database fails.
    pub fn report(&self, run: RunId) -> Result<RunReport> {
        let found = self.query(Action::ViewRuns, &format!("run {run}"), |session| session.run(run))?;
        let mut report = RunReport::of(&found.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "show the run", format!("there is no run {run}"))
        })?);
        self.mask().report(self.importer.contracts.find(&report.entity), &mut report);
        Ok(report)
    }
}
