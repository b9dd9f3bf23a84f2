//! Who is merged with whom in a file does not depend on the order of its rows, nor on where it is cut into batches.

use std::collections::{BTreeMap, BTreeSet};

use importer::service::{Actor, RollbackRequest};
use importer::{Importer, RunRequest};
use importer_core::ports::AutoMerge;
use proptest::prelude::*;

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,phone,dob,suffix\n";

/// The external ids of each person, after files of these rows were imported one after the other.
fn people(database: &Database, files: &[Vec<&str>], way: AutoMerge) -> BTreeSet<BTreeSet<String>> {
    let importer =
        Importer::builder().database(&database.url).plugin(importer_adapter_csv::plugin()).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for rows in files {
        let file = support::file(folder.path(), "people.csv", format!("{HEADER}{}\n", rows.join("\n")));
        let report = importer.run(&RunRequest::new("csv").file(&file).auto_merge(way)).unwrap();
        assert_eq!(report.error, None);
        assert_eq!(report.counts.quarantined, 0);
    }
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let map = database.texts("SELECT CAST(core_id AS TEXT) || ' ' || external_id AS t FROM external_id_map");
    for entry in map {
        let (person, id) = entry.split_once(' ').unwrap();
        found.entry(person.to_owned()).or_default().insert(id.to_owned());
    }
    found.into_values().collect()
}

/// Every order of a few rows.
fn orders<'a>(rows: &[&'a str]) -> Vec<Vec<&'a str>> {
    if rows.len() < 2 {
        return vec![rows.to_vec()];
    }
    let first = |at: usize| {
        let mut rest = rows.to_vec();
        let first = rest.remove(at);
        orders(&rest).into_iter().map(move |mut order| {
            order.insert(0, first);
            order
        })
    };
    (0..rows.len()).flat_map(first).collect()
}

/// Imports the rows in every order after what is known, and expects these people in each of them.
fn check(known: &[&str], rows: &[&str], expected: &[&[&str]]) {
    let expected: BTreeSet<BTreeSet<String>> =
        expected.iter().map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()).collect();
    for way in [AutoMerge::Deterministic, AutoMerge::Full] {
        for order in orders(rows) {
            for database in support::databases_for_a_history() {
                let files = [known.to_vec(), order.clone()];
                let files = if known.is_empty() { &files[1..] } else { &files[..] };
                assert_eq!(people(&database, files, way), expected, "{} {way}: {order:?}", database.backend);
            }
        }
    }
}

#[test]
fn father_son_and_who_has_no_birth_date() {
    let rows = [
        "1,Otto,Behr,b@example.org,,1950-01-02,",
        "2,Otto,Behr,b@example.org,,1979-08-09,",
        "3,Otto,Behr,b@example.org,,,",
    ];
    check(&[], &rows, &[&["1"], &["2"], &["3"]]);
    check(&[], &[rows[0], rows[2]], &[&["1", "3"]]);
    check(&[rows[0]], &rows[1..], &[&["1"], &["2"], &["3"]]);
}

#[test]
fn two_sisters_and_an_initial() {
    let rows = ["1,R,Kohl,k@example.org,,,", "2,Rita,Kohl,k@example.org,,,", "3,Rosa,Kohl,k@example.org,,,"];
    check(&[], &rows, &[&["1"], &["2"], &["3"]]);
    check(&[], &rows[..2], &[&["1", "2"]]);
}

#[test]
fn a_row_that_links_the_contacts_of_two_others() {
    let rows =
        ["1,Ana,Ruiz,a@example.org,,,", "2,Ana,Ruiz,a@example.org,8165550142,,", "3,Ana,Ruiz,,8165550142,,"];
    check(&[], &rows, &[&["1", "2", "3"]]);
    // Between two people of one name it links nothing.
    let dated = ["1,Ana,Ruiz,a@example.org,,1950-01-02,", rows[1], "3,Ana,Ruiz,,8165550142,1979-08-09,"];
    check(&[], &dated, &[&["1"], &["2"], &["3"]]);
}

