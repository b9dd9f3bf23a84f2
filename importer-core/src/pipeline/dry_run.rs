//! A dry run's view of the database: reads see the real core, writes to the core go to a scratch store.

use std::collections::BTreeSet;

use crate::Result;
use crate::contracts::Contract;
use crate::ports::{
    AuditEntry, AuditFilter, AuditRow, AuditStore, CleanRow, CoreRecord, CoreStore, CoreWrite, Landing,
    LandingWrite, LoadedRow, MapEntry, MatchKey, MissingPeople, Moment, NewRun, Outcome, OutcomeTally,
    QuarantineEntry, QuarantineFilter, QuarantineStatus, QuarantineStore, QuarantineVerdict, ReadRow,
    RecordId, Rejected, RepeatedRow, RowId, RunControl, RunFilter, RunId, RunRecord, RunStore, SeenIndexes,
    SeenRow, Session, StagedRow, StopRequest, StoredOutcome, Suggested, Suggestion, SuggestionFilter,
    SuggestionId, SuggestionRow, SuggestionStore, SuggestionVerdict, SystemLock, UnfinishedRollback,
    ViolationFilter, ViolationRow,
};

/// Runs, landed rows and outcomes go to `real`; records, keys, the id map and their journals to `scratch`.
pub(super) struct DryRun {
    pub(super) real: Box<dyn Session>,
    pub(super) scratch: Box<dyn Session>,
    pub(super) last_id: Option<RecordId>,
}

impl Session for DryRun {
    fn work_under(&mut self, lock: &SystemLock) {
        self.real.work_under(lock);
    }

    fn begin(&mut self) -> Result<()> {
        self.real.begin()?;
        self.scratch.begin()
    }

    fn commit(&mut self) -> Result<()> {
        self.scratch.commit()?;
        self.real.commit()
    }

    fn rollback(&mut self) -> Result<()> {
        self.scratch.rollback()?;
        self.real.rollback()
    }

    fn lock_core(&mut self, _: &Contract) -> Result<()> {
        // Nobody else sees the scratch store, and the core is only read.
        Ok(())
    }

    fn is_waited_for(&mut self, _: &Contract) -> Result<bool> {
        Ok(false)
    }
}

impl CoreStore for DryRun {
    fn find_external(&mut self, contract: &Contract, system: &str, ids: &[&str]) -> Result<Vec<MapEntry>> {
        let mut found = self.scratch.find_external(contract, system, ids)?;
        let new: BTreeSet<String> = found.iter().map(|e| e.external_id.clone()).collect();
        let old = self.real.find_external(contract, system, ids)?;
        found.extend(old.into_iter().filter(|e| !new.contains(&e.external_id)));
        Ok(found)
    }

    fn find_keys(
        &mut self,
        contract: &Contract,
        keys: &[MatchKey],
        per_key: usize,
    ) -> Result<Vec<(MatchKey, RecordId)>> {
        let mut found = self.real.find_keys(contract, keys, per_key)?;
        found.extend(self.scratch.find_keys(contract, keys, per_key)?);
        found.sort_unstable_by_key(|&(key, id)| (id, key));
        found.dedup();
        Ok(found)
    }

    fn load(&mut self, contract: &Contract, ids: &[RecordId]) -> Result<Vec<CoreRecord>> {
        let mut found = self.scratch.load(contract, ids)?;
        let new: BTreeSet<RecordId> = found.iter().map(|p| p.id).collect();
        let old: Vec<RecordId> = ids.iter().copied().filter(|id| !new.contains(id)).collect();
        found.extend(self.real.load(contract, &old)?);
        found.sort_unstable_by_key(|p| p.id);
        Ok(found)
    }

    fn external_ids_of(
        &mut self,
        contract: &Contract,
        system: &str,
        people: &[RecordId],
    ) -> Result<Vec<(RecordId, String)>> {
        let mut found = self.real.external_ids_of(contract, system, people)?;
        found.extend(self.scratch.external_ids_of(contract, system, people)?);
        Ok(found)
    }

    fn known_elsewhere(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
    ) -> Result<Vec<(String, RecordId)>> {
        // A run writes ids of one system, its own.
        self.real.known_elsewhere(contract, system, ids)
    }

    fn missing_people(
        &mut self,
        contract: &Contract,
        system: &str,
        last: RunId,
        run: RunId,
    ) -> Result<MissingPeople> {
        self.real.missing_people(contract, system, last, run)
    }

