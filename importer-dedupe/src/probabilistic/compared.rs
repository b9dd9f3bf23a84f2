//! A row beside the candidates it is compared with.

use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::ports::{CandidateFacts, CoreRecord};

use super::neighbourhood::{Neighbourhood, Person};
use crate::agreement::NameAgreement;
use crate::contacts::ContactRule;
use crate::keys::{EMAIL_KEY, PHONE_KEY};
use crate::matching::features::MISSING;
use crate::matching::frame::Frame;
use crate::matching::levels::Levels;
use crate::matching::model::GENERIC;
use crate::matching::people::{KnownId, People};
use crate::matching::plugin_terms::Compares;

/// The row's number in the frame.
const OWN: u32 = 0;

/// A row, number 0 of the frame, and its candidates, from number 1.
pub(super) struct Compared<'a> {
    pub(super) frame: Frame,
    /// The row's names in matching form.
    pub(super) given: String,
    pub(super) family: String,
    pub(super) candidates: Vec<Candidate<'a>>,
    /// How many people have an email address, or a phone number, of the row.
    pub(super) email_shared_by: usize,
    pub(super) phone_shared_by: usize,
}

/// How a row and a candidate compare.
pub(super) struct Candidate<'a> {
    /// The candidate's place in the list.
    pub(super) place: usize,
    /// Its number in the frame.
    pub(super) number: u32,
    pub(super) record: &'a CoreRecord,
    pub(super) email: bool,
    pub(super) phone: bool,
    /// Another row of the run, which fits the row, links a contact of the row with one of the candidate.
    pub(super) linked: bool,
    /// No contact is shared, but for a slip in a domain an address would be, and the names may be one person's.
    pub(super) slip: bool,
    /// How the names agree of who shares a contact or is linked; of others `Differ`.
    pub(super) names: NameAgreement,
    /// A contact is shared, and names, dates of birth, suffixes and so on fit.
    pub(super) fits: bool,
    /// A contact is shared, and the dates of birth are equal, letter by letter.
    pub(super) dob_agrees: bool,
    /// Another school at another time.
    pub(super) school_differs: bool,
    /// One kind of contact is shared and the other is not.
    pub(super) other_contact: bool,
    /// Somebody else at the contacts of both fits one of the two and not the other.
    pub(super) namesake: bool,
    pub(super) levels: Levels,
}

