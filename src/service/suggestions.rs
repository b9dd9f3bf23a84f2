//! Pairs to look at, and what people decide about them.

use importer_core::contracts::Contract;
use importer_core::ports::{
    CoreId, Household, StewardSession, SuggestionDecision, SuggestionFilter, SuggestionKind, SuggestionRow,
    SuggestionVerdict, days_later,
};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::history::{self, MergeOrder};

use super::access::{Action, Desk, Note};
use super::merge::{Choice, MergeDone, MergeRequest, done};
use crate::Importer;

const OPERATION: &str = "record a decision";

/// What somebody decides about a suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is right: one person's records are merged, two people of one household are linked.
    Accept {
        /// Who stays in a merge; the one with the lower id unless set.
        survivor: Option<CoreId>,
        /// Fields somebody decided about.
        choices: Vec<(String, Choice)>,
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

impl Verdict {
    /// Accepts a suggestion as the policy says.
    pub fn accept() -> Self {
        Self::Accept { survivor: None, choices: Vec::new() }
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

/// A suggestion after a decision, with what came of it.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// The suggestion; its terms about what the role does not see are masked.
    pub suggestion: SuggestionRow,
    /// The merge it led to.
    pub merge: Option<MergeDone>,
    /// The household it led to.
    pub household: Option<i64>,
}

impl Importer {
    /// Suggestions in the order of their ids; page with [`SuggestionFilter::after`].
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from [`Desk::suggestions`](super::Desk::suggestions).
    ///
    /// # Errors
    /// When the database fails.
    pub fn suggestions(&self, filter: &SuggestionFilter) -> Result<Vec<SuggestionRow>> {
        self.store()?.session()?.suggestions(filter)
    }

    /// A filter for suggestions that wait for a decision now: open ones, and deferred ones whose time has come.
    pub fn waiting(&self) -> SuggestionFilter {
        SuggestionFilter { waiting_at: Some(self.clock.now()), ..SuggestionFilter::default() }
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
    pub fn review(&self, id: i64, verdict: &Verdict, reason: &str) -> Result<Reviewed> {
        let note = Note::new(format!("suggestion {id}"), reason);
        self.authorize(Action::Review, &note)?;
        let known = self.importer.store()?.session()?.suggestion(id)?;
        let merges = matches!(verdict, Verdict::Accept { .. })
            && known.is_some_and(|row| row.kind != SuggestionKind::Household);
        let action = if merges { Action::Merge } else { Action::Review };
        self.act(action, note, |session, note| {
            let not_there = || {
                let message = format!("there is no suggestion {id}");
                Error::new(ErrorKind::NotFound, OPERATION, message).hint("`suggestions` lists them")
            };
            let row = session.suggestion(id)?.ok_or_else(not_there)?;
            let contract = super::runs::contract(&row.entity)?;
            session.lock_core(contract)?;
            note.entity = Some(row.entity.clone());
            note.detail("verdict", verdict.decision().as_str());
            decidable(session, contract, &row)?;
            let mut reviewed = Reviewed { suggestion: row.clone(), merge: None, household: None };
            if row.kind == SuggestionKind::Household {
                session.part_household(contract, id)?;
            }
            match verdict {
                Verdict::Accept { .. } if row.kind == SuggestionKind::Household => {
                    let (people, now) = ((row.left, row.right), self.importer.clock.now());
                    let household = session.link_household(contract, people, id, &self.actor.name, now)?;
                    note.detail("household", household);
                    reviewed.household = Some(household);
                }
                Verdict::Accept { survivor, choices } => {
                    let request = MergeRequest {
                        survivor: *survivor,
                        choices: choices.clone(),
                        ..MergeRequest::new(&row.entity, [row.left, row.right], &note.reason)
                    };
                    let order = MergeOrder { suggestion: Some(id), ..self.order(contract, &request)? };
                    let (merge, plan) =
                        self.importer.in_world(contract, |world| history::merge(session, world, &order))?;
                    note.detail("merge", merge);
                    reviewed.merge = Some(done(merge, &order, plan));
                }
                _ => {}
            }
            self.keep_verdict(session, contract, id, verdict, &note.reason)?;
            reviewed.suggestion = session.suggestion(id)?.ok_or_else(not_there)?;
            self.mask().suggestion(&mut reviewed.suggestion);
            Ok(reviewed)
        })
    }

    /// Decides the same about several suggestions, each in a transaction of its own: one that cannot be decided keeps none of
    /// the others back.
    pub fn review_all(&self, ids: &[i64], verdict: &Verdict, reason: &str) -> Vec<(i64, Result<Reviewed>)> {
        ids.iter().map(|id| (*id, self.review(*id, verdict, reason))).collect()
    }

    /// The households of a person.
    ///
    /// # Errors
    /// When the actor may not see records, or the database fails.
    pub fn households(&self, entity: &str, id: CoreId) -> Result<Vec<Household>> {
        let contract = super::runs::contract(entity)?;
        self.look(Action::ViewRecords, &format!("{entity} {id}"), |session| session.households(contract, id))
    }

    fn keep_verdict(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        id: i64,
        verdict: &Verdict,
        reason: &str,
    ) -> Result<()> {
        let now = self.importer.clock.now();
        let deferred_until = match verdict {
            Verdict::Defer { days } => Some(days_later(now, *days)),
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
