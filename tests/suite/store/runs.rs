use importer::ErrorKind;
use importer_core::ports::{NewRun, Phase, RowId, RunFilter, RunId, RunRecord, RunStatus};

use super::{at, begun, new_run, stores};

/// Everything of a run, to compare it as a whole.
fn shown(run: &RunRecord) -> String {
    format!("{run:?}")
}

#[test]
fn a_run_comes_back_as_it_was_saved() {
    for subject in stores() {
        let mut session = subject.session();
        let new = NewRun {
            label: Some("spring \"drive\"\n2025 – Zoë".into()),
            dry_run: true,
            mapping_version: 7,
            request_json: r#"{"file":"C:\\data\\a.csv","q":"?"}"#.into(),
            ..new_run("csv")
        };
        let mut run = session.create_run(&new, at(8)).unwrap();
        assert_eq!((run.status, run.phase), (RunStatus::Running, Phase::Extract));
        assert_eq!((run.started_at, run.updated_at, run.finished_at), (at(8), at(8), None));
        assert_eq!(format!("{:?}", run.new), format!("{new:?}"), "{}", subject.name());

        run.status = RunStatus::PartiallyFailed;
        run.phase = Phase::Done;
        run.updated_at = at(9);
        run.finished_at = Some(at(10));
        run.cursor = Some("offset:\t17\\".into());
        run.rows_read = i64::from(u32::MAX);
        run.loaded_through = RowId(i64::MAX);
        run.counts_json = r#"{"read":1}"#.into();
        run.metrics_json = r#"{"note":"it's"}"#.into();
        run.anomaly_flags = "[1]".into();
        run.error_summary = Some("line one\nline two".into());
        run.freshness = Some(at(1));
        run.hashes = Some("00ff".into());
        session.save_run(&run).unwrap();
        let stored = subject.session().run(run.id).unwrap().unwrap();
        assert_eq!(shown(&stored), shown(&run), "{}", subject.name());

        // And back to nothing.
        (run.cursor, run.finished_at, run.error_summary, run.freshness, run.hashes) =
            (None, None, None, None, None);
        session.save_run(&run).unwrap();
        assert_eq!(shown(&session.run(run.id).unwrap().unwrap()), shown(&run), "{}", subject.name());
        assert!(session.run(RunId(run.id.0 + 1)).unwrap().is_none());
    }
}

#[test]
fn every_status_and_phase_can_be_stored() {
    use RunStatus as S;
    for subject in stores() {
        let mut session = subject.session();
        let mut run = begun(session.as_mut(), "csv");
        for status in
            [S::Pending, S::Running, S::Succeeded, S::PartiallyFailed, S::Failed, S::Cancelled, S::Held]
        {
            for phase in [Phase::Extract, Phase::Gate, Phase::Load, Phase::Reconcile, Phase::Done] {
                (run.status, run.phase) = (status, phase);
                session.save_run(&run).unwrap();
                let stored = session.run(run.id).unwrap().unwrap();
                assert_eq!((stored.status, stored.phase), (status, phase), "{}", subject.name());
            }
        }
    }
}

#[test]
fn runs_are_listed_newest_first_and_filtered() {
    for subject in stores() {
        let mut session = subject.session();
        for source in ["csv", "sheets", "csv"] {
            begun(session.as_mut(), source);
        }
        let mut first = session.run(RunId(1)).unwrap().unwrap();
        first.status = RunStatus::Failed;
        session.save_run(&first).unwrap();
        let mut ids = |filter: RunFilter| -> Vec<RunId> {
            session.runs(&filter).unwrap().iter().map(|run| run.id).collect()
        };
        let csv = Some("csv".to_owned());
        assert_eq!(ids(RunFilter::default()), [3, 2, 1], "{}", subject.name());
        assert_eq!(ids(RunFilter { limit: 2, ..RunFilter::default() }), [3, 2]);
        assert_eq!(ids(RunFilter { source: csv.clone(), ..RunFilter::default() }), [3, 1]);
        assert_eq!(ids(RunFilter { before: Some(RunId(3)), limit: 1, ..RunFilter::default() }), [2]);
        assert_eq!(
            ids(RunFilter { external_system: csv.clone(), before: Some(RunId(3)), ..RunFilter::default() }),
            [1]
        );
        assert_eq!(ids(RunFilter { entity: Some("event".into()), ..RunFilter::default() }), [0_i64; 0]);
        assert_eq!(
            ids(RunFilter { source: csv, status: Some(RunStatus::Failed), limit: 5, ..RunFilter::default() }),
            [1]
        );
        // A source's name is a text, never a pattern.
        assert_eq!(ids(RunFilter { source: Some("%".into()), ..RunFilter::default() }), [0_i64; 0]);
    }
}

