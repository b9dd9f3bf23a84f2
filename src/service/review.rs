//! What people decide about pairs.

use importer_core::contracts::Contract;
use importer_core::ports::{
    RecordId, StewardSession, SuggestionDecision, SuggestionFilter, SuggestionId, SuggestionKind,
    SuggestionRow, SuggestionVerdict, days_later,
};
use importer_core::reasons::explain;
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::history::{self, MergeOrder};

use super::access::{Action, Desk, MaskedSearch, Note, Rescore};
use super::merge::{FieldChoice, MergeDone, MergeRequest, although, although_contradicted, done};
use super::pair_judge::Contradiction;
use super::rejected_pairs::no_rejected_pairs;
use super::unfinished_rollback::not_in_unfinished_rollback;

const OPERATION: &str = "record a decision";

/// The code of the error that a pair contradicts.
const CONTRADICTS: &str = "pair_contradicts";

/// How many suggestions one transaction decides about.
const PAGE: i64 = 500;

/// Fields somebody decided about.
type Choices = [(String, FieldChoice)];

/// What an actor decides about a suggestion.
///
/// ```
/// use importer::SuggestionDecision;
/// use importer::service::ReviewDecision;
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
/// let pair = desk.suggestions(&importer.pending_suggestions())?[0].id;
/// let reviewed = desk.review(pair, &ReviewDecision::Defer { days: 14 }, "asking her")?;
/// assert_eq!(reviewed.suggestion.decision, SuggestionDecision::Deferred);
/// assert!(desk.suggestions(&importer.pending_suggestions())?.is_empty());
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    /// The suggestion is right: the records of one person are merged, or two people of one household are linked.
    Accept {
        /// The record that remains in a merge; by default the one with the lower id.
        survivor: Option<RecordId>,
        /// Fields whose value was chosen by hand.
        choices: Vec<(String, FieldChoice)>,
        /// Merges even a rejected pair, or if a person who went into one of both is part of one; otherwise that is an
        /// error.
        #[serde(default)]
        although_rejected: bool,
        /// Among many that are accepted together, merges also those that contradict each other; otherwise these are
        /// refused. A pair that is accepted alone is merged with a warning.
        #[serde(default)]
        although_contradicted: bool,
    },
    /// They are two people, for ever.
    Reject,
    /// The decision is put off.
    Defer {
        /// The number of days for which the pair stays out of the list of those that wait.
        days: u16,
    },
    /// An earlier decision is taken back.
    Reopen,
}

impl ReviewDecision {
    /// Accepts a suggestion and leaves every choice to the survivorship policy.
    ///
    /// ```
    /// use importer::service::ReviewDecision;
    ///
    /// let ReviewDecision::Accept { although_rejected, .. } = ReviewDecision::accept() else { unreachable!() };
    /// assert!(!although_rejected);
    /// ```
    pub fn accept() -> Self {
        let (survivor, choices) = (None, Vec::new());
        Self::Accept { survivor, choices, although_rejected: false, although_contradicted: false }
    }

    /// Who is to stay and which fields were decided about, where a suggestion is accepted.
    fn accepts(&self) -> Option<(Option<RecordId>, &Choices)> {
        match self {
            Self::Accept { survivor, choices, .. } => Some((*survivor, choices)),
            _ => None,
        }
    }

    fn decision(&self) -> SuggestionDecision {
        match self {
            Self::Accept { .. } => SuggestionDecision::Accepted,
            Self::Reject => SuggestionDecision::Rejected,
            Self::Defer { .. } => SuggestionDecision::Deferred,
            Self::Reopen => SuggestionDecision::Open,
        }
    }
}

/// A suggestion after a decision, with what the decision led to.
///
/// ```
/// use importer::service::ReviewDecision;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Tom,Lee,home@example.org\n2,Ann,Lee,home@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let pair = desk.suggestions(&importer.pending_suggestions())?[0].id;
/// let reviewed = desk.review(pair, &ReviewDecision::accept(), "they said so")?;
/// assert!(reviewed.household.is_some() && reviewed.merge.is_none());
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reviewed {
    /// The suggestion; its terms about fields that the role does not see are masked.
    pub suggestion: SuggestionRow,
    /// The merge that the decision led to.
    pub merge: Option<MergeDone>,
    /// The household that the decision led to.
    pub household: Option<i64>,
    /// What contradicted in a pair that was merged: a warning. Only for roles that see every field.
    pub contradictions: Vec<Contradiction>,
}

