//! What keeps a pair from being merged without a human: one judgement for imports, scans and evaluations.

use importer_core::reasons::Reason;
use serde::{Deserialize, Serialize};

use super::Score;
use super::verdict::{HOUSEHOLD, Thresholds};
use crate::matching::features::About;
use crate::matching::frame::Beside;

/// Why a pair is not merged without a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Objection {
    /// Two people of one household explain the agreement better.
    Household,
    /// The probability is below what may be merged.
    Unlikely,
    /// Jr and Sr.
    Suffix,
    /// Only one of them says which generation he is, and no birth date says that they are one.
    OneSidedSuffix,
    /// Dates of birth that no slip of the hand explains.
    BirthDate,
    /// A date of birth that nobody can read.
    UnreadableBirthDate,
    /// First names of two people.
    GivenName,
    /// Dates of birth that a slip may explain.
    DoubtfulBirthDate,
    /// Middle names of two people.
    MiddleName,
    /// A nickname is all that tells them apart, and one source has them under two ids.
    NicknameTwice,
    /// First or last name do not fit.
    Names,
    /// A first or last name is missing, and what agrees may be a home's.
    MissingName,
    /// Another gender.
    Gender,
    /// Another school at another time.
    School,
    /// Somebody else at the same contact fits one of the two and not the other.
    Namesake,
    /// One contact is shared, and neither another one nor the town.
    OtherContact,
    /// Only one thing speaks for it.
    OneEvidence,
    /// The groups that a scan makes of all pairs keep the two apart.
    Apart,
}

impl Objection {
    const ALL: [Self; 18] = [
        Self::Household,
        Self::Unlikely,
        Self::Suffix,
        Self::OneSidedSuffix,
        Self::BirthDate,
        Self::UnreadableBirthDate,
        Self::GivenName,
        Self::DoubtfulBirthDate,
        Self::MiddleName,
        Self::NicknameTwice,
        Self::Names,
        Self::MissingName,
        Self::Gender,
        Self::School,
        Self::Namesake,
        Self::OtherContact,
        Self::OneEvidence,
        Self::Apart,
    ];

    /// Its code, as it is stored.
    pub fn code(self) -> &'static str {
        self.reason().code()
    }

    /// What it says to people.
    pub fn text(self) -> &'static str {
        self.reason().text()
    }

    /// The reason that it is.
    pub fn reason(self) -> Reason {
        match self {
            Self::Household => Reason::HouseholdLikelier,
            Self::Unlikely => Reason::BelowThreshold,
            Self::Suffix => Reason::SuffixConflict,
            Self::OneSidedSuffix => Reason::SuffixOneSided,
            Self::BirthDate => Reason::BirthDateConflict,
            Self::UnreadableBirthDate => Reason::BirthDateUnreadable,
            Self::GivenName => Reason::GivenNameConflict,
            Self::DoubtfulBirthDate => Reason::BirthDateNear,
            Self::MiddleName => Reason::MiddleNameConflict,
            Self::NicknameTwice => Reason::NicknameTwice,
            Self::Names => Reason::NameConflict,
            Self::MissingName => Reason::NameMissing,
            Self::Gender => Reason::GenderConflict,
            Self::School => Reason::SchoolConflict,
            Self::Namesake => Reason::Namesake,
            Self::OtherContact => Reason::ContactConflict,
            Self::OneEvidence => Reason::SingleEvidence,
            Self::Apart => Reason::ClusterConflict,
        }
    }

    /// What earlier versions stored; of what they did not know, its code.
    fn old_text(self) -> &'static str {
        match self {
            Self::OneSidedSuffix
            | Self::UnreadableBirthDate
            | Self::NicknameTwice
            | Self::MissingName
            | Self::School
            | Self::Namesake
            | Self::OtherContact => self.code(),
            Self::Household => "a household explains it better",
            Self::Unlikely => "it is not probable enough",
            Self::Suffix => "name suffixes contradict",
            Self::BirthDate => "birth dates contradict",
            Self::GivenName => "given names are different people's",
            Self::DoubtfulBirthDate => "birth dates are near but not equal",
            Self::MiddleName => "middle names differ",
            Self::Names => "names do not agree",
            Self::Gender => "genders differ",
            Self::OneEvidence => "only one thing speaks for it",
            Self::Apart => "other records of the group speak against it",
        }
    }

    /// The values that it is about.
    pub(crate) fn about(self) -> Option<About> {
        Some(match self {
            Self::Suffix | Self::OneSidedSuffix => About::NameSuffix,
            Self::BirthDate | Self::UnreadableBirthDate | Self::DoubtfulBirthDate => About::BirthDate,
            Self::GivenName | Self::NicknameTwice => About::GivenName,
            Self::MiddleName => About::MiddleName,
            Self::Gender => About::Gender,
            _ => return None,
        })
    }

    /// It speaks against one person whatever else agrees, so that nobody is merged over it, by whatever rule.
    pub fn is_contradiction(self) -> bool {
        let others = [
            Self::OneSidedSuffix,
            Self::UnreadableBirthDate,
            Self::MiddleName,
            Self::Gender,
            Self::School,
            Self::Namesake,
            Self::OtherContact,
        ];
        self.is_another_person() || others.contains(&self)
    }

    /// It tells two people apart; others only want a look.
    pub fn is_another_person(self) -> bool {
        matches!(self, Self::Suffix | Self::BirthDate | Self::GivenName)
    }
}

