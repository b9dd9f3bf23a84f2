//! Rows in quarantine: every way out, and that nothing is lost, done by half or done again.

use importer::service::{Actor, Desk, Fixed, NewPerson, Role, RowFix, RowSummary};
use importer::{ErrorKind, Importer, RunReport};
use importer_core::ports::{QuarantineFilter, QuarantineStatus, RowId};

use super::super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,city,shoe size\n";

/// An import of rows under the header.
pub(super) fn import(database: &Database, rows: &str) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let report = database.import(&support::file(folder.path(), "people.csv", format!("{HEADER}{rows}")));
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{report:?}");
    report
}

pub(super) fn desk(importer: &Importer) -> Desk<'_> {
    importer.desk(Actor::admin("sam"))
}

pub(super) fn open(importer: &Importer) -> Vec<RowSummary> {
    let filter = QuarantineFilter { status: Some(QuarantineStatus::Open), ..QuarantineFilter::default() };
    desk(importer).quarantine("volunteer", &filter).unwrap()
}

fn set(field: &str, value: &str) -> RowFix {
    RowFix { values: vec![(field.into(), value.into())], reason: "she called".into(), ..RowFix::default() }
}

fn fix(importer: &Importer, row: RowId, fix: &RowFix) -> Fixed {
    desk(importer).fix("volunteer", row, fix).unwrap()
}

/// Everything an import could undo.
fn state(database: &Database) -> Vec<String> {
    let mut all = database.texts(
        "SELECT id || '|' || COALESCE(first_name, '') || '|' || COALESCE(email_normalized, '') || '|' || \
         COALESCE(city, '') AS t FROM core_volunteers ORDER BY id",
    );
    all.extend(database.texts(
        "SELECT staging_id || '|' || status || '|' || COALESCE(corrected_by, 0) || '|' || COALESCE(reason, '') AS t \
         FROM quarantine ORDER BY staging_id",
    ));
    all.extend(database.texts("SELECT id || '|' || status AS t FROM dq_violations ORDER BY id"));
    all
}

#[test]
fn a_corrected_row_goes_in_and_what_was_landed_stays() {
    for database in support::databases() {
        let report =
            import(&database, "1,Ann,Lee,ann@@example.org,Liberty,8\n2,Bob,Ray,bob@example.org,Liberty,9\n");
        assert_eq!((report.counts.quarantined, report.counts.inserted), (1, 1));
        let importer = database.importer();
        let held = open(&importer);
        assert_eq!(
            (held.len(), held[0].rules.as_slice(), held[0].position),
            (1, &["FMT-101".to_owned()][..], 2)
        );
        let detail = desk(&importer).quarantined_row("volunteer", held[0].row).unwrap();
        assert_eq!(detail.raw["email"], "ann@@example.org");
        assert_eq!(detail.normalised["first_name"], "Ann");
        assert_eq!(detail.findings[0].suggestion.as_deref(), Some("ann@example.org"));
        assert!(!detail.findings[0].hint.is_empty());

        let fixed = fix(&importer, held[0].row, &set("email_normalized", "ann@example.org"));
        let loaded = fixed.loaded.unwrap();
        assert_eq!(loaded.outcome, "inserted", "{}", database.backend);
        assert!(open(&importer).is_empty());
        let landed = database.texts(
            "SELECT payload_json || ' ' || COALESCE(corrects, 0) AS t FROM staging_volunteers WHERE external_id = '1' ORDER BY id",
        );
        assert_eq!(landed.len(), 2);
        assert!(landed[0].contains("ann@@example.org") && landed[0].ends_with(" 0"), "{landed:?}");
        assert!(landed[1].contains("ann@example.org") && landed[1].ends_with(&format!(" {}", held[0].row)));
        let entry =
            "SELECT status || ' ' || decided_by || ' ' || reason || ' ' || corrected_by AS t FROM quarantine";
        assert_eq!(database.texts(entry), [format!("fixed sam she called {}", loaded.row)]);
        assert_eq!(database.texts("SELECT DISTINCT status AS t FROM dq_violations"), ["fixed"]);
        let map = "SELECT external_system || ':' || external_id || '=' || core_id AS t FROM external_id_map WHERE external_id = '1'";
        assert_eq!(database.texts(map), [format!("csv:1={}", loaded.record.unwrap())]);
        // Counts of the run of corrections add up like any other's, and the log says who did it.
        let run = importer.report(loaded.run).unwrap();
        assert_eq!(
            (run.source.as_str(), run.counts.read, run.counts.clean, run.counts.inserted),
            ("corrections", 1, 1, 1)
        );
        let log = "SELECT actor || ' ' || action || ' ' || subject || ' ' || reason AS t FROM audit_log";
        assert_eq!(database.texts(log), [format!("sam fix_rows row {} she called", held[0].row)]);
        let changes =
            database.texts("SELECT actor AS t FROM change_log WHERE staging_id IS NOT NULL ORDER BY id");
        assert_eq!(changes.last().map(String::as_str), Some("sam"));
    }
}