/// The counts of a decision about everything that a filter finds.
///
/// ```
/// use importer::service::ReviewDecision;
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
/// let pending = importer.pending_suggestions();
/// let done = desk.review_matching(&pending, &ReviewDecision::accept(), "the same people", false)?;
/// assert_eq!((done.found, done.decided, done.merged, done.refused), (1, 1, 1, 0));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ReviewedMany {
    /// The number of suggestions that the filter found.
    pub found: u64,
    /// The number of suggestions that were decided.
    pub decided: u64,
    /// The number of these that led to a merge.
    pub merged: u64,
    /// The number of suggestions that could not be decided: they are merged or superseded by now, the pair is rejected,
    /// contradicts, or a table of the host does not accept the merge.
    pub refused: u64,
    /// The number of pairs that contradict, among those that were to be accepted; also in a dry run. Without
    /// `although_contradicted` they are refused.
    pub contradicted: u64,
    /// The reason why the first of these could not be decided.
    pub first_refusal: Option<String>,
}

impl ReviewedMany {
    /// Counts a decision; what the database says about itself is an error.
    fn add(&mut self, decision: Result<Reviewed>) -> Result<()> {
        match decision {
            Ok(reviewed) => {
                self.decided += 1;
                self.merged += u64::from(reviewed.merge.is_some());
                self.contradicted += u64::from(!reviewed.contradictions.is_empty());
            }
            Err(error) if matches!(error.kind(), ErrorKind::Config | ErrorKind::NotFound) => {
                self.refused += 1;
                self.contradicted += u64::from(error.code() == CONTRADICTS);
                self.first_refusal.get_or_insert_with(|| error.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Adds what deciding about one suggestion alone came to, which a table of the host may have refused.
    fn count(&mut self, decided: Result<Self>) -> Result<()> {
        match decided {
            Ok(one) => {
                self.decided += one.decided;
                self.merged += one.merged;
                self.refused += one.refused;
                self.contradicted += one.contradicted;
                self.first_refusal = self.first_refusal.take().or(one.first_refusal);
            }
            Err(error) if error.kind() == ErrorKind::Refused => {
                self.refused += 1;
                self.first_refusal.get_or_insert_with(|| error.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Desk<'_> {
    /// Decides about a suggestion, and keeps the decision in the log of decisions.
    ///
    /// Accepting a possible duplicate merges its records, which needs an admin; [`Desk::undo_merge`] takes such a
    /// decision back. Accepting a household links its people. A rejected pair is never suggested again, also not when
    /// one of its people comes again as a new record with the same name, birth date and contacts. All other decisions
    /// need a steward. Returns the suggestion and what the decision led to.
    ///
    /// ```
    /// use importer::service::ReviewDecision;
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
    /// let pair = desk.suggestions(&importer.pending_suggestions())?[0].id;
    /// let reviewed = desk.review(pair, &ReviewDecision::accept(), "the same email address")?;
    /// assert_eq!(reviewed.merge.unwrap().retired, [2]);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no such suggestion or no reason, its records are merged already, the pair is
    /// rejected and the decision does not say that it is accepted all the same, an unfinished rollback concerns one of
    /// the records, a table of the host does not accept the merge, or the database fails.
    pub fn review(&self, id: SuggestionId, verdict: &ReviewDecision, reason: &str) -> Result<Reviewed> {
        self.review_one(id, verdict, reason, false)
    }

    /// The same; a pair that contradicts is refused where it is one of many that nobody looks at one by one.
    fn review_one(
        &self,
        id: SuggestionId,
        verdict: &ReviewDecision,
        reason: &str,
        of_many: bool,
    ) -> Result<Reviewed> {
        let note = Note::new(format!("suggestion {id}"), reason);
        self.authorize(Action::Review, &note)?;
        let known = self.importer.store()?.session()?.suggestion(id)?;
        let merges = verdict.accepts().is_some()
            && known.as_ref().is_some_and(|row| row.kind != SuggestionKind::Household);
        let entity = known.map(|row| row.entity);
        let action = if merges { Action::Merge } else { Action::Review };
        if merges {
            self.authorize(action, &note)?;
            self.may_accept(action, &note, entity.as_deref(), verdict)?;
        }
        self.act(action, note, |session, note| {
            let reviewed = self.decide(session, note, id, verdict, of_many)?;
            note.entity = Some(reviewed.suggestion.entity.clone());
            note.detail("verdict", verdict.decision().as_str());
            if let Some(household) = reviewed.household {
                note.detail("household", household);
            }
            if let Some(merge) = &reviewed.merge {
                note.detail("merge", merge.merge);
            }
            Ok(reviewed)
        })
    }

    /// Decides the same about several suggestions, each in a transaction of its own.
    ///
    /// Returns the result for each id. A suggestion that cannot be decided does not keep the others back. Of several
    /// that are accepted, one whose records contradict each other is an error, unless the decision says otherwise.
    ///
    /// ```
    /// use importer::service::ReviewDecision;
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
    /// let results = desk.review_all(&[1.into(), 99.into()], &ReviewDecision::Reject, "met both");
    /// assert!(results[0].1.is_ok() && results[1].1.is_err(), "there is no suggestion 99");
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn review_all(
        &self,
        ids: &[SuggestionId],
        verdict: &ReviewDecision,
        reason: &str,
    ) -> Vec<(SuggestionId, Result<Reviewed>)> {
        let of_many = ids.len() > 1;
        ids.iter().map(|id| (*id, self.review_one(*id, verdict, reason, of_many))).collect()
    }

    /// Decides the same about everything that a filter finds, as for [`Desk::suggestions`].
    ///
    /// Suggestions are decided in pages of 500. Each page is one transaction with one line in the audit log, and every
    /// suggestion has its own line in the log of decisions. A suggestion that cannot be decided is counted and left as
    /// it is; so is a pair that is to be accepted although its records contradict each other, unless the decision says
    /// otherwise. A page with a merge that a table of the host does not accept is decided one by one. With `dry_run` it
    /// only counts. Returns the counts. Accepting needs an admin, unless the filter names the kind household;
    /// everything else needs a steward.
    ///
    /// ```
    /// use importer::service::ReviewDecision;
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
    /// let pending = importer.pending_suggestions();
    /// let counted = desk.review_matching(&pending, &ReviewDecision::Reject, "", true)?;
    /// assert_eq!((counted.found, counted.decided), (1, 0));
    /// let done = desk.review_matching(&pending, &ReviewDecision::Reject, "another town", false)?;
    /// assert_eq!((done.found, done.decided), (1, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, a rollback of the entity is unfinished, somebody cancels it, or the
    /// database fails; what was decided by then stays decided.
    pub fn review_matching(
        &self,
        filter: &SuggestionFilter,
        verdict: &ReviewDecision,
        reason: &str,
        dry_run: bool,
    ) -> Result<ReviewedMany> {
        let note = Note::new("suggestions", reason);
        let household = filter.kind == Some(SuggestionKind::Household);
        let merges = verdict.accepts().is_some() && !household;
        let action = if merges { Action::Merge } else { Action::Review };
        if dry_run {
            self.authorize(action, &note)?;
        } else {
            self.ready(action, &note)?;
        }
        if merges {
            self.may_accept(action, &note, filter.entity.as_deref(), verdict)?;
        }
        if !dry_run {
            for contract in self.importer.contracts.all() {
                if filter.entity.as_deref().is_none_or(|entity| entity == contract.entity) {
                    self.importer.no_unfinished_rollback(contract.entity, OPERATION)?;
                }
            }
        }
        let search = MaskedSearch::by(self.mask(), &self.importer.contracts);
        let rescore: Rescore<'_> = &|session, rows| self.importer.rescore_changed(session, rows);
        let mut reviewed = ReviewedMany::default();
        let mut after = filter.after;
        loop {
            self.importer.not_cancelled(OPERATION)?;
            let most = if filter.limit > 0 { filter.limit - reviewed.found.cast_signed() } else { PAGE };
            let page = SuggestionFilter { after, limit: most.min(PAGE), ..filter.clone() };
            let rows = match most {
                0 => Vec::new(),
                _ => search.suggestions(self.importer.store()?.session()?.as_mut(), &page, rescore)?,
            };
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(reviewed) };
            after = last.id;
            reviewed.found += rows.len() as u64;
            if dry_run {
                reviewed.contradicted += self.count_contradicting(&rows, verdict)?;
                continue;
            }
            let mut note = note.clone();
            note.subject = format!("suggestions {} to {}", first.id, last.id);
            let decided = match self.decide_page(action, &note, &rows, verdict) {
                // Which of them it was, one has to try.
                Err(error) if error.kind() == ErrorKind::Refused => {
                    let mut decided = ReviewedMany::default();
                    for row in &rows {
                        note.subject = format!("suggestion {}", row.id);
                        let one = self.decide_page(action, &note, std::slice::from_ref(row), verdict);
                        decided.count(one)?;
                    }
                    decided
                }
                decided => decided?,
            };
            reviewed.count(Ok(decided))?;
        }
    }

    /// Decides about suggestions in one transaction, with one line in the audit log.
    fn decide_page(
        &self,
        action: Action,
        note: &Note,
        rows: &[SuggestionRow],
        verdict: &ReviewDecision,
    ) -> Result<ReviewedMany> {
        self.act(action, note.clone(), |session, note| {
            let mut decided = ReviewedMany::default();
            for row in rows {
                decided.add(self.decide(session, note, row.id, verdict, true))?;
            }
            note.detail("verdict", verdict.decision().as_str());
            note.detail("decided", decided.decided);
            note.detail("refused", decided.refused);
            Ok(decided)
        })
    }

    /// How many of these pairs contradict, where they are to be merged.
    fn count_contradicting(&self, rows: &[SuggestionRow], verdict: &ReviewDecision) -> Result<u64> {
        if verdict.accepts().is_none() {
            return Ok(0);
        }
        let mut session = self.importer.store()?.session()?;
        let mut found = 0;
        for row in rows.iter().filter(|row| row.kind != SuggestionKind::Household) {
            let contract = self.importer.contract(&row.entity)?;
            let against = self.contradictions(session.as_mut(), contract, &[row.left, row.right])?;
            found += against.len() as u64;
        }
        Ok(found)
    }

    /// Whether the role sees the fields that somebody chose values for.
    fn may_accept(
        &self,
        action: Action,
        note: &Note,
        entity: Option<&str>,
        verdict: &ReviewDecision,
    ) -> Result<()> {
        let Some((_, choices)) = verdict.accepts() else { return Ok(()) };
        let contract = self.importer.contract(entity.unwrap_or("volunteer"))?;
        self.may_choose(action, note, contract, choices)
    }

    fn decide(
        &self,
        session: &mut dyn StewardSession,
        note: &mut Note,
        id: SuggestionId,
        verdict: &ReviewDecision,
        of_many: bool,
    ) -> Result<Reviewed> {
        let not_there = || {
            let message = format!("there is no suggestion {id}");
            Error::new(ErrorKind::NotFound, OPERATION, message).coded("suggestion_not_found")
        };
        let row = session.suggestion(id)?.ok_or_else(not_there)?;
        let contract = self.importer.contract(&row.entity)?;
        session.lock_core(contract)?;
        not_in_unfinished_rollback(session, contract, &[row.left, row.right], OPERATION)?;
        decidable(session, contract, &row)?;
        let mut reviewed =
            Reviewed { suggestion: row.clone(), merge: None, household: None, contradictions: Vec::new() };
        if row.kind == SuggestionKind::Household {
            session.part_household(contract, id)?;
        }
        match verdict.accepts() {
            Some(_) if row.kind == SuggestionKind::Household => {
                let now = self.importer.clock.now();
                let household = session.link_household(contract, id, &self.actor.name, now)?;
                reviewed.household = Some(household);
            }
            Some((survivor, choices)) => {
                let request = MergeRequest {
                    survivor,
                    choices: choices.to_vec(),
                    although_rejected: matches!(
                        verdict,
                        ReviewDecision::Accept { although_rejected: true, .. }
                    ),
                    ..MergeRequest::new(&row.entity, [row.left, row.right], &note.reason)
                };
                let apart = no_rejected_pairs(
                    session,
                    contract,
                    &request.people,
                    request.although_rejected,
                    OPERATION,
                )
                .map_err(|error| error.at("suggestion to accept", id))?;
                although(note, &apart);
                let against = self.contradictions(session, contract, &request.people)?;
                let asked = matches!(verdict, ReviewDecision::Accept { although_contradicted: true, .. });
                if let (Some(first), true) = (against.first(), of_many && !asked) {
                    return Err(contradicts(&row, first));
                }
                although_contradicted(note, &against);
                let order = MergeOrder { suggestion: Some(id), ..self.order(contract, &request)? };
                let (merge, plan) = self.importer.with_merge_context(contract, |merge_context| {
                    history::merge(session, merge_context, &order)
                })?;
                reviewed.contradictions.clone_from(&against);
                let mut merged = MergeDone { contradictions: against, ..done(merge, &order, plan) };
                self.mask().merged(contract, &mut merged);
                reviewed.merge = Some(merged);
            }
            None => {}
        }
        self.keep_verdict(session, contract, id, verdict, &note.reason)?;
        reviewed.suggestion = session.suggestion(id)?.ok_or_else(not_there)?;
        let contract = self.importer.contracts.find(&reviewed.suggestion.entity);
        self.mask().suggestion(contract, &mut reviewed.suggestion);
        Ok(reviewed)
    }

    fn keep_verdict(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        id: SuggestionId,
        verdict: &ReviewDecision,
        reason: &str,
    ) -> Result<()> {
        let now = self.importer.clock.now();
        let deferred_until = match verdict {
            ReviewDecision::Defer { days } => Some(days_later(now, *days)),
            _ => None,
        };
        let stored = SuggestionVerdict {
            id,
            decision: verdict.decision(),
            actor: self.actor.name.clone(),
            reason: reason.into(),
            deferred_until,
        };
        session.decide(contract, &stored, now)
    }
}

/// A pair that nobody has looked at alone is not merged over a contradiction.
fn contradicts(row: &SuggestionRow, against: &Contradiction) -> Error {
    let (entity, Contradiction { one, other, codes }) = (&row.entity, against);
    let why = explain(&codes.join("; "));
    let message = format!("{entity} {one} and {entity} {other} contradict each other: {why}");
    Error::new(ErrorKind::Config, OPERATION, message)
        .coded(CONTRADICTS)
        .at("suggestion", row.id)
        .hint("look at the pair and accept it alone, or request it explicitly (`although_contradicted`)")
}

/// An error when there is nothing to be decided any more.
pub(super) fn decidable(
    session: &mut dyn StewardSession,
    contract: &Contract,
    row: &SuggestionRow,
) -> Result<()> {
    let refuse = |why: String| Error::new(ErrorKind::Config, OPERATION, why).at("suggestion", row.id);
    match row.decision {
        SuggestionDecision::AutoMerged => Err(refuse("both records are merged already".into())),
        SuggestionDecision::Superseded => {
            Err(refuse("another pair replaced it when one of the records was merged".into()))
        }
        _ => {
            for id in [row.left, row.right] {
                if let Some((survivor, merge)) = session.survivor_of(contract, id)? {
                    let why = format!("{} {id} went into {survivor} with merge {merge}", row.entity);
                    return Err(refuse(why).hint(format!("to separate them, undo merge {merge}")));
                }
            }
            Ok(())
        }
    }
}