#[test]
fn a_watermark_never_goes_back() {
    for subject in stores() {
        let mut session = subject.session();
        let mut run = begun(session.as_mut(), "csv");
        let mut advanced = |freshness| {
            run.freshness = freshness;
            session.advance_watermark(&run, run.freshness, at(20)).unwrap();
            session.watermark("volunteer", "csv", "csv").unwrap()
        };
        assert_eq!(advanced(None), None, "{}", subject.name());
        assert_eq!(advanced(Some(at(5))), Some(at(5)), "{}", subject.name());
        assert_eq!(advanced(Some(at(4))), Some(at(5)), "earlier");
        assert_eq!(advanced(None), Some(at(5)), "unknown");
        assert_eq!(advanced(Some(at(6))), Some(at(6)), "later");
        assert_eq!(session.watermark("volunteer", "sheets", "csv").unwrap(), None, "each source has its own");
        assert_eq!(session.watermark("event", "csv", "csv").unwrap(), None, "each entity has its own");
        assert_eq!(session.watermark("volunteer", "csv", "north").unwrap(), None, "each system has its own");
    }
}

#[test]
fn a_system_is_claimed_by_one_run_at_a_time() {
    for subject in stores() {
        let held = subject.store.lock_system("volunteer", "north").unwrap();
        let refused = subject.store.lock_system("volunteer", "north").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Busy, "{}", subject.name());
        assert!(refused.to_string().contains("system: north"), "{refused}");
        // Names that look alike are names of others.
        let others =
            ["south", "North", "north ", "north-1", "north_1", "north.1", "nörth", "", "north/../north"];
        let _others = others.map(|system| subject.store.lock_system("volunteer", system).unwrap());
        let _other_entity = subject.store.lock_system("event", "north").unwrap();
        drop(held);
        subject.store.lock_system("volunteer", "north").unwrap();
    }
}

#[cfg(feature = "postgres")]
#[test]
fn schemas_of_one_database_have_nothing_to_do_with_each_other() {
    use importer_core::contracts::VOLUNTEER;
    use importer_core::ports::Store;
    use importer_store::SqlStore;
    for subject in stores().into_iter().filter(|subject| subject.name() == "postgres") {
        let store = |schema: &str| {
            subject.database.make_schema(schema);
            let url = format!("{}?options=-csearch_path%3D{schema}", subject.database.url);
            let store = SqlStore::open(&url).unwrap();
            store.migrate().unwrap();
            store
        };
        let (one, same, other) = (store("one"), store("one"), store("other"));
        let _held = one.lock_system("volunteer", "north").unwrap();
        assert_eq!(same.lock_system("volunteer", "north").unwrap_err().kind(), ErrorKind::Busy);
        other.lock_system("volunteer", "north").unwrap();
        // Whoever has another search path and the same tables is no other.
        let url = format!("{}?options=-csearch_path%3Dnowhere,one", subject.database.url);
        let roundabout = SqlStore::open(&url).unwrap();
        assert_eq!(roundabout.lock_system("volunteer", "north").unwrap_err().kind(), ErrorKind::Busy);
        let (mut here, mut there) = (one.session().unwrap(), other.session().unwrap());
        here.begin().unwrap();
        here.lock_core(&VOLUNTEER).unwrap();
        there.begin().unwrap();
        there.lock_core(&VOLUNTEER).unwrap();
        here.rollback().unwrap();
        there.rollback().unwrap();
    }
}

#[test]
fn a_description_holds_no_password() {
    for subject in stores() {
        let text = subject.store.describe();
        assert!(text.starts_with(subject.name()), "{text}");
        assert!(!text.contains('@') && !text.contains("password"), "{text}");
    }
}
