//! What each feature says about pairs of values, and what all of them promise.

use proptest::prelude::*;

use super::MISSING;
use crate::matching::frame::{ColumnSpec, Frame};
use crate::matching::role::Role;

fn frame(roles: &[Role], records: &[&[&str]]) -> Frame {
    let columns: Vec<_> = (0..)
        .zip(roles)
        .map(|(i, role): (usize, _)| ColumnSpec { name: format!("c{i}"), role: *role })
        .collect();
    let mut frame = Frame::new(&columns);
    for record in records {
        frame.push(&record.iter().map(|cell| (!cell.is_empty()).then_some(*cell)).collect::<Vec<_>>());
    }
    frame.finish();
    frame
}

/// The name of the level of one term, the same both ways.
fn level(roles: &[Role], term: usize, a: &[&str], b: &[&str]) -> &'static str {
    let frame = frame(roles, &[a, b]);
    let levels = frame.compare(0, 1);
    assert_eq!(levels, frame.compare(1, 0), "{a:?} {b:?}");
    match levels[term] {
        MISSING => "missing",
        level => frame.terms()[term].levels[usize::from(level)].name,
    }
}

fn check(role: Role, cases: &[(&str, &str, &str)]) {
    for (a, b, expected) in cases {
        assert_eq!(level(&[role], 0, &[a], &[b]), *expected, "{a} {b}");
    }
}

#[test]
fn given_names() {
    check(
        Role::GivenName,
        &[
            ("José", "jose", "exact"),
            ("Zoë", "ZOE", "exact"),
            ("William", "Bill", "nickname"),
            ("Bill John", "William", "nickname"),
            ("Catherine", "Katherine", "nickname"),
            ("Marlon", "Marlno", "near"),
            ("J.", "John", "initial"),
            ("J", "Mary", "differ"),
            ("Mary-Jane", "Jane", "part"),
            ("Jean Luc", "Jean Paul", "differ"),
            ("María José", "Maria Fernanda", "differ"),
            ("Mary Ann", "Mary Sue", "differ"),
            ("Mary Ann", "Mary Anne", "near"),
            ("José María", "Maria Jose", "part"),
            ("John A", "John B", "differ"),
            ("John A.", "John", "part"),
            ("John A", "John Allen", "part"),
            ("John A", "John Brian", "differ"),
            ("J R", "John Robert", "part"),
            ("Thomas W.", "William", "differ"),
            ("Vera B.", "Brenda", "differ"),
            ("Miss Ana", "Ana", "exact"),
            ("Dr. Ana", "Ana Jr", "exact"),
            ("Miss", "Ana", "missing"),
            ("Baby", "Baby", "missing"),
            ("Lady of the House", "Ana", "missing"),
            ("N/A", "n/a", "missing"),
            ("Morris I", "Morris II", "exact"),
            ("Mario", "Maria", "similar"),
            ("Daniel", "Daniela", "similar"),
            ("Jan", "Jana", "similar"),
            ("Peter", "Susan", "differ"),
            ("", "Susan", "missing"),
        ],
    );
}

#[test]
fn family_names() {
    check(
        Role::FamilyName,
        &[
            ("Müller", "Muller", "exact"),
            ("O'Brien", "OBRIEN", "exact"),
            ("Smith Jr.", "Smith", "exact"),
            ("Unknown", "unknown", "missing"),
            ("Johnson", "Jonson", "near"),
            ("García-López", "López", "part"),
            ("García López", "Garcia Ruiz", "differ"),
            ("García López", "López", "part"),
            ("van Dyk", "van Berg", "differ"),
            ("Al Said", "Al Rashid", "differ"),
            ("Smith", "Garcia", "differ"),
            ("", "", "missing"),
        ],
    );
}

#[test]
fn swapped_names() {
    let both = [Role::GivenName, Role::FamilyName];
    assert_eq!(level(&both, 1, &["Anna", "Meyer"], &["Meyer", "Anna"]), "swapped");
    assert_eq!(level(&both, 1, &["Anna", "Meyer"], &["Meier", "Anna"]), "swapped");
    assert_eq!(level(&both, 1, &["Anna", ""], &["Meyer", "Anna"]), "swapped");
    assert_eq!(level(&both, 1, &["Anna", "Meyer"], &["Meyer", "Susan"]), "differ");
}

