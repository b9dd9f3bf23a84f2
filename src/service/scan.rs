//! Looking through the whole core for duplicates.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use importer_core::contracts::Contract;
use importer_core::pipeline::{Counts, ScanPhase, ScanProgress};
use importer_core::ports::{
    Moment, NewRun, Phase, RecordId, RowId, RunFilter, RunId, RunRecord, RunStatus, Session, StewardSession,
    Suggested, Suggestion, SuggestionDecision, SuggestionFilter, SuggestionKind, in_transaction, moment_text,
    no_unfinished_rollback, parse_moment,
};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::matching::model::{Explanation, ModelDocument, Objection, PairVerdict, Thresholds};
use importer_dedupe::matching::people::People;
use importer_dedupe::matching::scan::{Scan, scan_watched};
use serde::{Deserialize, Serialize};

use super::pair_judge::PairJudge;
use super::pair_terms::PairTerms;
use super::people::{id_of, number_of};
use crate::Importer;

/// The source under which scans are listed among the runs.
///
/// ```
/// use importer::RunFilter;
/// use importer::service::{SCAN_SOURCE, ScanRequest};
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let scan = importer.scan(&ScanRequest::new("volunteer"))?;
/// let filter = RunFilter { source: Some(SCAN_SOURCE.into()), ..RunFilter::default() };
/// assert_eq!(Some(importer.runs(&filter)?[0].id), scan.run_id);
/// # Ok::<(), importer::Error>(())
/// ```
pub const SCAN_SOURCE: &str = "scan";
/// The probability from which on a pair is merged without a human where that is asked for, if nothing speaks against
/// it: 0.95.
///
/// ```
/// assert_eq!(importer::service::MERGE_FROM, 0.95);
/// ```
pub const MERGE_FROM: f64 = THRESHOLDS.auto;
/// The probability from which on a scan suggests a pair as a possible duplicate: 0.80.
///
/// ```
/// assert_eq!(importer::service::REVIEW_FROM, 0.80);
/// ```
pub const REVIEW_FROM: f64 = THRESHOLDS.review;

pub(super) const THRESHOLDS: Thresholds = Thresholds::DEFAULT;

pub(super) const OPERATION: &str = "scan the core";
/// How many suggestions are stored between two looks at whether somebody cancelled.
const AT_A_TIME: usize = 500;
/// How many examples of each kind a report has.
const SAMPLES: usize = 5;

/// A request to scan the core for duplicates, as [`Importer::scan`] takes it.
///
/// ```
/// use importer::service::ScanRequest;
///
/// let request = ScanRequest { preview: true, ..ScanRequest::new("volunteer") };
/// assert!(!request.all && request.model.is_none());
/// ```
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ScanRequest {
    /// The entity, such as `volunteer`.
    pub entity: String,
    /// Stores nothing, not even that there was a scan.
    pub preview: bool,
    /// Takes every pair, not only those with a record that is new or changed since the last scan.
    pub all: bool,
    /// A match model that was learned before; without it, one is learned from the core.
    pub model: Option<ModelDocument>,
    /// The actor who asked for the scan; a desk sets its own.
    pub actor: String,
}

impl ScanRequest {
    /// Makes a request for a scan that stores what it finds and learns its model from the core.
    ///
    /// ```
    /// use importer::service::ScanRequest;
    ///
    /// let request = ScanRequest::new("volunteer");
    /// assert_eq!((request.entity.as_str(), request.preview), ("volunteer", false));
    /// ```
    pub fn new(entity: impl Into<String>) -> Self {
        let actor = "importer".into();
        Self { entity: entity.into(), preview: false, all: false, model: None, actor }
    }
}