#[test]
fn after_a_fix_the_original_changes_nothing_and_a_row_corrected_at_the_source_works() {
    for database in support::databases() {
        let bad = "1,Ann,Lee,ann@@example.org,Liberty,8\n";
        import(&database, bad);
        let importer = database.importer();
        fix(&importer, open(&importer)[0].row, &set("email", "ann@example.org"));
        let before = state(&database);
        for _ in 0..2 {
            let again = import(&database, bad);
            assert_eq!((again.counts.unchanged, again.counts.quarantined), (1, 0), "{}", database.backend);
            assert_eq!(state(&database), before, "{}", database.backend);
        }
        // Other rules make every row a new one, but not what somebody has decided.
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", format!("{HEADER}{bad}"));
        let other = Importer::builder()
            .database(&database.url)
            .plugin(importer_adapter_csv::plugin())
            .suite(
                importer_dq::SuiteDocument::parse(&importer_dq::VOLUNTEER_SUITE.replacen(
                    "rules:",
                    "# another document\nrules:",
                    1,
                ))
                .unwrap(),
            )
            .auto_merge(importer_core::ports::AutoMerge::Off)
            .build()
            .unwrap();
        let again = other.run(&importer::RunRequest::new("csv").file(&file)).unwrap();
        assert_eq!((again.counts.unchanged, again.counts.quarantined), (1, 0), "{}", database.backend);
        assert_eq!(state(&database), before, "{}", database.backend);
        // What the source corrects itself is the newer word.
        let corrected = import(&database, "1,Ann,Lee,ann@example.org,Gladstone,8\n");
        assert_eq!((corrected.counts.updated, corrected.counts.quarantined), (1, 0), "{}", database.backend);
        assert_eq!(database.texts("SELECT city AS t FROM core_volunteers"), ["Gladstone"]);
        // And a row that is bad in another way is reported.
        assert_eq!(import(&database, "1,Ann,Lee,ann#example.org,Gladstone,8\n").counts.quarantined, 1);
    }
}

#[test]
fn a_row_without_an_id_of_its_own_keeps_its_name_through_corrections() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file =
            support::file(folder.path(), "x.csv", "first name,last name,email\nAnn,Lee,ann@@example.org\n");
        database.import(&file);
        let importer = database.importer();
        let held = open(&importer);
        let fixed = fix(&importer, held[0].row, &set("email", "ann@example.org"));
        assert_eq!(
            database.texts("SELECT external_id AS t FROM external_id_map"),
            [held[0].external_id.clone()]
        );
        let again = database.import(&file);
        assert_eq!((again.counts.unchanged, again.counts.quarantined), (1, 0), "{}", database.backend);
        assert_eq!(importer.count("volunteer").unwrap(), 1);
        assert!(fixed.loaded.is_some());
    }
}

