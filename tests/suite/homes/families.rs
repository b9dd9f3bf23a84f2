//! Homes: people who share a name, a mailbox, a number or an address, and are two.

use super::Kind;
use super::rows::{Home, Row};
use super::town::{Place, Town};

pub(super) const KINDS: &[(&str, Kind)] = &[
    ("couples", couples),
    ("one address and mailboxes of their own", of_one_address),
    ("siblings one letter apart", siblings),
    ("twins one letter apart", twins),
    ("twins with forms of one name", twins_with_forms_of_one_name),
    ("male and female forms", male_and_female),
    ("compound given names", compound),
    ("a given name and its compound", parts_of_compounds),
    ("family names that share a particle", particles),
    ("three generations with one name", generations),
    ("generations by suffix", suffixes),
    ("a father without a birth date", undated),
    ("cousins with other middle names", middle_names),
    ("one name and two genders", genders),
    ("one name and two schools", schools),
    ("an initial that fits two", initials),
    ("a second wife", remarriage),
    ("a flat share", flat_share),
    ("family name and given name turned around", turned_around),
    ("a given name and no family name", no_family_name),
    ("birth dates that forms are filled with", filled_in_dates),
];

/// Children of some given names, who have their parents' contacts.
fn children(town: &mut Town, place: &Place, given: &[&str]) -> Vec<Row> {
    given.iter().map(|name| town.person(place, name)).collect()
}

/// All with one mailbox, one number and one address, as of children.
fn alike(town: &mut Town, place: &Place, rows: Vec<Row>) -> Vec<Row> {
    let (phone, address) = (town.percent(60), town.percent(60));
    let all = rows.into_iter().map(|row| {
        let row = row.without(&["phone", "street", "city", "state", "postal code"]);
        let row = if phone { row.with("phone", &place.phone) } else { row };
        if address { town.at(place, row) } else { row }
    });
    all.collect()
}

fn each_with_a_date(town: &mut Town, rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|row| row.with("dob", town.child())).collect()
}

fn couples(town: &mut Town) -> Home {
    let place = town.place();
    let given = town.given_names(&place, 2);
    let mut rows = vec![town.person(&place, &given[0]), town.person(&place, &given[1])];
    if town.percent(50) {
        rows = rows.into_iter().map(|row| row.with("dob", town.grown_up())).collect();
    }
    town.spread(rows, &[])
}

/// Parents and children, most of whom have a mailbox or a number of their own.
fn of_one_address(town: &mut Town) -> Home {
    let place = town.place();
    let count = 2 + town.below(3);
    let given = town.given_names(&place, count);
    let rows = given.iter().enumerate().map(|(n, name)| {
        let mut row = town.person(&place, name);
        row = town.at(&place, row);
        if town.percent(70) {
            row = row.with("email", town.mailbox(name));
        }
        if town.percent(50) {
            row = row.with("phone", town.phone());
        }
        match (n < 2, town.percent(60)) {
            (true, true) => row.with("dob", town.grown_up()),
            (false, true) => row.with("dob", town.child()),
            _ => row,
        }
    });
    let rows = rows.collect();
    town.spread(rows, &[])
}

/// Two names of one language that are one edit apart.
const NEAR: [(&str, &str); 20] = [
    ("Lena", "Lina"),
    ("Tim", "Tom"),
    ("Luca", "Lucas"),
    ("Nora", "Nova"),
    ("Mia", "Mila"),
    ("Eli", "Elia"),
    ("Aaliyah", "Aliyah"),
    ("Anna", "Hanna"),
    ("Lea", "Leo"),
    ("Elisa", "Lisa"),
    ("Hasan", "Hassan"),
    ("Omar", "Umar"),
    ("Jan", "Jon"),
    ("Ella", "Emma"),
    ("Marta", "Marla"),
    ("Sara", "Sira"),
    ("Ivo", "Ivan"),
    ("Minh", "Linh"),
    ("Amir", "Samir"),
    ("Oksana", "Roksana"),
];

