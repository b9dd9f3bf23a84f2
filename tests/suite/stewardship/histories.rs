//! Whatever stewards do, in whatever order, imports of what was there before undo nothing.

use importer::service::RowFix;
use importer::{Importer, RowId, RunRequest};
use importer_core::ports::QuarantineFilter;
use proptest::prelude::*;

use super::super::support::{self, Database};
use super::quarantine::desk;

const ROWS: usize = 4;

#[derive(Debug, Clone)]
enum RerunStep {
    Import,
    Fix(usize, bool),
    Exempt(usize),
    GiveUp(usize),
    Reopen(usize),
    Requeue(usize),
}

fn step() -> impl Strategy<Value = RerunStep> {
    prop_oneof![
        Just(RerunStep::Import),
        (0..ROWS, any::<bool>()).prop_map(|(row, well)| RerunStep::Fix(row, well)),
        (0..ROWS).prop_map(RerunStep::Exempt),
        (0..ROWS).prop_map(RerunStep::GiveUp),
        (0..ROWS).prop_map(RerunStep::Reopen),
        (0..ROWS).prop_map(RerunStep::Requeue),
    ]
}

fn import(importer: &Importer, file: &std::path::Path) {
    let report = importer.run(&RunRequest::new("csv").file(file)).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{report:?}");
    assert_eq!(report.counts.read, report.counts.clean + report.counts.quarantined);
}

fn state(database: &Database) -> Vec<String> {
    [
        "SELECT id || '|' || first_name || '|' || COALESCE(email_normalized, '') AS t FROM core_volunteers ORDER BY id",
        "SELECT staging_id || '|' || status || '|' || COALESCE(corrected_by, 0) AS t FROM quarantine ORDER BY staging_id",
        "SELECT id || '|' || status AS t FROM dq_violations ORDER BY id",
        "SELECT external_id || '|' || core_id AS t FROM external_id_map ORDER BY external_id",
        "SELECT id || '|' || payload_json AS t FROM staging_volunteers ORDER BY id",
    ]
    .into_iter()
    .flat_map(|sql| database.texts(sql))
    .collect()
}

fn check(database: &Database, steps: &[RerunStep]) {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..ROWS).map(|n| format!("{n},Pat{n},Stone{n},pat{n}@@example.org\n")).collect();
    let file = support::file(folder.path(), "x.csv", format!("id,first name,last name,email\n{rows}"));
    let importer = database.importer();
    import(&importer, &file);
    let desk = desk(&importer);
    let ids: Vec<i64> =
        desk.quarantine("volunteer", &QuarantineFilter::default()).unwrap().iter().map(|r| r.row.0).collect();
    for step in steps {
        let fix = |row: usize, email: Option<&str>| {
            let values =
                email.map(|email| ("email".to_owned(), format!("pat{row}{email}"))).into_iter().collect();
            // What is not open any more is refused, which is as good as any other step.
            let _ = desk.fix(
                "volunteer",
                RowId(ids[row]),
                &RowFix { values, reason: "why".into(), ..RowFix::default() },
            );
        };
        match step {
            RerunStep::Import => import(&importer, &file),
            RerunStep::Fix(row, true) => fix(*row, Some("@example.org")),
            RerunStep::Fix(row, false) => fix(*row, Some(" at home")),
            RerunStep::Exempt(row) => {
                _ = desk.suppress("volunteer", RowId(ids[*row]), &["FMT-101".into(), "REQ-001".into()], "why")
            }
            RerunStep::GiveUp(row) => _ = desk.reject_row("volunteer", RowId(ids[*row]), "why"),
            RerunStep::Reopen(row) => _ = desk.reopen("volunteer", RowId(ids[*row]), "why"),
            RerunStep::Requeue(row) => fix(*row, None),
        }
    }
    let before = state(database);
    import(&importer, &file);
    assert_eq!(state(database), before, "{} {steps:?}", database.backend);
    // Everybody is somewhere, once.
    let went_in =
        database.number("SELECT COUNT(*) AS t FROM quarantine WHERE status IN ('fixed', 'suppressed')");
    assert_eq!(importer.count("volunteer").unwrap(), went_in, "{} {steps:?}", database.backend);
    assert_eq!(database.number("SELECT COUNT(*) AS t FROM quarantine"), ROWS as i64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn importing_the_same_rows_again_undoes_nothing(steps in prop::collection::vec(step(), 1..12)) {
        for database in support::databases() {
            check(&database, &steps);
        }
    }
}