#[test]
fn a_row_that_stays_invalid_stays_open_and_leaves_no_trace() {
    for database in support::databases() {
        import(&database, "1,,,ann@@example.org,Liberty,8\n");
        let importer = database.importer();
        let held = open(&importer);
        assert_eq!(held[0].rules.len(), 2, "{:?}", held[0].rules);
        let tables = [
            "import_runs",
            "staging_volunteers",
            "row_outcomes",
            "dq_violations",
            "audit_log",
            "core_volunteers",
        ];
        let sizes = || tables.map(|table| database.number(&format!("SELECT COUNT(*) AS t FROM {table}")));
        let before = (sizes(), state(&database));
        let fixed = fix(&importer, held[0].row, &set("email", "ann@example.org"));
        assert_eq!(fixed.loaded, None);
        assert_eq!(fixed.findings.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(), ["REQ-002"]);
        assert_eq!((sizes(), state(&database)), before, "{}", database.backend);
        // Both at once.
        let both = RowFix {
            values: vec![("email".into(), "ann@example.org".into()), ("last_name".into(), "Lee".into())],
            reason: "both".into(),
            ..RowFix::default()
        };
        assert!(fix(&importer, held[0].row, &both).loaded.is_some(), "{}", database.backend);
    }
}

#[test]
fn a_field_that_the_source_has_no_column_for_can_be_given() {
    for database in support::databases() {
        import(&database, "1,Ann,Lee,,Liberty,8\n");
        let importer = database.importer();
        let fixed = fix(&importer, open(&importer)[0].row, &set("phone_e164", "(816) 234-5678"));
        assert_eq!(fixed.loaded.unwrap().outcome, "inserted");
        assert_eq!(database.texts("SELECT phone_e164 AS t FROM core_volunteers"), ["+18162345678"]);
    }
}

#[test]
fn an_exempt_row_goes_in_as_it_is() {
    for database in support::databases() {
        let row = "1,Ann,Lee,,Liberty,8\n";
        import(&database, row);
        let importer = database.importer();
        let id = open(&importer)[0].row;
        let why = |rules: &[&str], reason: &str| {
            let rules: Vec<String> = rules.iter().map(|rule| (*rule).into()).collect();
            desk(&importer).suppress("volunteer", id, &rules, reason)
        };
        assert_eq!(why(&["REQ-001"], " ").unwrap_err().kind(), ErrorKind::Config, "a reason is needed");
        assert_eq!(why(&[], "because").unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(why(&["REQ-002"], "because").unwrap().loaded, None, "another rule holds it back");
        let loaded = why(&["REQ-001"], "she comes in person").unwrap().loaded.unwrap();
        assert_eq!(loaded.outcome, "inserted", "{}", database.backend);
        let entry = "SELECT status || ' ' || reason AS t FROM quarantine";
        assert_eq!(database.texts(entry), ["suppressed she comes in person"]);
        let before = state(&database);
        assert_eq!(import(&database, row).counts.unchanged, 1);
        assert_eq!(state(&database), before, "{}", database.backend);
        assert_eq!(why(&["REQ-001"], "again").unwrap_err().kind(), ErrorKind::Config, "it is not open");
        // Her next row is exempt from the same rule, and from no other.
        assert_eq!(import(&database, "1,Ann,Lee,,Gladstone,8\n").counts.updated, 1, "{}", database.backend);
        assert_eq!(
            import(&database, "1,Ann,Lee,nobody,Gladstone,8\n").counts.quarantined,
            1,
            "{}",
            database.backend
        );
        assert_eq!(
            import(&database, "2,Bob,Ray,,Gladstone,8\n").counts.quarantined,
            1,
            "{}",
            database.backend
        );
    }
}

#[test]
fn a_row_that_was_given_up_stays_away_until_it_is_reopened() {
    for database in support::databases() {
        let row = "1,Test,Test,nobody,Liberty,8\n";
        import(&database, row);
        let importer = database.importer();
        let id = open(&importer)[0].row;
        assert!(desk(&importer).reject_row("volunteer", id, "").is_err(), "a reason is needed");
        desk(&importer).reject_row("volunteer", id, "not a person").unwrap();
        assert!(open(&importer).is_empty());
        let again = import(&database, row);
        assert_eq!((again.counts.quarantined, open(&importer).len()), (1, 0), "{}", database.backend);
        assert_eq!(
            desk(&importer).fix("volunteer", id, &set("email", "t@example.org")).unwrap_err().kind(),
            ErrorKind::Config
        );
        desk(&importer).reopen("volunteer", id, "a person after all").unwrap();
        assert_eq!(database.texts("SELECT DISTINCT status AS t FROM dq_violations"), ["open"]);
        assert!(fix(&importer, id, &set("email", "t@example.org")).loaded.is_some());
        let log = database.texts("SELECT action || ' ' || reason AS t FROM audit_log ORDER BY id");
        assert_eq!(
            log,
            ["suppress_rows not a person", "suppress_rows a person after all", "fix_rows she called"]
        );
    }
}

#[test]
fn viewers_look_and_do_not_touch() {
    let database = support::sqlite();
    import(&database, "1,Ann,Lee,ann@@example.org,Liberty,8\n");
    let importer = database.importer();
    let viewer = importer.desk(Actor::new("vera", Role::Viewer));
    let row = viewer.quarantine("volunteer", &QuarantineFilter::default()).unwrap()[0].row;
    let refused = [
        viewer.fix("volunteer", row, &set("email", "ann@example.org")).unwrap_err(),
        viewer.suppress("volunteer", row, &["FMT-101".into()], "why").unwrap_err(),
        viewer.reject_row("volunteer", row, "why").unwrap_err(),
        viewer.create("volunteer", &NewPerson::default()).unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::Forbidden), "{refused:?}");
    assert_eq!(database.number("SELECT COUNT(*) AS t FROM audit_log WHERE outcome = 'refused'"), 4);
}