fn siblings(town: &mut Town) -> Home {
    let place = town.place();
    let (one, other) = town.one(&NEAR);
    let mut rows = children(town, &place, &[one, other]);
    if town.percent(60) {
        rows = each_with_a_date(town, rows);
    }
    let rows = alike(town, &place, rows);
    town.spread(rows, &[])
}

fn twins(town: &mut Town) -> Home {
    let place = town.place();
    let (one, other) = town.one(&NEAR);
    let born = town.child();
    let rows = children(town, &place, &[one, other]);
    let rows = alike(town, &place, rows).into_iter().map(|row| row.with("dob", &born)).collect();
    town.spread(rows, &[])
}

/// Tom and Thomas are brothers: one file has both, with ids of their own.
fn twins_with_forms_of_one_name(town: &mut Town) -> Home {
    let place = town.place();
    let (one, other) =
        town.one(&[("Tom", "Thomas"), ("Bill", "William"), ("Liz", "Elizabeth"), ("Kate", "Katherine")]);
    let born = town.child();
    let rows = children(town, &place, &[one, other]);
    let rows = alike(town, &place, rows).into_iter().map(|row| row.with("dob", &born)).collect();
    Home::in_one_file(rows)
}

const MALE_AND_FEMALE: [(&str, &str); 16] = [
    ("Mario", "Maria"),
    ("Daniel", "Daniela"),
    ("Simon", "Simone"),
    ("Erik", "Erika"),
    ("Noah", "Nora"),
    ("Jan", "Jana"),
    ("Karl", "Karla"),
    ("Dan", "Dana"),
    ("Bruno", "Bruna"),
    ("Adil", "Adila"),
    ("Sander", "Sandra"),
    ("Julius", "Julia"),
    ("Claudio", "Claudia"),
    ("Karim", "Karima"),
    ("René", "Renée"),
    ("Andrej", "Andreja"),
];

fn male_and_female(town: &mut Town) -> Home {
    let place = town.place();
    let (one, other) = town.one(&MALE_AND_FEMALE);
    let rows = children(town, &place, &[one, other]);
    let mut rows = alike(town, &place, rows);
    if town.percent(50) {
        let born = town.child();
        rows = rows.into_iter().map(|row| row.with("dob", &born)).collect();
    }
    town.spread(rows, &[])
}

const COMPOUND: [(&str, &str); 10] = [
    ("Jean Luc", "Jean Paul"),
    ("Mary Ann", "Mary Sue"),
    ("María José", "María Fernanda"),
    ("Md Rahim", "Md Karim"),
    ("Hans Peter", "Hans Georg"),
    ("Anna-Lena", "Anna-Maria"),
    ("Ana Rosa", "Ana Pía"),
    ("Thi Lan", "Thi Linh"),
    ("Abdul Rahim", "Abdul Karim"),
    ("John Paul", "John Mark"),
];

fn compound(town: &mut Town) -> Home {
    let place = town.place();
    let (one, other) = town.one(&COMPOUND);
    let rows = children(town, &place, &[one, other]);
    let mut rows = alike(town, &place, rows);
    if town.percent(30) {
        let born = town.child();
        rows = rows.into_iter().map(|row| row.with("dob", &born)).collect();
    }
    town.spread(rows, &[])
}

fn parts_of_compounds(town: &mut Town) -> Home {
    let place = town.place();
    let (one, other) =
        town.one(&[("Mary", "Mary Ann"), ("Jean", "Jean Luc"), ("José", "José Luis"), ("Anna", "Anna-Lena")]);
    let rows = children(town, &place, &[one, other]);
    let mut rows = alike(town, &place, rows);
    if town.percent(50) {
        rows = each_with_a_date(town, rows);
    }
    Home::in_one_file(rows)
}

fn particles(town: &mut Town) -> Home {
    let place = town.place();
    let (given, one, other) = town.one(&[
        ("Kim", "van Dyk", "van Berg"),
        ("Ali", "Al Said", "Al Rashid"),
        ("Ana", "de la Cruz", "de la Vega"),
        ("Noor", "El Amin", "El Masri"),
        ("Rory", "Mac Neil", "Mac Ewan"),
    ]);
    let rows = children(town, &place, &[given, given]);
    let rows = alike(town, &place, rows);
    let rows =
        rows.into_iter().zip([one, other]).map(|(row, family)| row.with("last name", family)).collect();
    town.spread(rows, &[])
}

