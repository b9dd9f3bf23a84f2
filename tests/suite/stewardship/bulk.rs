//! Many rows at once: what is shown is what is done, and what is done is counted.

use importer::ErrorKind;
use importer::service::{BulkChange, BulkFix};
use importer_core::ports::QuarantineFilter;
use importer_core::ports::{RowId, RunId};

use super::super::support;
use super::quarantine::{desk, import, open};

fn typo() -> BulkFix {
    BulkFix {
        filter: QuarantineFilter::default(),
        change: BulkChange::Replace {
            field: "email_normalized".into(),
            find: "@@".into(),
            replace: "@".into(),
        },
        reason: "a form wrote two signs".into(),
        current_mapping: false,
    }
}

/// Rows of one mistake, one of them with another as well, and one that is about something else.
fn rows(from: usize, to: usize) -> String {
    let mut rows: String =
        (from..to).map(|n| format!("{n},Pat{n},Stone{n},pat{n}@@example.org,Liberty,8\n")).collect();
    rows.push_str(&format!("{to},,,x{to}@@example.org,Liberty,8\n{},Ann,Lee,nobody,Liberty,8\n", to + 1));
    rows
}

/// What was done, as its preview counts it.
fn without_runs(mut report: importer::service::BulkReport) -> importer::service::BulkReport {
    report.runs = 0;
    report
}

#[test]
fn what_a_preview_shows_is_what_is_done() {
    for database in support::databases() {
        import(&database, &rows(1, 30));
        import(&database, &rows(101, 120));
        let importer = database.importer();
        let before = open(&importer).len() as u64;
        let preview = desk(&importer).preview_bulk("volunteer", &typo(), 5).unwrap();
        assert_eq!(
            (preview.counts.matched, preview.counts.changed),
            (before, before - 2),
            "{}",
            database.backend
        );
        assert_eq!((preview.counts.loaded, preview.counts.still_held), (before - 4, 2));
        let first = &preview.rows[0];
        assert_eq!((preview.rows.len(), first.cells[0].column.as_str()), (5, "email"));
        assert_eq!(first.cells[0].before.as_deref(), Some("pat1@@example.org"));
        assert_eq!(first.cells[0].after.as_deref(), Some("pat1@example.org"));
        assert_eq!(open(&importer).len() as u64, before, "a preview changes nothing");
        let done = desk(&importer).fix_bulk("volunteer", &typo()).unwrap();
        // Both files have the same columns, so one run takes both in.
        assert_eq!((done.runs, done.skipped), (1, 0), "{}", database.backend);
        assert_eq!(without_runs(done), preview.counts);
        assert_eq!(open(&importer).len() as u64, before - done.loaded, "{}", database.backend);
        assert_eq!(importer.count("volunteer").unwrap() as u64, done.loaded);
        let log = database.texts("SELECT action || ' ' || details_json AS t FROM audit_log");
        assert_eq!(log.len(), 1, "one action is one line: {log:?}");
        assert!(
            log[0].starts_with("fix_rows ") && log[0].contains(&format!("\"rows\":{}", done.loaded)),
            "{log:?}"
        );
        assert!(!log[0].contains("@@"), "no values in the log: {log:?}");
        // Done again, nothing is left to do.
        let again = desk(&importer).fix_bulk("volunteer", &typo()).unwrap();
        assert_eq!((again.matched, again.changed, again.loaded, again.still_held), (4, 2, 0, 2));
    }
}

