//! What only shows what would be leaves nothing behind, not even ids that are used up.

use importer::service::{
    Actor, BulkChange, BulkFix, MergeRequest, ObviousRequest, ReviewDecision, RollbackRequest,
};
use importer::{Importer, RunId, RunRequest};
use importer_core::ports::QuarantineFilter;

use super::support::{self, Database};
use super::{scan, twice};

const WHY: &str = "because";
const BAD: &str = "id,first name,last name,email,city\nz1,Zoe,Row,zoe@@example.org,Oslo\nz2,Zed,Row,,Oslo\n";

/// How far the ids of all tables are.
fn ids(db: &Database) -> Vec<String> {
    db.texts(if db.backend == "sqlite" {
        "SELECT name || ' ' || seq AS t FROM sqlite_sequence ORDER BY 1"
    } else {
        "SELECT sequencename || ' ' || COALESCE(CAST(last_value AS TEXT), '-') AS t FROM pg_sequences ORDER BY 1"
    })
}

/// People, merges of two kinds, one of them taken back, households, held rows, and a run that merged.
fn filled(db: &Database) -> (Importer, i64) {
    let importer = twice::imported(db, &[0, 1]);
    let folder = tempfile::tempdir().unwrap();
    let bad = support::file(folder.path(), "bad.csv", BAD);
    importer.run(&RunRequest::new("csv").file(&bad).external_system("zeta")).unwrap();
    scan::scan(&importer, true);
    let desk = importer.desk(Actor::admin("ann"));
    let run = desk.merge_obvious("volunteer", WHY).unwrap().run.unwrap();
    // Merges that came later of the same people are done again when those of the run are taken back.
    desk.merge(&MergeRequest::new("volunteer", [1, 5], WHY)).unwrap();
    (importer, run.0)
}

#[test]
fn what_only_shows_what_would_be_takes_no_ids() {
    for db in support::databases() {
        let (importer, merging) = filled(&db);
        let desk = importer.desk(Actor::admin("ann"));
        let before = ids(&db);
        let rolled_back = |run| {
            let told = desk.roll_back(&RollbackRequest { run, reason: WHY.into(), dry_run: true }).unwrap();
            assert!(told.rollback.is_none());
            assert_eq!(ids(&db), before, "rollback of run {run} on {}", db.backend);
            told
        };
        assert!(!rolled_back(RunId(1)).counts.is_empty());
        assert!(!rolled_back(RunId(merging)).merges.is_empty());
        desk.preview_merge(&MergeRequest::new("volunteer", [2, 3], WHY)).unwrap();
        desk.preview_obvious(&ObviousRequest::new("volunteer")).unwrap();
        for change in [BulkChange::Nothing, BulkChange::Exempt { rules: vec!["REQ-001".into()] }] {
            let filter = QuarantineFilter::default();
            let fix = BulkFix { filter, change, reason: WHY.into(), current_mapping: false };
            assert_eq!(desk.preview_bulk("volunteer", &fix, 10).unwrap().counts.matched, 2);
        }
        desk.review_matching(&Default::default(), &ReviewDecision::Reject, WHY, true).unwrap();
        importer
            .scan(&importer::service::ScanRequest {
                preview: true,
                ..importer::service::ScanRequest::new("volunteer")
            })
            .unwrap();
        assert_eq!(ids(&db), before, "{}", db.backend);
        // After all that, what was shown is what is done.
        let shown = rolled_back(RunId(merging));
        let done = desk
            .roll_back(&RollbackRequest { run: RunId(merging), reason: WHY.into(), dry_run: false })
            .unwrap();
        assert_eq!((shown.counts, shown.merges), (done.counts, done.merges), "{}", db.backend);
    }
}

#[test]
fn a_dry_run_takes_ids_for_what_it_keeps_alone() {
    for db in support::databases() {
        let importer = scan::imported(&db);
        let folder = tempfile::tempdir().unwrap();
        let rows = format!("{BAD}n1,New,Body,new@example.org,Oslo\nn2,Other,Body,other@example.org,Oslo\n");
        let file = support::file(folder.path(), "rows.csv", rows);
        let request = RunRequest::new("csv").file(&file).dry_run(true);
        let kept = |before: &[String]| -> Vec<String> {
            let names = before.iter().map(|line| line.split_once(' ').unwrap().0);
            let kept = names.zip(ids(&db)).zip(before).filter(|((_, now), before)| now != *before);
            kept.map(|((name, _), _)| name.trim_end_matches("_id_seq").to_owned()).collect()
        };
        // SQLite has no line for a table before its first row.
        importer.run(&request).unwrap();
        let before = ids(&db);
        importer.run(&request).unwrap();
        // The run and its findings can be looked at.
        assert_eq!(kept(&before), ["dq_violations", "import_runs"], "{}", db.backend);
    }
}
