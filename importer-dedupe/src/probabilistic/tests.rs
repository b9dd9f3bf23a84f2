use importer_core::contracts::VOLUNTEER;
use proptest::prelude::*;

use super::*;
use crate::testing;

const FIELDS: &[&str] =
    &["first_name", "last_name", "email_normalized", "phone_e164", "dob", "street", "postal_code", "city"];

/// A person from `first, last, email, phone, dob, street, postal code, city`; `-` for missing, the end may be left out.
/// A suffix stands behind the last name and a semicolon.
fn person(text: &str) -> CoreRecord {
    let mut values: Vec<(&str, &str)> =
        FIELDS.iter().copied().zip(text.split(',').map(str::trim)).filter(|(_, v)| *v != "-").collect();
    if let Some((last, suffix)) = values.iter().find(|v| v.0 == "last_name").and_then(|v| v.1.split_once(';'))
    {
        values.iter_mut().filter(|v| v.0 == "last_name").for_each(|v| v.1 = last);
        values.push(("name_suffix", suffix.trim()));
    }
    testing::person(&values, "csv", None)
}

const RULE: ContactRule = ContactRule { strip_email_tags: true, role_addresses_identify: false };

fn resolver(auto_merge: AutoMerge, model: MatchModel) -> Probabilistic {
    Probabilistic::new(&VOLUNTEER, ResolveOptions { auto_merge, model, ..ResolveOptions::default() })
}

fn decide(resolver: &Probabilistic, incoming: &str, candidates: &[&str]) -> Decision {
    let people: Vec<CoreRecord> = candidates.iter().map(|c| person(c)).collect();
    resolver.decide(&VOLUNTEER, &person(incoming), &people.iter().collect::<Vec<_>>())
}

fn described(decision: &Decision) -> String {
    match decision {
        Decision::Same { candidate, .. } => format!("same {candidate}"),
        Decision::New { look_at } => {
            let pairs: Vec<String> =
                look_at.iter().map(|pair| format!("{} {}", pair.kind.as_str(), pair.candidate)).collect();
            format!("new {}", pairs.join(", ")).trim().to_owned()
        }
    }
}

/// What comes of a row with full merging.
fn check(incoming: &str, candidates: &[&str], expected: &str) {
    let decision = decide(&resolver(AutoMerge::Full, MatchModel::Shipped), incoming, candidates);
    assert_eq!(described(&decision), expected, "{incoming} among {candidates:?}: {decision:#?}");
}

/// What comes of a row under every way of merging, the most careful first.
fn check_ways(incoming: &str, candidate: &str, expected: [&str; 3]) {
    for (way, expected) in AutoMerge::ALL.into_iter().zip(expected) {
        let decision = decide(&resolver(way, MatchModel::Shipped), incoming, &[candidate]);
        assert_eq!(described(&decision), expected, "{incoming} and {candidate}, {way}: {decision:#?}");
    }
}

#[test]
fn the_rule_is_what_it_was() {
    for (incoming, candidate) in [
        ("Ann, Lee, a@x.org", "Ann, Lee, a@x.org"),
        ("Ann, Lee, -, +18162345678", "A., Lee, -, +18162345678"),
        ("Zoë, Núñez, a+news@x.org", "ZOE, Nunez, a@x.org"),
        ("Lee, Ann, a@x.org", "Ann, Lee, a@x.org"),
        ("James, Smith, choir@x.org", "James, Smith, choir@x.org"),
    ] {
        check_ways(incoming, candidate, ["new possible_duplicate 0", "same 0", "same 0"]);
    }
}

#[test]
fn typical_duplicates_are_merged_by_probability_where_that_is_allowed() {
    let fuzzy = ["new possible_duplicate 0", "new possible_duplicate 0", "same 0"];
    // A typo in the last name, the same date of birth.
    check_ways("Margit, Kowalsky, -, -, 1971-03-04", "Margit, Kowalski, -, -, 1971-03-04", fuzzy);
    // A nickname at the same phone.
    check_ways("Bill, Okafor, -, +18162345678", "William, Okafor, -, +18162345678", fuzzy);
    // First and last name swapped.
    check_ways("Okafor, Ngozi, -, -, 1971-03-04", "Ngozi, Okafor, -, -, 1971-03-04", fuzzy);
    // A misspelt first name, the same address.
    check_ways("Brimda, Kelley, b@x.org", "Brinda, Kelley, b@x.org", fuzzy);
}

