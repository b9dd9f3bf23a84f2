//! What may be done about a pair: merged without a human, shown to one, linked as a household, or nothing.

use serde::{Deserialize, Serialize};

use super::explain::{ExplainedTerm, Explanation};

/// From which probability on a pair is merged or shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// From here on it may be merged without a human, if nothing speaks against it. 0.95 (specification, section 7.3).
    pub auto: f64,
    /// From here on it is shown to people. 0.80 (specification, section 7.3).
    pub review: f64,
}

impl Thresholds {
    /// What holds unless something else is asked for.
    pub const DEFAULT: Self = Self { auto: 0.95, review: 0.80 };
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// From this probability on a pair is two people of one household.
pub(crate) const HOUSEHOLD: f64 = 0.5;

/// What may be done about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A careful person would merge it.
    Merge,
    /// A person should look at it.
    Review,
    /// Two people who share an address, a phone or a mailbox.
    Household,
    /// Two people.
    Different,
}

/// From here on one strong agreement is enough: of pairs scored so high none was wrong on any labelled set.
const NEAR_CERTAIN: f64 = 0.99;
/// A term that speaks this strongly stands on its own, in bits. A value that many share never gets there.
const STRONG: f64 = 6.0;

impl Verdict {
    /// Judges a pair by its score and by what the score is made of.
    ///
    /// A probability is not enough to merge without a human. A pair is merged when two independent things agree strongly (the
    /// whole name, and any of birth date, email, phone, street and identifiers) and nothing contradicts; at 0.99 one of them
    /// is enough, as long as no given name, family name, birth date, suffix or gender is another one.
    pub fn of(pair: &Explanation, thresholds: &Thresholds) -> Self {
        if pair.household >= HOUSEHOLD {
            return Self::Household;
        }
        if pair.probability < thresholds.review {
            return Self::Different;
        }
        if pair.probability >= thresholds.auto && is_safe(pair) {
            return Self::Merge;
        }
        Self::Review
    }

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Review => "review",
            Self::Household => "household",
            Self::Different => "different",
        }
    }
}

fn is_safe(pair: &Explanation) -> bool {
    let level =
        |name: &str| pair.terms.iter().find(|t| t.term == name).map_or("missing", |t| t.level.as_str());
    let (given, family, birth) = (level("given_name"), level("family_name"), level("birth_date"));
    let swapped = family == "swapped";
    let another = (given == "differ" && !swapped)
        || family == "differ"
        || matches!(birth, "year" | "differ")
        || level("name_suffix") == "differ"
        || pair.terms.iter().any(|t| matches!(t.term.as_str(), "gender" | "sex") && t.level == "differ");
    if another {
        return false;
    }
    let whole_name = swapped || (matches!(given, "exact" | "nickname") && family == "exact");
    let strong = pair.terms.iter().filter(|t| is_strong(t)).count() + usize::from(whole_name);
    let doubtful =
        (given == "similar" && !swapped) || family == "similar" || matches!(birth, "two_parts" | "close");
    (strong >= 2 && !doubtful) || (strong >= 1 && pair.probability >= NEAR_CERTAIN)
}

/// Agreement in something that hardly two people have in common, names and places aside.
fn is_strong(term: &ExplainedTerm) -> bool {
    !matches!(
        term.term.as_str(),
        "given_name" | "family_name" | "middle_name" | "locality" | "gender" | "sex"
    ) && matches!(term.level.as_str(), "exact" | "number_and_street")
        && term.bits >= STRONG
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair of this probability whose terms are `name=level`, a strong agreement wherever the level is `exact`.
    fn check(probability: f64, terms: &str, expected: Verdict) {
        let terms = terms.split_whitespace().map(|term| {
            let (term, level) = term.split_once('=').unwrap();
            let bits = if level == "exact" { 12.0 } else { 0.0 };
            ExplainedTerm { term: term.into(), level: level.into(), bits, frequency: None }
        });
        let pair = Explanation {
            prior_bits: -17.0,
            terms: terms.collect(),
            household_bits: 0.0,
            bits: 0.0,
            probability,
            household: 0.0,
        };
        assert_eq!(Verdict::of(&pair, &Thresholds::default()), expected, "{pair:?}");
    }

    #[test]
    fn two_strong_agreements_merge() {
        check(0.96, "given_name=exact family_name=exact birth_date=exact", Verdict::Merge);
        check(0.96, "given_name=nickname family_name=exact email=exact", Verdict::Merge);
        check(0.96, "given_name=missing family_name=swapped phone=exact", Verdict::Merge);
        check(0.96, "given_name=near family_name=near email=exact birth_date=exact", Verdict::Merge);
    }

    #[test]
    fn one_is_enough_only_when_it_is_nearly_certain() {
        check(0.96, "given_name=exact family_name=exact birth_date=typo", Verdict::Review);
        check(0.996, "given_name=exact family_name=exact birth_date=typo", Verdict::Merge);
        check(0.999, "given_name=near family_name=near birth_date=typo", Verdict::Review);
    }

    #[test]
    fn contradictions_are_never_merged() {
        for contradiction in [
            "given_name=differ",
            "family_name=differ",
            "birth_date=differ",
            "birth_date=year",
            "name_suffix=differ",
            "gender=differ",
        ] {
            check(0.9999, &format!("{contradiction} email=exact phone=exact street=exact"), Verdict::Review);
        }
    }

    #[test]
    fn a_place_or_a_value_that_many_share_is_not_strong() {
        check(0.97, "given_name=exact family_name=exact locality=exact", Verdict::Review);
    }

    #[test]
    fn below_the_thresholds_nothing_is_shown() {
        check(0.79, "given_name=exact family_name=exact birth_date=exact", Verdict::Different);
        check(0.80, "given_name=exact", Verdict::Review);
    }
}
