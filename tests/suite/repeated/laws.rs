//! Random lists of rows about a few people, cut into files in any way.

use proptest::prelude::*;

use super::pages::{self, Row};
use crate::support::{self, Database};

/// A row of one of three people, in one of several versions; every other version is held back.
fn row() -> impl Strategy<Value = Row> {
    (
        0..3_usize,
        prop::sample::select(vec!["816-234-5678", "816-234-9999", "", "call me", "later", "none"]),
        any::<bool>(),
    )
        .prop_map(|(who, phone, other)| {
            let name = ["Ann", "Bob", "Cid"][who];
            let last = ["Lee", "Stone", "West"][who];
            let at = if other { "example.org" } else { "example.net" };
            [
                format!("{who}"),
                name.into(),
                last.into(),
                format!("{}@{at}", name.to_lowercase()),
                phone.into(),
            ]
        })
}

/// Rows, and after which of them a file ends.
fn lists() -> impl Strategy<Value = (Vec<(Row, bool)>, usize)> {
    (prop::collection::vec((row(), prop::bool::weighted(0.3)), 1..14), 1..5_usize)
}

fn files(rows: &[(Row, bool)]) -> Vec<Vec<Row>> {
    let mut files = vec![Vec::new()];
    for (row, ends) in rows {
        files.last_mut().unwrap().push(row.clone());
        if *ends {
            files.push(Vec::new());
        }
    }
    files.retain(|file| !file.is_empty());
    files
}

/// How the last entry stands of every row that was ever held back.
fn held(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT q.external_id || ' ' || s.payload_json || ' ' || q.status AS t FROM quarantine q \
         JOIN staging_volunteers s ON s.id = q.staging_id WHERE NOT EXISTS (SELECT 1 FROM quarantine n \
         JOIN staging_volunteers t ON t.id = n.staging_id WHERE n.external_id = q.external_id \
         AND t.payload_json = s.payload_json AND n.staging_id > q.staging_id) ORDER BY 1",
    )
}

fn people(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT m.external_id || ' ' || c.first_name || ' ' || c.last_name || ' ' || c.email_normalized || ' ' || \
         COALESCE(c.phone_e164, '-') AS t FROM external_id_map m JOIN core_volunteers c ON c.id = m.core_id ORDER BY 1",
    )
}

/// Everything that importing the same again must not change.
fn traces(database: &Database) -> Vec<String> {
    let mut all = held(database);
    all.extend(people(database));
    for (table, status) in [
        ("staging_volunteers", "'-'"),
        ("clean_volunteers", "'-'"),
        ("quarantine", "status"),
        ("dq_violations", "status"),
        ("core_volunteer_contacts", "kind"),
    ] {
        all.extend(database.texts(&format!(
            "SELECT '{table} ' || x.s || ' ' || COUNT(*) AS t FROM (SELECT {status} AS s FROM {table}) x GROUP BY x.s ORDER BY 1"
        )));
    }
    all
}

/// What a run counts is what it landed, held and found, but for rows that were the same as before.
fn counts_are_lists(database: &Database, report: &importer::RunReport) {
    let run = report.run_id;
    let counts = report.counts;
    assert_eq!(counts.read, counts.staged);
    assert_eq!(counts.read, counts.clean + counts.quarantined);
    assert_eq!(counts.clean, counts.inserted + counts.updated + counts.unchanged + counts.skipped);
    let number = |sql: &str| database.number(sql) as u64;
    let again = |outcome: &str| {
        number(&format!(
            "SELECT COUNT(*) AS t FROM row_outcomes WHERE run_id = {run} AND staging_id <> id AND outcome = '{outcome}'"
        ))
    };
    let landed = number(&format!("SELECT COUNT(*) AS t FROM staging_volunteers WHERE run_id = {run}"));
    assert_eq!(landed + again("unchanged") + again("quarantined"), counts.staged);
    let held = number(&format!("SELECT COUNT(*) AS t FROM quarantine WHERE run_id = {run}"));
    assert_eq!(held + again("quarantined"), counts.quarantined);
    for (code, rows) in &report.dq {
        let found = number(&format!(
            "SELECT COUNT(DISTINCT COALESCE(v.staging_id, 0) * 0 + o.id) AS t FROM row_outcomes o JOIN dq_violations v \
             ON v.staging_id = o.staging_id AND v.rule_code = '{code}' WHERE o.run_id = {run}"
        ));
        assert_eq!(found, *rows, "{code}");
    }
}

fn check(database: &Database, rows: &[(Row, bool)], page: usize) {
    let whole: Vec<Row> = rows.iter().map(|(row, _)| row.clone()).collect();
    let one = support::database_for_a_history(database.backend);
    let report = pages::run(&one, &whole, page);
    counts_are_lists(&one, &report);
    let mut last = None;
    for file in files(rows) {
        counts_are_lists(database, &pages::run(database, &file, page));
        last = Some(file);
    }
    assert_eq!(held(database), held(&one), "{}", database.backend);
    assert_eq!(people(database), people(&one), "{}", database.backend);
    // At most one row of each record is open.
    let open = "SELECT COUNT(*) AS t FROM quarantine WHERE status = 'open' GROUP BY external_id";
    assert!(one.texts(open).iter().all(|many| many == "1"), "{:?}", one.texts(open));
    for (database, file) in [(database, last.unwrap()), (&one, whole)] {
        let before = traces(database);
        let again = pages::run(database, &file, page);
        assert_eq!((again.counts.inserted, again.counts.updated), (0, 0));
        assert_eq!(before, traces(database), "{}", database.backend);
    }
}

/// An interrupted run knows what it has read.
fn check_steps(database: &Database, rows: &[(Row, bool)], page: usize) {
    let another = || support::database_for_a_history(database.backend);
    let (whole, steps) = (another(), another());
    for file in files(rows) {
        let (once, stopped) = (pages::run(&whole, &file, page), pages::run_in_steps(&steps, &file, page));
        assert_eq!((once.counts, &once.dq), (stopped.counts, &stopped.dq), "{}", database.backend);
        assert_eq!(traces(&whole), traces(&steps), "{}", database.backend);
    }
}

fn try_all(usual: u32, check: impl Fn(&Database, &[(Row, bool)], usize)) {
    let (cases, mut runner) = support::histories(usual);
    let tried = std::cell::Cell::new(0);
    let result = runner.run(&lists(), |(rows, page)| {
        tried.set(tried.get() + 1);
        for database in support::databases_for_a_history() {
            check(&database, &rows, page);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(tried.get() >= cases);
}

#[test]
fn however_rows_are_cut_into_files_the_same_is_held_and_the_same_is_known() {
    try_all(40, check);
}

#[test]
fn a_run_that_is_stopped_after_each_batch_says_the_same_of_repeated_records() {
    try_all(24, check_steps);
}
