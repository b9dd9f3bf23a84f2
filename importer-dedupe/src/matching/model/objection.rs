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
    if given == "nickname" && in_doubt(About::Other) && !own_number {
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
    if strong().count() + usize::from(name_fits) < 2 && !(overruled && beyond_name) {
        found.push(Objection::OneEvidence);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::PairVerdict;
    use super::*;

    fn about(term: &str) -> (About, f64) {
        match term {
            "given_name" => (About::GivenName, 0.04),
            "family_name" => (About::FamilyName, 0.9),
            "middle_name" => (About::MiddleName, 0.05),
            "name_suffix" => (About::NameSuffix, 0.0),
            "birth_date" => (About::BirthDate, 0.01),
            "email" => (About::Contact, 0.5),
            "phone" => (About::Contact, 0.9),
            "street" => (About::Street, 0.95),
            "locality" => (About::Place, 0.97),
            "gender" => (About::Gender, 0.0),
            "number" | "external_id" => (About::Other, 0.001),
            other => panic!("{other} is no term"),
        }
    }

    /// A pair of this probability whose terms are `name=level`, a strong agreement wherever the level is `exact`; `:known` of
    /// names that people are known to have, `:doubt` of what one says and the other leaves open, `:20` of what 20 people share. Expected are the verdict and every objection.
    fn check(probability: f64, terms: &str, expected: &str) {
        let seen: Vec<Seen<'_>> = (terms.split_whitespace())
            .map(|term| {
                let (name, level) = term.split_once('=').unwrap();
                let (level, more) = level.split_once(':').unwrap_or((level, ""));
                let (about, shared) = about(name);
                let beside = Beside {
                    shared_by: more.parse().ok(),
                    are_distinct: more == "known",
                    in_doubt: more == "doubt",
                };
                let bits = match level {
                    "exact" => 12.0,
                    "typo" | "near" => 4.0,
                    _ => 0.0,
                };
                Seen { about, level, bits, shared, beside }
            })
            .collect();
        let thresholds = Thresholds::default();
        let found = objections(
            &seen,
            Likelihood { probability, household: 0.0, certainty: probability },
            &thresholds,
        );
        let verdict = PairVerdict::of(probability, 0.0, &found, &thresholds);
        let why: Vec<&str> = found.iter().map(|objection| objection.code()).collect();
        let text = format!("{}: {}", verdict.as_str(), why.join(", "));
        assert_eq!(text.trim_end_matches([' ', ':']), expected, "{probability} {terms}");
    }

    #[test]
    fn two_things_that_agree_merge() {
        check(0.96, "given_name=exact family_name=exact birth_date=exact", "merge");
        check(0.96, "given_name=nickname family_name=exact email=exact", "merge");
        check(0.96, "family_name=swapped phone=exact", "merge");
        check(0.96, "given_name=near family_name=near email=exact birth_date=exact", "merge");
        check(0.96, "family_name=exact number=exact street=exact", "merge");
    }

    #[test]
    fn one_is_enough_only_when_it_is_nearly_certain() {
        let one = "review: single_evidence";
        check(0.96, "given_name=exact family_name=exact birth_date=typo", one);
        check(0.996, "given_name=exact family_name=exact birth_date=typo", "merge");
        check(0.999, "given_name=near family_name=near birth_date=typo", one);
        check(0.96, "given_name=near family_name=near birth_date=exact", "merge");
        check(0.96, "family_name=exact birth_date=exact", one);
        check(0.97, "given_name=exact family_name=exact locality=exact", one);
    }

    #[test]
    fn contradictions_are_never_merged() {
        for (contradiction, why) in [
            ("given_name=differ", "given_name_conflict"),
            ("family_name=differ", "name_conflict"),
            ("middle_name=differ", "middle_name_conflict"),
            ("birth_date=differ", "birth_date_conflict"),
            ("birth_date=year:known", "birth_date_conflict"),
            ("birth_date=missing:doubt", "birth_date_unreadable"),
            ("name_suffix=missing:doubt", "suffix_one_sided"),
            ("birth_date=typo:known", "birth_date_conflict"),
            ("birth_date=swapped:known", "birth_date_conflict"),
            ("birth_date=two_parts:known", "birth_date_conflict"),
            ("name_suffix=differ", "suffix_conflict"),
            ("gender=differ", "gender_conflict"),
        ] {
            let terms = format!("{contradiction} email=exact phone=exact street=exact number=exact");
            check(0.9999, &terms, &format!("review: {why}"));
        }
        check(
            0.9999,
            "given_name=differ family_name=exact name_suffix=differ email=exact phone=exact",
            "review: suffix_conflict, given_name_conflict",
        );
    }

    #[test]
    fn a_full_name_alone_never_merges() {
        for terms in [
            "given_name=exact family_name=exact",
            "given_name=exact family_name=exact locality=exact",
            "given_name=exact family_name=exact middle_name=exact birth_date=missing email=differ street=missing",
        ] {
            for probability in [0.96, 0.9999, 1.0] {
                check(probability, terms, "review: single_evidence");
            }
        }
    }

    #[test]
    fn a_missing_name_never_merges_by_what_a_home_shares() {
        let home = "email=exact phone=exact street=exact";
        for (names, birth) in [
            ("given_name=missing family_name=exact", "exact"),
            ("given_name=missing family_name=exact", "missing"),
            ("given_name=exact family_name=missing", "missing"),
            ("given_name=missing family_name=missing", "exact"),
        ] {
            let terms = format!("{names} birth_date={birth} {home}");
            check(0.9999, &terms, "review: name_missing");
            check(0.9999, &format!("{terms} number=exact"), "merge");
        }
        check(0.9999, &format!("given_name=exact family_name=missing birth_date=exact {home}"), "merge");
        check(0.9999, "given_name=missing family_name=swapped birth_date=exact phone=exact", "merge");
    }

    #[test]
    fn one_generation_beside_none_wants_an_equal_birth_date() {
        let named = "given_name=exact family_name=exact email=exact phone=exact name_suffix=missing:doubt";
        check(0.9999, named, "review: suffix_one_sided");
        check(0.9999, &format!("{named} birth_date=missing"), "review: suffix_one_sided");
        check(0.9999, &format!("{named} birth_date=typo"), "review: suffix_one_sided");
        check(0.9999, &format!("{named} birth_date=exact"), "merge");
    }

    #[test]
    fn a_nickname_under_two_ids_of_one_source_may_be_a_twin() {
        let twins = "given_name=nickname family_name=exact birth_date=exact email=exact phone=exact";
        check(0.9999, &format!("{twins} external_id=missing"), "merge");
        check(0.9999, &format!("{twins} external_id=missing:doubt"), "review: nickname_twice");
        check(0.9999, &format!("{twins} external_id=missing:doubt number=exact"), "merge");
        let same = twins.replace("nickname", "exact");
        check(0.9999, &format!("{same} external_id=missing:doubt"), "merge");
    }

    #[test]
    fn two_names_that_people_have_are_two_people() {
        let twins = "family_name=exact birth_date=exact phone=exact street=exact email=exact number=exact";
        for level in ["near", "similar"] {
            check(0.9999, &format!("given_name={level} {twins}"), "merge");
            let known = format!("given_name={level}:known {twins}");
            check(0.9999, &known, "review: given_name_conflict");
        }
        // Bill and William are known, too, and one name.
        check(0.9999, &format!("given_name=nickname:known {twins}"), "merge");
    }

    #[test]
    fn a_name_that_is_only_similar_wants_something_that_a_home_does_not_share() {
        let twins = "given_name=similar family_name=exact birth_date=exact";
        check(0.9999, &format!("{twins} phone=exact"), "review: given_name_conflict");
        check(0.9999, &format!("{twins} street=exact"), "review: given_name_conflict");
        check(0.9999, &format!("{twins} street=exact number=exact"), "merge");
        check(0.9999, twins, "merge");
        check(0.98, &format!("{twins} number=exact"), "review: given_name_conflict");
    }

    #[test]
    fn a_family_name_may_change_where_contact_and_birth_date_do_not() {
        check(0.97, "given_name=exact family_name=differ birth_date=exact phone=exact", "merge");
        check(
            0.97,
            "given_name=exact family_name=differ birth_date=exact phone=exact:9",
            "review: name_conflict, single_evidence",
        );
        check(
            0.97,
            "given_name=exact family_name=differ birth_date=typo phone=exact email=exact",
            "review: name_conflict",
        );
        check(
            0.97,
            "given_name=exact family_name=differ birth_date=exact street=exact",
            "review: name_conflict",
        );
    }

    #[test]
    fn what_many_share_is_nobodys_own() {
        let named = "given_name=exact family_name=exact";
        check(0.96, &format!("{named} email=exact:8"), "merge");
        check(0.96, &format!("{named} email=exact:9"), "review: single_evidence");
        check(0.96, &format!("{named} number=exact:9 birth_date=exact"), "merge");
    }

    #[test]
    fn doubts_are_overruled_where_it_is_nearly_certain() {
        for doubt in ["birth_date=close", "birth_date=two_parts"] {
            let terms = format!("given_name=exact family_name=exact email=exact {doubt}");
            check(0.98, &terms, "review: birth_date_near");
            check(0.995, &terms, "merge");
        }
        check(0.98, "given_name=exact family_name=similar email=exact number=exact", "review: name_conflict");
        check(0.995, "given_name=exact family_name=similar email=exact", "merge");
    }

    #[test]
    fn below_the_thresholds_nothing_is_merged() {
        let all = "given_name=exact family_name=exact birth_date=exact";
        check(0.949, all, "review: below_threshold");
        check(0.80, all, "review: below_threshold");
        check(0.79, all, "different: below_threshold");
    }

    #[test]
    fn a_mean_of_similarities_overrules_nothing() {
        let name = [About::GivenName, About::FamilyName].map(|about| Seen {
            about,
            level: "exact",
            bits: 8.0,
            shared: 0.0,
            beside: Beside::default(),
        });
        let found = objections(&name, Likelihood::of_mean(1.0), &Thresholds::default());
        assert_eq!(found, [Objection::OneEvidence]);
    }

    #[test]
    fn a_household_is_told_as_one() {
        let likelihood = Likelihood { probability: 0.3, household: 0.6, certainty: 0.3 };
        let found = objections(&[], likelihood, &Thresholds::default());
        assert_eq!(found, [Objection::Household, Objection::OneEvidence]);
        assert_eq!(PairVerdict::of(0.3, 0.6, &found, &Thresholds::default()), PairVerdict::Household);
    }

    #[test]
    fn objections_are_stored_as_codes_and_earlier_texts_are_read() {
        for objection in Objection::ALL {
            let text = serde_json::to_string(&objection).unwrap();
            assert_eq!(text, format!("{:?}", objection.code()));
            assert_eq!(serde_json::from_str::<Objection>(&text).unwrap(), objection);
            let earlier = serde_json::Value::from(objection.old_text());
            assert_eq!(serde_json::from_value::<Objection>(earlier).unwrap(), objection);
        }
        assert!(serde_json::from_str::<Objection>("\"a whim\"").is_err());
    }
}