/// Birth dates of a grandfather, his son and his grandson, which share many digits.
const LIVES: [[&str; 3]; 5] = [
    ["1933-03-02", "1963-03-02", "1993-03-02"],
    ["1948-05-11", "1978-05-11", "2008-05-11"],
    ["1938-10-11", "1968-11-10", "1986-10-11"],
    ["1941-02-14", "1961-02-14", "1991-02-14"],
    ["1950-01-02", "1979-08-09", "2005-04-21"],
];

fn generations(town: &mut Town) -> Home {
    let place = town.place();
    let given = town.given_names(&place, 1).remove(0);
    let rows = children(town, &place, &[&given, &given, &given]);
    let rows = alike(town, &place, rows);
    let lives = town.one(&LIVES);
    let mut rows: Vec<Row> = rows.into_iter().zip(lives).map(|(row, born)| row.with("dob", born)).collect();
    if town.percent(50) {
        let gone = town.below(3);
        rows.remove(gone);
    }
    town.spread(rows, &["dob"])
}

/// Told apart by Sr and Jr or by numerals, in a column of their own or behind one of the names.
fn suffixes(town: &mut Town) -> Home {
    let place = town.place();
    let given = town.given_names(&place, 1).remove(0);
    let (one, other) =
        town.one(&[("Sr", "Jr"), ("Sr.", "Jr."), ("I", "II"), ("II", "III"), ("Senior", "Junior")]);
    let rows = children(town, &place, &[&given, &given]);
    let rows = alike(town, &place, rows);
    let column = town.one(&["suffix", "first name", "last name"]);
    let named = rows.into_iter().zip([one, other]).map(|(row, suffix)| {
        let name = format!("{} {suffix}", row.get(column));
        row.with(column, name.trim())
    });
    let rows = named.collect();
    town.spread(rows, &[])
}

/// Two of one name with their dates, and a row without one that is about one of them.
fn undated(town: &mut Town) -> Home {
    let place = town.place();
    let given = town.given_names(&place, 1).remove(0);
    let rows = children(town, &place, &[&given, &given]);
    let rows = alike(town, &place, rows);
    let mut rows: Vec<Row> =
        rows.into_iter().zip(["1950-01-02", "1979-08-09"]).map(|(row, born)| row.with("dob", born)).collect();
    let whose = town.one(&rows);
    rows.push(again_as_somebody_else(town, whose).without(&["dob"]));
    Home::in_one_file(rows)
}

/// The same person under another id of the same system.
pub(super) fn again_as_somebody_else(town: &mut Town, row: Row) -> Row {
    let id = town.next_person();
    row.with("id", id.to_string())
}

fn two_of_one_name(town: &mut Town, column: &'static str, values: [&str; 2]) -> Vec<Row> {
    let place = town.place();
    let given = town.given_names(&place, 1).remove(0);
    let rows = children(town, &place, &[&given, &given]);
    let rows = alike(town, &place, rows);
    rows.into_iter().zip(values).map(|(row, value)| row.with(column, value)).collect()
}

fn middle_names(town: &mut Town) -> Home {
    let values = town.one(&[["Allen", "Brian"], ["Ruth", "Clara"], ["R", "Clara"], ["R.", "C."]]);
    let rows = two_of_one_name(town, "middle name", values);
    town.spread(rows, &["middle name"])
}

fn genders(town: &mut Town) -> Home {
    let values = town.one(&[["f", "m"], ["female", "male"]]);
    let rows = two_of_one_name(town, "gender", values);
    town.spread(rows, &["gender"])
}

fn schools(town: &mut Town) -> Home {
    let rows = two_of_one_name(town, "school", ["North High", "Oak Elementary"]);
    let rows =
        rows.into_iter().zip(["2026", "2033"]).map(|(row, year)| row.with("graduation year", year)).collect();
    town.spread(rows, &[])
}