/// What a scan found; [`Importer::scan`] returns it.
///
/// ```
/// use importer::service::ScanRequest;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let report = importer.scan(&ScanRequest::new("volunteer"))?;
/// assert_eq!((report.records, report.pairs_scored, report.since_scan), (2, 1, None));
/// assert!(report.model_learned && report.suggestions.is_some());
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScanReport {
    /// The id of the scan among the runs; `None` for a preview.
    pub run_id: Option<RunId>,
    /// The entity.
    pub entity: String,
    /// True for a preview, which stores nothing.
    pub preview: bool,
    /// The number of records in the core.
    pub records: u64,
    /// The earlier scan since which records were taken; `None` when every pair was.
    pub since_scan: Option<RunId>,
    /// The number of records that are new or changed since then.
    pub changed_records: Option<u64>,
    /// The number of pairs that were scored.
    pub pairs_scored: u64,
    /// The number of pairs that could be merged without a human: a probability of 0.95 or more, and nothing against it.
    pub merge_pairs: u64,
    /// The number of people that these pairs make up.
    pub merge_clusters: u64,
    /// The number of other pairs with a probability of 0.80 or more.
    pub review_pairs: u64,
    /// The number of pairs that are rather two people of one household.
    pub household_pairs: u64,
    /// What became of the pairs in the store; `None` for a preview.
    pub suggestions: Option<Suggested>,
    /// The checksum of the model's document.
    pub model_checksum: String,
    /// True when this scan learned the model; a scan with nothing new keeps that of the last one.
    pub model_learned: bool,
    /// The blocking keys, with what was too frequent to be compared; empty when everything is compared with everything.
    pub keys: Vec<ScanKey>,
    /// A few pairs of each kind, without personal data. At a desk they are for roles that see every field.
    pub samples: Vec<ScanSample>,
    /// The time that the scan took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A blocking key of a scan, with the groups of records that were too large for it.
///
/// ```
/// use importer::service::ScanRequest;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let report = importer.scan(&ScanRequest::new("volunteer"))?;
/// assert!(report.keys.is_empty(), "so few records are all compared with each other");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScanKey {
    /// The values that the key combines, joined by `+`.
    pub key: String,
    /// The number of groups of records that were too large to be compared by it.
    pub cut_blocks: u64,
    /// The number of records in these groups.
    pub cut_records: u64,
}

/// One of the pairs that a scan found.
///
/// ```
/// use importer::service::ScanRequest;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let report = importer.scan(&ScanRequest::new("volunteer"))?;
/// for sample in &report.samples {
///     assert!(sample.left < sample.right && (0.0..=1.0).contains(&sample.score));
/// }
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScanSample {
    /// The kind of pair: `merge`, `review` or `household`.
    pub kind: String,
    /// The lower id.
    pub left: RecordId,
    /// The higher id.
    pub right: RecordId,
    /// The probability that both are one person, from 0 to 1.
    pub score: f64,
    /// The terms that say most, the strongest first.
    pub terms: Vec<String>,
    /// The objections that keep the pair from being merged without a human.
    #[serde(default)]
    pub held_back: Vec<Objection>,
}

/// What is stored with a scan beside its report.
#[derive(Serialize, Deserialize)]
struct Stored {
    scan: ScanReport,
    model: ModelDocument,
    /// Changes from this moment on are the next scan's.
    seen_until: String,
}

/// An earlier scan.
pub(super) struct Earlier {
    pub(super) id: RunId,
    pub(super) model: ModelDocument,
    /// Whether somebody gave the model, rather than that the scan learned it.
    pub(super) given: bool,
    seen_until: Option<Moment>,
}

struct Found {
    kind: &'static str,
    a: u32,
    b: u32,
}

/// To whoever asked for a scan, the lock of a source says nothing.
fn at_work(error: Error, entity: &str) -> Error {
    match error.kind() {
        ErrorKind::Busy => Error::new(ErrorKind::Busy, OPERATION, "another scan is running")
            .at("entity", entity)
            .coded("scan_at_work")
            .hint("wait for it, or cancel it; a preview does not need to wait"),
        _ => error,
    }
}

