//! Which pairs are beyond doubt, by a judgement that is made anew: what is stored with a suggestion is as old as its scan.

use std::collections::{BTreeSet, HashMap};

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{RecordId, StewardSession, SuggestionFilter, SuggestionId, SuggestionRow};
use importer_dedupe::matching::model::{Objection, PairVerdict};
use importer_dedupe::matching::people::People;
use importer_dedupe::matching::scan::{Scan, scan_watched};

use super::obvious_groups::{Between, Known, Planned, group};
use super::pair_judge::content;
use super::pair_terms::PairTerms;
use super::people::number_of;
use super::scan::THRESHOLDS;
use crate::Importer;

/// How many suggestions are read at a time.
const PAGE: i64 = 500;

/// What would be merged, and why the rest would not.
#[derive(Debug, Default)]
pub(super) struct ObviousPlan {
    /// The pairs to merge, the likeliest first. Each brings together two who are not brought together by those before it.
    pub(super) pairs: Vec<Planned>,
    /// Suggestions that are likely enough, of people whom somebody has told apart or has parted.
    pub(super) rejected: BTreeSet<SuggestionId>,
    /// Suggestions that were stored as beyond doubt, or would be, and that are left to people.
    pub(super) left: BTreeSet<SuggestionId>,
    /// What the people of the pairs held when they were judged.
    pub(super) content: HashMap<RecordId, u64>,
}

/// The whole core, compared as a scan compares it.
struct Judged {
    people: People,
    scan: Scan,
    content: Vec<u64>,
}

impl Importer {
    /// Judges every suggestion that waits as a scan would that ran now, and says which of them are beyond doubt. Suggestions of
    /// which `skip` is true are left out.
    pub(super) fn plan_obvious(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        operation: &'static str,
        skip: impl Fn(SuggestionId) -> bool,
    ) -> Result<ObviousPlan> {
        let mut plan = ObviousPlan::default();
        let waiting = self.waiting(session, contract)?;
        if waiting.is_empty() {
            return Ok(plan);
        }
        // A model that somebody gave the last scan stays in use. One that it learned is of the core as it was then.
        let given = self.last_scan(session, contract)?.filter(|last| last.given).map(|last| last.model);
        let mut kept = Vec::new();
        let mut people =
            self.people_told(session, contract, operation, |person| kept.push(content(person)))?;
        let turn = || self.cancel.wait_while_paused();
        let scan = scan_watched(&mut people.frame, given.as_ref(), &turn);
        self.not_cancelled(operation)?;
        let judged = Judged { people, scan, content: kept };
        let mut likely = Vec::new();
        for row in waiting.iter().filter(|row| !skip(row.id)) {
            match judged.merges(row.left, row.right) {
                Some((probability, bits)) => {
                    let (suggestion, left, right) = (row.id, row.left, row.right);
                    likely.push(Planned { suggestion, left, right, probability, bits });
                }
                None if was_obvious(row) => _ = plan.left.insert(row.id),
                None => {}
            }
        }
        let parted: BTreeSet<(RecordId, RecordId)> = session.parted(contract)?.into_iter().collect();
        let rejections = session.has_rejections(contract)?;
        let grouped = group(likely, &mut OfCore { session, contract, parted, rejections, judged: &judged })?;
        plan.left.extend(grouped.left);
        plan.rejected = grouped.told_apart;
        plan.pairs = grouped.joined;
        for id in plan.pairs.iter().flat_map(|pair| [pair.left, pair.right]) {
            plan.content.extend(judged.content_of(id).map(|content| (id, content)));
        }
        Ok(plan)
    }

    /// Suggestions that wait and may be about one person. That a row fits several is no reason against any of them: the
    /// group says whether they are one.
    fn waiting(&self, session: &mut dyn StewardSession, contract: &Contract) -> Result<Vec<SuggestionRow>> {
        let mut all = Vec::new();
        let mut filter = SuggestionFilter {
            entity: Some(contract.entity.into()),
            without_households: true,
            limit: PAGE,
            ..self.pending_suggestions()
        };
        loop {
            let page = session.suggestions(&filter)?;
            let Some(last) = page.last() else { return Ok(all) };
            filter.after = last.id;
            all.extend(page);
        }
    }

