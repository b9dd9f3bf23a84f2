use importer::plugin::Severity;
use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{
    CleanRow, CoreWrite, LandingWrite, MapEntry, NewRun, OtherRow, Outcome, OutcomeKind, QuarantineRow,
    RecordId, RowId, RunRecord, SeenAs, SeenIndexes, SeenRow, Session, StagedRow, Violation, ViolationFilter,
};

use super::{at, awkward_texts, begun, new_run, person, stores};

const EVERYWHERE: SeenIndexes = SeenIndexes { mapped: true, held: true };

fn staged(run: &RunRecord, number: u32, external_id: &str, payload: &str) -> StagedRow {
    StagedRow {
        id: RowId::of(run.id, number),
        external_id: external_id.into(),
        payload_json: payload.into(),
        row_hash: i64::from(number) * 100,
        position: number.into(),
        corrects: None,
    }
}

fn clean(run: &RunRecord, number: u32, external_id: &str, payload: &str) -> CleanRow {
    CleanRow {
        staging_id: RowId::of(run.id, number),
        external_id: external_id.into(),
        payload_json: payload.into(),
        checksum: -i64::from(number),
        row_hash: i64::from(number) * 100,
    }
}

fn violation(run: &RunRecord, number: u32, rule: &str, severity: Severity) -> Violation {
    Violation {
        staging_id: RowId::of(run.id, number),
        record_key: format!("csv:{number}"),
        rule_code: rule.into(),
        severity,
        field: "phone_e164".into(),
        message: "not \"a\" number\n– really".into(),
        details_json: format!(r#"{{"position":{number},"raw":{{}}}}"#),
    }
}

/// Lands rows that the rules hold back, one per external id, numbered from 1.
fn quarantine(session: &mut dyn Session, run: &RunRecord, ids: &[&str]) {
    let mut write = LandingWrite::default();
    for (number, id) in (1..).zip(ids) {
        write.staged.push(staged(run, number, id, "{}"));
        write.violations.push(violation(run, number, "FMT-102", Severity::Error));
        write.quarantined.push(QuarantineRow {
            staging_id: RowId::of(run.id, number),
            external_id: (*id).into(),
            row_hash: i64::from(number) * 100,
            rule_codes: "FMT-102,REQ-001".into(),
            replaced: false,
        });
    }
    session.land(&VOLUNTEER, run, &write, at(9)).unwrap();
}

#[test]
fn landed_rows_come_back_byte_for_byte() {
    for subject in stores() {
        let mut session = subject.session();
        let run = begun(session.as_mut(), "csv");
        let mut write = LandingWrite::default();
        for (number, text) in (1..).zip(awkward_texts()) {
            write.staged.push(staged(&run, number, &format!("{number}"), &text));
            write.clean.push(clean(&run, number, &format!("é{number}"), &text));
        }
        session.land(&VOLUNTEER, &run, &write, at(9)).unwrap();
        let rows = subject.session().clean_rows(&VOLUNTEER, run.id, RowId(0), 1000).unwrap();
        assert_eq!(rows.len(), write.clean.len());
        for (row, written) in rows.iter().zip(&write.clean) {
            assert!(
                row.payload_json == written.payload_json,
                "{:.40?} on {}",
                written.payload_json,
                subject.name()
            );
            assert_eq!(
                (&row.external_id, row.checksum, row.row_hash),
                (&written.external_id, written.checksum, written.row_hash)
            );
        }
        let raw = subject.database.texts("SELECT payload_json AS t FROM staging_volunteers ORDER BY id");
        assert!(raw == awkward_texts(), "{}", subject.name());
    }
}

#[test]
fn clean_rows_are_paged_within_their_run() {
    for subject in stores() {
        let mut session = subject.session();
        let (first, second) = (begun(session.as_mut(), "csv"), begun(session.as_mut(), "csv"));
        for run in [&first, &second] {
            // More rows than one statement carries, and not a multiple of that.
            let numbers = 1..=123;
            let write = LandingWrite {
                staged: numbers.clone().map(|n| staged(run, n, &n.to_string(), "{}")).collect(),
                clean: numbers.map(|n| clean(run, n, &n.to_string(), "{}")).collect(),
                ..LandingWrite::default()
            };
            session.land(&VOLUNTEER, run, &write, at(9)).unwrap();
        }
        for run in [first.id, second.id] {
            let (mut after, mut seen) = (0, Vec::new());
            loop {
                let rows = session.clean_rows(&VOLUNTEER, run, RowId(after), 50).unwrap();
                let Some(last) = rows.last() else { break };
                after = last.staging_id.0;
                seen.extend(rows.iter().map(|row| row.staging_id));
            }
            let expected: Vec<RowId> = (1..=123).map(|n| RowId::of(run, n)).collect();
            assert_eq!(seen, expected, "{}", subject.name());
        }
    }
}

#[test]
fn what_is_known_of_an_id() {
    for subject in stores() {
        let mut session = subject.session();
        let run = begun(session.as_mut(), "csv");
        let nothing = SeenIndexes { mapped: false, held: false };
        assert_eq!(session.seen_indexes(&VOLUNTEER, "csv").unwrap(), nothing);
        quarantine(session.as_mut(), &run, &["bad'id", "7"]);
        assert_eq!(
            session.seen_indexes(&VOLUNTEER, "csv").unwrap(),
            SeenIndexes { held: true, ..nothing },
            "what is held back is known, on {}",
            subject.name()
        );
        let entry = MapEntry {
            external_id: "7".into(),
            core_id: RecordId(1),
            row_hash: i64::MIN,
            other_rows: vec![OtherRow::Aside(5), OtherRow::Earlier(-6, RowId::of(run.id, 8))],
            staging_id: RowId::of(run.id, 9),
            last_run: run.id,
            known: false,
        };
        let write =
            CoreWrite { inserts: vec![person(1, &[])], map: vec![entry.clone()], ..CoreWrite::default() };
        session.write(&VOLUNTEER, Some(&run), "tester", &write, at(9)).unwrap();
        assert_eq!(
            session.find_external(&VOLUNTEER, "csv", &["7", "8"]).unwrap(),
            [MapEntry { known: true, ..entry }]
        );

        let mut known =
            session.known(&VOLUNTEER, "csv", &["bad'id", "7", "nobody", "_"], EVERYWHERE).unwrap();
        known.sort_by(|a, b| (&a.0, a.1.row_hash).cmp(&(&b.0, b.1.row_hash)));
        let mapped = |seen_as, row_hash, number| SeenRow {
            seen_as,
            payload_purged: false,
            row_hash,
            staging_id: RowId::of(run.id, number),
            map_entry: Some(1),
            core_id: Some(RecordId(1)),
            rule_codes: None,
            payload_json: None,
            replaced_in: None,
        };
        let held = |number: u32| SeenRow {
            seen_as: SeenAs::Held,
            payload_purged: false,
            row_hash: i64::from(number) * 100,
            staging_id: RowId::of(run.id, number),
            map_entry: None,
            core_id: None,
            rule_codes: Some("FMT-102,REQ-001".into()),
            payload_json: None,
            replaced_in: None,
        };
        let expected = [
            ("7", mapped(SeenAs::Current, i64::MIN, 9)),
            ("7", mapped(SeenAs::Earlier, -6, 8)),
            ("7", mapped(SeenAs::Aside, 5, 9)),
            ("7", held(2)),
            ("bad'id", held(1)),
        ];
        assert_eq!(known, expected.map(|(id, known)| (id.to_owned(), known)), "{}", subject.name());
        assert_eq!(session.seen_indexes(&VOLUNTEER, "csv").unwrap(), EVERYWHERE);
        assert_eq!(session.seen_indexes(&VOLUNTEER, "sheets").unwrap(), nothing);
        assert!(
            session.known(&VOLUNTEER, "sheets", &["7"], EVERYWHERE).unwrap().is_empty(),
            "systems have ids of their own"
        );
        assert!(session.known(&VOLUNTEER, "csv", &[], EVERYWHERE).unwrap().is_empty());
    }
}

#[test]
fn a_superseded_entry_ends_with_its_findings_and_others_stay() {
    for subject in stores() {
        let mut session = subject.session();
        let run = begun(session.as_mut(), "csv");
        quarantine(session.as_mut(), &run, &["1", "2"]);
        let next = begun(session.as_mut(), "csv");
        let write = LandingWrite { replaced: vec!["1".into()], ..LandingWrite::default() };
        session.land(&VOLUNTEER, &next, &write, at(10)).unwrap();
        session.end_replaced(&next).unwrap();
        let found = session.violations(&ViolationFilter::default()).unwrap();
        let statuses: Vec<&str> = found.iter().map(|v| v.status.as_str()).collect();
        assert_eq!(statuses, ["superseded", "open"], "{}", subject.name());
        assert!(session.known(&VOLUNTEER, "csv", &["1"], EVERYWHERE).unwrap().is_empty());
        assert_eq!(session.known(&VOLUNTEER, "csv", &["2"], EVERYWHERE).unwrap().len(), 1);
    }
}

#[test]
fn findings_are_filtered_and_paged() {
    for subject in stores() {
        let mut session = subject.session();
        let real = begun(session.as_mut(), "csv");
        let dry = session.create_run(&NewRun { dry_run: true, ..new_run("csv") }, at(8)).unwrap();
        for run in [&real, &dry] {
            let violations = vec![
                violation(run, 1, "FMT-102", Severity::Error),
                violation(run, 1, "DOM-201", Severity::Warning),
                violation(run, 2, "FMT-102", Severity::Info),
            ];
            session
                .land(&VOLUNTEER, run, &LandingWrite { violations, ..LandingWrite::default() }, at(9))
                .unwrap();
        }
        let mut found = |filter: ViolationFilter| -> Vec<String> {
            let rows = session.violations(&filter).unwrap();
            assert!(rows.iter().all(|row| row.violation.message == "not \"a\" number\n– really"));
            let line = |row: &importer_core::ports::ViolationRow| {
                format!(
                    "{} {} {} {}",
                    row.position,
                    row.violation.rule_code,
                    row.violation.severity.as_str(),
                    row.status
                )
            };
            rows.iter().map(line).collect()
        };
        let all = ["1 FMT-102 error open", "1 DOM-201 warning open", "2 FMT-102 info open"];
        let text = |value: &str| Some(value.to_owned());
        assert_eq!(found(ViolationFilter::default()), all, "{}", subject.name());
        assert_eq!(found(ViolationFilter { rule: text("FMT-102"), ..Default::default() }), [all[0], all[2]]);
        assert_eq!(found(ViolationFilter { severity: text("warning"), ..Default::default() }), [all[1]]);
        assert_eq!(found(ViolationFilter { after: 1, limit: 1, ..Default::default() }), [all[1]]);
        assert_eq!(found(ViolationFilter { status: text("fixed"), ..Default::default() }), [""; 0]);
        // What a dry run found is shown only to who asks for it.
        assert_eq!(found(ViolationFilter { run: Some(dry.id), ..Default::default() }).len(), 3);
        assert_eq!(found(ViolationFilter { status: text("preview"), ..Default::default() }).len(), 3);
    }
}

#[test]
fn a_dry_run_leaves_nothing_that_later_runs_look_at() {
    for subject in stores() {
        let mut session = subject.session();
        let dry = session.create_run(&NewRun { dry_run: true, ..new_run("csv") }, at(8)).unwrap();
        quarantine(session.as_mut(), &dry, &["1"]);
        assert!(
            session.known(&VOLUNTEER, "csv", &["1"], EVERYWHERE).unwrap().is_empty(),
            "{}",
            subject.name()
        );
    }
}

#[test]
fn outcomes_are_counted_by_run() {
    for subject in stores() {
        let mut session = subject.session();
        let runs = [begun(session.as_mut(), "csv"), begun(session.as_mut(), "csv")];
        let kinds =
            [OutcomeKind::Inserted, OutcomeKind::Inserted, OutcomeKind::Skipped, OutcomeKind::Quarantined];
        for run in &runs {
            let outcomes: Vec<Outcome> = (1..)
                .zip(kinds)
                .map(|(number, kind)| Outcome {
                    row: RowId::of(run.id, number),
                    staging_id: RowId::of(run.id, number),
                    kind,
                    core_id: None,
                    reason: Some("why\tnot".into()),
                })
                .collect();
            session.write_outcomes(run.id, &outcomes).unwrap();
        }
        let expected =
            [("inserted", 2), ("quarantined", 1), ("skipped", 1)].map(|(kind, n)| (kind.to_owned(), n));
        for run in &runs {
            assert_eq!(session.tally(run.id).unwrap(), expected.clone().into(), "{}", subject.name());
        }
    }
}