impl Importer {
    /// Scans the whole core for records that are one person, and stores the pairs worth showing as suggestions.
    ///
    /// If a record is new or changed since the last scan, all records are read and scored, because how much a name says
    /// depends on all other names. If none is, no pair is scored, unless `all` is asked for. Stored are the pairs with a record that is new or changed since the last scan, unless `all` is asked for. Storing is one
    /// transaction: a scan that is cancelled or fails leaves no suggestion behind. Returns a report.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from
    /// [`Desk::scan`](super::Desk::scan).
    ///
    /// ```
    /// use importer::service::ScanRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let report = importer.scan(&ScanRequest::new("volunteer"))?;
    /// assert_eq!((report.records, report.preview), (2, false));
    /// let again = importer.scan(&ScanRequest::new("volunteer"))?;
    /// assert_eq!(again.since_scan, report.run_id);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such entity, another scan is at work, a rollback of the entity is unfinished, somebody cancels
    /// it, or the database fails.
    pub fn scan(&self, request: &ScanRequest) -> Result<ScanReport> {
        let contract = self.contract(&request.entity)?;
        let store = self.store()?;
        let mut session = store.session()?;
        if request.preview {
            let last = self.last_scan(session.as_mut(), contract)?;
            if let Some((report, _)) = self.nothing_new(session.as_mut(), contract, request, last.as_ref())? {
                return Ok(report);
            }
            let work = self.query(session.as_mut(), contract, request, last.as_ref())?;
            return Ok(work.report);
        }
        // Half of the people are who they are about to be no more.
        no_unfinished_rollback(session.as_mut(), contract.entity, OPERATION)?;
        let lock =
            store.lock_system(contract.entity, SCAN_SOURCE).map_err(|e| at_work(e, contract.entity))?;
        session.work_under(&lock);
        self.end_abandoned(session.as_mut(), contract)?;
        let last = self.last_scan(session.as_mut(), contract)?;
        let mut run = session.create_run(&new_run(contract, request), self.clock.now())?;
        let seen_until = seen_until(session.as_mut(), &run)?;
        let result = match self.nothing_new(session.as_mut(), contract, request, last.as_ref())? {
            Some((report, last)) => {
                self.store_nothing_new(session.as_mut(), &mut run, report, last, seen_until)
            }
            None => self
                .query(session.as_mut(), contract, request, last.as_ref())
                .and_then(|work| self.store_scan(session.as_mut(), contract, &mut run, work, seen_until)),
        };
        result.inspect_err(|error| {
            run.status =
                if error.kind() == ErrorKind::Cancelled { RunStatus::Cancelled } else { RunStatus::Failed };
            run.error_summary = Some(error.to_string());
            let now = self.clock.now();
            (run.updated_at, run.finished_at) = (now, Some(now));
            // The first error tells more than one about the state of the scan.
            let _ = session.save_run(&run);
        })
    }

    /// Returns the report of a stored scan; `None` when the run is no scan, or did not come to its end.
    ///
    /// ```
    /// use importer::{Importer, RunFilter, service::ScanRequest};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let scan = importer.scan(&ScanRequest::new("volunteer"))?;
    /// let runs = importer.runs(&RunFilter::default())?;
    /// let reports: Vec<_> = runs.iter().filter_map(Importer::scan_report).collect();
    /// assert_eq!((runs.len(), reports.len(), reports[0].run_id), (2, 1, scan.run_id));
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn scan_report(run: &RunRecord) -> Option<ScanReport> {
        stored(run).map(|stored| stored.scan)
    }

    /// The last scan that came to its end.
    pub(super) fn last_scan(
        &self,
        session: &mut dyn Session,
        contract: &Contract,
    ) -> Result<Option<Earlier>> {
        let status = Some(RunStatus::Succeeded);
        let filter = RunFilter { source: Some(SCAN_SOURCE.into()), status, ..RunFilter::default() };
        let runs = session.runs(&filter)?;
        let run = runs.iter().find(|run| run.new.entity == contract.entity);
        Ok(run.and_then(|run| {
            let stored = stored(run)?;
            Some(Earlier {
                id: run.id,
                given: !run.new.rules_checksum.is_empty(),
                model: stored.model,
                seen_until: parse_moment(&stored.seen_until),
            })
        }))
    }