#[test]
fn a_failed_load_leaves_the_row_open() {
    for database in support::databases() {
        import(&database, "1,Ann,Lee,ann@@example.org,Liberty,8\n");
        let importer = database.importer();
        let id = open(&importer)[0].row;
        // The host's own constraint refuses her; then the journal cannot be written.
        for (broken, repaired) in [
            (
                "CREATE UNIQUE INDEX no_liberty ON core_volunteers ((CASE WHEN city = 'Liberty' THEN 1 END)); \
              INSERT INTO core_volunteers (id, city, ingest_version, created_at, updated_at, origin_source) \
              VALUES (99, 'Liberty', '1.0', '2025-01-01T00:00:00Z', '2025-01-01T00:00:00Z', 'host')",
                "DROP INDEX no_liberty; DELETE FROM core_volunteers WHERE id = 99",
            ),
            (
                "ALTER TABLE audit_log RENAME TO audit_log_gone",
                "ALTER TABLE audit_log_gone RENAME TO audit_log",
            ),
        ] {
            database.execute(broken);
            let people = database.number("SELECT COUNT(*) AS t FROM core_volunteers");
            let error = desk(&importer).fix("volunteer", id, &set("email", "ann@example.org")).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Refused | ErrorKind::Store), "{error}");
            assert!(!error.to_string().contains("ann@"), "{error}");
            assert_eq!(
                database.number("SELECT COUNT(*) AS t FROM core_volunteers"),
                people,
                "{}",
                database.backend
            );
            assert_eq!(open(&importer).len(), 1, "{}", database.backend);
            database.execute(repaired);
        }
        assert!(
            fix(&importer, id, &set("email", "ann@example.org")).loaded.is_some(),
            "{}",
            database.backend
        );
        assert_eq!(importer.count("volunteer").unwrap(), 1);
    }
}

