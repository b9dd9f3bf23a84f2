use super::*;
use crate::matching::model::PairVerdict;

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

/// What speaks against a pair of this probability whose terms are `name=level`, a strong agreement wherever the level is
/// `exact`; `:known` of names that people are known to have, `:doubt` of what one says and the other leaves open, `:20` of what
/// 20 people share.
fn judged(probability: f64, terms: &str) -> Vec<Objection> {
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
    let likelihood = Likelihood { probability, household: 0.0, certainty: probability };
    objections(&seen, likelihood, &Thresholds::default())
}

/// Expected are the verdict and every objection.
fn check(probability: f64, terms: &str, expected: &str) {
    let found = judged(probability, terms);
    let verdict = PairVerdict::of(probability, 0.0, &found, &Thresholds::default());
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
    check(0.996, "given_name=exact family_name=exact birth_date=typo email=near", "merge");
    check(0.996, "given_name=exact family_name=exact birth_date=typo email=differ", one);
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
    let undated = twins.replace("birth_date=exact", "birth_date=missing");
    check(0.9999, &format!("{undated} external_id=missing:doubt"), "merge");
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
    check(0.97, "given_name=exact family_name=differ birth_date=exact street=exact", "review: name_conflict");
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
/// However the names of two people agree, and wherever they live: it takes something else.
#[test]
fn nothing_that_names_and_places_say_merges_anybody() {
    for given in ["exact", "nickname", "near", "initial", "part", "similar", "missing"] {
        for family in ["exact", "near", "part", "similar", "swapped", "missing"] {
            for more in ["", "middle_name=exact", "name_suffix=exact gender=exact", "middle_name=initial"] {
                for place in ["exact", "near", "differ", "missing"] {
                    let terms = format!(
                        "given_name={given} family_name={family} {more} locality={place} birth_date=missing \
                         email=differ phone=missing street=differ"
                    );
                    assert!(judged(1.0, &terms).contains(&Objection::OneEvidence), "{terms}");
                }
            }
        }
    }
}
