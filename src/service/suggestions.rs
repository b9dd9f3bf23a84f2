//! Pairs to look at, and what people decide about them.

use importer_core::ports::{
    SuggestionDecision, SuggestionFilter, SuggestionRow, SuggestionVerdict, days_later,
};
use importer_core::{Error, ErrorKind, Result};

use crate::Importer;

const OPERATION: &str = "record a decision";

/// A decision about a suggestion.
#[derive(Debug, Clone)]
pub struct Decide {
    /// The suggestion.
    pub id: i64,
    /// What was decided; `Open` takes an earlier decision back.
    pub decision: SuggestionDecision,
    /// Who decided.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// For how many days a deferred suggestion stays out of the list of open ones.
    pub days: u16,
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

    /// Records a decision about a suggestion, and keeps it in the log of decisions. Nothing is merged.
    ///
    /// A rejected pair is never suggested again, also not when one of its people comes again as a new record with the same
    /// name, birth date and contacts.
    ///
    /// # Errors
    /// When there is no such suggestion, no reason was given, both records are merged already, or the database fails.
    pub fn decide(&self, decide: &Decide) -> Result<SuggestionRow> {
        let refuse = |message: &str| Err(Error::new(ErrorKind::Config, OPERATION, message));
        if decide.reason.trim().is_empty() {
            return refuse("it needs a reason");
        }
        if decide.decision == SuggestionDecision::AutoMerged {
            return refuse("nobody can decide that a pair was merged by itself");
        }
        let not_there = || {
            let message = format!("there is no suggestion {}", decide.id);
            Error::new(ErrorKind::NotFound, OPERATION, message).hint("`suggestions` lists them")
        };
        let now = self.clock.now();
        let mut session = self.store()?.session()?;
        session.begin()?;
        let result = (|| {
            let row = session.suggestion(decide.id)?.ok_or_else(not_there)?;
            if row.decision == SuggestionDecision::AutoMerged {
                return refuse("both records are merged already");
            }
            let deferred = decide.decision == SuggestionDecision::Deferred;
            let verdict = SuggestionVerdict {
                id: decide.id,
                decision: decide.decision,
                actor: decide.actor.clone(),
                reason: decide.reason.trim().to_owned(),
                deferred_until: deferred.then(|| days_later(now, decide.days)),
            };
            session.decide(super::runs::contract(&row.entity)?, &verdict, now)?;
            let row = session.suggestion(decide.id)?.ok_or_else(not_there)?;
            session.commit()?;
            Ok(row)
        })();
        if result.is_err() {
            // The first error tells more than a failing rollback.
            let _ = session.rollback();
        }
        result
    }
}