#[test]
fn people_without_a_contact_are_made_under_a_temporary_identifier() {
    for database in support::databases() {
        let importer = database.importer();
        let create = |values: &[(&str, &str)]| {
            let values = values.iter().map(|(f, v)| ((*f).into(), (*v).into())).collect();
            desk(&importer)
                .create("volunteer", &NewPerson { values, reason: "at the front desk".into() })
                .unwrap()
        };
        let ann = create(&[("first_name", "Ann"), ("last_name", "Lee")]).loaded.unwrap();
        assert_eq!(ann.outcome, "inserted", "{}", database.backend);
        let names = "SELECT external_system || ':' || external_id AS t FROM external_id_map";
        assert_eq!(database.texts(names), [format!("manual:T-{}", ann.row)]);
        // Nobody else is her because of an equal name; whether she is, is for somebody to decide.
        let other = create(&[("first_name", "Ann"), ("last_name", "Lee")]).loaded.unwrap();
        assert_ne!(other.record, ann.record, "{}", database.backend);
        assert_eq!(create(&[("city", "Liberty")]).loaded, None, "every other rule holds");
        assert_eq!(database.number("SELECT COUNT(*) AS t FROM audit_log WHERE action = 'create_records'"), 2);
        // With a contact, somebody who is known is found.
        create(&[("first_name", "Bob"), ("last_name", "Ray"), ("email", "bob@example.org")]);
        let bob = create(&[
            ("first_name", "Bob"),
            ("last_name", "Ray"),
            ("email", "bob@example.org"),
            ("city", "Liberty"),
        ]);
        assert_eq!(bob.loaded.unwrap().outcome, "updated", "{}", database.backend);
    }
}

#[test]
fn the_name_follows_a_corrected_id_and_the_original_still_changes_nothing() {
    for database in support::databases() {
        let bad = "one,Ann,Lee,ann@@example.org,Liberty,8\n";
        import(&database, bad);
        let importer = database.importer();
        let both = RowFix {
            values: vec![("id".into(), "1".into()), ("email".into(), "ann@example.org".into())],
            reason: "a slip".into(),
            ..RowFix::default()
        };
        assert!(fix(&importer, open(&importer)[0].row, &both).loaded.is_some());
        assert_eq!(
            database.texts("SELECT external_id AS t FROM external_id_map"),
            ["1"],
            "{}",
            database.backend
        );
        let before = state(&database);
        assert_eq!(import(&database, bad).counts.unchanged, 1, "{}", database.backend);
        assert_eq!(state(&database), before, "{}", database.backend);
    }
}

#[test]
fn a_row_is_read_with_the_mapping_of_its_import_unless_asked_otherwise() {
    for database in support::databases() {
        import(&database, "1,Ann,Lee,,Liberty,(816) 234-5678\n");
        let mapping = "mapping: shoes\nentity: volunteer\nversion: 1\nfields:\n  - { source: \"shoe size\", field: phone_e164 }\n";
        let mapping = importer_core::mapping::Mapping::parse(mapping, "shoes.yaml").unwrap();
        let importer = Importer::builder().database(&database.url).mapping(mapping).build().unwrap();
        let row = open(&importer)[0].row;
        let requeue = |current_mapping| {
            let fix = RowFix { reason: "another mapping".into(), current_mapping, ..RowFix::default() };
            desk(&importer).fix("volunteer", row, &fix)
        };
        let error = requeue(false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mapping, "{error}");
        assert!(requeue(true).unwrap().loaded.is_some(), "{}", database.backend);
        assert_eq!(database.texts("SELECT phone_e164 AS t FROM core_volunteers"), ["+18162345678"]);
    }
}

#[test]
fn entries_open_again_when_their_run_of_corrections_is_taken_back() {
    use importer_core::contracts::VOLUNTEER;
    use importer_core::ports::Store;
    for database in support::databases() {
        import(&database, "1,Ann,Lee,ann@@example.org,Liberty,8\n2,Bob,Ray,bob@@example.org,Liberty,8\n");
        let importer = database.importer();
        let rows = open(&importer);
        let run = fix(&importer, rows[0].row, &set("email", "ann@example.org")).loaded.unwrap().run;
        fix(&importer, rows[1].row, &set("email", "bob@example.org"));
        let store = importer_store::SqlStore::open(&database.url).unwrap();
        let mut session = store.session().unwrap();
        assert_eq!(session.reopen_corrected(&VOLUNTEER, run).unwrap(), 1, "{}", database.backend);
        assert_eq!(open(&importer), rows[..1], "{}", database.backend);
        let statuses = "SELECT status AS t FROM dq_violations ORDER BY id";
        assert_eq!(database.texts(statuses), ["open", "fixed"], "{}", database.backend);
    }
}
