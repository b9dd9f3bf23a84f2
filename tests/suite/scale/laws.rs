//! Random small files: whatever the rows, they are counted, kept, and change nothing the second time.

use importer::{Documents, GateMode, GatePolicy, RunReport};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::table::{Table, core, staged};
use crate::support::{self, Database};

/// Columns that a run needs, and any of the others.
const OTHERS: [&str; 8] =
    ["id", "phone", "dob", "notes", "state", "updated at", "alt_email", "nobody's column"];

fn cell() -> BoxedStrategy<String> {
    let plausible = prop::sample::select(vec![
        "1",
        "2",
        "3",
        "Ada",
        "Grace",
        "Lovelace",
        "ada@example.org",
        "grace@example.org",
        "(816) 234-5678",
        "1985-04-23",
        "MO",
        "2025-01-31T08:00:00Z",
        "a@example.org; b@example.org",
        "yes",
        "NA",
        "null",
    ]);
    prop_oneof![
        6 => plausible.prop_map(String::from),
        2 => Just(String::new()),
        1 => Just("  \t".to_owned()),
        // Any characters but NUL, of which a file may not have many.
        2 => any::<String>().prop_map(|text| text.replace('\0', "")),
        1 => "[ -~\n\r\"',;|]{0,30}",
        1 => "[\u{80}-\u{2ff}\u{200b}-\u{200f}\u{feff}]{1,8}",
    ]
    .boxed()
}

fn table() -> impl Strategy<Value = Table> {
    let columns = prop::sample::subsequence(OTHERS.to_vec(), 0..=OTHERS.len());
    (columns, 0..3_usize).prop_flat_map(|(others, place)| {
        let mut header = vec!["first name", "last name", "email"];
        let at = place.min(others.len());
        header.splice(at..at, others);
        let width = header.len();
        // Every fourth row or so is longer or shorter than the header.
        let width = prop_oneof![6 => Just(width), 1 => 1..=width, 1 => width..width + 3];
        let row = width.prop_flat_map(|width| prop::collection::vec(cell(), width));
        // Rows again, word by word, wherever they may stand.
        let rows = prop::collection::vec(row, 0..24);
        (rows, prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4))
            .prop_map(move |(mut rows, again)| {
                for (from, to) in again {
                    if !rows.is_empty() {
                        let row = rows[from.index(rows.len())].clone();
                        rows.insert(to.index(rows.len() + 1), row);
                    }
                }
                Table { header: header.clone(), rows }
            })
    })
}

fn adds_up(report: &RunReport) -> Result<(), TestCaseError> {
    let c = report.counts;
    prop_assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
    prop_assert_eq!(c.read, c.staged);
    prop_assert_eq!(c.staged, c.clean + c.quarantined);
    prop_assert_eq!(c.clean, c.inserted + c.updated + c.unchanged + c.skipped);
    prop_assert_eq!(c.matched, c.updated + c.unchanged);
    prop_assert_eq!(c.skipped, 0);
    prop_assert!(c.households <= c.needs_review && c.needs_review <= c.clean);
    Ok(())
}

#[test]
fn counts_add_up_nothing_is_lost_and_a_replay_changes_nothing() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 30;
    }
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&table(), |table| {
        let folder = tempfile::tempdir().unwrap();
        let db = support::sqlite();
        let file = support::file(folder.path(), "people.csv", table.csv());
        // The delimiter is said, because junk may look like another one.
        // A column of dates may hold none, on purpose.
        let gate = GatePolicy { unreadable_dates: GateMode::Warn, ..GatePolicy::default() };
        let request = importer::RunRequest::new("csv").file(&file).option("delimiter", "comma");
        let request = request.documents(Documents::new().gate(gate));
        let importer = db.importer();
        let dry = importer.run(&request.clone().dry_run(true)).unwrap();
        adds_up(&dry)?;
        prop_assert_eq!(db.number("SELECT COUNT(*) AS t FROM core_volunteers"), 0);

        let first = importer.run(&request).unwrap();
        adds_up(&first)?;
        prop_assert_eq!(dry.counts, first.counts, "the dry run foretells the run");
        let expected = table.expected();
        prop_assert_eq!(first.counts.read, expected.len() as u64);
        prop_assert_eq!(&staged(&db, first.run_id.0), &expected, "staging holds the cells as they were");
        let people = db.number("SELECT COUNT(*) AS t FROM core_volunteers");
        prop_assert_eq!(people.unsigned_abs(), first.counts.inserted);

        let before = core(&db);
        let again = importer.run(&request).unwrap();
        adds_up(&again)?;
        prop_assert_eq!((again.counts.inserted, again.counts.updated), (0, 0));
        prop_assert_eq!(
            (again.counts.read, again.counts.quarantined),
            (first.counts.read, first.counts.quarantined)
        );
        prop_assert_eq!(
            &staged(&db, again.run_id.0),
            &expected,
            "an unchanged row points at its earlier copy"
        );
        for (table, rows) in core(&db) {
            prop_assert_eq!(&rows, &before[table], "{}", table);
        }
        Ok(())
    });
    outcome.unwrap();
}

/// A file with one odd name, and one odd id, among plain rows: enough of them that one NUL makes no binary file.
fn with_odd(name: &str, id: &str) -> Table {
    let row = |id: &str, first: &str| [id, first, "Lovelace", "ada@example.org"].map(String::from).to_vec();
    let mut rows = vec![row("1", name), row(id, "Ada")];
    rows.extend((2..40).map(|n| row(&n.to_string(), "Ada")));
    Table { header: vec!["id", "first name", "last name", "email"], rows }
}

fn is_kept(table: &Table, db: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let report = db.import(&support::file(folder.path(), "people.csv", table.csv()));
    adds_up(&report).unwrap();
    assert_eq!(staged(db, report.run_id.0), table.expected(), "{}", db.backend);
}

/// Cells that a generator does not find, one file each.
#[test]
fn odd_cells_are_kept_as_they_are() {
    let odd = [
        "\u{feff}Ada",
        "Ada\r\nLovelace",
        "\u{202e}adA",
        "=1+1",
        "'",
        "\"",
        "a\u{301}",
        "👩\u{200d}🚀",
        "A\u{1}da",
    ];
    for odd in odd {
        for db in support::databases() {
            is_kept(&with_odd(odd, odd), &db);
        }
    }
    for db in support::databases() {
        is_kept(&with_odd("A\0da", "plain"), &db);
    }
    is_kept(&with_odd("Ada", "A\0da"), &support::sqlite());
}

#[test]
fn a_nul_in_an_id_is_kept_on_either_database() {
    for db in support::databases() {
        is_kept(&with_odd("Ada", "A\0da"), &db);
    }
}

#[test]
fn a_bad_row_beside_a_good_one_stays_held_back_however_often_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let text = "id,first name,last name,email\n1,Ada,Lovelace,ada@example.org\n1,Ada,Lovelace,nowhere\n1,Ada,Lovelace,nowhere\n";
    let file = support::file(folder.path(), "people.csv", text);
    let db = support::sqlite();
    db.import(&file);
    let before = core(&db);
    for _ in 0..2 {
        db.import(&file);
        for (table, rows) in core(&db) {
            assert_eq!(rows, before[table], "{table}");
        }
    }
}