#[test]
fn who_moved_is_known_by_the_same_email_address() {
    check_ways(
        "Ann, Lee, a@x.org, +18162345678, -, 12 Oak Street, 64111, Kansas City",
        "Ann, Lee, a@x.org, -, -, 9 Hill Drive, 63121, St. Louis",
        ["new possible_duplicate 0", "same 0", "same 0"],
    );
}

#[test]
fn people_of_one_household_are_linked_and_never_merged() {
    let household = ["new household 0"; 3];
    check_ways("Tom, Lee, a@x.org, +18162345678", "Ann, Lee, a@x.org, +18162345678", household);
    check_ways("Tom, Fox, -, +18162345678", "Ann, Lee, -, +18162345678", household);
    // Twins, with names far apart and one letter apart.
    let twins = "+18162345678, 2009-05-06, 12 Oak Street, 64111, Kansas City";
    check_ways(&format!("Ruth, Lee, -, {twins}"), &format!("Hannah, Lee, -, {twins}"), household);
    check_ways(&format!("Maria, Lee, -, {twins}"), &format!("Marie, Lee, -, {twins}"), household);
    // Father and son.
    let home = "j@x.org, +18162345678, -, 12 Oak Street, 64111, Kansas City";
    check_ways(&format!("James, Lee; Jr, {home}"), &format!("James, Lee; Sr., {home}"), household);
    check_ways("Sam, Reed, s@x.org, -, 1980-05-06", "Sam, Reed, s@x.org, -, 2004-01-02", household);
    check_ways(
        "James, Okafor; Jr, -, -, -, 12 Oak Street, 64111, Kansas City",
        "James, Okafor; Sr, -, -, -, 12 Oak St, 64111, Kansas City",
        household,
    );
}

#[test]
fn a_doubtful_date_of_birth_is_for_people_to_judge_unless_all_else_is_nearly_certain() {
    let review = ["new possible_duplicate 0"; 3];
    check_ways(
        "Brimda, Wells, -, +18162345678, 1991-03-04",
        "Brinda, Wells, -, +18162345678, 1990-04-02",
        review,
    );
    let fuzzy = ["new possible_duplicate 0", "new possible_duplicate 0", "same 0"];
    check_ways("Kim, Wells, k@x.org, -, 1991-03-04", "Kim, Wells, k@x.org, -, 1991-03-28", fuzzy);
}

#[test]
fn twins_whose_names_are_only_similar_are_not_merged() {
    // Neither is a name of the list.
    let home = "-, +18162345678, 2009-05-06, 12 Oak Street, 64111, Kansas City";
    check_ways(&format!("Tavoria, Lee, {home}"), &format!("Tavarius, Lee, {home}"), ["new household 0"; 3]);
}

#[test]
fn one_thing_alone_is_never_enough() {
    let nothing = ["new"; 3];
    check_ways("John, Smith, -, -, -, -, -, Springfield", "John, Smith, -, -, -, -, -, Springfield", nothing);
    check_ways("Zbigniew, Okonkwo", "Zbigniew, Okonkwo", nothing);
    check_ways(
        "Zbigniew, Okonkwo, -, -, -, -, 64111, Kansas City",
        "Zbigniew, Okonkwo, -, -, -, -, 64111, Kansas City",
        nothing,
    );
    // The same day of birth.
    check_ways("Ann, Lee, -, -, 1971-03-04", "Tom, Fox, -, -, 1971-03-04", nothing);
}

#[test]
fn a_common_name_needs_more_than_a_rare_one() {
    let probability = |name: &str| {
        let row = format!("{name}, -, -, -, 12 Oak Street, 64111, Kansas City");
        let resolver = resolver(AutoMerge::Off, MatchModel::Shipped);
        match decide(&resolver, &row, &[&row]) {
            Decision::New { look_at } => look_at.first().and_then(|pair| pair.score).unwrap_or_default(),
            Decision::Same { .. } => panic!("off never merges"),
        }
    };
    assert!(probability("James, Smith") < probability("Zbigniew, Okonkwo") - 0.001);
}

#[test]
fn what_many_share_says_little() {
    let office: Vec<String> = (0..12)
        .map(|n| format!("{}, Person{n}, choir@x.org", ["Ann", "Tom", "Ruth", "Omar"][n % 4]))
        .chain(["Margit, Kowalski, choir@x.org".to_owned()])
        .collect();
    let office: Vec<&str> = office.iter().map(String::as_str).collect();
    // Nobody's household, and no address of anybody's own: the near name is shown alone.
    check("Margit, Kowalsky, choir@x.org", &office, "new possible_duplicate 12");
    check("Joan, Fox, choir@x.org", &office, "new");
    // The same pair with an address of its own.
    check("Margit, Kowalsky, choir@x.org", &["Margit, Kowalski, choir@x.org"], "same 0");
}