impl From<Objection> for String {
    fn from(objection: Objection) -> Self {
        objection.code().into()
    }
}

impl TryFrom<String> for Objection {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.code() == text || it.old_text() == text);
        found.ok_or_else(|| format!("there is no objection `{text}`"))
    }
}

/// From here on doubts may be overruled: of pairs scored so high none was wrong on any labelled set.
const NEAR_CERTAIN: f64 = 0.99;
/// A term that speaks this strongly stands on its own, in bits. A value that many share never gets there.
const STRONG: f64 = 6.0;
/// A contact or number that more people share is a generic one: an office, a school, `info@`.
pub(crate) const GENERIC: u32 = 8;

/// What people of one household agree in at least this often like one person is their home's, not their own.
const AT_HOME: f64 = 0.9;

/// The level of a term for which a record has no value.
pub(crate) const NOT_COMPARED: &str = "missing";

/// What one term of a pair says, as far as merging depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) about: About,
    /// The level's name; [`NOT_COMPARED`] where a record has no value.
    pub(crate) level: &'a str,
    pub(crate) bits: f64,
    /// How far a household agrees in it like one person.
    pub(crate) shared: f64,
    pub(crate) beside: Beside,
}

impl Seen<'_> {
    /// It is about something that a name and a place do not say.
    fn is_beyond_names(&self) -> bool {
        matches!(self.about, About::BirthDate | About::Contact | About::Street | About::Other)
    }

    /// Agreement in something that hardly two people have in common, names and places aside.
    fn is_strong(&self) -> bool {
        self.is_beyond_names()
            && matches!(self.level, "exact" | "number_and_street")
            && self.bits >= STRONG
            && self.beside.shared_by.is_none_or(|people| people <= GENERIC)
    }
}

/// How likely a pair is one person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Likelihood {
    /// What the thresholds are about.
    pub(crate) probability: f64,
    /// The probability that they are two people of one household.
    pub(crate) household: f64,
    /// What may overrule doubts: the probability, where it is one.
    pub(crate) certainty: f64,
}

impl Likelihood {
    pub(crate) fn of(score: &Score) -> Self {
        let probability = score.probability();
        Self { probability, household: score.household, certainty: probability }
    }

    /// A mean of similarities is no probability: that two values are equal makes nothing certain.
    pub(crate) fn of_mean(mean: f64) -> Self {
        Self { probability: mean, household: 0.0, certainty: 0.0 }
    }
}