    /// Whoever holds the lock is the only scan; others that seem to be at work were killed.
    fn end_abandoned(&self, session: &mut dyn Session, contract: &Contract) -> Result<()> {
        let status = Some(RunStatus::Running);
        let filter = RunFilter { source: Some(SCAN_SOURCE.into()), status, ..RunFilter::default() };
        for mut run in session.runs(&filter)?.into_iter().filter(|run| run.new.entity == contract.entity) {
            run.status = RunStatus::Failed;
            run.error_summary = Some("its process ended before the scan did; nothing was stored".into());
            run.finished_at = Some(self.clock.now());
            session.save_run(&run)?;
        }
        Ok(())
    }

    /// The report of a scan that has nothing to compare, because nobody is new or changed since the last one, with that one;
    /// `None` when there is something.
    fn nothing_new<'l>(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        request: &ScanRequest,
        last: Option<&'l Earlier>,
    ) -> Result<Option<(ScanReport, &'l Earlier)>> {
        // By another model every pair has another score.
        let Some(last) = last.filter(|last| !request.all && request.model.is_none() && !last.given) else {
            return Ok(None);
        };
        let Some(since) = last.seen_until else { return Ok(None) };
        if !session.changed_since(contract, since)?.is_empty() {
            return Ok(None);
        }
        let report = ScanReport {
            run_id: None,
            entity: contract.entity.into(),
            preview: request.preview,
            records: u64::try_from(session.count(contract)?).unwrap_or(0),
            since_scan: Some(last.id),
            changed_records: Some(0),
            pairs_scored: 0,
            merge_pairs: 0,
            merge_clusters: 0,
            review_pairs: 0,
            household_pairs: 0,
            suggestions: None,
            model_checksum: last.model.checksum(),
            model_learned: false,
            keys: Vec::new(),
            samples: Vec::new(),
            elapsed_ms: 0,
        };
        Ok(Some((report, last)))
    }

    fn store_nothing_new(
        &self,
        session: &mut dyn Session,
        run: &mut RunRecord,
        mut report: ScanReport,
        last: &Earlier,
        seen_until: Moment,
    ) -> Result<ScanReport> {
        report.run_id = Some(run.id);
        report.suggestions = Some(Suggested::default());
        let counts = Counts { read: report.records, ..Counts::default() };
        finish(run, &report, &counts, &last.model, seen_until, self.clock.now())?;
        session.save_run(run)?;
        Ok(report)
    }

    /// Everything but storing.
    fn query(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        request: &ScanRequest,
        last: Option<&Earlier>,
    ) -> Result<Work> {
        let begun = Instant::now();
        let last = last.filter(|_| !request.all);
        let since = last.and_then(|last| Some((last.id, last.seen_until?)));
        let changed = since.map(|(_, since)| session.changed_since(contract, since)).transpose()?;
        let mut people = self.people(session, contract, OPERATION)?;
        self.phase(ScanPhase::Scoring, people.ids.len(), OPERATION)?;
        let turn = || self.cancel.wait_while_paused();
        let scan = scan_watched(&mut people.frame, request.model.as_ref(), &turn);
        self.not_cancelled(OPERATION)?;
        // A given model keeps its name, however many people it is used on.
        let learned = || ModelDocument::of(&scan.model, people.ids.len() as u64);
        let document = request.model.clone().unwrap_or_else(learned);
        let wanted = |id| changed.as_ref().is_none_or(|changed| changed.binary_search(&id).is_ok());
        let mut found = found(&scan, &people);
        found.retain(|pair| wanted(id_of(&people, pair.a)) || wanted(id_of(&people, pair.b)));
        let count = |kind| found.iter().filter(|pair| pair.kind == kind).count() as u64;
        let of_merge = found.iter().filter(|pair| pair.kind == "merge");
        let clusters: BTreeSet<u32> = of_merge.map(|pair| scan.cluster_of[pair.a as usize]).collect();
        let report = ScanReport {
            run_id: None,
            entity: contract.entity.into(),
            preview: request.preview,
            records: people.ids.len() as u64,
            since_scan: since.map(|(scan, _)| scan),
            changed_records: changed.as_ref().map(|changed| changed.len() as u64),
            pairs_scored: scan.scored,
            merge_pairs: count("merge"),
            merge_clusters: clusters.len() as u64,
            review_pairs: count("review"),
            household_pairs: count("household"),
            suggestions: None,
            model_checksum: document.checksum(),
            model_learned: request.model.is_none(),
            keys: scan
                .keys()
                .iter()
                .map(|k| ScanKey { key: k.key.clone(), cut_blocks: k.cut_blocks, cut_records: k.cut_records })
                .collect(),
            samples: samples(&scan, &people, &found),
            elapsed_ms: elapsed(begun),
        };
        Ok(Work { people, scan, document, found, changed, report, begun })
    }

    fn store_scan(
        &self,
        session: &mut dyn Session,
        contract: &Contract,
        run: &mut RunRecord,
        work: Work,
        seen_until: Moment,
    ) -> Result<ScanReport> {
        self.phase(ScanPhase::Storing, work.found.len(), OPERATION)?;
        let mut report = work.report.clone();
        let now = self.clock.now();
        in_transaction(session, |session| {
            session.lock_core(contract)?;
            no_unfinished_rollback(session, contract.entity, OPERATION)?;
            let mut suggested = Suggested::default();
            for (number, pairs) in work.found.chunks(AT_A_TIME).enumerate() {
                self.not_cancelled(OPERATION)?;
                let suggestions: Vec<Suggestion> =
                    pairs.iter().map(|pair| suggestion(&work.scan, &work.people, pair)).collect();
                suggested.add(&session.suggest(contract, run, &suggestions, now)?);
                let done = (number * AT_A_TIME + pairs.len()) as u64;
                let total = work.found.len() as u64;
                self.observer.scanning(ScanProgress { phase: ScanPhase::Storing, done, total });
            }
            let judge = self.pair_judge(contract, None);
            let lost = lost(session, contract, &work, &judge)?;
            for lowered in lost.lowered.chunks(AT_A_TIME) {
                self.not_cancelled(OPERATION)?;
                suggested.add(&session.suggest(contract, run, lowered, now)?);
            }
            for outdated in lost.outdated.chunks(AT_A_TIME) {
                self.not_cancelled(OPERATION)?;
                suggested.outdated += session.outdate(contract, run, outdated)?;
            }
            report.run_id = Some(run.id);
            report.suggestions = Some(suggested);
            report.elapsed_ms = elapsed(work.begun);
            let counts = Counts {
                read: report.records,
                needs_review: suggested.added + suggested.reopened,
                households: report.household_pairs,
                ..Counts::default()
            };
            finish(run, &report, &counts, &work.document, seen_until, now)?;
            session.save_run(run)
        })?;
        Ok(report)
    }
}

