//! What people decide about suggestions is remembered.

use importer::service::{Actor, ReviewDecision};
use importer::{ErrorKind, Importer, RecordId, RunRequest, SuggestionId};
use importer_core::ports::{SuggestionDecision, SuggestionRow};

use super::{scan, support};

fn decide(importer: &Importer, id: i64, decision: SuggestionDecision) -> SuggestionRow {
    let verdict = match decision {
        SuggestionDecision::Rejected => ReviewDecision::Reject,
        SuggestionDecision::Deferred => ReviewDecision::Defer { days: 30 },
        _ => ReviewDecision::Reopen,
    };
    importer.desk(Actor::admin("tester")).review(SuggestionId(id), &verdict, "met both").unwrap().suggestion
}

fn pair(importer: &Importer, left: i64, right: i64) -> Option<SuggestionRow> {
    let all = importer.suggestions(&Default::default()).unwrap();
    all.into_iter().find(|row| (row.left, row.right) == (RecordId(left), RecordId(right)))
}

#[test]
fn a_rejected_pair_is_not_suggested_again_under_other_ids() {
    for db in support::databases() {
        let importer = scan::imported(&db);
        scan::scan(&importer, false);
        let id = pair(&importer, 1, 81).unwrap().id;
        decide(&importer, id.0, SuggestionDecision::Rejected);
        // The copy is taken out of the core and comes again from another system, as a new record.
        for sql in [
            "DELETE FROM core_volunteer_contacts WHERE volunteer_id = 81",
            "DELETE FROM match_keys WHERE core_id = 81",
            "DELETE FROM external_id_map WHERE core_id = 81",
            "DELETE FROM core_volunteers WHERE id = 81",
        ] {
            db.execute(sql);
        }
        let folder = tempfile::tempdir().unwrap();
        let rows: Vec<String> = scan::people().lines().map(str::to_owned).collect();
        let copy = rows.iter().find(|row| row.starts_with("again0")).unwrap();
        let csv = format!("{}\n{copy}\n", rows[0]);
        let request =
            RunRequest::new("csv").file(support::file(folder.path(), "x.csv", csv)).external_system("other");
        assert_eq!(importer.run(&request).unwrap().counts.inserted, 1);
        let new = db.number("SELECT MAX(id) AS t FROM core_volunteers");
        let told = scan::scan(&importer, true).suggestions.unwrap();
        assert_eq!((told.rejected_before, pair(&importer, 1, new)), (1, None), "{}: {told:?}", db.backend);
        // Taken back, the pair is shown again.
        decide(&importer, id.0, SuggestionDecision::Open);
        assert_eq!(scan::scan(&importer, true).suggestions.unwrap().rejected_before, 0);
        assert!(pair(&importer, 1, new).is_some());
        let log = db.texts(
            "SELECT decision || ' ' || actor || ' ' || reason AS t FROM suggestion_decisions ORDER BY id",
        );
        assert_eq!(log, ["rejected tester met both", "open tester met both"]);
    }
}

#[test]
fn deferred_pairs_wait_outside_the_open_list() {
    for db in support::databases() {
        let importer = scan::imported(&db);
        scan::scan(&importer, false);
        let id = pair(&importer, 1, 81).unwrap().id;
        let row = decide(&importer, id.0, SuggestionDecision::Deferred);
        assert!(row.deferred_until.unwrap() > row.decided_at.unwrap());
        let waits =
            || importer.suggestions(&importer.pending_suggestions()).unwrap().iter().any(|row| row.id == id);
        assert!(!waits());
        db.execute("UPDATE dedupe_suggestions SET deferred_until = '2001-01-01T00:00:00Z' WHERE decision = 'deferred'");
        assert!(waits());
    }
}

#[test]
fn a_decision_needs_a_suggestion_and_a_reason() {
    let db = support::sqlite();
    let importer = scan::imported(&db);
    let wrong = |reason: &str| {
        importer
            .desk(Actor::admin("tester"))
            .review(SuggestionId(7), &ReviewDecision::accept(), reason)
            .unwrap_err()
    };
    assert_eq!(wrong(" ").kind(), ErrorKind::Config);
    assert!(wrong("why not").to_string().contains("there is no suggestion 7"));
}
