//! Merging what is beyond doubt, as a run that can be taken back as a whole.

use std::collections::BTreeSet;

use importer_core::contracts::Contract;
use importer_core::ports::{
    AuditOutcome, NewRun, Phase, RecordId, RunId, RunStatus, StewardSession, SuggestionDecision,
    SuggestionFilter, SuggestionId, SuggestionKind, SuggestionRow, SuggestionVerdict, no_unfinished_rollback,
};
use importer_core::{ErrorKind, Result};
use importer_dedupe::Thresholds;
use importer_dedupe::history::{self, MergeOrder};
use serde::Serialize;

use super::access::{Action, Desk, Note};
use super::merge::MergeRequest;
use super::pair_terms::PairTerms;
use super::review::decidable;

/// The source under which [`Desk::merge_obvious`] lists its runs.
///
/// ```
/// use importer::{RunFilter, service::MERGE_SOURCE};
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
/// let done = desk.merge_obvious("volunteer", "beyond doubt")?;
/// let filter = RunFilter { source: Some(MERGE_SOURCE.into()), ..RunFilter::default() };
/// assert_eq!(Some(importer.runs(&filter)?[0].id), done.run);
/// # Ok::<(), importer::Error>(())
/// ```
pub const MERGE_SOURCE: &str = "merge";

const OPERATION: &str = "merge what is obvious";
/// How many suggestions are read at a time.
const PAGE: i64 = 500;
/// How many pairs a preview shows.
const SHOWN: usize = 20;

/// What [`Desk::merge_obvious`] did, or would do.
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
/// let preview = desk.preview_obvious("volunteer")?;
/// let (_, left, right, probability) = preview.pairs[0];
/// assert_eq!((preview.run, left.0, right.0), (None, 1, 2));
/// assert!(probability >= importer::service::MERGE_FROM);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObviousReport {
    /// The run, which [`Desk::roll_back`] takes back as a whole; `None` for a preview.
    pub run: Option<RunId>,
    /// The number of obvious suggestions: they are probable enough, and nothing speaks against them.
    pub obvious: u64,
    /// The number of merges.
    pub merged: u64,
    /// The number of suggestions that were left to people, because one of both records has changed since the pair was
    /// scored, or because somebody has decided meanwhile.
    pub left: u64,
    /// The number of pairs that are probable enough and yet not obvious, because they are rejected pairs, or because a
    /// person who went into one of them is part of a rejected pair with the other.
    pub rejected: u64,
    /// The suggestions that could not be decided, each with the reason.
    pub failed: Vec<(SuggestionId, String)>,
    /// The first obvious pairs of a preview, at most 20: suggestion, both records, probability from 0 to 1. Only roles
    /// that see every field get them, because it tells of each field that nothing speaks against a pair.
    pub pairs: Vec<(SuggestionId, RecordId, RecordId, f64)>,
}