/// Open suggestions whose pair is no longer found, with the score it has now.
#[derive(Default)]
struct Lost {
    /// They stay open: their score is not why they are shown, or nobody compared the two this time.
    lowered: Vec<Suggestion>,
    /// They were shown for a score that is too low by now.
    outdated: Vec<Suggestion>,
}

fn lost(
    session: &mut dyn Session,
    contract: &Contract,
    work: &Work,
    of_imports: &PairJudge<'_>,
) -> Result<Lost> {
    let filter = SuggestionFilter {
        entity: Some(contract.entity.into()),
        decision: Some(SuggestionDecision::Open),
        ..SuggestionFilter::default()
    };
    let found: BTreeSet<(RecordId, RecordId)> = (work.found.iter())
        .map(|pair| (id_of(&work.people, pair.a), id_of(&work.people, pair.b)))
        .map(|(one, other)| (one.min(other), one.max(other)))
        .collect();
    let wanted = |id: RecordId| work.changed.as_ref().is_none_or(|ids| ids.binary_search(&id).is_ok());
    let mut scans: BTreeMap<RunId, bool> = BTreeMap::new();
    let mut lost = Lost::default();
    for row in session.suggestions(&filter)? {
        if found.contains(&(row.left, row.right)) || !(wanted(row.left) || wanted(row.right)) {
            continue;
        }
        let numbers = (number_of(&work.people, row.left), number_of(&work.people, row.right));
        let (Some(a), Some(b)) = numbers else { continue };
        let by_scan = match scans.get(&row.run_id) {
            Some(known) => *known,
            None => {
                let by_scan = session.run(row.run_id)?.is_some_and(|run| run.new.source == SCAN_SOURCE);
                *scans.entry(row.run_id).or_insert(by_scan)
            }
        };
        // What an import suggests for another reason, such as a contact in common, is for people to decide, however unlikely.
        let was_probable = row.kind == SuggestionKind::PossibleDuplicate
            && row.score.is_some_and(|score| score >= REVIEW_FROM)
            && !share_a_contact(&row.features_json);
        let verdict = work.scan.judge(&work.people.frame, a, b, &THRESHOLDS).verdict;
        let is_unlikely = verdict == PairVerdict::Different;
        // What an import found likely by its own model stays, unless the records are others by now: a model that is learned from a
        // few records knows little.
        let for_its_score = by_scan
            || is_unlikely && was_probable && {
                let people = session.load(contract, &[row.left, row.right])?;
                match &people[..] {
                    [one, other] => of_imports.judge(one, other).probability < REVIEW_FROM,
                    _ => true,
                }
            };
        let explanation = work.scan.explain(&work.people.frame, a, b, &THRESHOLDS);
        let now = Suggestion {
            row: RowId(0),
            left: row.left,
            right: row.right,
            kind: row.kind,
            score: Some(rounded(explanation.probability)),
            features_json: serde_json::to_string(&explanation).unwrap_or_default(),
        };
        match (for_its_score && is_unlikely, row.kind) {
            (true, _) => lost.outdated.push(now),
            // A household is not shown for the probability of being one person.
            (false, SuggestionKind::Household) => {}
            (false, _) => lost.lowered.push(now),
        }
    }
    Ok(lost)
}