#[test]
fn a_row_that_fits_two_is_given_to_neither() {
    let row = "Ann, Lee, a@x.org";
    check(row, &[row, row], "new ambiguous 0, ambiguous 1");
    let near = "Margit, Kowalski, -, -, 1971-03-04";
    check("Margit, Kowalsky, -, -, 1971-03-04", &[near, near], "new ambiguous 0, ambiguous 1");
    // A date of birth tells apart.
    check("Ann, Lee, a@x.org, -, 1971-03-04", &[row, "Ann, Lee, a@x.org, -, 1971-03-04"], "same 1");
}

#[test]
fn terms_tell_how_a_score_came_about_and_no_values() {
    for (model, name) in [(MatchModel::Shipped, "fellegi_sunter"), (MatchModel::Weighted, "weighted")] {
        let resolver = resolver(AutoMerge::Deterministic, model);
        let candidate = "Brinda, Kelley, b@x.org, -, 1971-03-04";
        let Decision::New { look_at } =
            decide(&resolver, "Brimda, Kelley, b@x.org, -, 1971-03-04", &[candidate])
        else {
            panic!("not merged by the rule")
        };
        let terms: Value = serde_json::from_str(&look_at[0].terms).unwrap();
        assert_eq!((&terms["model"], &terms["held_back"]), (&name.into(), &Value::Array(vec![])));
        assert!(terms["terms"].as_array().unwrap().iter().any(|term| term["term"] == "email"), "{terms}");
        assert!((terms["probability"].as_f64().unwrap() - look_at[0].score.unwrap()).abs() < 1e-4);
        for value in ["brinda", "kelley", "b@x.org", "1971"] {
            assert!(!look_at[0].terms.to_lowercase().contains(value), "{terms}");
        }
    }
}