#[test]
fn suffixes() {
    let names = [Role::FamilyName, Role::NameSuffix];
    assert_eq!(level(&names, 1, &["Smith", "Jr."], &["Smith", "junior"]), "exact");
    assert_eq!(level(&names, 1, &["Smith", "Jr"], &["Smith Sr", ""]), "differ");
    assert_eq!(level(&names, 1, &["Smith", "Jr"], &["Smith", ""]), "missing");
    let cells = [Role::GivenName, Role::MiddleName, Role::FamilyName];
    for (one, other) in [
        (["Otto", "", "Behr Jr"], ["Otto", "", "Behr Sr."]),
        (["Morris I", "", "Behr"], ["Morris II", "", "Behr"]),
        (["Otto", "Jr.", "Behr"], ["Otto", "", "Behr III"]),
    ] {
        assert_eq!(level(&cells, 3, &one, &other), "differ", "{one:?} {other:?}");
        assert_eq!(level(&cells, 0, &one, &other), "exact", "{one:?} {other:?}");
    }
}

#[test]
fn one_generation_beside_none_is_in_doubt() {
    let names = [Role::GivenName, Role::FamilyName];
    for (one, other, expected) in [
        (["Otto", "Behr Jr"], ["Otto", "Behr"], true),
        (["Otto", "Behr"], ["Otto III", "Behr"], true),
        (["Otto", "Behr Jr"], ["Otto", "Behr II"], false),
        (["Otto", "Behr"], ["Otto", "Behr"], false),
    ] {
        let frame = frame(&names, &[&one, &other]);
        let place = frame.terms().iter().position(|term| term.name == "name_suffix").unwrap();
        let level = frame.compare(0, 1)[place];
        assert_eq!(frame.beside(place, level, 0, 1).in_doubt, expected, "{one:?} {other:?}");
    }
}

#[test]
fn no_answer_is_no_value() {
    for (role, nothing) in [
        (Role::Street, "N/A"),
        (Role::Street, "PO Box"),
        (Role::City, "unknown"),
        (Role::PostalCode, "NaN"),
        (Role::BirthDate, "NaT"),
        (Role::Organisation, "none"),
        (Role::Identifier, "not given"),
        (Role::GivenName, "null"),
    ] {
        assert_eq!(level(&[role], 0, &[nothing], &[nothing]), "missing", "{nothing}");
    }
}

#[test]
fn dates() {
    check(
        Role::BirthDate,
        &[
            ("1980-03-04", "19800304", "exact"),
            ("3/4/1980", "1980-03-04", "exact"),
            ("25.12.1980", "1980-12-25", "exact"),
            ("03041980", "1980-03-04", "exact"),
            ("1980-03-04", "1980-03-05", "typo"),
            ("1980-03-04", "1980-04-03", "swapped"),
            ("1980-12-25", "1943-12-25", "two_parts"),
            ("1980-03-28", "1981-04-30", "close"),
            ("1980-03-04", "1980", "year"),
            ("1980-03-04", "1951-11-27", "differ"),
            ("unknown", "1980", "missing"),
        ],
    );
}

#[test]
fn contacts() {
    check(
        Role::Email,
        &[
            ("A.Smith+news@Gmail.com", "asmith@googlemail.com", "exact"),
            ("asmith@example.com", "asmith@exmaple.com", "near"),
            ("a.smith@example.com", "a.smith@work.org", "handle"),
            ("a.smith@example.com", "peter@work.org", "differ"),
            ("j.smith@example.com", "k.smith@example.com", "similar"),
            ("jsmith@example.com", "ksmith@example.com", "similar"),
            ("smith_j@example.com", "smith_k@example.com", "similar"),
            ("jsmith@example.com", "jsmiht@example.com", "near"),
            ("lsmith12@example.com", "lsmith13@example.com", "similar"),
            ("lsmith1@example.com", "lsmith2@example.com", "differ"),
            ("lsmith12@example.com", "lsmit12@example.com", "near"),
        ],
    );
    check(
        Role::Phone,
        &[
            ("+1 (212) 555-0187", "2125550187", "exact"),
            ("2125550187", "2125550178", "near"),
            ("2125550187", "9175550187", "last_seven"),
            ("2125550187", "9174440187", "last_four"),
            ("2125550187", "9174443321", "differ"),
            ("12", "9174443321", "missing"),
        ],
    );
}

