//! What people decide about pairs.

use importer_core::contracts::{self, Contract};
use importer_core::ports::{
    CoreId, StewardSession, SuggestionDecision, SuggestionFilter, SuggestionKind, SuggestionRow,
    SuggestionVerdict, days_later,
};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::history::{self, MergeOrder};

use super::access::{Action, Desk, MaskedSearch, Note};
use super::merge::{FieldChoice, MergeDone, MergeRequest, although, done};
use super::rejected_pairs::no_rejected_pairs;
use super::unfinished_rollback::not_in_unfinished_rollback;

const OPERATION: &str = "record a decision";

/// How many suggestions one transaction decides about.
const PAGE: i64 = 500;

/// Fields somebody decided about.
type Choices = [(String, FieldChoice)];

/// What somebody decides about a suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewDecision {
    /// It is right: one person's records are merged, two people of one household are linked.
    Accept {
        /// Who stays in a merge; the one with the lower id unless set.
        survivor: Option<CoreId>,
        /// Fields somebody decided about.
        choices: Vec<(String, FieldChoice)>,
    },
    /// The same, although somebody has said that they, or who went into one of them, are no duplicates; accepting alone is an
    /// error then.
    AcceptAlthoughRejected {
        /// Who stays in a merge; the one with the lower id unless set.
        survivor: Option<CoreId>,
        /// Fields somebody decided about.
        choices: Vec<(String, FieldChoice)>,
    },
    /// They are two people, for ever.
    Reject,
    /// Not now.
    Defer {
        /// For how many days it stays out of the list of those that wait.
        days: u16,
    },
    /// An earlier decision is taken back.
    Reopen,
}

impl ReviewDecision {
    /// Accepts a suggestion as the policy says.
    pub fn accept() -> Self {
        Self::Accept { survivor: None, choices: Vec::new() }
    }

    /// Who is to stay and which fields were decided about, where a suggestion is accepted.
    fn accepts(&self) -> Option<(Option<CoreId>, &Choices)> {
        match self {
            Self::Accept { survivor, choices } | Self::AcceptAlthoughRejected { survivor, choices } => {
                Some((*survivor, choices))
            }
            _ => None,
        }
    }

    fn decision(&self) -> SuggestionDecision {
        match self {
            Self::Accept { .. } | Self::AcceptAlthoughRejected { .. } => SuggestionDecision::Accepted,
            Self::Reject => SuggestionDecision::Rejected,
            Self::Defer { .. } => SuggestionDecision::Deferred,
            Self::Reopen => SuggestionDecision::Open,
        }
    }
}

/// A suggestion after a decision, with what came of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reviewed {
    /// The suggestion; its terms about what the role does not see are masked.
    pub suggestion: SuggestionRow,
    /// The merge it led to.
    pub merge: Option<MergeDone>,
    /// The household it led to.
    pub household: Option<i64>,
}

/// What deciding about everything that a filter finds came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ReviewedMany {
    /// How many there were.
    pub found: u64,
    /// About how many it was decided.
    pub decided: u64,
    /// How many of these led to a merge.
    pub merged: u64,
    /// How many could not be decided: they are merged or superseded by now, somebody has told the two apart, or a table of the
    /// host refuses the merge.
    pub refused: u64,
    /// Why the first of these could not.
    pub first_refusal: Option<String>,
}