#[test]
fn a_known_person_with_a_new_phone_number_and_a_new_row_with_it() {
    let known = ["1,Ana,Ruiz,a@example.org,,,"];
    let rows = ["1,Ana,Ruiz,a@example.org,8165550142,,", "2,Ana,Ruiz,,8165550142,,"];
    check(&known, &rows, &[&["1", "2"]]);
}

/// People at one contact, of which the first two would be one person anywhere else.
fn desk(people: usize) -> Vec<String> {
    let names = ["Milan", "Milan", "Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana"];
    (0..=people).map(|n| format!("{n},{},Petric,desk@example.org,,,", names[n])).collect()
}

#[test]
fn a_contact_of_nine_people_identifies_nobody_whoever_comes_first() {
    for (count, expected) in [(8, 8), (9, 10)] {
        let rows = desk(count);
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let turned: Vec<&str> = rows.iter().rev().copied().collect();
        for (order, way) in [(&rows, AutoMerge::Deterministic), (&turned, AutoMerge::Deterministic)] {
            for database in support::databases_for_a_history() {
                let found = people(&database, std::slice::from_ref(order), way);
                assert_eq!(found.len(), expected, "{} {way}: {order:?}", database.backend);
                let households =
                    database.number("SELECT COUNT(*) AS t FROM dedupe_suggestions WHERE kind = 'household'");
                assert_eq!(households == 0, count == 9, "{households} households of {count} people");
            }
        }
    }
}

/// Open suggestions of a kind.
fn open(database: &Database, kind: &str) -> i64 {
    database.number(&format!(
        "SELECT COUNT(*) AS t FROM dedupe_suggestions WHERE kind = '{kind}' AND decision = 'open'"
    ))
}

#[test]
fn households_of_a_contact_are_withdrawn_when_the_ninth_comes() {
    for database in support::databases() {
        let names = ["Milan", "Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana"];
        let row = |n: usize| format!("{n},{},Petric{n},desk@example.org,81655501{:02},,", names[n], n / 2);
        let importer = database.importer();
        let folder = tempfile::tempdir().unwrap();
        let import = |rows: &[String]| {
            let file = support::file(folder.path(), "people.csv", format!("{HEADER}{}\n", rows.join("\n")));
            importer.run(&RunRequest::new("csv").file(&file)).unwrap()
        };
        import(&(0..8).map(row).collect::<Vec<_>>());
        let before = open(&database, "household");
        assert!(before >= 12, "{before}");
        let ninth = import(&[row(8)]);
        // Two and two share a number of their own, which still makes a home of them.
        assert_eq!(open(&database, "household"), 4, "{}", database.backend);
        importer
            .desk(Actor::admin("ann"))
            .roll_back(&RollbackRequest::new(ninth.run_id, "the wrong file"))
            .unwrap();
        assert_eq!(open(&database, "household"), before, "{}", database.backend);
    }
}

/// People of one contact or two who are one, two or three by what else is known.
fn anybody() -> impl Strategy<Value = Vec<String>> {
    let one_of = |values: &'static [&'static str]| prop::sample::select(values);
    let row = (
        one_of(&["Otto", "Otto", "O", "Olga"]),
        one_of(&["a@example.org", "b@example.org", ""]),
        one_of(&["8165550142", "8165550143"]),
        one_of(&["1950-01-02", "1979-08-09", "", ""]),
        one_of(&["Jr", "", "", ""]),
    );
    prop::collection::vec(row, 2..6).prop_map(|rows| {
        let row = |(n, (first, email, phone, dob, suffix)): (usize, _)| {
            format!("{n},{first},Behr,{email},{phone},{dob},{suffix}")
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

#[test]
fn any_rows_at_two_contacts_make_the_same_people_in_any_order() {
    let (_, mut runner) = support::histories(24);
    let law = |(rows, shuffled): (Vec<String>, Vec<String>)| {
        for (database, other) in support::two_for_a_history() {
            let of = |database: &Database, rows: &[String]| {
                people(database, &[rows.iter().map(String::as_str).collect()], AutoMerge::Deterministic)
            };
            prop_assert_eq!(
                of(&database, &rows),
                of(&other, &shuffled),
                "{} {:?}",
                database.backend,
                shuffled
            );
        }
        Ok(())
    };
    let strategy = anybody().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()));
    runner.run(&strategy, law).unwrap();
}
