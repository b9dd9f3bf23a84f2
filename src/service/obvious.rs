//! Merging what is beyond doubt, as a run that can be taken back as a whole.

use std::collections::{BTreeSet, HashMap};

use importer_core::contracts::Contract;
use importer_core::ports::{
    AuditOutcome, NewRun, Phase, RecordId, RunId, RunStatus, StewardSession, SuggestionDecision,
    SuggestionId, SuggestionVerdict, no_unfinished_rollback,
};
use importer_core::{ErrorKind, Result};
use importer_dedupe::history::{self, MergeOrder};
use serde::Serialize;

use super::access::{Action, Desk, Note, RecordView};
use super::merge::MergeRequest;
use super::obvious_groups::Planned;
use super::pair_judge::{PairJudge, content};

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
/// How often what remains is judged again: each time something was merged that more is about.
const ROUNDS: usize = 10;

/// Which of the obvious pairs [`Desk::preview_obvious`] is to show.
///
/// ```
/// use importer::SuggestionId;
/// use importer::service::ObviousRequest;
///
/// let next = ObviousRequest { after: SuggestionId(17), limit: 50, ..ObviousRequest::new("volunteer") };
/// assert_eq!(ObviousRequest::new("volunteer").limit, 20);
/// # assert_eq!(next.entity, "volunteer");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, Serialize)]
pub struct ObviousRequest {
    /// The entity, such as `volunteer`.
    pub entity: String,
    /// Shows only pairs behind this suggestion, for paging.
    pub after: SuggestionId,
    /// Shows at most this many pairs; all when 0.
    pub limit: i64,
}

impl ObviousRequest {
    /// Makes a request for the first 20 pairs.
    ///
    /// ```
    /// assert_eq!(importer::service::ObviousRequest::new("volunteer").after, 0);
    /// ```
    pub fn new(entity: impl Into<String>) -> Self {
        Self { entity: entity.into(), after: SuggestionId(0), limit: 20 }
    }
}

/// A pair that [`Desk::merge_obvious`] would merge.
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
/// use importer::service::ObviousRequest;
/// let preview = desk.preview_obvious(&ObviousRequest::new("volunteer"))?;
/// for pair in &preview.pairs {
///     let name = |person: &importer::service::RecordView| person.values.get("last_name").cloned();
///     println!("{}: {:?} and {:?}", pair.suggestion, name(&pair.left), name(&pair.right));
/// }
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObviousPair {
    /// The suggestion.
    pub suggestion: SuggestionId,
    /// The probability that both are one person, from 0 to 1, as it is judged now.
    pub probability: f64,
    /// The record with the lower id, with its values and contacts.
    pub left: RecordView,
    /// The record with the higher id.
    pub right: RecordView,
}

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
/// use importer::service::ObviousRequest;
/// let preview = desk.preview_obvious(&ObviousRequest::new("volunteer"))?;
/// assert_eq!((preview.run, preview.merged), (None, 0));
/// assert!(preview.pairs.iter().all(|pair| pair.probability >= importer::service::MERGE_FROM));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObviousReport {
    /// The run, which [`Desk::roll_back`] takes back as a whole; `None` for a preview.
    pub run: Option<RunId>,
    /// The number of obvious pairs: they are probable enough, and nothing speaks against them. A pair that others bring
    /// together does not count.
    pub obvious: u64,
    /// The number of merges.
    pub merged: u64,
    /// The number of suggestions that are left to people although they were obvious when they were stored, or are by
    /// themselves: as the records are now they are less probable or something speaks against them, another record that
    /// would be merged with them contradicts, or somebody has changed a record or decided meanwhile.
    pub left: u64,
    /// The number of pairs that are probable enough and yet not obvious, because they are rejected pairs, were merged
    /// and parted again, or are about a person who went into one of them.
    pub rejected: u64,
    /// The suggestions that could not be decided, each with the reason.
    pub failed: Vec<(SuggestionId, String)>,
    /// The obvious pairs of a preview, as many as were asked for, in the order of their suggestions. Only roles that
    /// see every field get them, because it tells of each field that nothing speaks against a pair.
    pub pairs: Vec<ObviousPair>,
}

