//! Everybody at the contacts of a row: the candidates, and the other rows of the run, whether they are loaded or not.
//!
//! Who is who at a contact is judged from all of them, so that the order of the rows of a file decides nothing. A row without a birth
//! date fits father and son; a lone initial fits two sisters; who fits two that are not each other is nobody's match.

use std::cell::OnceCell;

use importer_core::contracts::Contract;
use importer_core::ports::CoreRecord;

use crate::contacts::{ContactRule, Contacts};
use crate::matching::model::GENERIC;
use crate::profile::Profile;

/// Somebody at the contacts.
pub(super) struct Person<'a> {
    contract: &'a Contract,
    record: &'a CoreRecord,
    pub(super) contacts: Contacts<'a>,
    /// Worked out when it is asked for: most candidates share no contact with anybody here.
    profile: OnceCell<Profile<'a>>,
}

impl<'a> Person<'a> {
    fn of(contract: &'a Contract, rule: ContactRule, record: &'a CoreRecord) -> Self {
        Self { contract, record, contacts: rule.contacts(record), profile: OnceCell::new() }
    }

    pub(super) fn profile(&self) -> &Profile<'a> {
        self.profile.get_or_init(|| Profile::of(self.contract, self.record))
    }

    pub(super) fn share_email(&self, other: &Person<'_>) -> bool {
        self.contacts.share_email(&other.contacts)
    }

    pub(super) fn share_phone(&self, other: &Person<'_>) -> bool {
        self.contacts.share_phone(&other.contacts)
    }
}

/// A row and everybody at its contacts.
pub(super) struct Neighbourhood<'a> {
    pub(super) row: Person<'a>,
    /// In the order of the candidates.
    pub(super) candidates: Vec<Person<'a>>,
    /// The other rows of the run.
    in_run: Vec<Person<'a>>,
    /// Those of them that are the row's person, by a contact of their own and an agreeing name: their places.
    links: Vec<usize>,
}

impl<'a> Neighbourhood<'a> {
    pub(super) fn of(
        contract: &'a Contract,
        rule: ContactRule,
        row: &'a CoreRecord,
        candidates: &[&'a CoreRecord],
        in_run: &[&'a CoreRecord],
    ) -> Self {
        let person = |record: &&'a CoreRecord| Person::of(contract, rule, record);
        let mut homes = Self {
            row: person(&row),
            candidates: candidates.iter().map(person).collect(),
            in_run: in_run.iter().map(person).collect(),
            links: Vec::new(),
        };
        homes.find_links();
        homes
    }

    /// From the row to those who are the same person, and from them on.
    fn find_links(&mut self) {
        let mut links: Vec<usize> = Vec::new();
        loop {
            let next = (0..self.in_run.len()).find(|at| {
                let other = &self.in_run[*at];
                let mut from = std::iter::once(&self.row).chain(links.iter().map(|link| &self.in_run[*link]));
                !links.contains(at)
                    && self.row.profile().fits(other.profile())
                    && from.any(|person| self.share_their_own(person, other))
            });
            match next {
                Some(at) => links.push(at),
                None => break,
            }
        }
        self.links = links;
    }

    /// A row of the run that is the row's person shares a contact with this one.
    pub(super) fn links(&self, other: &Person<'_>) -> bool {
        self.links.iter().any(|link| self.share_their_own(&self.in_run[*link], other))
    }

    /// They share a contact that few others have.
    fn share_their_own(&self, a: &Person<'_>, b: &Person<'_>) -> bool {
        let few = |people: usize| people <= GENERIC as usize;
        (a.share_email(b) && few(self.email_shared_by(a)))
            || (a.share_phone(b) && few(self.phone_shared_by(a)))
    }

    /// Somebody fits one of the row and the candidate at this place, and not the other.
    pub(super) fn has_namesake(&self, place: usize) -> bool {
        let (row, candidate) = (&self.row, &self.candidates[place]);
        // The rows of the run hang together by their contacts, and so does who shares a contact with one of them.
        let is_near = |other: &Person<'_>| {
            let mut here = self.in_run.iter().chain([row, candidate]);
            here.any(|person| other.share_email(person) || other.share_phone(person))
        };
        let others = self.candidates.iter().enumerate().filter(|(at, other)| *at != place && is_near(other));
        let mut others = others.map(|(_, other)| other).chain(&self.in_run);
        others.any(|other| {
            // Another row of one of them says nothing new.
            let is_one = |person: &Person<'_>| other.profile() == person.profile();
            !is_one(row)
                && !is_one(candidate)
                && other.profile().fits(row.profile()) != other.profile().fits(candidate.profile())
        })
    }

    /// How many people have an email address of a person, by their names.
    pub(super) fn email_shared_by(&self, person: &Person<'_>) -> usize {
        self.names_of(|other| other.share_email(person))
    }

    /// How many people have a phone number of a person, by their names.
    pub(super) fn phone_shared_by(&self, person: &Person<'_>) -> usize {
        self.names_of(|other| other.share_phone(person))
    }

    fn names_of(&self, which: impl Fn(&Person<'_>) -> bool) -> usize {
        let others = self.candidates.iter().chain(&self.in_run).chain([&self.row]);
        let mut names: Vec<(&str, &str)> = (others.filter(|other| which(other)))
            .map(|other| (other.profile().names.first.as_str(), other.profile().names.last.as_str()))
            .collect();
        names.sort_unstable();
        names.dedup();
        names.len().max(1)
    }
}