    fn reserve_ids(&mut self, contract: &Contract, count: usize) -> Result<Vec<RecordId>> {
        let last = match self.last_id {
            Some(last) => last,
            None => self.real.last_id(contract)?,
        };
        let end = last.0 + i64::try_from(count).unwrap_or(i64::MAX);
        self.last_id = Some(RecordId(end));
        Ok((last.0 + 1..=end).map(RecordId).collect())
    }

    fn last_id(&mut self, contract: &Contract) -> Result<RecordId> {
        self.real.last_id(contract)
    }

    fn write(
        &mut self,
        contract: &Contract,
        run: Option<&RunRecord>,
        actor: &str,
        write: &CoreWrite,
        now: Moment,
    ) -> Result<()> {
        self.scratch.write(contract, run, actor, write, now)
    }

    fn count(&mut self, contract: &Contract) -> Result<i64> {
        self.real.count(contract)
    }
}

impl SuggestionStore for DryRun {
    fn records_after(
        &mut self,
        contract: &Contract,
        after: RecordId,
        limit: usize,
    ) -> Result<Vec<CoreRecord>> {
        self.real.records_after(contract, after, limit)
    }

    fn changed_since(&mut self, contract: &Contract, since: Moment) -> Result<Vec<RecordId>> {
        self.real.changed_since(contract, since)
    }

    fn suggest(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        suggestions: &[Suggestion],
        now: Moment,
    ) -> Result<Suggested> {
        self.scratch.suggest(contract, run, suggestions, now)
    }

    fn outdate(&mut self, contract: &Contract, run: &RunRecord, suggestions: &[Suggestion]) -> Result<u64> {
        self.scratch.outdate(contract, run, suggestions)
    }

    // What people decided is in the real store; nobody decides about a dry run.
    fn are_rejected(&mut self, contract: &Contract, pairs: &[(RecordId, RecordId)]) -> Result<Vec<bool>> {
        self.real.are_rejected(contract, pairs)
    }

    fn rejected_among(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Rejected>> {
        self.real.rejected_among(contract, people)
    }

    fn has_rejections(&mut self, contract: &Contract) -> Result<bool> {
        self.real.has_rejections(contract)
    }

    fn rejected_as(
        &mut self,
        contract: &Contract,
        prints: &[i64],
    ) -> Result<Vec<(i64, RecordId, Option<i64>)>> {
        self.real.rejected_as(contract, prints)
    }

    fn suggestions(&mut self, filter: &SuggestionFilter) -> Result<Vec<SuggestionRow>> {
        self.real.suggestions(filter)
    }

    fn suggestion(&mut self, id: SuggestionId) -> Result<Option<SuggestionRow>> {
        self.real.suggestion(id)
    }

    fn suggestion_of(
        &mut self,
        contract: &Contract,
        left: RecordId,
        right: RecordId,
    ) -> Result<Option<SuggestionRow>> {
        self.real.suggestion_of(contract, left, right)
    }

    fn decide(&mut self, contract: &Contract, verdict: &SuggestionVerdict, now: Moment) -> Result<()> {
        self.scratch.decide(contract, verdict, now)
    }
}

impl AuditStore for DryRun {
    fn audit(&mut self, entry: &AuditEntry, now: Moment) -> Result<()> {
        self.scratch.audit(entry, now)
    }

    fn audit_log(&mut self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        self.real.audit_log(filter)
    }
}

impl RunControl for DryRun {
    fn ask(&mut self, run: RunId, asked: Option<StopRequest>) -> Result<()> {
        self.real.ask(run, asked)
    }

    fn asked(&mut self, run: RunId) -> Result<Option<StopRequest>> {
        self.real.asked(run)
    }

    fn label_run(&mut self, run: RunId, label: Option<&str>) -> Result<()> {
        self.real.label_run(run, label)
    }

    fn end_held(&mut self, run: RunId, actor: &str, reason: &str, now: Moment) -> Result<u64> {
        self.real.end_held(run, actor, reason, now)
    }

    fn reopen_replaced(&mut self, run: RunId) -> Result<u64> {
        self.real.reopen_replaced(run)
    }

    fn unfinished_rollback(&mut self, entity: &str) -> Result<Vec<UnfinishedRollback>> {
        self.real.unfinished_rollback(entity)
    }

    fn current_rows(
        &mut self,
        contract: &Contract,
        run: RunId,
        unwritten: bool,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<StagedRow>> {
        self.real.current_rows(contract, run, unwritten, after, limit)
    }
}

impl RunStore for DryRun {
    fn create_run(&mut self, run: &NewRun, now: Moment) -> Result<RunRecord> {
        self.real.create_run(run, now)
    }

