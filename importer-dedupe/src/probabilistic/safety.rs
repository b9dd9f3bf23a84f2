//! What keeps two records apart whatever their score.

use super::compared::{Candidate, Compared};
use super::fields::{Fields, folded};
use super::keys::is_known_given_name;

/// Why a pair is no merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objection {
    /// Jr and Sr.
    Suffix,
    /// Dates of birth that no slip of the hand explains.
    BirthDate,
    /// First names of two people.
    GivenName,
    /// Dates of birth that a slip may explain.
    DoubtfulBirthDate,
    /// Middle names of two people.
    MiddleName,
    /// Neither name fits.
    Names,
    /// Another gender.
    Gender,
    /// Only one thing speaks for it.
    OneEvidence,
}

impl Objection {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Suffix => "name suffixes contradict",
            Self::BirthDate => "birth dates contradict",
            Self::GivenName => "given names are different people's",
            Self::DoubtfulBirthDate => "birth dates are near but not equal",
            Self::MiddleName => "middle names differ",
            Self::Names => "names do not agree",
            Self::Gender => "genders differ",
            Self::OneEvidence => "only one thing speaks for it",
        }
    }

    /// It tells two people apart; others only want a look.
    pub(super) fn is_another_person(self) -> bool {
        matches!(self, Self::Suffix | Self::BirthDate | Self::GivenName)
    }
}

/// Everything that speaks against merging a pair by its score.
pub(super) fn objections(
    fields: &Fields,
    compared: &Compared<'_>,
    candidate: &Candidate<'_>,
) -> Vec<Objection> {
    let level = |term| compared.level(candidate, term);
    let mut found = Vec::new();
    let suffix = level("name_suffix");
    if suffix == "differ" || (suffix == "missing" && candidate.suffix_differs) {
        found.push(Objection::Suffix);
    }
    let birth_date = level("birth_date");
    match birth_date {
        "differ" | "year" => found.push(Objection::BirthDate),
        "close" | "two_parts" => found.push(Objection::DoubtfulBirthDate),
        _ => {}
    }
    let (given, family) = (level("given_name"), level("family_name"));
    let given_differs = match given {
        "differ" | "similar" => true,
        // Maria and Marie are twins as often as one of them is misspelt.
        "near" => {
            let other = folded(fields.given(candidate.record));
            is_known_given_name(&compared.given) && is_known_given_name(&other)
        }
        _ => false,
    };
    if given_differs {
        found.push(Objection::GivenName);
    }
    if level("middle_name") == "differ" {
        found.push(Objection::MiddleName);
    }
    if level("gender") == "differ" {
        found.push(Objection::Gender);
    }
    let family_agrees = matches!(family, "exact" | "near" | "part" | "swapped");
    let given_agrees =
        family == "swapped" || matches!(given, "exact" | "nickname" | "near" | "initial" | "part");
    let born = matches!(birth_date, "exact" | "typo" | "swapped");
    let contact = compared.own_email(candidate) || compared.own_phone(candidate);
    let same_contact_and_day = contact && birth_date == "exact";
    if !given_agrees || !(family_agrees || same_contact_and_day) {
        found.push(Objection::Names);
    }
    let street = matches!(level("street"), "exact" | "number_and_street");
    let others = [compared.own_email(candidate), compared.own_phone(candidate), born, street];
    let evidence = usize::from(given_agrees && family_agrees) + others.iter().filter(|e| **e).count();
    if evidence < 2 {
        found.push(Objection::OneEvidence);
    }
    found
}