impl<'a> Compared<'a> {
    pub(super) fn of(
        contract: &'a Contract,
        rule: ContactRule,
        incoming: &'a CoreRecord,
        records: &[&'a CoreRecord],
        facts: CandidateFacts<'_>,
        (at_most, plugin_terms): (usize, Option<&Arc<dyn Compares>>),
    ) -> Self {
        let homes = Neighbourhood::of(contract, rule, incoming, records, facts.in_run);
        let row = &homes.row;
        let mut candidates: Vec<Candidate<'a>> = records
            .iter()
            .zip(&homes.candidates)
            .enumerate()
            .map(|(place, (record, other))| {
                let (email, phone) = (row.share_email(other), row.share_phone(other));
                let linked = !email && !phone && homes.links(other);
                // Names and dates count letter by letter only for who shares a contact.
                let near = email || phone || linked;
                let names = |a: &Person<'_>, b: &Person<'_>| a.profile().names.agreement(&b.profile().names);
                let slip = !near
                    && row.contacts.share_meant_email(&other.contacts)
                    && names(row, other).may_be_one();
                Candidate {
                    place,
                    number: OWN,
                    record,
                    email,
                    phone,
                    linked,
                    slip,
                    names: if near { names(row, other) } else { NameAgreement::Differ },
                    fits: near && row.profile().fits(other.profile()),
                    dob_agrees: near && row.profile().dob_agrees(other.profile()),
                    school_differs: near && row.profile().school_differs(other.profile()),
                    other_contact: (email || phone) && row.contacts.contradict(&other.contacts),
                    namesake: near && homes.has_namesake(place),
                    levels: Levels::default(),
                }
            })
            .collect();
        let shared_by = |kind: i16, people: usize| {
            let passed_over =
                facts.passed_over.iter().filter(|(of, _)| *of == kind).map(|(_, many)| *many + 1);
            passed_over.fold(people, usize::max)
        };
        let email_shared_by = shared_by(EMAIL_KEY, homes.email_shared_by(row));
        let phone_shared_by = shared_by(PHONE_KEY, homes.phone_shared_by(row));
        let (given, family) = (row.profile().names.first.clone(), row.profile().names.last.clone());
        // They count among those who share a contact all the same.
        candidates.retain(|c| !facts.by_name_alone.contains(&c.place) || c.names.may_be_one());
        candidates.retain(|c| !facts.by_link.contains(&c.place) || c.linked);
        // Whoever shares a contact or the id is compared first; the order is stable.
        candidates.sort_by_key(|c| !(c.email || c.phone || c.linked || facts.same_id.contains(&c.place)));
        candidates.truncate(at_most);
        let frame = Self::frame(contract, incoming, &mut candidates, facts, plugin_terms);
        candidates.sort_by_key(|c| c.place);
        Self { frame, given, family, candidates, email_shared_by, phone_shared_by }
    }

    /// Puts the row and its candidates into a frame and compares them; with nobody to compare it with the frame is empty.
    fn frame(
        contract: &Contract,
        incoming: &CoreRecord,
        candidates: &mut [Candidate<'a>],
        facts: CandidateFacts<'_>,
        plugin_terms: Option<&Arc<dyn Compares>>,
    ) -> Frame {
        if candidates.is_empty() {
            return Frame::new(&[]);
        }
        let mut people = People::with_further(contract, plugin_terms);
        let known = |same: Option<&'static str>, of_one: bool| -> Vec<KnownId> {
            same.map(KnownId::Same).into_iter().chain(of_one.then_some(KnownId::OfOneSystem)).collect()
        };
        let own = known((!facts.same_id.is_empty()).then_some("own"), !facts.own_system.is_empty());
        people.push_with_ids(contract, incoming, &own);
        for candidate in &mut *candidates {
            let same = facts.same_id.contains(&candidate.place).then_some("other");
            let other = known(same, facts.own_system.contains(&candidate.place));
            candidate.number = people.push_with_ids(contract, candidate.record, &other);
        }
        let mut frame = people.frame;
        frame.finish();
        for candidate in candidates {
            candidate.levels = frame.compare(OWN, candidate.number);
        }
        frame
    }

    /// Asks further terms about the candidates that are worth it, all at once.
    pub(super) fn ask_further(&mut self, is_worth_it: impl Fn(&Self, &Candidate<'_>) -> bool) {
        if self.frame.plugin_terms().is_none() {
            return;
        }
        let places: Vec<usize> =
            (0..self.candidates.len()).filter(|i| is_worth_it(self, &self.candidates[*i])).collect();
        let mut pairs: Vec<(u32, u32, Levels)> = (places.iter())
            .map(|&place| (0, self.candidates[place].number, self.candidates[place].levels))
            .collect();
        if let Some(plugin_terms) = self.frame.plugin_terms().filter(|_| !pairs.is_empty()) {
            plugin_terms.compare(&mut pairs);
        }
        for (place, (_, _, levels)) in places.into_iter().zip(pairs) {
            self.candidates[place].levels = levels;
        }
    }

    /// The level of a term; `missing` when a record lacks a value or the contract the field.
    pub(super) fn level(&self, candidate: &Candidate<'_>, term: &str) -> &'static str {
        let terms = self.frame.terms();
        let Some(place) = terms.iter().position(|t| t.name == term) else { return "missing" };
        match candidate.levels[place] {
            MISSING => "missing",
            level => terms[place].levels.get(usize::from(level)).map_or("missing", |level| level.name),
        }
    }

    /// An address that few share.
    pub(super) fn own_email(&self, candidate: &Candidate<'_>) -> bool {
        candidate.email && self.email_shared_by <= GENERIC as usize
    }

    /// A number that few share.
    pub(super) fn own_phone(&self, candidate: &Candidate<'_>) -> bool {
        candidate.phone && self.phone_shared_by <= GENERIC as usize
    }
}
