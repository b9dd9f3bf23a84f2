//! Ids that name somebody else by now.

use super::Kind;
use super::rows::{Home, Row};
use super::town::Town;

pub(super) const KINDS: &[(&str, Kind)] = &[
    ("an id for a stranger", for_a_stranger),
    ("an id for somebody of the same home", for_a_housemate),
    ("an id for somebody of the same given name", for_a_given_name),
    ("ids of twins change places", twins_change_places),
    ("ids of two people change places", two_change_places),
    ("ids rotate", rotated),
    ("a row at the top", row_at_the_top),
    ("rows in another order", sorted_anew),
    ("a row less", row_less),
];

/// The same row under the id of another one.
fn under(row: &Row, id: &str) -> Row {
    row.clone().with("id", id)
}

/// One export, and a later one in which the ids are others.
fn exports(first: Vec<Row>, again: Vec<Row>) -> Home {
    Home { first, again, ..Home::default() }
}

fn for_a_stranger(town: &mut Town) -> Home {
    let rows = town.strangers(2);
    let id = rows[0].get("id").to_owned();
    exports(vec![rows[0].clone()], vec![under(&rows[1], &id)])
}

/// Two of one home, of whom one has no birth date.
fn for_a_housemate(town: &mut Town) -> Home {
    let place = town.place();
    let given = town.given_names(&place, 2);
    let one = town.person(&place, &given[0]).with("phone", &place.phone).with("dob", town.grown_up());
    let other = town.person(&place, &given[1]).with("phone", &place.phone);
    let other = if town.percent(40) { other.with("dob", town.child()) } else { other };
    let id = one.get("id").to_owned();
    exports(vec![one], vec![under(&other, &id)])
}

fn for_a_given_name(town: &mut Town) -> Home {
    let mut rows = town.strangers(2);
    let given = rows[0].get("first name").to_owned();
    let other = rows.remove(1).with("first name", given).without(&["dob"]);
    let id = rows[0].get("id").to_owned();
    exports(rows, vec![under(&other, &id)])
}

fn change_places(rows: Vec<Row>) -> Home {
    let ids: Vec<String> = rows.iter().map(|row| row.get("id").to_owned()).collect();
    let again = rows.iter().enumerate().map(|(n, row)| under(row, &ids[(n + 1) % ids.len()])).collect();
    exports(rows, again)
}

fn twins_change_places(town: &mut Town) -> Home {
    let place = town.place();
    let born = town.child();
    let (one, other) = town.one(&[("Lea", "Leo"), ("Mia", "Mila"), ("Bruno", "Greta"), ("Omar", "Umar")]);
    let rows = [one, other].map(|given| town.person(&place, given).with("dob", &born).without(&["phone"]));
    change_places(rows.into())
}

fn two_change_places(town: &mut Town) -> Home {
    let rows = town.strangers(2).into_iter().map(|row| row.without(&["dob"])).collect();
    change_places(rows)
}

fn rotated(town: &mut Town) -> Home {
    let rows = town.strangers(3);
    change_places(rows)
}

/// Rows whose ids are their numbers; families stand together, as they do in lists.
fn list(town: &mut Town) -> Vec<Row> {
    let mut rows = town.strangers(6);
    for _ in 0..3 {
        let place = town.place();
        let given = town.given_names(&place, 2);
        rows.extend(given.iter().map(|name| town.person(&place, name)));
    }
    rows
}

/// The ids of a list are the numbers of its rows.
fn numbered(rows: &[Row], from: usize) -> Vec<Row> {
    (from..).zip(rows).map(|(number, row)| under(row, &number.to_string())).collect()
}

fn row_at_the_top(town: &mut Town) -> Home {
    let (mut rows, from) = (list(town), first_number(town));
    let new = rows.pop().unwrap();
    let first = numbered(&rows, from);
    rows.insert(0, new);
    exports(first, numbered(&rows, from))
}

fn sorted_anew(town: &mut Town) -> Home {
    let (mut rows, from) = (list(town), first_number(town));
    let first = numbered(&rows, from);
    rows.sort_by(|one, other| one.get("last name").cmp(other.get("last name")));
    exports(first, numbered(&rows, from))
}

fn row_less(town: &mut Town) -> Home {
    let (mut rows, from) = (list(town), first_number(town));
    let first = numbered(&rows, from);
    let gone = town.below(4);
    rows.remove(gone);
    exports(first, numbered(&rows, from))
}

/// Several such lists never have the same numbers, nor any that people have.
fn first_number(town: &mut Town) -> usize {
    100_000 + town.next_person() * 100
}
