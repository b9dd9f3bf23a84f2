//! One person whom sources say differently: whoever merges nobody does not find them.

use super::Kind;
use super::families::again_as_somebody_else;
use super::rows::{Home, Row};
use super::town::Town;

pub(super) const KINDS: &[(&str, Kind)] = &[
    ("married under the same id", married_in_one_system),
    ("married and in two systems", married_elsewhere),
    ("moved", moved),
    ("all contacts new", new_contacts),
    ("a slip in a name", slips),
    ("a slip that its source corrects", corrected_slips),
    ("nicknames", nicknames),
    ("two ids of one system", two_ids),
    ("blanks", blanks),
    ("an initial in another system", initials_elsewhere),
    ("names in the wrong columns", turned_around),
];

/// Somebody with everything.
fn somebody(town: &mut Town, given: Option<&str>) -> Row {
    let place = town.place();
    let name = town.given_names(&place, 1).remove(0);
    let row =
        town.person(&place, given.unwrap_or(&name)).with("phone", &place.phone).with("dob", town.grown_up());
    town.at(&place, row)
}

/// The row of another system about the same person.
fn elsewhere(row: &Row) -> Row {
    row.clone().with("id", format!("S{}", 500 + row.person * 7))
}

fn in_two_systems(row: Row, other: Row) -> Home {
    Home { first: vec![row], other: vec![other], ..Home::default() }
}

fn married_in_one_system(town: &mut Town) -> Home {
    let before = somebody(town, None);
    let place = town.place();
    let after = before.clone().with("last name", &place.family);
    let after = if town.percent(50) { after.with("email", &place.email) } else { after };
    Home { first: vec![before], again: vec![after], ..Home::default() }
}

fn married_elsewhere(town: &mut Town) -> Home {
    let before = somebody(town, None);
    let after = elsewhere(&before).with("last name", town.place().family);
    in_two_systems(before, after)
}

fn moved(town: &mut Town) -> Home {
    let before = somebody(town, None);
    let there = town.place();
    let after = town.at(&there, elsewhere(&before)).with("phone", &there.phone);
    in_two_systems(before, after)
}

fn new_contacts(town: &mut Town) -> Home {
    let before = somebody(town, None);
    let after = elsewhere(&before).with("email", town.mailbox("new")).with("phone", town.phone());
    in_two_systems(before, after)
}

/// Two letters inside of the given name change places, so that it is nobody's name.
fn slip(row: Row) -> Row {
    let mut letters: Vec<char> = row.get("first name").chars().collect();
    let at = (1..letters.len() - 1).find(|at| letters[*at] != letters[at + 1] && letters[at + 1] != ' ');
    if let Some(at) = at {
        letters.swap(at, at + 1);
    }
    row.with("first name", letters.into_iter().collect::<String>())
}

const LONG: [&str; 8] =
    ["Katherine", "Alexander", "Margarete", "Sebastian", "Guadalupe", "Valentina", "Krzysztof", "Abdulaziz"];

fn slips(town: &mut Town) -> Home {
    let given = town.one(&LONG);
    let right = somebody(town, Some(given));
    let wrong = slip(elsewhere(&right));
    in_two_systems(right, wrong)
}

fn corrected_slips(town: &mut Town) -> Home {
    let given = town.one(&LONG);
    let right = somebody(town, Some(given));
    let wrong = slip(right.clone());
    Home { first: vec![wrong], again: vec![right], ..Home::default() }
}

fn nicknames(town: &mut Town) -> Home {
    let (full, short) = town.one(&[
        ("William", "Bill"),
        ("Robert", "Bob"),
        ("Elizabeth", "Liz"),
        ("Margaret", "Peggy"),
        ("Francisco", "Paco"),
        ("Johannes", "Hans"),
    ]);
    let one = somebody(town, Some(full));
    let other = elsewhere(&one).with("first name", short);
    in_two_systems(one, other)
}

fn two_ids(town: &mut Town) -> Home {
    let one = somebody(town, None);
    let other = again_as_somebody_else(town, one.clone());
    Home::in_one_file(vec![one, other])
}

fn blanks(town: &mut Town) -> Home {
    let one = somebody(town, None);
    let lost = town.one(&[
        &["dob", "phone"][..],
        &["street", "city", "state", "postal code"],
        &["email", "dob"],
        &["dob"],
    ]);
    let other = elsewhere(&one).without(lost);
    in_two_systems(one, other)
}

fn initials_elsewhere(town: &mut Town) -> Home {
    let one = somebody(town, Some("Theodora"));
    let other = elsewhere(&one).with("first name", "T.");
    in_two_systems(one, other)
}

fn turned_around(town: &mut Town) -> Home {
    let one = somebody(town, None);
    let (given, family) = (one.get("first name").to_owned(), one.get("last name").to_owned());
    let other = elsewhere(&one).with("first name", family).with("last name", given);
    in_two_systems(one, other)
}