impl ReviewedMany {
    /// Counts a decision; what the database says about itself is an error.
    fn add(&mut self, decision: Result<Reviewed>) -> Result<()> {
        match decision {
            Ok(reviewed) => {
                self.decided += 1;
                self.merged += u64::from(reviewed.merge.is_some());
            }
            Err(error) if matches!(error.kind(), ErrorKind::Config | ErrorKind::NotFound) => {
                self.refused += 1;
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
    /// A rejected pair is never suggested again, also not when one of its people comes again as a new record with the same
    /// name, birth date and contacts. Accepting what may be one person merges, which needs a role that may; taking back such a
    /// decision is taking back the merge, with [`Desk::undo_merge`].
    ///
    /// # Errors
    /// When the actor may not, there is no such suggestion or no reason, its records are merged already, or the database fails.
    pub fn review(&self, id: i64, verdict: &ReviewDecision, reason: &str) -> Result<Reviewed> {
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
            let reviewed = self.decide(session, note, id, verdict)?;
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

    /// Decides the same about several suggestions, each in a transaction of its own: one that cannot be decided keeps none of
    /// the others back.
    pub fn review_all(
        &self,
        ids: &[i64],
        verdict: &ReviewDecision,
        reason: &str,
    ) -> Vec<(i64, Result<Reviewed>)> {
        ids.iter().map(|id| (*id, self.review(*id, verdict, reason))).collect()
    }

    /// Decides the same about everything that a filter finds, as for [`Desk::suggestions`], page by page: each page is one transaction with one line in the
    /// audit log, and every suggestion has its own in the log of decisions. What cannot be decided is counted and left as it is;
    /// a page with a merge that a table of the host refuses is decided one by one.
    /// With `dry_run` it only counts.
    ///
    /// # Errors
    /// When the actor may not, no reason is given, or the database fails; what was decided by then stays decided.
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
            for contract in contracts::CONTRACTS {
                if filter.entity.as_deref().is_none_or(|entity| entity == contract.entity) {
                    self.importer.no_unfinished_rollback(contract.entity, OPERATION)?;
                }
            }
        }
        let search = MaskedSearch::by(self.mask());
        let mut reviewed = ReviewedMany::default();
        let mut after = filter.after;
        loop {
            self.importer.not_cancelled(OPERATION)?;
            let most = if filter.limit > 0 { filter.limit - reviewed.found.cast_signed() } else { PAGE };
            let page = SuggestionFilter { after, limit: most.min(PAGE), ..filter.clone() };
            let rows = match most {
                0 => Vec::new(),
                _ => search.suggestions(self.importer.store()?.session()?.as_mut(), &page)?,
            };
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(reviewed) };
            after = last.id;
            reviewed.found += rows.len() as u64;
            if dry_run {
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
                decided.add(self.decide(session, note, row.id, verdict))?;
            }
            note.detail("verdict", verdict.decision().as_str());
            note.detail("decided", decided.decided);
            note.detail("refused", decided.refused);
            Ok(decided)
        })
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
        let contract = super::runs::contract(entity.unwrap_or("volunteer"))?;
        self.may_choose(action, note, contract, choices)
    }

    fn decide(
        &self,
        session: &mut dyn StewardSession,
        note: &mut Note,
        id: i64,
        verdict: &ReviewDecision,
    ) -> Result<Reviewed> {
        let not_there = || {
            let message = format!("there is no suggestion {id}");
            Error::new(ErrorKind::NotFound, OPERATION, message).hint("`suggestions` lists them")
        };
        let row = session.suggestion(id)?.ok_or_else(not_there)?;
        let contract = super::runs::contract(&row.entity)?;
        session.lock_core(contract)?;
        not_in_unfinished_rollback(session, contract, &[row.left, row.right], OPERATION)?;
        decidable(session, contract, &row)?;
        let mut reviewed = Reviewed { suggestion: row.clone(), merge: None, household: None };
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
                    although_rejected: matches!(verdict, ReviewDecision::AcceptAlthoughRejected { .. }),
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
                let order = MergeOrder { suggestion: Some(id), ..self.order(contract, &request)? };
                let (merge, plan) = self.importer.with_merge_context(contract, |merge_context| {
                    history::merge(session, merge_context, &order)
                })?;
                let mut merged = done(merge, &order, plan);
                self.mask().merged(contract, &mut merged);
                reviewed.merge = Some(merged);
            }
            None => {}
        }
        self.keep_verdict(session, contract, id, verdict, &note.reason)?;
        reviewed.suggestion = session.suggestion(id)?.ok_or_else(not_there)?;
        self.mask().suggestion(&mut reviewed.suggestion);
        Ok(reviewed)
    }

    fn keep_verdict(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        id: i64,
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
            Err(refuse("another pair took its place when one of both was merged".into()))
        }
        _ => {
            for id in [row.left, row.right] {
                if let Some((survivor, merge)) = session.survivor_of(contract, id)? {
                    let why = format!("{} {id} went into {survivor} with merge {merge}", row.entity);
                    return Err(refuse(why).hint(format!("to part them, undo merge {merge}")));
                }
            }
            Ok(())
        }
    }
}