    fn save_run(&mut self, run: &RunRecord) -> Result<()> {
        self.real.save_run(run)
    }

    fn run(&mut self, id: RunId) -> Result<Option<RunRecord>> {
        self.real.run(id)
    }

    fn runs(&mut self, filter: &RunFilter) -> Result<Vec<RunRecord>> {
        self.real.runs(filter)
    }

    fn advance_watermark(&mut self, _: &RunRecord, _: Option<Moment>, _: Moment) -> Result<()> {
        Ok(())
    }

    fn watermark(&mut self, entity: &str, source: &str, system: &str) -> Result<Option<Moment>> {
        self.real.watermark(entity, source, system)
    }
}

impl Landing for DryRun {
    fn known(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
        seen_indexes: SeenIndexes,
    ) -> Result<Vec<(String, SeenRow)>> {
        self.real.known(contract, system, ids, seen_indexes)
    }

    fn seen_indexes(&mut self, contract: &Contract, system: &str) -> Result<SeenIndexes> {
        self.real.seen_indexes(contract, system)
    }

    fn land(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        write: &LandingWrite,
        now: Moment,
    ) -> Result<()> {
        self.real.land(contract, run, write, now)
    }

    fn loaded_rows(&mut self, contract: &Contract, system: &str, ids: &[&str]) -> Result<Vec<LoadedRow>> {
        self.real.loaded_rows(contract, system, ids)
    }

    fn rows_read(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<ReadRow>> {
        self.real.rows_read(contract, run, after, limit)
    }

    fn land_repeated(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        rows: &[RepeatedRow],
        now: Moment,
    ) -> Result<Vec<(RepeatedRow, Vec<String>)>> {
        self.real.land_repeated(contract, run, rows, now)
    }

    fn end_replaced(&mut self, run: &RunRecord) -> Result<()> {
        self.real.end_replaced(run)
    }

    fn clean_rows(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<CleanRow>> {
        self.real.clean_rows(contract, run, after, limit)
    }

    fn clean_rows_of(&mut self, contract: &Contract, ids: &[RowId]) -> Result<Vec<CleanRow>> {
        self.real.clean_rows_of(contract, ids)
    }

    fn repeated_clean_rows(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<(RowId, CleanRow)>> {
        self.real.repeated_clean_rows(contract, run, after, limit)
    }

    fn staged_rows(&mut self, contract: &Contract, ids: &[RowId]) -> Result<Vec<StagedRow>> {
        self.real.staged_rows(contract, ids)
    }

    fn rules_with_findings(&mut self, ids: &[RowId]) -> Result<Vec<(RowId, String)>> {
        self.real.rules_with_findings(ids)
    }

    fn write_outcomes(&mut self, run: RunId, outcomes: &[Outcome]) -> Result<()> {
        self.real.write_outcomes(run, outcomes)
    }

    fn tally(&mut self, run: RunId) -> Result<OutcomeTally> {
        self.real.tally(run)
    }

    fn violations(&mut self, filter: &ViolationFilter) -> Result<Vec<ViolationRow>> {
        self.real.violations(filter)
    }
}

impl QuarantineStore for DryRun {
    fn quarantined(
        &mut self,
        contract: &Contract,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantineEntry>> {
        self.real.quarantined(contract, filter)
    }

    fn quarantine_runs(
        &mut self,
        contract: &Contract,
        filter: &QuarantineFilter,
    ) -> Result<Vec<(RunId, i64)>> {
        self.real.quarantine_runs(contract, filter)
    }

    fn violations_of(&mut self, rows: &[RowId]) -> Result<Vec<ViolationRow>> {
        self.real.violations_of(rows)
    }

    // A dry run leaves every entry as it is.
    fn decide_quarantine(
        &mut self,
        _: &[RowId],
        _: QuarantineStatus,
        _: &QuarantineVerdict,
        _: Moment,
    ) -> Result<usize> {
        Ok(0)
    }

    fn put_in_place(
        &mut self,
        _: &Contract,
        _: &RunRecord,
        rows: &[RowId],
        _: &QuarantineVerdict,
        _: Moment,
    ) -> Result<usize> {
        Ok(rows.len())
    }

    fn reopen_corrected(&mut self, _: &Contract, _: RunId) -> Result<usize> {
        Ok(0)
    }

    fn outcome(&mut self, row: RowId) -> Result<Option<StoredOutcome>> {
        self.real.outcome(row)
    }
}