#[test]
fn the_weighted_mean_is_over_the_fields_that_both_have() {
    let score = |a: &str, b: &str| {
        let (a, b) = (person(a), person(b));
        let fields = Fields::of(&VOLUNTEER);
        let compared = Compared::of(&VOLUNTEER, RULE, &a, &[&b], CandidateFacts::default(), (10, None));
        weighted::explain(&fields, &compared, &compared.candidates[0]).probability
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    near(score("Ann, Lee, a@x.org", "Ann, Lee, a@x.org"), 1.0);
    near(score("Ann, Lee, a@x.org, +18162345678", "Ann, Lee, b@y.org, +18162345678"), 0.8 / 1.5);
    near(score("Ann, Lee, -, -, 1971-03-04", "Ann, Lee, -, -, 1999-12-31"), 0.2 / 0.4);
    near(score("Ann, Lee", "Lee, Ann"), 1.0);
}

#[test]
fn the_weighted_mean_keeps_to_the_same_safety() {
    let weighted = resolver(AutoMerge::Full, MatchModel::Weighted);
    for (incoming, candidate, expected) in [
        ("Brimda, Kelley, b@x.org", "Brinda, Kelley, b@x.org", "same 0"),
        ("Tom, Lee, a@x.org", "Ann, Lee, a@x.org", "new household 0"),
        ("John, Smith, -, -, -, -, -, Springfield", "John, Smith, -, -, -, -, -, Springfield", "new"),
        ("James, Lee; Jr, j@x.org", "James, Lee; Sr, j@x.org", "new household 0"),
    ] {
        assert_eq!(described(&decide(&weighted, incoming, &[candidate])), expected, "{incoming}");
    }
}

#[test]
fn every_option_and_the_model_are_in_the_checksum() {
    let options = ResolveOptions::default();
    let document = crate::matching::model::ModelDocument {
        version: 1,
        records: 1000,
        matches: 0.001,
        households: 0.0001,
        terms: Vec::new(),
    };
    let all = [
        options.clone(),
        ResolveOptions { auto_merge: AutoMerge::Off, ..options.clone() },
        ResolveOptions { thresholds: Thresholds { auto: 0.96, review: 0.80 }, ..options.clone() },
        ResolveOptions { thresholds: Thresholds { auto: 0.95, review: 0.81 }, ..options.clone() },
        ResolveOptions { model: MatchModel::Weighted, ..options.clone() },
        ResolveOptions { model: MatchModel::Learned(document.clone()), ..options.clone() },
        ResolveOptions {
            model: MatchModel::Learned(crate::matching::model::ModelDocument { records: 999, ..document }),
            ..options.clone()
        },
        ResolveOptions { strip_email_tags: false, ..options.clone() },
        ResolveOptions { population: 5, ..options.clone() },
        ResolveOptions { candidates: 5, ..options },
    ];
    let sums: std::collections::BTreeSet<String> =
        all.iter().map(|options| Probabilistic::new(&VOLUNTEER, options.clone()).checksum()).collect();
    assert_eq!(sums.len(), all.len());
}

#[test]
fn a_contact_by_which_nobody_was_looked_for_is_nobodys_own() {
    let (row, known) = (person("Tom, Fox, -, +18162345678"), person("Ann, Lee, -, +18162345678"));
    let near = (person("Margit, Kowalsky, -, +18162345678"), person("Margit, Kowalski, -, +18162345678"));
    for model in [MatchModel::Shipped, MatchModel::Weighted] {
        let resolver = resolver(AutoMerge::Full, model);
        let decide = |a: &CoreRecord, b: &CoreRecord, passed_over: &[(i16, usize)]| {
            let facts = CandidateFacts { passed_over, ..CandidateFacts::default() };
            resolver.decide_known(&VOLUNTEER, a, &[b], facts)
        };
        let (few, many) = (&[][..], &[(crate::PHONE_KEY, 100)][..]);
        assert_eq!(described(&decide(&row, &known, few)), "new household 0");
        assert_eq!(described(&decide(&row, &known, many)), "new");
        assert_eq!(described(&decide(&near.0, &near.1, few)), "same 0");
        assert_eq!(described(&decide(&near.0, &near.1, many)), "new possible_duplicate 0");
    }
}

#[test]
fn who_is_compared_by_name_alone_is_found_by_the_name_and_counts_among_those_who_share() {
    let known: Vec<CoreRecord> =
        ["Ann, Lee, -, +18162345678", "Tom, Fox, -, +18162345678"].map(person).into();
    let known: Vec<&CoreRecord> = known.iter().collect();
    for model in [MatchModel::Shipped, MatchModel::Weighted] {
        let resolver = resolver(AutoMerge::Deterministic, model);
        let decide = |row: &str| {
            let facts = CandidateFacts { by_name_alone: &[0, 1], ..CandidateFacts::default() };
            described(&resolver.decide_known(&VOLUNTEER, &person(row), &known, facts))
        };
        assert_eq!(decide("Ann, Lee, -, +18162345678"), "same 0");
        assert_eq!(decide("Joan, Kent, -, +18162345678"), "new");
        assert_eq!(decide("Anna, Lee, -, +18162345678"), "new possible_duplicate 0");
    }
    let facts = CandidateFacts { by_name_alone: &[0, 1], ..CandidateFacts::default() };
    let row = person("Ann, Lee, -, +18162345678");
    let compared = Compared::of(&VOLUNTEER, RULE, &row, &known, facts, (10, None));
    assert_eq!((compared.candidates.len(), compared.phone_shared_by), (1, 2));
}

/// A value may be of any length; what is compared is short, and people whom it tells apart stay apart.
#[test]
fn however_long_values_are_little_of_them_is_compared() {
    use crate::matching::similarity::longest;
    let long = |end: &str| format!("{}{end}", "Maria ".repeat(1_700).trim_end());
    let home = "-, +18162345678, -, 12 Oak Street, 64111, Kansas City";
    let people: Vec<String> =
        (0..58).map(|n| format!("{}, {}, {home}", long(&format!("a{n}")), long(&format!("b{n}")))).collect();
    let known: Vec<&str> = people[1..].iter().map(String::as_str).collect();
    for model in [MatchModel::Shipped, MatchModel::Weighted] {
        longest::take();
        let decision = decide(&resolver(AutoMerge::Full, model.clone()), &people[0], &known);
        assert!(!matches!(decision, Decision::Same { .. }), "{decision:?}");
        assert!(longest::take() <= importer_core::normalise::LONGEST);
        // Who has the same long name is the same person, as with a short one.
        let same = decide(&resolver(AutoMerge::Full, model), &people[1], &known[..3]);
        assert_eq!(described(&same), "same 0");
    }
}

/// A decision about a row among candidates that knows these other rows of the run.
fn decide_in_run(way: AutoMerge, incoming: &str, candidates: &[&str], others: &[&str]) -> String {
    let people: Vec<CoreRecord> = candidates.iter().map(|c| person(c)).collect();
    let others: Vec<CoreRecord> = others.iter().map(|c| person(c)).collect();
    let in_run: Vec<&CoreRecord> = others.iter().collect();
    let facts = CandidateFacts { in_run: &in_run, ..CandidateFacts::default() };
    let decision = resolver(way, MatchModel::Shipped).decide_known(
        &VOLUNTEER,
        &person(incoming),
        &people.iter().collect::<Vec<_>>(),
        facts,
    );
    described(&decision)
}

#[test]
fn who_fits_two_people_is_nobodys_match() {
    let home = "b@x.org, +18162345678";
    for way in [AutoMerge::Deterministic, AutoMerge::Full] {
        for (row, candidate, other) in [
            (
                format!("Otto, Behr, {home}"),
                format!("Otto, Behr, {home}, 1950-01-02"),
                format!("Otto, Behr, {home}, 1979-08-09"),
            ),
            (format!("R., Kohl, {home}"), format!("Rita, Kohl, {home}"), format!("Rosa, Kohl, {home}")),
            (format!("R., Kohl, {home}"), format!("Rita, Kohl, {home}"), format!("Rina, Kohl, {home}")),
        ] {
            // Whether the other one is in the core or still to come, and whichever of them the row is.
            for (row, known) in [(&row, &candidate), (&candidate, &row)] {
                let found = decide_in_run(way, row, &[known], &[&other]);
                assert_eq!(found, "new possible_duplicate 0", "{way}: {row} with {known}, beside {other}");
                let found = decide_in_run(way, row, &[known, &other], &[]);
                assert!(found.starts_with("new"), "{way}: {row} with {known} and {other}: {found}");
                assert_eq!(
                    decide_in_run(way, row, &[known], &[]),
                    "same 0",
                    "{way}: {row} with {known} alone"
                );
            }
        }
        // Another row of one of them tells nothing.
        let row = format!("Otto, Behr, {home}");
        let known = format!("Otto, Behr, {home}, 1950-01-02");
        assert_eq!(
            decide_in_run(way, &row, &[&known], &[&known, &row, &format!("Ada, Behr, {home}")]),
            "same 0"
        );
    }
}

#[test]
fn a_contact_of_more_than_eight_people_is_nobodys_own() {
    let names = ["Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana"];
    let others: Vec<String> = names.iter().map(|name| format!("{name}, {name}son, desk@x.org")).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let (row, known) = ("Milan, Petric, desk@x.org", "Milan, Petric, desk@x.org");
    for way in [AutoMerge::Deterministic, AutoMerge::Full] {
        assert_eq!(decide_in_run(way, row, &[known], &others[..7]), "same 0");
        assert_eq!(decide_in_run(way, row, &[known], &others), "new possible_duplicate 0");
        // Nor is it a household.
        assert_eq!(decide_in_run(way, row, &["Ada, Adason, desk@x.org"], &others), "new");
    }
}

#[test]
fn a_contact_that_is_passed_on_is_no_proof() {
    let contradiction = "new possible_duplicate 0";
    for (a, b, expected) in [
        (
            "Ana, Ruiz, r@x.org, +18162345678, -, -, 68102, Omaha",
            "Ana, Ruiz, r@x.org, +19135550143, -, -, 66215, Lenexa",
            contradiction,
        ),
        (
            "Ana, Ruiz, r@x.org, +18162345678, -, -, 68102, Omaha",
            "Ana, Ruiz, r@x.org, +19135550143, -, -, 68102, Omaha",
            "same 0",
        ),
        (
            "Ana, Ruiz, r@x.org, +18162345678, -, -, 68102, Omaha",
            "Ana, Ruiz, r@x.org, -, -, -, 66215, Lenexa",
            "same 0",
        ),
        (
            "Ana, Ruiz, r@x.org, +18162345678, 1971-03-04, -, 68102, Omaha",
            "Ana, Ruiz, r@x.org, +19135550143, 1971-03-04, -, 66215, Lenexa",
            "same 0",
        ),
    ] {
        for way in [AutoMerge::Deterministic, AutoMerge::Full] {
            assert_eq!(decide_in_run(way, a, &[b], &[]), expected, "{way}: {a} and {b}");
        }
    }
}

#[test]
fn rows_of_one_person_link_their_contacts() {
    let (first, last) = ("Ana, Ruiz, a@x.org", "Ana, Ruiz, -, +18162345678");
    let both = "Ana, Ruiz, a@x.org, +18162345678";
    let facts_of = |others: &[&str], by_link: &[usize]| {
        let others: Vec<CoreRecord> = others.iter().map(|c| person(c)).collect();
        let in_run: Vec<&CoreRecord> = others.iter().collect();
        let facts = CandidateFacts { in_run: &in_run, by_link, ..CandidateFacts::default() };
        let known = person(first);
        described(&resolver(AutoMerge::Deterministic, MatchModel::Shipped).decide_known(
            &VOLUNTEER,
            &person(last),
            &[&known],
            facts,
        ))
    };
    assert_eq!(facts_of(&[both], &[0]), "same 0");
    // Somebody else of the home links nothing, nor does nobody.
    assert_eq!(facts_of(&["Leo, Ruiz, a@x.org, +18162345678"], &[0]), "new");
    assert_eq!(facts_of(&[], &[0]), "new");
}

#[test]
fn another_extension_is_another_desk() {
    let at = |extension: Option<&str>| {
        let mut person = person("Ana, Ruiz, -, +18162345678");
        person.contacts[0].extension = extension.map(Into::into);
        person
    };
    for way in [AutoMerge::Deterministic, AutoMerge::Full] {
        for (a, b, same) in
            [(Some("12"), Some("77"), false), (Some("12"), Some("12"), true), (Some("12"), None, true)]
        {
            let decision = resolver(way, MatchModel::Shipped).decide(&VOLUNTEER, &at(a), &[&at(b)]);
            assert_eq!(
                matches!(decision, Decision::Same { .. }),
                same,
                "{way}: {a:?} and {b:?}: {decision:?}"
            );
        }
    }
}

fn anybody() -> impl Strategy<Value = String> {
    let one_of = |values: &'static [&'static str]| prop::sample::select(values);
    (
        one_of(&["Ann", "Anne", "William", "Bill", "James", "Maria", "Marie", "-", "Zoë"]),
        one_of(&["Lee", "Smith", "Smyth", "James", "Lee; Jr", "Lee; Sr", "O'Neil"]),
        one_of(&["-", "a@x.org", "b@x.org", "a+news@x.org"]),
        one_of(&["-", "+18162345678", "+18162345679"]),
        one_of(&["-", "1971-03-04", "1971-04-03", "1999-12-31"]),
        one_of(&["-", "12 Oak Street", "12 Oak St Apt 3", "9 Hill Drive"]),
    )
        .prop_map(|(a, b, c, d, e, f)| format!("{a}, {b}, {c}, {d}, {e}, {f}"))
}