    /// Whether a suggestion that waits is about one of these people.
    pub(super) fn waits_for(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        people: &BTreeSet<RecordId>,
    ) -> Result<bool> {
        let waiting = self.waiting(session, contract)?;
        Ok(waiting.iter().any(|row| people.contains(&row.left) || people.contains(&row.right)))
    }
}

impl Judged {
    fn numbers(&self, one: RecordId, other: RecordId) -> Option<(u32, u32)> {
        Some((number_of(&self.people, one)?, number_of(&self.people, other)?))
    }

    /// The probability of a pair that is beyond doubt, and the same in bits.
    fn merges(&self, one: RecordId, other: RecordId) -> Option<(f64, f64)> {
        let (a, b) = self.numbers(one, other)?;
        let judged = self.scan.judge(&self.people.frame, a, b, &THRESHOLDS);
        (judged.verdict == PairVerdict::Merge).then(|| {
            let explained = self.scan.explain(&self.people.frame, a, b, &THRESHOLDS);
            (explained.probability, explained.bits)
        })
    }

    /// What says that two are different people, or rather two of one household.
    fn against(&self, one: RecordId, other: RecordId) -> Vec<Objection> {
        let Some((a, b)) = self.numbers(one, other) else { return vec![Objection::Apart] };
        let mut against = self.scan.judge(&self.people.frame, a, b, &THRESHOLDS).objections;
        against.retain(|o| o.is_contradiction() || matches!(o, Objection::Household | Objection::Apart));
        against
    }

    /// Whether one of two lacks a value of a term, or has less than a whole name.
    fn lacks(&self, one: RecordId, other: RecordId, term: &str) -> bool {
        let Some((a, b)) = self.numbers(one, other) else { return true };
        let explained = self.scan.explain(&self.people.frame, a, b, &THRESHOLDS);
        let of_term = explained.terms.iter().find(|known| known.term == term);
        of_term.is_none_or(|known| matches!(&*known.level, "missing" | "initial" | "part"))
    }

    fn content_of(&self, id: RecordId) -> Option<u64> {
        self.content.get(number_of(&self.people, id)? as usize).copied()
    }
}

/// Whether it was beyond doubt when it was stored.
fn was_obvious(row: &SuggestionRow) -> bool {
    row.score.is_some_and(|score| score >= THRESHOLDS.auto)
        && PairTerms::read(&row.features_json)
            .and_then(|terms| terms.held_back)
            .is_some_and(|against| against.is_empty())
}

/// The term that a contradiction is about.
fn term_of(objection: Objection) -> Option<&'static str> {
    match objection {
        Objection::Suffix => Some("name_suffix"),
        Objection::BirthDate => Some("birth_date"),
        Objection::GivenName => Some("given_name"),
        Objection::MiddleName => Some("middle_name"),
        Objection::Gender => Some("gender"),
        _ => None,
    }
}

/// What the core and decisions say about people.
struct OfCore<'a> {
    session: &'a mut dyn StewardSession,
    contract: &'a Contract,
    /// Who was merged and parted again.
    parted: BTreeSet<(RecordId, RecordId)>,
    /// Whether anybody has rejected a pair.
    rejections: bool,
    judged: &'a Judged,
}

impl Known for OfCore<'_> {
    fn between(&mut self, one: RecordId, other: RecordId) -> Result<Between> {
        let two = (one.min(other), one.max(other));
        let told_apart = self.parted.contains(&two)
            || (self.rejections && self.session.are_rejected(self.contract, &[two])?.contains(&true));
        Ok(match told_apart {
            true => Between::ToldApart,
            false if self.judged.against(one, other).is_empty() => Between::Nothing,
            false => Between::Contradicts,
        })
    }

    fn lacks(&self, who: RecordId, one: RecordId, other: RecordId) -> bool {
        let mut terms = self.judged.against(one, other).into_iter().filter_map(term_of);
        terms.any(|term| self.judged.lacks(who, one, term) && self.judged.lacks(who, other, term))
    }
}
