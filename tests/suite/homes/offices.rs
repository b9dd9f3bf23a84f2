//! Offices and clubs: contacts that are nobody's in particular.

use super::Kind;
use super::families::again_as_somebody_else;
use super::rows::{Home, Row};
use super::town::Town;

pub(super) const KINDS: &[(&str, Kind)] = &[
    ("a shared desk", desk),
    ("near names at one desk", near_names_at_a_desk),
    ("two of one name at one desk", namesakes_at_a_desk),
    ("extensions of a switchboard", extensions),
    ("role addresses", role_addresses),
    ("placeholder addresses", placeholder_addresses),
    ("placeholder numbers", placeholder_numbers),
    ("another number in another town", second_contact),
    ("numbered mailboxes", numbered_mailboxes),
    ("mailboxes one initial apart", initials_of_mailboxes),
];

/// People of one office: of several families, at no common home.
fn colleagues(town: &mut Town, count: usize) -> Vec<Row> {
    let office = town.place();
    let strangers = town.strangers(count);
    let email = town.mailbox("desk");
    strangers
        .into_iter()
        .map(|row| {
            let mut row = town.at(&office, row).with("email", &email).with("phone", &office.phone);
            row.household = 0;
            row
        })
        .collect()
}

fn desk(town: &mut Town) -> Home {
    let count = 3 + town.below(8);
    let rows = colleagues(town, count);
    town.spread(rows, &["phone"])
}

fn near_names_at_a_desk(town: &mut Town) -> Home {
    let names = ["Lena", "Lina", "Lisa", "Luisa", "Tim", "Tom", "Jan", "Jana", "Jon", "Mia", "Mila"];
    let family = town.place().family;
    let rows = colleagues(town, names.len());
    let rows = rows
        .into_iter()
        .zip(names)
        .map(|(row, name)| row.with("first name", name).with("last name", &family).without(&["dob"]));
    let rows = rows.collect();
    town.spread(rows, &["phone"])
}

/// Ten people at one address, two of whom are called alike and have no more than that.
fn namesakes_at_a_desk(town: &mut Town) -> Home {
    let mut rows = colleagues(town, 9);
    let one = rows[0].clone();
    let mut other = again_as_somebody_else(town, one).without(&["phone", "dob", "street"]);
    other.person = other.get("id").parse().unwrap();
    rows.push(other);
    Home::in_one_file(rows)
}

/// Two of one name who share what is given, and differ in the other cells of each.
fn two_of_one_name(town: &mut Town, shared: &[(&'static str, &str)]) -> Vec<Row> {
    let (here, there) = (town.place(), town.place());
    let given = town.given_names(&here, 1).remove(0);
    [&here, &there]
        .into_iter()
        .map(|place| {
            let mut row =
                town.person(place, &given).with("last name", &here.family).without(&["email", "phone"]);
            row.household = 0;
            row = town.at(place, row);
            shared.iter().fold(row, |row, (column, value)| row.with(column, *value))
        })
        .collect()
}

fn extensions(town: &mut Town) -> Home {
    let number = town.phone();
    let rows = two_of_one_name(town, &[]);
    let rows =
        rows.into_iter().zip(["x12", "x77"]).map(|(row, desk)| row.with("phone", format!("{number} {desk}")));
    let rows = rows.collect();
    town.spread(rows, &["phone", "street"])
}

fn role_addresses(town: &mut Town) -> Home {
    let local = town.one(&[
        "info",
        "office",
        "admin",
        "noreply",
        "sekretariat",
        "secretaria",
        "verwaltung",
        "contact",
    ]);
    let email = format!("{local}@{}.org", town.word());
    let rows = two_of_one_name(town, &[("email", &email)]);
    town.spread(rows, &["street"])
}

fn placeholder_addresses(town: &mut Town) -> Home {
    let local = town.one(&["none", "noemail", "keine", "test", "na", "nomail", "unknown"]);
    let email = format!("{local}@{}", town.one(&["gmail.com", "example.org", "none.com"]));
    let rows = two_of_one_name(town, &[("email", &email)]);
    let rows = rows.into_iter().map(|row| row.with("phone", town.phone())).collect();
    town.spread(rows, &["phone", "street"])
}

fn placeholder_numbers(town: &mut Town) -> Home {
    let number = town.one(&["000-000-0000", "999-999-9999", "555-555-5555", "212-555-1234"]);
    let rows = two_of_one_name(town, &[("phone", number)]);
    let rows = rows.into_iter().map(|row| row.with("email", town.mailbox("post"))).collect();
    town.spread(rows, &["street"])
}

/// One mailbox, and everything else differs: two people, or one who has moved. Nobody signs that.
fn second_contact(town: &mut Town) -> Home {
    let email = town.mailbox("family");
    let rows = loop {
        let rows = two_of_one_name(town, &[("email", &email)]);
        if rows[0].get("city") != rows[1].get("city") {
            break rows;
        }
    };
    let rows = rows.into_iter().map(|row| row.with("phone", town.phone())).collect();
    Home::in_one_file(rows)
}

fn numbered_mailboxes(town: &mut Town) -> Home {
    let (word, number) = (town.word(), 10 + town.below(80));
    let rows = two_of_one_name(town, &[]);
    let rows = rows
        .into_iter()
        .zip([number, number + 1])
        .map(|(row, number)| row.with("email", format!("{word}{number}@gmail.com")))
        .collect();
    town.spread(rows, &["street"])
}

/// `j.smith@` and `k.smith@`, at one company and in one town.
fn initials_of_mailboxes(town: &mut Town) -> Home {
    let office = town.place();
    let (one, other) = town.one(&[("John", "Karl"), ("Ann", "Eve"), ("Lena", "Rosa")]);
    let domain = town.word();
    let rows = [one, other].into_iter().map(|given| {
        let initial = given[..1].to_lowercase();
        let mut row =
            town.person(&office, given).with("email", format!("{initial}.{}@{domain}.com", "person"));
        row.household = 0;
        row
    });
    let rows = rows.collect();
    town.spread(rows, &[])
}