impl Desk<'_> {
    /// Counts the suggestions that [`Desk::merge_obvious`] would merge; nothing is merged.
    ///
    /// Any role may call it. Roles that see every field also get the first pairs.
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
    /// let preview = desk.preview_obvious("volunteer")?;
    /// assert_eq!((preview.obvious, preview.merged), (1, 0));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see suggestions, there is no such entity, or the database fails.
    pub fn preview_obvious(&self, entity: &str) -> Result<ObviousReport> {
        let contract = self.importer.contract(entity)?;
        self.query(Action::ViewSuggestions, "suggestions", |session| {
            let mut report = ObviousReport::default();
            let most = if self.mask().shows_all() { SHOWN } else { 0 };
            let mut after = SuggestionId(0);
            while let Some(page) = self.obvious(session, contract, &mut after)? {
                let apart = session.are_rejected(contract, &pairs(&page))?;
                let page: Vec<_> =
                    page.into_iter().zip(&apart).filter(|(_, apart)| !**apart).map(|(row, _)| row).collect();
                report.rejected += apart.iter().filter(|apart| **apart).count() as u64;
                report.obvious += page.len() as u64;
                let room = most.saturating_sub(report.pairs.len());
                let shown = page.iter().take(room);
                report.pairs.extend(shown.map(|row| (row.id, row.left, row.right, row.score.unwrap_or(0.0))));
            }
            Ok(report)
        })
    }

    /// Merges every pair that waits for a decision, is probable enough (0.95 or more), and against which nothing
    /// speaks.
    ///
    /// Each merge is a transaction of its own. All of them are one run, which [`Desk::roll_back`] takes back as a
    /// whole. Rejected pairs and pairs whose records have changed since they were scored are left to people. Needs an
    /// admin.
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
    /// let done = desk.merge_obvious("volunteer", "beyond doubt")?;
    /// assert_eq!((done.obvious, done.merged, importer.count("volunteer")?), (1, 1, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no reason, there is no such entity, another such run is at work, a rollback of
    /// the entity is unfinished, somebody cancels it, or the database fails. Merges before an error stay.
    pub fn merge_obvious(&self, entity: &str, reason: &str) -> Result<ObviousReport> {
        let contract = self.importer.contract(entity)?;
        let mut note = Note::new("suggestions", reason).entity(entity);
        self.ready(Action::Merge, &note)?;
        let importer = self.importer;
        importer.no_unfinished_rollback(entity, OPERATION)?;
        let lock = importer.store()?.lock_system(entity, MERGE_SOURCE)?;
        let mut session = importer.store()?.session()?;
        session.work_under(&lock);
        let mut run = session.create_run(&self.new_run(contract), importer.clock.now())?;
        let mut report = ObviousReport { run: Some(run.id), ..ObviousReport::default() };
        let result = self.merge_all(session.as_mut(), contract, run.id, &note.reason, &mut report);
        run.status = match &result {
            Ok(()) => RunStatus::Succeeded,
            Err(error) if error.kind() == ErrorKind::Cancelled => RunStatus::Cancelled,
            Err(_) => RunStatus::Failed,
        };
        run.error_summary = result.as_ref().err().map(ToString::to_string);
        run.counts_json = serde_json::json!({ "auto_merged": report.merged }).to_string();
        (run.phase, run.updated_at) = (Phase::Done, importer.clock.now());
        run.finished_at = Some(run.updated_at);
        session.save_run(&run)?;
        note.subject = format!("run {}", run.id);
        note.detail("merged", report.merged);
        note.detail("failed", report.failed.len());
        session.audit(&self.line(Action::Merge, &note, AuditOutcome::Done), importer.clock.now())?;
        result.map(|()| report)
    }

    fn merge_all(
        &self,
        session: &mut dyn StewardSession,
        contract: &'static Contract,
        run: RunId,
        reason: &str,
        report: &mut ObviousReport,
    ) -> Result<()> {
        let mut left: BTreeSet<SuggestionId> = BTreeSet::new();
        loop {
            let (before, mut after) = (report.merged, SuggestionId(0));
            while let Some(page) = self.obvious(session, contract, &mut after)? {
                let apart = session.are_rejected(contract, &pairs(&page))?;
                for (row, apart) in page.into_iter().zip(apart) {
                    if left.contains(&row.id) || report.failed.iter().any(|(id, _)| *id == row.id) {
                        continue;
                    }
                    // Nobody looks here, so nobody can say that they are to be merged all the same.
                    if apart {
                        report.rejected += u64::from(left.insert(row.id));
                        continue;
                    }
                    self.importer.not_cancelled(OPERATION)?;
                    report.obvious += 1;
                    match self.merge_one(session, contract, run, &row, reason) {
                        Ok(Fate::Merged) => report.merged += 1,
                        Ok(fate) => {
                            left.insert(row.id);
                            let apart = u64::from(fate == Fate::ToldApart);
                            (report.obvious, report.rejected) =
                                (report.obvious - apart, report.rejected + apart);
                        }
                        Err(error) if error.kind() == ErrorKind::Store => return Err(error),
                        Err(error) if !session.unfinished_rollback(contract.entity)?.is_empty() => {
                            return Err(error);
                        }
                        Err(error) => report.failed.push((row.id, error.to_string())),
                    }
                }
            }
            // What two who were merged had each in common with a third is one suggestion now, which may have been passed.
            if report.merged == before {
                report.left = left.len() as u64 - report.rejected;
                return Ok(());
            }
        }
    }

    /// The next suggestions that are obvious; none when there are no more.
    fn obvious(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        after: &mut SuggestionId,
    ) -> Result<Option<Vec<SuggestionRow>>> {
        let filter = SuggestionFilter {
            entity: Some(contract.entity.into()),
            kind: Some(SuggestionKind::PossibleDuplicate),
            after: *after,
            limit: PAGE,
            ..self.importer.pending_suggestions()
        };
        let rows = session.suggestions(&filter)?;
        let Some(last) = rows.last() else { return Ok(None) };
        *after = last.id;
        Ok(Some(rows.into_iter().filter(is_obvious).collect()))
    }

    /// Merges a pair, unless somebody has decided about it meanwhile.
    fn merge_one(
        &self,
        session: &mut dyn StewardSession,
        contract: &'static Contract,
        run: RunId,
        row: &SuggestionRow,
        reason: &str,
    ) -> Result<Fate> {
        let note = Note::new(format!("suggestion {}", row.id), reason).entity(contract.entity);
        self.act_on(session, Action::Merge, note, |session, note| {
            session.lock_core(contract)?;
            no_unfinished_rollback(session, contract.entity, OPERATION)?;
            let Some(now) = session.suggestion(row.id)?.filter(is_obvious) else { return Ok(Fate::Left) };
            if !matches!(now.decision, SuggestionDecision::Open | SuggestionDecision::Deferred) {
                return Ok(Fate::Left);
            }
            decidable(session, contract, &now)?;
            if session.are_rejected(contract, &pairs(std::slice::from_ref(&now)))?.contains(&true) {
                return Ok(Fate::ToldApart);
            }
            // The score is about both as they were; whoever has changed since, by a merge of this run too, wants a look.
            let changed = session.changed(contract, &[now.left, now.right])?;
            if changed.iter().any(|person| person.at > now.created_at) {
                return Ok(Fate::Left);
            }
            let request = MergeRequest::new(contract.entity, [now.left, now.right], reason);
            let order =
                MergeOrder { suggestion: Some(now.id), run: Some(run), ..self.order(contract, &request)? };
            let (merge, _) = self.importer.with_merge_context(contract, |merge_context| {
                history::merge(session, merge_context, &order)
            })?;
            note.detail("merge", merge);
            note.detail("run", run);
            let verdict = SuggestionVerdict {
                id: now.id,
                decision: SuggestionDecision::AutoMerged,
                actor: self.actor.name.clone(),
                reason: reason.into(),
                deferred_until: None,
            };
            session.decide(contract, &verdict, self.importer.clock.now())?;
            Ok(Fate::Merged)
        })
    }

    fn new_run(&self, contract: &Contract) -> NewRun {
        NewRun {
            entity: contract.entity.into(),
            source: MERGE_SOURCE.into(),
            external_system: MERGE_SOURCE.into(),
            label: None,
            dry_run: false,
            actor: self.actor.name.clone(),
            ingest_version: contract.version.into(),
            mapping_name: String::new(),
            mapping_version: 0,
            mapping_checksum: String::new(),
            rules_checksum: String::new(),
            request_json: "{}".into(),
        }
    }
}

/// What becomes of an obvious pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Merged,
    /// Somebody has decided, or one of both has changed.
    Left,
    /// Somebody has said that they are two.
    ToldApart,
}

fn pairs(rows: &[SuggestionRow]) -> Vec<(RecordId, RecordId)> {
    rows.iter().map(|row| (row.left, row.right)).collect()
}

/// Probable enough to be merged without anybody looking, with nothing that speaks against it. Both stand in the suggestion.
fn is_obvious(row: &SuggestionRow) -> bool {
    row.score.is_some_and(|score| score >= Thresholds::DEFAULT.auto)
        && PairTerms::read(&row.features_json)
            .and_then(|terms| terms.held_back)
            .is_some_and(|against| against.is_empty())
}