proptest! {
    #[test]
    fn a_score_is_the_same_from_either_side(a in anybody(), b in anybody()) {
        for model in [MatchModel::Shipped, MatchModel::Weighted] {
            let resolver = resolver(AutoMerge::Off, model);
            let score = |a: &str, b: &str| {
                let (a, b) = (person(a), person(b));
                let compared =
                    Compared::of(&VOLUNTEER, resolver.rule, &a, &[&b], CandidateFacts::default(), (10, None));
                resolver.scored(&VOLUNTEER, &compared, &compared.candidates[0]).probability
            };
            let (one, other) = (score(&a, &b), score(&b, &a));
            prop_assert!((one - other).abs() < 1e-9, "{one} and {other}");
        }
    }

    #[test]
    fn off_never_merges_and_full_merges_no_two_people(row in anybody(), known in prop::collection::vec(anybody(), 1..4)) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for model in [MatchModel::Shipped, MatchModel::Weighted] {
            let off = decide(&resolver(AutoMerge::Off, model.clone()), &row, &known);
            let merged = matches!(off, Decision::Same { .. });
            prop_assert!(!merged);
            let rule = decide(&resolver(AutoMerge::Deterministic, model.clone()), &row, &known);
            let full = decide(&resolver(AutoMerge::Full, model), &row, &known);
            if let (Decision::Same { candidate: a, .. }, Decision::Same { candidate: b, .. }) = (&rule, &full) {
                prop_assert_eq!(a, b);
            }
            if let Decision::Same { candidate, .. } = full {
                let parts = |text: &str| text.split(", ").map(str::to_owned).collect::<Vec<_>>();
                let (a, b) = (parts(&row), parts(known[candidate]));
                let jr_and_sr = a[1] != b[1] && a[1].contains(';') && b[1].contains(';');
                prop_assert!(!jr_and_sr);
                prop_assert!(a[4] == "-" || b[4] == "-" || (a[4].as_str() < "1999") == (b[4].as_str() < "1999"));
            }
        }
    }
}