/// Whether the terms of a pair say that both have a contact.
fn share_a_contact(terms: &str) -> bool {
    let terms = PairTerms::read(terms).unwrap_or_default().terms;
    terms
        .iter()
        .any(|term| matches!(term.term.as_str(), "email" | "phone") && term.level.as_deref() == Some("exact"))
}

struct Work {
    people: People,
    scan: Scan,
    document: ModelDocument,
    found: Vec<Found>,
    /// Records that are new or changed, in the order of their ids; none when every pair counts.
    changed: Option<Vec<RecordId>>,
    report: ScanReport,
    begun: Instant,
}

fn new_run(contract: &Contract, request: &ScanRequest) -> NewRun {
    let model = request.model.as_ref().map(ModelDocument::checksum);
    NewRun {
        entity: contract.entity.into(),
        source: SCAN_SOURCE.into(),
        external_system: SCAN_SOURCE.into(),
        label: None,
        dry_run: false,
        actor: request.actor.clone(),
        ingest_version: contract.version.into(),
        mapping_name: String::new(),
        mapping_version: 0,
        mapping_checksum: String::new(),
        rules_checksum: model.clone().unwrap_or_default(),
        request_json: serde_json::json!({ "all": request.all, "model": model }).to_string(),
    }
}

/// Up to when this scan sees all changes: an import that is at work writes records that are dated before they can be read.
fn seen_until(session: &mut dyn Session, run: &RunRecord) -> Result<Moment> {
    let filter = RunFilter { status: Some(RunStatus::Running), ..RunFilter::default() };
    let at_work = session.runs(&filter)?.into_iter().map(|other| other.started_at);
    Ok(at_work.chain([run.started_at]).min().unwrap_or(run.started_at))
}

