//! Which pairs are beyond doubt, by a judgement that is made anew: what is stored with a suggestion is as old as its scan.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{RecordId, StewardSession, SuggestionFilter, SuggestionId, SuggestionRow};
use importer_dedupe::matching::model::{Objection, PairVerdict};
use importer_dedupe::matching::people::People;
use importer_dedupe::matching::scan::{Scan, scan_watched};

use super::pair_judge::content;
use super::pair_terms::PairTerms;
use super::people::number_of;
use super::scan::THRESHOLDS;
use crate::Importer;

/// How many suggestions are read at a time.
const PAGE: i64 = 500;

/// A group of more records than this is no person.
const LARGEST: usize = 50;

/// What would be merged, and why the rest would not.
#[derive(Debug, Default)]
pub(super) struct ObviousPlan {
    /// The pairs to merge, group by group. Each brings together two who are not brought together by those before it.
    pub(super) pairs: Vec<Planned>,
    /// Suggestions that are likely enough, of people whom somebody has told apart or has parted.
    pub(super) rejected: BTreeSet<SuggestionId>,
    /// Suggestions that were stored as beyond doubt, or would be, and that are left to people.
    pub(super) left: BTreeSet<SuggestionId>,
    /// What the people of the pairs held when they were judged.
    pub(super) content: HashMap<RecordId, u64>,
}

/// A pair that is beyond doubt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Planned {
    pub(super) suggestion: SuggestionId,
    pub(super) left: RecordId,
    pub(super) right: RecordId,
    pub(super) probability: f64,
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
                Some(probability) => {
                    likely.push(Planned { suggestion: row.id, left: row.left, right: row.right, probability })
                }
                None if was_obvious(row) => _ = plan.left.insert(row.id),
                None => {}
            }
        }
        likely.sort_by(|one, other| {
            other.probability.total_cmp(&one.probability).then(one.suggestion.cmp(&other.suggestion))
        });
        let parted: BTreeSet<(RecordId, RecordId)> = session.parted(contract)?.into_iter().collect();
        for (members, pairs) in groups(&likely) {
            let about = pairs.iter().map(|pair| pair.suggestion);
            let together: Vec<(RecordId, RecordId)> = (members.iter().enumerate())
                .flat_map(|(place, one)| members[place + 1..].iter().map(move |other| (*one, *other)))
                .collect();
            if members.len() > LARGEST {
                plan.left.extend(about);
            } else if together.iter().any(|two| parted.contains(two))
                || session.are_rejected(contract, &together)?.contains(&true)
            {
                plan.rejected.extend(about);
            } else if together.iter().any(|(one, other)| judged.contradict(*one, *other)) {
                plan.left.extend(about);
            } else {
                let content = members.iter().filter_map(|id| Some((*id, judged.content_of(*id)?)));
                plan.content.extend(content);
                plan.pairs.extend(that_join(&pairs));
            }
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

    /// The probability of a pair that is beyond doubt.
    fn merges(&self, one: RecordId, other: RecordId) -> Option<f64> {
        let (a, b) = self.numbers(one, other)?;
        let judged = self.scan.judge(&self.people.frame, a, b, &THRESHOLDS);
        (judged.verdict == PairVerdict::Merge)
            .then(|| self.scan.explain(&self.people.frame, a, b, &THRESHOLDS).probability)
    }

    /// Whether two are different people, or rather two of one household.
    fn contradict(&self, one: RecordId, other: RecordId) -> bool {
        let Some((a, b)) = self.numbers(one, other) else { return true };
        let objections = self.scan.judge(&self.people.frame, a, b, &THRESHOLDS).objections;
        objections
            .iter()
            .any(|o| o.is_contradiction() || matches!(o, Objection::Household | Objection::Apart))
    }

    fn content_of(&self, id: RecordId) -> Option<u64> {
        self.content.get(number_of(&self.people, id)? as usize).copied()
    }
}

/// Who would be one person by these pairs, and by which of them. All or none of a group is merged: where two of it contradict,
/// nobody knows to whom the others belong, and which pair came first is no reason.
fn groups(likely: &[Planned]) -> Vec<(Vec<RecordId>, Vec<Planned>)> {
    let mut first = FirstOf::default();
    for pair in likely {
        first.join(pair.left, pair.right);
    }
    let mut groups: BTreeMap<RecordId, (BTreeSet<RecordId>, Vec<Planned>)> = BTreeMap::new();
    for pair in likely {
        let (members, pairs) = groups.entry(first.of(pair.left)).or_default();
        members.extend([pair.left, pair.right]);
        pairs.push(*pair);
    }
    groups.into_values().map(|(members, pairs)| (members.into_iter().collect(), pairs)).collect()
}

/// Those of the pairs that bring together who is not brought together by those before.
fn that_join(pairs: &[Planned]) -> Vec<Planned> {
    let mut first = FirstOf::default();
    pairs.iter().copied().filter(|pair| first.join(pair.left, pair.right)).collect()
}

/// Who is brought together, each by a record of the group.
#[derive(Default)]
struct FirstOf(HashMap<RecordId, RecordId>);

impl FirstOf {
    fn of(&self, id: RecordId) -> RecordId {
        let mut at = id;
        while let Some(next) = self.0.get(&at) {
            at = *next;
        }
        at
    }

    /// True when they were apart.
    fn join(&mut self, one: RecordId, other: RecordId) -> bool {
        let (one, other) = (self.of(one), self.of(other));
        if one != other {
            self.0.insert(one.max(other), one.min(other));
        }
        one != other
    }
}

/// Whether it was beyond doubt when it was stored.
fn was_obvious(row: &SuggestionRow) -> bool {
    row.score.is_some_and(|score| score >= THRESHOLDS.auto)
        && PairTerms::read(&row.features_json)
            .and_then(|terms| terms.held_back)
            .is_some_and(|against| against.is_empty())
}