/// The initial is one of the two, and nobody can know which.
fn initials(town: &mut Town) -> Home {
    let place = town.place();
    let (one, other) = town.one(&[("Rita", "Rosa"), ("Eli", "Emma"), ("Jane", "John"), ("Milan", "Mirko")]);
    let rows = children(town, &place, &[one, other]);
    let mut rows = alike(town, &place, rows);
    let whose = town.one(&rows);
    let initial = whose.get("first name")[..1].to_owned() + town.one(&["", "."]);
    rows.push(again_as_somebody_else(town, whose).with("first name", initial));
    Home::in_one_file(rows)
}

/// The first wife keeps her id and gets a name and a mailbox of her own. The second one comes under a new id, with the family
/// name, the number and the address of the first.
fn remarriage(town: &mut Town) -> Home {
    let place = town.place();
    let (first, second) =
        town.one(&[("Anna", "Anne"), ("Heike", "Beate"), ("Maria", "Marie"), ("Lucy", "Joyce")]);
    let rows = children(town, &place, &["Viktor", first, second]);
    let rows = alike(town, &place, rows);
    let mut rows: Vec<Row> = rows.into_iter().map(|row| row.with("dob", town.grown_up())).collect();
    let second = rows.pop().unwrap();
    let apart = town.place();
    let gone = rows[1]
        .clone()
        .with("last name", &apart.family)
        .with("email", &apart.email)
        .without(&["phone", "street"]);
    Home { again: vec![rows[0].clone(), gone, second], first: rows, ..Home::default() }
}

/// Three families, one number and one address; two have one given name.
fn flat_share(town: &mut Town) -> Home {
    let place = town.place();
    let given = town.given_names(&place, 2);
    let rows = children(town, &place, &[&given[0], &given[0], &given[1]]);
    let families = town.one(&[["Park", "Parker", "Voss"], ["Lim", "Klein", "Becker"], ["Ngo", "Ito", "Ray"]]);
    let rows = rows.into_iter().zip(families).map(|(row, family)| {
        let own = town.mailbox(family);
        let row = town.at(&place, row).with("last name", family).with("phone", &place.phone);
        if town.percent(50) { row.with("email", own) } else { row.without(&["email"]) }
    });
    let rows = rows.collect();
    town.spread(rows, &["phone"])
}

/// He is Wei Li, and she is Li Wei.
fn turned_around(town: &mut Town) -> Home {
    let place = town.place();
    let (one, other) = town.one(&[("Wei", "Li"), ("Thomas", "Martin"), ("Ahmed", "Ali"), ("Kelly", "Ryan")]);
    let rows = children(town, &place, &[one, other]);
    let rows = alike(town, &place, rows);
    let rows = rows.into_iter().zip([other, one]).map(|(row, family)| {
        let born = town.grown_up();
        row.with("last name", family).with("dob", born)
    });
    let rows = rows.collect();
    town.spread(rows, &["dob"])
}

/// A child of whom only the given name is known, who is called like somebody of the home.
fn no_family_name(town: &mut Town) -> Home {
    let place = town.place();
    let given = town.given_names(&place, 1).remove(0);
    let rows = children(town, &place, &[&given, &given]);
    let mut rows = alike(town, &place, rows);
    let nameless = rows.pop().unwrap().without(&["last name"]);
    rows.push(nameless);
    Home::in_one_file(rows)
}

/// Two people of one name in one town, with the date that the form offers.
fn filled_in_dates(town: &mut Town) -> Home {
    let place = town.place();
    let given = town.given_names(&place, 1).remove(0);
    let born = town.one(&["1970-01-01", "1980-01-01", "2000-01-01", "1900-01-01"]);
    let rows = children(town, &place, &[&given, &given]);
    let rows = rows.into_iter().map(|row| {
        let (email, phone) = (town.mailbox(&given), town.phone());
        row.with("email", email).with("phone", phone).with("dob", born).without(&["street"])
    });
    let mut rows: Vec<Row> = rows.collect();
    rows.iter_mut().for_each(|row| row.household = 0);
    Home::in_one_file(rows)
}