/// Lets a scan be done.
fn finish(
    run: &mut RunRecord,
    report: &ScanReport,
    counts: &Counts,
    model: &ModelDocument,
    seen_until: Moment,
    now: Moment,
) -> Result<()> {
    let stored = Stored { scan: report.clone(), model: model.clone(), seen_until: moment_text(seen_until) };
    run.counts_json = json(counts)?;
    run.metrics_json = json(&stored)?;
    run.rows_read = i64::try_from(report.records).unwrap_or(i64::MAX);
    (run.status, run.phase) = (RunStatus::Succeeded, Phase::Done);
    (run.updated_at, run.finished_at) = (now, Some(now));
    Ok(())
}

fn stored(run: &RunRecord) -> Option<Stored> {
    if run.new.source != SCAN_SOURCE {
        return None;
    }
    serde_json::from_str(&run.metrics_json).ok()
}

/// The pairs worth showing, in the order of their records.
fn found(scan: &Scan, people: &People) -> Vec<Found> {
    let shown = scan.pairs.iter().filter(|pair| pair.probability() >= REVIEW_FROM).map(|pair| {
        let may_merge = pair.probability() >= MERGE_FROM
            && scan.judge(&people.frame, pair.a, pair.b, &THRESHOLDS).verdict == PairVerdict::Merge;
        Found { kind: if may_merge { "merge" } else { "review" }, a: pair.a, b: pair.b }
    });
    let households = scan.households.iter().filter(|pair| pair.probability() < REVIEW_FROM);
    let households = households.map(|pair| Found { kind: "household", a: pair.a, b: pair.b });
    let mut found: Vec<Found> = shown.chain(households).collect();
    found.sort_unstable_by_key(|pair| (pair.a, pair.b));
    found
}

fn suggestion(scan: &Scan, people: &People, pair: &Found) -> Suggestion {
    let explanation = scan.explain(&people.frame, pair.a, pair.b, &THRESHOLDS);
    let kind = match pair.kind {
        "household" => SuggestionKind::Household,
        _ => SuggestionKind::PossibleDuplicate,
    };
    let (one, other) = (id_of(people, pair.a), id_of(people, pair.b));
    Suggestion {
        row: RowId(0),
        left: one.min(other),
        right: one.max(other),
        kind,
        score: Some(rounded(explanation.probability)),
        features_json: serde_json::to_string(&explanation).unwrap_or_default(),
    }
}

fn samples(scan: &Scan, people: &People, found: &[Found]) -> Vec<ScanSample> {
    let mut samples = Vec::new();
    for kind in ["merge", "review", "household"] {
        for pair in found.iter().filter(|pair| pair.kind == kind).take(SAMPLES) {
            let explanation = scan.explain(&people.frame, pair.a, pair.b, &THRESHOLDS);
            samples.push(ScanSample {
                kind: kind.into(),
                left: id_of(people, pair.a),
                right: id_of(people, pair.b),
                score: rounded(explanation.probability),
                terms: top_terms(&explanation, 3),
                held_back: explanation.held_back,
            });
        }
    }
    samples
}

/// Returns the terms of an explained score that say most, such as `email equal +12.3`, the strongest first.
///
/// Each consists of the term, the level of agreement, and its weight in bits. Terms for which a record has no value are
/// left out. At most `most` are returned.
///
/// ```
/// use importer::service::top_terms;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let score = importer.score("volunteer", 1.into(), 2.into(), None)?;
/// assert_eq!(top_terms(&score.explanation, 2).len(), 2);
/// # Ok::<(), importer::Error>(())
/// ```
pub fn top_terms(explanation: &Explanation, most: usize) -> Vec<String> {
    let mut terms: Vec<_> = explanation.terms.iter().filter(|term| term.level != "missing").collect();
    terms.sort_by(|a, b| b.bits.abs().total_cmp(&a.bits.abs()));
    terms.iter().take(most).map(|term| format!("{} {} {:+.1}", term.term, term.level, term.bits)).collect()
}

/// A probability as it is stored: six digits are more than it means.
pub(super) fn rounded(probability: f64) -> f64 {
    (probability * 1e6).round() / 1e6
}

fn elapsed(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::new(ErrorKind::Invariant, OPERATION, e.to_string()))
}