#[test]
fn places() {
    check(
        Role::Street,
        &[
            ("12 High St.", "12 high street", "exact"),
            ("12 High St Apt 3", "12 High St", "number_and_street"),
            ("12 High St", "14 High Street", "street"),
            ("12 High St", "12 Elm Road", "number"),
            ("12 High St", "99 Elm Road", "differ"),
        ],
    );
    let place = [Role::PostalCode, Role::City];
    assert_eq!(level(&place, 0, &["12345-6789", "Town"], &["12345", "town"]), "code_and_city");
    assert_eq!(level(&place, 0, &["12345", "Town"], &["12354", "town"]), "city_and_near_code");
    assert_eq!(level(&place, 0, &["12345", "Town"], &["12345", "Elsewhere"]), "code");
    assert_eq!(level(&place, 0, &["12345", "Town"], &["99999", "Elsewhere"]), "differ");
}

#[test]
fn codes_and_texts() {
    check(
        Role::Identifier,
        &[
            ("AB-1234", "ab1234", "exact"),
            ("1234567", "1234576", "near"),
            ("1234567", "7654321", "differ"),
            ("0000000", "7654321", "missing"),
        ],
    );
    check(Role::Gender, &[("male", "M", "exact"), ("male", "female", "differ"), ("?", "f", "missing")]);
    check(
        Role::Text,
        &[
            ("City Hospital", "CITY HOSPITAL", "exact"),
            ("City Hospital", "City Hopsital", "near"),
            ("City Hospital", "Harbour School", "differ"),
        ],
    );
}

/// What each file says about its levels at its top: its text, the columns its examples have, and its term.
const DOCUMENTED: [(&str, &str, &[Role], &str); 13] = [
    ("given_name", include_str!("given_name.rs"), &[Role::GivenName], "given_name"),
    ("family_name", include_str!("family_name.rs"), &[Role::FamilyName], "family_name"),
    ("middle_name", include_str!("middle_name.rs"), &[Role::MiddleName], "middle_name"),
    ("suffix", include_str!("suffix.rs"), &[Role::NameSuffix], "name_suffix"),
    ("birth_date", include_str!("birth_date.rs"), &[Role::BirthDate], "birth_date"),
    ("email", include_str!("email.rs"), &[Role::Email], "email"),
    ("phone", include_str!("phone.rs"), &[Role::Phone], "phone"),
    ("street", include_str!("street.rs"), &[Role::Street], "street"),
    ("locality", include_str!("locality.rs"), &[Role::PostalCode, Role::City, Role::State], "locality"),
    ("gender", include_str!("gender.rs"), &[Role::Gender], "c0"),
    ("identifier", include_str!("identifier.rs"), &[Role::Identifier], "c0"),
    ("external_id", include_str!("external_id.rs"), &[Role::ExternalId], "external_id"),
    ("text", include_str!("text.rs"), &[Role::Text], "c0"),
];

/// Level and the two values of each row of the table at the top of a file.
fn documented(text: &str) -> Vec<(&str, [Vec<&str>; 2])> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    rows.map(|row| {
        let ticked: Vec<&str> = row.split('`').collect();
        let (one, other) = (ticked[ticked.len() - 4], ticked[ticked.len() - 2]);
        (ticked[0], [one, other].map(|example| example.split(" / ").map(str::trim).collect()))
    })
    .collect()
}

/// A small number is somebody in every system, and one system gives an id to one person.
#[test]
fn external_ids_count_across_systems_alone() {
    check(
        Role::ExternalId,
        &[
            ("crm:0035g00001XyZaB", "csv:0035g00001XyZaB", "exact"),
            ("crm:0035g00001XyZaB", "csv:0035g00001xyzab", "differ"),
            ("crm:B1946AC9-2492-4D23-8F6C-1A2B3C4D5E6F", "csv:b1946ac9-2492-4d23-8f6c-1a2b3c4d5e6f", "exact"),
            ("crm:1001", "csv:1001", "missing"),
            ("crm:20240102030405", "csv:20240102030405", "missing"),
            ("crm:volunteering", "csv:volunteering", "missing"),
            ("crm:csv:0123456789abcdef", "csv:csv:0123456789abcdef", "missing"),
            ("crm:0035g00001XyZaB", "crm:0035g00001XyZaC", "missing"),
            ("crm:0035g00001XyZaB", "", "missing"),
        ],
    );
}