#[test]
fn a_rule_that_has_an_idea_fixes_its_rows() {
    for database in support::databases() {
        import(
            &database,
            "1,Ann,Lee,ann@gmail.con,Liberty,8\n2,Bob,Ray,bob@@x.org,Liberty,8\n3,Cy,Poe,nobody,Liberty,8\n",
        );
        let importer = database.importer();
        let auto = |rule: &str| BulkFix { change: BulkChange::AutoFix { rule: rule.into() }, ..typo() };
        let done = desk(&importer).fix_bulk("volunteer", &auto("FMT-101")).unwrap();
        assert_eq!((done.matched, done.changed, done.loaded), (3, 2, 2), "{}", database.backend);
        let mails = database.texts("SELECT email_normalized AS t FROM core_volunteers ORDER BY id");
        assert_eq!(mails, ["ann@gmail.com", "bob@x.org"], "{}", database.backend);
        let error = desk(&importer).fix_bulk("volunteer", &auto("REQ-001")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
}

#[test]
fn filters_find_what_they_say_page_by_page() {
    for database in support::databases() {
        import(&database, &rows(1, 12));
        let importer = database.importer();
        let desk = desk(&importer);
        let count = |filter: &QuarantineFilter| desk.quarantine_tally("volunteer", filter).unwrap().rows;
        let all = desk.quarantine("volunteer", &QuarantineFilter::default()).unwrap();
        let (mut paged, mut after) = (Vec::new(), 0);
        loop {
            let page = QuarantineFilter { after: RowId(after), limit: 3, ..QuarantineFilter::default() };
            let page = desk.quarantine("volunteer", &page).unwrap();
            let Some(last) = page.last() else { break };
            after = last.row.0;
            paged.extend(page);
        }
        assert_eq!(paged, all, "{}", database.backend);
        let none = QuarantineFilter::default;
        let moment = |text| importer_core::ports::parse_moment(text);
        for (filter, expected) in [
            (none(), 13),
            (QuarantineFilter { rule: Some("REQ-002".into()), ..none() }, 1),
            (QuarantineFilter { rule: Some("FMT-102".into()), ..none() }, 0),
            (QuarantineFilter { text: Some("PAT1@@".into()), ..none() }, 1),
            (QuarantineFilter { text: Some("pat_@@".into()), ..none() }, 0),
            (QuarantineFilter { text: Some("%".into()), ..none() }, 0),
            (
                QuarantineFilter {
                    run: Some(RunId(1)),
                    source: Some("csv".into()),
                    system: Some("csv".into()),
                    ..none()
                },
                13,
            ),
            (QuarantineFilter { run: Some(RunId(2)), ..none() }, 0),
            (QuarantineFilter { severity: Some("info".into()), ..none() }, 0),
            (QuarantineFilter { since: moment("2100-01-01T00:00:00Z"), ..none() }, 0),
            (QuarantineFilter { until: moment("2100-01-01T00:00:00Z"), ..none() }, 13),
        ] {
            assert_eq!(count(&filter), expected, "{} {filter:?}", database.backend);
        }
        let found =
            |filter: importer_core::ports::ViolationFilter| importer.violations(&filter).unwrap().len();
        let none = importer_core::ports::ViolationFilter::default;
        assert_eq!(found(importer_core::ports::ViolationFilter { text: Some("CSV:1 ".into()), ..none() }), 1);
        assert_eq!(
            found(importer_core::ports::ViolationFilter { source: Some("other".into()), ..none() }),
            0
        );
        assert_eq!(
            found(importer_core::ports::ViolationFilter { until: moment("2000-01-01T00:00:00Z"), ..none() }),
            0
        );
    }
}

#[test]
fn many_rows_are_given_up_in_one_action() {
    for database in support::databases() {
        import(&database, &rows(1, 1_200));
        let importer = database.importer();
        let all = open(&importer).len() as u64;
        let filter = QuarantineFilter { text: Some("@@".into()), ..QuarantineFilter::default() };
        assert!(desk(&importer).reject_rows("volunteer", &filter, " ").is_err(), "a reason is needed");
        assert_eq!(desk(&importer).reject_rows("volunteer", &filter, "a test").unwrap(), all - 1);
        assert_eq!(open(&importer).len(), 1, "{}", database.backend);
        assert_eq!(import(&database, &rows(1, 1_200)).counts.quarantined, all);
        assert_eq!(open(&importer).len(), 1, "{}", database.backend);
        let log = database.texts("SELECT details_json AS t FROM audit_log");
        assert_eq!(log, [format!("{{\"status\":\"wont_fix\",\"rows\":{}}}", all - 1)]);
    }
}

#[test]
fn what_a_cancelled_bulk_fix_leaves_is_still_there() {
    for database in support::databases() {
        import(&database, &rows(1, 12));
        let importer = database.importer();
        let before = open(&importer);
        importer.cancel().request();
        let error = desk(&importer).fix_bulk("volunteer", &typo()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        assert_eq!(open(&importer), before, "{}", database.backend);
        let importer = database.importer();
        assert_eq!(
            desk(&importer).fix_bulk("volunteer", &typo()).unwrap().loaded,
            11,
            "{}",
            database.backend
        );
    }
}

/// Rows whose source has other columns than those of [`rows`].
const OTHER_COLUMNS: &str =
    "id,first name,last name,e-mail,size\n501,Una,Moss,una@@example.org,8\n502,Vic,Nash,vic@@example.org,9\n";

fn import_file(database: &support::Database, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let report = database.import(&support::file(folder.path(), "other.csv", text));
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{report:?}");
}

fn in_column(field: &str) -> BulkFix {
    let change = BulkChange::Replace { field: field.into(), find: "@@".into(), replace: "@".into() };
    BulkFix { change, ..typo() }
}

#[test]
fn rows_without_the_column_stay_as_they_are_and_the_others_are_fixed() {
    for database in support::databases() {
        import(&database, &rows(1, 5));
        let importer = database.importer();
        let others = open(&importer);
        import_file(&database, OTHER_COLUMNS);
        let preview = desk(&importer).preview_bulk("volunteer", &in_column("e-mail"), 9).unwrap();
        let counted = &preview.counts;
        assert_eq!((counted.matched, counted.without_column, counted.changed), (8, 6, 2), "{preview:?}");
        assert!(preview.rows.iter().all(|row| row.cells[0].column == "e-mail"), "{preview:?}");
        let done = desk(&importer).fix_bulk("volunteer", &in_column("e-mail")).unwrap();
        assert_eq!(without_runs(done), preview.counts, "{}", database.backend);
        assert_eq!((done.loaded, done.still_held, done.skipped), (2, 0, 0), "{}", database.backend);
        assert_eq!(open(&importer), others, "{}", database.backend);
        // A field is in the columns of both files, whatever their names.
        import_file(&database, &OTHER_COLUMNS.replace("\n50", "\n60"));
        let rest = desk(&importer).fix_bulk("volunteer", &typo()).unwrap();
        assert_eq!((rest.matched, rest.without_column), (8, 0), "{}", database.backend);
    }
}

#[test]
fn a_column_that_no_row_has_is_an_error_that_names_those_there_are() {
    for database in support::databases() {
        let importer = database.importer();
        let nothing = desk(&importer).fix_bulk("volunteer", &in_column("emial")).unwrap();
        assert_eq!(nothing, importer::service::BulkReport::default(), "no row lacks it where there is none");
        import(&database, &rows(1, 3));
        import_file(&database, OTHER_COLUMNS);
        let before = open(&importer);
        // A field that is in no column is as good as none.
        for field in ["emial", "dob"] {
            for refused in [
                desk(&importer).preview_bulk("volunteer", &in_column(field), 9).map(drop),
                desk(&importer).fix_bulk("volunteer", &in_column(field)).map(drop),
            ] {
                let error = refused.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Config, "{error}");
                for told in [field, "first name", "email", "e-mail", "shoe size"] {
                    assert!(error.to_string().contains(told), "{told}: {error}");
                }
                assert!(!error.to_string().contains("example.org"), "{error}");
            }
        }
        assert_eq!(open(&importer), before, "{}", database.backend);
    }
}

#[test]
fn rows_without_the_column_need_no_mapping() {
    for database in support::databases() {
        import_file(&database, OTHER_COLUMNS);
        let text = "mapping: theirs\nentity: volunteer\nversion: 1\nfields:\n  - { source: Vorname, field: first_name }\n  - { source: Rufnummer, field: phone_e164 }\n";
        let mapping = importer_core::mapping::Mapping::parse(text, "theirs.yaml").unwrap();
        let theirs = importer::Importer::builder()
            .database(&database.url)
            .mapping(mapping)
            .plugin(importer_adapter_csv::plugin())
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "theirs.csv", "id,Vorname,Rufnummer\n601,Wim,keine\n");
        let report = theirs.run(&importer::RunRequest::new("csv").file(file)).unwrap();
        assert_eq!(report.counts.quarantined, 1, "{report:?}");
        let importer = database.importer();
        let done = desk(&importer).fix_bulk("volunteer", &in_column("e-mail")).unwrap();
        assert_eq!((done.without_column, done.loaded), (1, 2), "{}", database.backend);
        // Whether a field is in a column of theirs, their mapping alone can tell.
        let error = desk(&importer).fix_bulk("volunteer", &typo()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mapping, "{error}");
    }
}

#[test]
fn a_shifted_row_is_not_let_in_by_a_correction_of_something_else() {
    for database in support::databases() {
        import(&database, "1,Ann,Lee,ann@@example.org,Liberty,8,surplus\n");
        let importer = database.importer();
        let done = desk(&importer).fix_bulk("volunteer", &typo()).unwrap();
        assert_eq!((done.changed, done.loaded, done.still_held), (1, 0, 1), "{}", database.backend);
        let row = open(&importer)[0].row;
        let fix = |values: &[(&str, &str)]| {
            let values = values.iter().map(|(f, v)| ((*f).into(), (*v).into())).collect();
            let fix =
                importer::service::RowFix { values, reason: "looked at it".into(), ..Default::default() };
            desk(&importer).fix("volunteer", row, &fix).unwrap().loaded
        };
        assert_eq!(fix(&[("email", "ann@example.org")]), None);
        assert!(fix(&[("email", "ann@example.org"), ("(surplus)", "")]).is_some(), "{}", database.backend);
    }
}
