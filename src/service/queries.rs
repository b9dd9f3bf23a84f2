//! Looking at data: what people are shown, masked by what their role sees.

use importer_core::pipeline::RunReport;
use importer_core::ports::{
    ChangeFilter, ChangeRow, CoreId, RowId, RunFilter, RunId, RunRecord, SuggestionFilter, SuggestionRow,
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

    /// A record by id, masked; of somebody who went in a merge, the survivor.
    ///
    /// # Errors
    /// When the actor may not see records, there is no such entity, or the database fails.
    pub fn record(&self, entity: &str, id: CoreId) -> Result<Option<RecordView>> {
        let contract = super::runs::contract(entity)?;
        let subject = format!("{entity} {id}");
        let found = self.query(Action::ViewRecords, &subject, |session| {
            let id = session.survivor_of(contract, id)?.map_or(id, |(survivor, _)| survivor);
            Ok(session.load(contract, &[id])?.pop())
        })?;
        Ok(found.map(|person| self.mask().record(contract, &person)))
    }

    /// Records behind an id, in the order of their ids, masked.
    ///
    /// # Errors
    /// When the actor may not see records, there is no such entity, or the database fails.
    pub fn records(&self, entity: &str, after: CoreId, limit: usize) -> Result<Vec<RecordView>> {
        let contract = super::runs::contract(entity)?;
        let found = self
            .query(Action::ViewRecords, "records", |session| session.records_after(contract, after, limit))?;
        Ok(found.iter().map(|person| self.mask().record(contract, person)).collect())
    }

    /// The changes of a record, the oldest first, masked.
    ///
    /// # Errors
    /// When the actor may not see records, there is no such entity, or the database fails.
    pub fn changes(&self, entity: &str, filter: &ChangeFilter) -> Result<Vec<ChangeRow>> {
        let contract = super::runs::contract(entity)?;
        let subject = format!("{entity} {}", filter.record);
        let mut found =
            self.query(Action::ViewRecords, &subject, |session| session.changes(contract, filter))?;
        self.mask().changes(contract, &mut found);
        Ok(found)
    }

    /// A row as received, its cells as JSON by source column, masked by the mapping of its run.
    ///
    /// # Errors
    /// When the actor may not see the quarantine, there is no such entity, or the database fails.
    pub fn received(&self, entity: &str, row: RowId) -> Result<Option<String>> {
        let contract = super::runs::contract(entity)?;
        self.query(Action::ViewQuarantine, &format!("row {row}"), |session| {
            let Some(staged) = session.staged_rows(contract, &[row])?.pop() else { return Ok(None) };
            // The upper half of a row's id is its run.
            let columns = session.run(row >> 32)?.map(|run| Columns::of(contract, &run));
            Ok(Some(self.mask().received(&columns.unwrap_or_default(), &staged.payload_json)))
        })
    }

    /// Findings in the order of their ids, with their rows, masked; page with [`ViolationFilter::after`]. A text is sought only
    /// in what the role sees.
    ///
    /// # Errors
    /// When the actor may not see the quarantine, there is no such rule, or the database fails.
    pub fn violations(&self, filter: &ViolationFilter) -> Result<Vec<ViolationRow>> {
        let mut search = MaskedSearch::by(self.mask());
        let entity = filter.entity.as_deref().unwrap_or("volunteer");
        self.query(Action::ViewQuarantine, "violations", |session| {
            self.importer.known_rules(session, entity, filter.rule.as_deref(), "list violations")?;
            search.violations(session, filter)
        })
    }

    /// Suggestions in the order of their ids, their terms masked; page with [`SuggestionFilter::after`]. Where terms are masked, the
    /// score is of the others alone, also in the filter.
    ///
    /// # Errors
    /// When the actor may not see suggestions, or the database fails.
    pub fn suggestions(&self, filter: &SuggestionFilter) -> Result<Vec<SuggestionRow>> {
        let search = MaskedSearch::by(self.mask());
        self.query(Action::ViewSuggestions, "suggestions", |session| search.suggestions(session, filter))
    }

    /// The explained score of two records by what the role sees of them; see [`Importer::score`](crate::Importer::score).
    ///
    /// # Errors
    /// When the actor may not see suggestions, and as there.
    pub fn score(
        &self,
        entity: &str,
        one: CoreId,
        other: CoreId,
        model: Option<&ModelDocument>,
    ) -> Result<PairScore> {
        self.authorize(Action::ViewSuggestions, &Note::new(format!("{entity} {one} and {other}"), ""))?;
        let mask = self.mask();
        self.importer.score_by(entity, one, other, model, |contract, term| mask.sees_term(contract, term))
    }

    /// Runs, the newest first, without samples of cells that the role does not see.
    ///
    /// # Errors
    /// When the actor may not see runs, or the database fails.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>> {
        let mut found = self.query(Action::ViewRuns, "runs", |session| session.runs(filter))?;
        for run in &mut found {
            self.mask().run(run);
        }
        Ok(found)
    }

    /// The report of a stored run, without samples of cells that the role does not see.
    ///
    /// # Errors
    /// When the actor may not see runs, there is no such run, or the database fails.
    pub fn report(&self, run: RunId) -> Result<RunReport> {
        let found = self.query(Action::ViewRuns, &format!("run {run}"), |session| session.run(run))?;
        let mut report = RunReport::of(&found.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "show the run", format!("there is no run {run}"))
        })?);
        self.mask().report(&mut report);
        Ok(report)
    }
}