#[test]
fn one_system_that_has_two_ids_is_a_doubt() {
    for (one, other, expected) in [
        ("csv:1", "csv:2", true),
        ("csv:0035g00001XyZaB", "csv:0035g00001XyZaC", true),
        ("csv:1", "crm:1", false),
        ("csv:1", "", false),
        ("csv:csv:0123456789abcdef", "csv:2", false),
    ] {
        let frame = frame(&[Role::ExternalId], &[&[one], &[other]]);
        let level = frame.compare(0, 1)[0];
        assert_eq!(frame.beside(0, level, 0, 1).in_doubt, expected, "{one} {other}");
    }
}

#[test]
fn each_documented_example_has_the_level_it_claims() {
    let mut wrong = Vec::new();
    for (file, text, roles, term) in DOCUMENTED {
        let table = documented(text);
        let all = |roles: &[Role]| -> Vec<&str> {
            let frame = frame(roles, &[]);
            let term = frame.terms().iter().find(|known| known.name == term).unwrap();
            term.levels.iter().map(|level| level.name).collect()
        };
        let names: Vec<&str> = table.iter().map(|row| row.0).collect();
        assert_eq!(names, all(roles), "{file}: the table has each level, strongest first");
        for (name, [one, other]) in table {
            // A table about last names needs first names where both are swapped.
            let both = [Role::GivenName, Role::FamilyName];
            let roles = if one.len() == 2 && roles.len() == 1 { &both } else { roles };
            let frame = frame(roles, &[&one, &other]);
            let place = frame.terms().iter().position(|known| known.name == term).unwrap();
            let level = frame.compare(0, 1)[place];
            let found = frame.terms()[place].levels.get(usize::from(level)).map_or("missing", |l| l.name);
            if found != name || level != frame.compare(1, 0)[place] {
                wrong.push(format!("{file}, {name}: {one:?} and {other:?} are {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const ROLES: [Role; 15] = [
    Role::GivenName,
    Role::MiddleName,
    Role::FamilyName,
    Role::NameSuffix,
    Role::BirthDate,
    Role::Email,
    Role::Phone,
    Role::HouseNumber,
    Role::Street,
    Role::City,
    Role::State,
    Role::PostalCode,
    Role::Organisation,
    Role::Gender,
    Role::Identifier,
];

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        any::<String>(),
        "[a-cA-C0-3 .@+é中-]{0,12}",
        "[0-9/.-]{1,10}",
        "[a-b]{60,140}",
        Just("\u{202e}\u{0}\u{feff}👩‍👩‍👧 İß ﷽ 1\u{0301}".to_owned()),
    ]
}

proptest! {
    #[test]
    fn comparing_is_symmetric_and_equal_values_agree(
        a in prop::collection::vec(cell(), ROLES.len()),
        b in prop::collection::vec(cell(), ROLES.len()),
    ) {
        let a: Vec<&str> = a.iter().map(String::as_str).collect();
        let b: Vec<&str> = b.iter().map(String::as_str).collect();
        let frame = frame(&ROLES, &[&a, &b, &a, &[""; ROLES.len()]]);
        prop_assert_eq!(frame.compare(0, 1), frame.compare(1, 0));
        for (term, level) in frame.compare(0, 2).into_iter().enumerate().take(frame.terms().len()) {
            // Two equal years are no equal dates; and a state alone is no code.
            let name = &frame.terms()[term].name;
            prop_assert!(level == 0 || level == MISSING || name == "birth_date" || name == "locality", "{} {}", name, level);
        }
        for level in frame.compare(0, 3) {
            prop_assert_eq!(level, MISSING);
        }
        for (_, feature, part) in frame.parts() {
            prop_assert_eq!(frame.part(feature, part, 0), frame.part(feature, part, 2));
            prop_assert_eq!(frame.part(feature, part, 3), 0);
        }
    }
}
