//! Deciding about many suggestions at once.

use importer::service::{Actor, ReviewDecision, Role};
use importer::{ErrorKind, Importer, RunRequest};
use importer_core::ports::{SuggestionDecision, SuggestionFilter, SuggestionKind};

use crate::support::{self, Database};

/// Sixty people of whom every two may be one person, with scores from 0.5 on, and some pairs that rather live together.
fn crowd(db: &Database) -> Importer {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..60).map(|n| format!("{n},Given{n},Family{n},p{n}@example.org\n")).collect();
    let file = support::file(folder.path(), "crowd.csv", format!("id,first name,last name,email\n{rows}"));
    let importer = db.importer();
    importer.run(&RunRequest::new("csv").file(file)).unwrap();
    let pairs: Vec<String> = (1..=60)
        .flat_map(|left| (left + 1..=60).map(move |right| (left, right)))
        .enumerate()
        .map(|(n, (left, right))| {
            let kind = if n % 10 == 0 { "household" } else { "possible_duplicate" };
            let score = 0.502 + 0.4 * (n % 100) as f64 / 100.0;
            // All of it is seen by everybody.
            let bits = (score / (1.0 - score)).log2();
            let features = format!("{{\"prior_bits\": {bits}, \"terms\": []}}");
            format!(
                "(1, 'volunteer', 0, {left}, {right}, {left}, {right}, '{kind}', {score}, '{features}', 'open', 'open', \
                 '2025-06-01T00:00:00Z')"
            )
        })
        .collect();
    db.execute(&format!(
        "INSERT INTO dedupe_suggestions (run_id, entity_type, staging_id, left_id, right_id, original_left_id, \
         original_right_id, kind, score, features_json, decision, own_decision, created_at) VALUES {}",
        pairs.join(", ")
    ));
    importer
}

#[test]
fn everything_that_a_filter_finds_is_decided_page_by_page() {
    for db in support::databases() {
        let importer = crowd(&db);
        let desk = importer.desk(Actor::new("sue", Role::Steward));
        let unlikely = SuggestionFilter {
            kind: Some(SuggestionKind::PossibleDuplicate),
            score_from: Some(0.5),
            score_below: Some(0.7),
            ..importer.pending_suggestions()
        };
        let found = importer.suggestions(&unlikely).unwrap().len() as u64;
        let told = desk.review_matching(&unlikely, &ReviewDecision::Reject, "", true).unwrap();
        assert_eq!((told.found, told.decided), (found, 0));
        assert!(found > 700, "{found}: more than one page");
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM suggestion_decisions"), 0);

        let some = SuggestionFilter { limit: 510, ..unlikely.clone() };
        let done = desk.review_matching(&some, &ReviewDecision::Reject, "another town", false).unwrap();
        assert_eq!((done.found, done.decided, done.refused), (510, 510, 0), "{}", db.backend);
        let rest = desk.review_matching(&unlikely, &ReviewDecision::Reject, "another town", false).unwrap();
        assert_eq!(rest.found, found - 510);
        let rejected =
            SuggestionFilter { decision: Some(SuggestionDecision::Rejected), ..SuggestionFilter::default() };
        assert_eq!(importer.suggestions(&rejected).unwrap().len() as u64, found);
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM not_duplicates"), 2 * found as i64);
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM suggestion_decisions"), found as i64);
        let lines = db.texts("SELECT subject AS t FROM audit_log WHERE action = 'review' ORDER BY id");
        assert_eq!(lines.len(), 3, "a line for each page: {lines:?}");

        // Those who live together, all at once; with whom they are linked, they are one household.
        let together =
            SuggestionFilter { kind: Some(SuggestionKind::Household), ..importer.pending_suggestions() };
        let linked =
            desk.review_matching(&together, &ReviewDecision::accept(), "they said so", false).unwrap();
        assert_eq!((linked.found, linked.decided, linked.merged), (177, 177, 0), "{}", db.backend);
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM household_links"), 177);
    }
}

#[test]
fn merging_what_a_filter_finds_is_for_an_admin_and_leaves_what_is_settled() {
    for db in support::databases() {
        let importer = crowd(&db);
        let likely = SuggestionFilter {
            kind: Some(SuggestionKind::PossibleDuplicate),
            score_from: Some(0.89),
            ..importer.pending_suggestions()
        };
        let steward = importer.desk(Actor::new("sue", Role::Steward));
        let refused = steward.review_matching(&likely, &ReviewDecision::accept(), "sure", true).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Forbidden);

        let desk = importer.desk(Actor::admin("ann"));
        let done = desk.review_matching(&likely, &ReviewDecision::accept(), "sure", false).unwrap();
        assert_eq!(done.decided + done.refused, done.found, "{done:?}");
        assert!(done.merged > 5 && done.merged == done.decided, "{done:?}");
        let left = db.number("SELECT COUNT(*) AS t FROM core_volunteers");
        assert_eq!(left as u64, 60 - done.merged, "{}", db.backend);
        let why = desk.review_matching(&likely, &ReviewDecision::accept(), "sure", false).unwrap();
        assert_eq!(why.decided, 0, "{why:?}");
    }
}