impl Desk<'_> {
    /// Says which suggestions [`Desk::merge_obvious`] would merge; nothing is merged.
    ///
    /// Every suggestion that waits is judged anew, as a scan would judge it now. Any role may call it. Roles that see
    /// every field also get the pairs, page by page.
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
    /// # use importer::service::ObviousRequest;
    /// let preview = desk.preview_obvious(&ObviousRequest::new("volunteer"))?;
    /// // Two people alone tell too little about how much their values say.
    /// assert_eq!((preview.obvious, preview.left, preview.pairs.len()), (0, 1, 0));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see suggestions, there is no such entity, somebody cancels it, or the database fails.
    pub fn preview_obvious(&self, request: &ObviousRequest) -> Result<ObviousReport> {
        let contract = self.importer.contract(&request.entity)?;
        self.query(Action::ViewSuggestions, "suggestions", |session| {
            let mut plan = self.importer.plan_obvious(session, contract, OPERATION, |_| false)?;
            let mut report = ObviousReport {
                obvious: plan.pairs.len() as u64,
                left: plan.left.len() as u64,
                rejected: plan.rejected.len() as u64,
                ..ObviousReport::default()
            };
            if self.mask().shows_all() {
                plan.pairs.sort_by_key(|pair| pair.suggestion);
                plan.pairs.retain(|pair| pair.suggestion > request.after);
                if request.limit > 0 {
                    plan.pairs.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
                }
                report.pairs = self.shown(session, contract, &plan.pairs)?;
            }
            Ok(report)
        })
    }

    /// Pairs with what their records hold.
    fn shown(
        &self,
        session: &mut dyn StewardSession,
        contract: &'static Contract,
        pairs: &[Planned],
    ) -> Result<Vec<ObviousPair>> {
        let mut ids: Vec<RecordId> = pairs.iter().flat_map(|pair| [pair.left, pair.right]).collect();
        ids.sort_unstable();
        ids.dedup();
        let people = session.load(contract, &ids)?;
        let people: HashMap<RecordId, RecordView> =
            people.iter().map(|person| (person.id, self.mask().record(contract, person))).collect();
        let shown = pairs.iter().filter_map(|pair| {
            Some(ObviousPair {
                suggestion: pair.suggestion,
                probability: pair.probability,
                left: people.get(&pair.left)?.clone(),
                right: people.get(&pair.right)?.clone(),
            })
        });
        Ok(shown.collect())
    }

    /// Merges every pair that waits for a decision, is probable enough (0.95 or more), and against which nothing
    /// speaks.
    ///
    /// Every pair is judged anew, as a scan would judge it now and by the contradictions that an import knows. Two people
    /// who contradict each other never come together over others. A record that fits both about equally well is left to
    /// people. Each merge is a transaction of its own. All of them
    /// are one run, which [`Desk::roll_back`] takes back as a whole. Rejected pairs, and people who were merged and
    /// parted again, are left to people. Needs an admin.
    ///
    /// ```
    /// use importer::{AutoMerge, RunRequest};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let row = |id: usize, n: usize, domain: &str| {
    /// #     let first = ["Ada", "Bruno", "Chiara", "Dmitri", "Esther"][n % 5];
    /// #     let last = ["Lovelace", "Okafor", "Nakamura", "Petrov", "Quispe", "Ramirez", "Tanaka", "Wu"][n % 8];
    /// #     let born = format!("{}-{:02}-{:02}", 1950 + n, 1 + n % 12, 2 + n % 27);
    /// #     format!("{id},{first},{last},{first}.{last}@{domain},8165551{:03},{born}\n", 100 + n * 7)
    /// # };
    /// # let mut rows = "id,first_name,last_name,email,phone,dob\n".to_owned();
    /// # rows.extend((0..40).map(|n| row(n, n, "example.org")));
    /// # rows += &row(90, 0, "example.net");
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// importer.run(&RunRequest::new("csv").auto_merge(AutoMerge::Off).file(&file))?;
    /// let done = desk.merge_obvious("volunteer", "beyond doubt")?;
    /// assert_eq!((done.obvious, done.merged, importer.count("volunteer")?), (1, 1, 40));
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
        let judge = self.importer.pair_judge(contract, None);
        let mut refused: BTreeSet<SuggestionId> = BTreeSet::new();
        // What two who were merged have in common with a third together may be beyond doubt by now.
        for _ in 0..ROUNDS {
            let mut plan =
                self.importer.plan_obvious(session, contract, OPERATION, |id| refused.contains(&id))?;
            let mut changed: BTreeSet<RecordId> = BTreeSet::new();
            let round = Round { contract, run, reason, judge: &judge };
            for pair in std::mem::take(&mut plan.pairs) {
                self.importer.not_cancelled(OPERATION)?;
                match self.merge_one(session, &round, &pair, &mut plan.content) {
                    Ok(Fate::Merged(survivor)) => {
                        report.merged += 1;
                        report.obvious += 1;
                        changed.insert(survivor);
                    }
                    Ok(Fate::Left) => _ = plan.left.insert(pair.suggestion),
                    Ok(Fate::ToldApart) => _ = plan.rejected.insert(pair.suggestion),
                    Err(error) if error.kind() == ErrorKind::Store => return Err(error),
                    Err(error) if !session.unfinished_rollback(contract.entity)?.is_empty() => {
                        return Err(error);
                    }
                    Err(error) => {
                        report.obvious += 1;
                        refused.insert(pair.suggestion);
                        report.failed.push((pair.suggestion, error.to_string()));
                    }
                }
            }
            report.left = plan.left.len() as u64;
            report.rejected = plan.rejected.len() as u64;
            if changed.is_empty() || !self.importer.waits_for(session, contract, &changed)? {
                break;
            }
        }
        Ok(())
    }

    /// Merges a pair, unless somebody has changed one of both or decided about them meanwhile.
    fn merge_one(
        &self,
        session: &mut dyn StewardSession,
        round: &Round<'_>,
        pair: &Planned,
        judged: &mut HashMap<RecordId, u64>,
    ) -> Result<Fate> {
        let Round { contract, run, reason, judge } = *round;
        let note = Note::new(format!("suggestion {}", pair.suggestion), reason).entity(contract.entity);
        self.act_on(session, Action::Merge, note, |session, note| {
            session.lock_core(contract)?;
            no_unfinished_rollback(session, contract.entity, OPERATION)?;
            let mut now = |id| Ok(session.survivor_of(contract, id)?.map_or(id, |(survivor, _)| survivor));
            let (one, other) = (now(pair.left)?, now(pair.right)?);
            let (left, right) = (one.min(other), one.max(other));
            // After a merge of this run another suggestion may stand for the two.
            let Some(row) = session.suggestion_of(contract, left, right)? else { return Ok(Fate::Left) };
            let waits = match row.decision {
                SuggestionDecision::Open => true,
                SuggestionDecision::Deferred => {
                    row.deferred_until.is_none_or(|until| until <= self.importer.clock.now())
                }
                _ => false,
            };
            if !waits || left == right {
                return Ok(Fate::Left);
            }
            if session.are_rejected(contract, &[(left, right)])?.contains(&true) {
                return Ok(Fate::ToldApart);
            }
            let people = session.load(contract, &[left, right])?;
            let as_judged = people.len() == 2
                && people.iter().all(|person| judged.get(&person.id) == Some(&content(person)));
            if !as_judged || !judge.contradictions(&people).is_empty() {
                return Ok(Fate::Left);
            }
            let request = MergeRequest::new(contract.entity, [left, right], reason);
            let order =
                MergeOrder { suggestion: Some(row.id), run: Some(run), ..self.order(contract, &request)? };
            let (merge, _) = self.importer.with_merge_context(contract, |merge_context| {
                history::merge(session, merge_context, &order)
            })?;
            note.detail("merge", merge);
            note.detail("run", run);
            let verdict = SuggestionVerdict {
                id: row.id,
                decision: SuggestionDecision::AutoMerged,
                actor: self.actor.name.clone(),
                reason: reason.into(),
                deferred_until: None,
            };
            session.decide(contract, &verdict, self.importer.clock.now())?;
            let merged = session.load(contract, &[order.survivor])?;
            judged.extend(merged.iter().map(|person| (person.id, content(person))));
            Ok(Fate::Merged(order.survivor))
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

/// What the merges of a round have in common.
#[derive(Clone, Copy)]
struct Round<'a> {
    contract: &'static Contract,
    run: RunId,
    reason: &'a str,
    judge: &'a PairJudge<'a>,
}

/// What becomes of an obvious pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// They are merged into this record.
    Merged(RecordId),
    /// Somebody has decided, or one of both has changed.
    Left,
    /// Somebody has said that they are two.
    ToldApart,
}