/// Everything that speaks against merging a pair without a human.
///
/// A probability is not enough. Two independent things have to agree (the name, slips and nicknames aside, and any of birth
/// date, contact, street and numbers), and nothing may contradict. From 0.99 on one is enough, and overrules doubts, such as
/// a name that is only similar.
pub(crate) fn objections(
    terms: &[Seen<'_>],
    likelihood: Likelihood,
    thresholds: &Thresholds,
) -> Vec<Objection> {
    let level = |about| terms.iter().find(|t| t.about == about).map_or(NOT_COMPARED, |t| t.level);
    let (given, family, birth) = (level(About::GivenName), level(About::FamilyName), level(About::BirthDate));
    let swapped = family == "swapped";
    let differs = |about| terms.iter().any(|t| t.about == about && t.level == "differ");
    let distinct = |about| terms.iter().any(|t| t.about == about && t.beside.are_distinct);
    let in_doubt = |about| terms.iter().any(|t| t.about == about && t.beside.in_doubt);
    let lacks = |about| terms.iter().any(|t| t.about == about && t.level == NOT_COMPARED) && !swapped;
    let two_names = distinct(About::GivenName);
    let strong = || terms.iter().filter(|t| t.is_strong());
    let whole_name = swapped || (matches!(given, "exact" | "nickname") && family == "exact");
    let name_fits = whole_name
        || (matches!(given, "exact" | "nickname" | "near" | "initial" | "part")
            && matches!(family, "exact" | "near" | "part"));
    let overruled = likelihood.certainty >= NEAR_CERTAIN && (whole_name || strong().count() > 0);
    // Twins share a phone, an address and a date of birth.
    let at_home = strong().any(|t| t.shared >= AT_HOME);
    let own = strong().any(|t| t.shared < AT_HOME && t.about != About::BirthDate);
    let own_number = strong().any(|t| t.shared < AT_HOME && t.about == About::Other);
    // Many people have a rare name and live in one place.
    let beyond_name = terms.iter().any(|t| t.bits > 0.0 && t.is_beyond_names());
    let contacts = || terms.iter().filter(|t| t.about == About::Contact && t.level != NOT_COMPARED);
    let other_contacts = contacts().count() > 0 && contacts().all(|t| t.level == "differ");

    let mut found = Vec::new();
    if likelihood.household >= HOUSEHOLD {
        found.push(Objection::Household);
    } else if likelihood.probability < thresholds.auto {
        found.push(Objection::Unlikely);
    }
    if differs(About::NameSuffix) {
        found.push(Objection::Suffix);
    } else if in_doubt(About::NameSuffix) && birth != "exact" {
        found.push(Objection::OneSidedSuffix);
    }
    match birth {
        "differ" => found.push(Objection::BirthDate),
        _ if in_doubt(About::BirthDate) => found.push(Objection::UnreadableBirthDate),
        // A father and his son.
        _ if distinct(About::BirthDate) => found.push(Objection::BirthDate),
        "close" | "two_parts" if !overruled => found.push(Objection::DoubtfulBirthDate),
        _ => {}
    }
    let other_given = match given {
        "near" => two_names,
        "similar" => two_names || !overruled || (at_home && !own),
        level => level == "differ",
    };
    if other_given {
        found.push(Objection::GivenName);
    }
    if differs(About::MiddleName) {
        found.push(Objection::MiddleName);
    }
    // Tom and Thomas are one person in two systems, and may be twins in one file.
    if given == "nickname" && birth == "exact" && in_doubt(About::Other) && !own_number {
        found.push(Objection::NicknameTwice);
    }
    if differs(About::Gender) {
        found.push(Objection::Gender);
    }
    // A name may change; who was born on the same day and is reached the same way is the same.
    let reached = strong().any(|t| t.about == About::Contact) && birth == "exact";
    if (family == "differ" && !reached) || (family == "similar" && !overruled) {
        found.push(Objection::Names);
    }
    // A couple shares all but the first name and the birth date, and twins share even that.
    let born_alike = matches!(birth, "exact" | "typo" | "swapped" | "two_parts" | "close");
    let alike = own_number || (born_alike && !at_home);
    if (lacks(About::GivenName) && !alike) || (lacks(About::FamilyName) && !alike && birth != "exact") {
        found.push(Objection::MissingName);
    }
    // At a desk that many share, a name alone says little, however rare the two are together.
    let shared_by_many = |t: &&Seen<'_>| t.beside.shared_by.is_some_and(|people| people > GENERIC);
    let at_a_desk =
        terms.iter().any(|t| t.about == About::Contact && t.level == "exact" && shared_by_many(&t))
            && !strong().any(|t| t.about != About::Street);
    let overruled = overruled && beyond_name && !other_contacts;
    if at_a_desk || (strong().count() + usize::from(name_fits) < 2 && !overruled) {
        found.push(Objection::OneEvidence);
    }
    found
}

#[cfg(test)]
mod tests;
