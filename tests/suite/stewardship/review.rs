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
        // Their names are made up, and contradict.
        let sure = support::accept_although_contradicted();
        let done = desk.review_matching(&likely, &sure, "sure", false).unwrap();
        assert_eq!(done.decided + done.refused, done.found, "{done:?}");
        assert!(done.merged > 5 && done.merged == done.decided, "{done:?}");
        let left = db.number("SELECT COUNT(*) AS t FROM core_volunteers");
        assert_eq!(left as u64, 60 - done.merged, "{}", db.backend);
        let why = desk.review_matching(&likely, &sure, "sure", false).unwrap();
        assert_eq!(why.decided, 0, "{why:?}");
    }
}

/// Two pairs with one address and one name each; the dates of birth of the second contradict.
fn father_and_son(db: &Database) -> Importer {
    let folder = tempfile::tempdir().unwrap();
    let rows = "id,first name,last name,email,dob\n1,Ann,Lee,ann@example.org,1971-03-04\n\
                2,Ann,Leee,ann@example.org,1971-03-04\n3,Otto,Behr,otto@example.org,1950-01-02\n\
                4,Otto,Behr,otto@example.org,1979-08-09\n";
    let importer = db.importer();
    let request = RunRequest::new("csv").file(support::file(folder.path(), "people.csv", rows));
    importer.run(&request.auto_merge(importer::AutoMerge::Off)).unwrap();
    // Whatever they were suggested as, and however likely.
    db.execute("UPDATE dedupe_suggestions SET kind = 'possible_duplicate', score = 0.99");
    importer
}

#[test]
fn who_accepts_a_pair_that_contradicts_is_warned_and_of_many_it_is_refused() {
    for db in support::databases() {
        let importer = father_and_son(&db);
        let desk = importer.desk(Actor::admin("ann"));
        let all = desk.suggestions(&importer.pending_suggestions()).unwrap();
        let id = |left| all.iter().find(|row| row.left == left).unwrap().id;
        let (one, other) = (id(1), id(3));
        let request = importer::service::MergeRequest::new("volunteer", [3, 4], "one man");
        let preview = desk.preview_merge(&request).unwrap();
        assert_eq!(preview.contradictions[0].codes, ["birth_date_conflict"], "{}", db.backend);
        // What contradicts tells of a field that a steward does not see.
        let steward = importer.desk(Actor::new("sue", Role::Steward));
        assert!(steward.preview_merge(&request).unwrap().contradictions.is_empty());

        let pending = importer.pending_suggestions();
        let counted = desk.review_matching(&pending, &ReviewDecision::accept(), "", true).unwrap();
        assert_eq!((counted.found, counted.contradicted), (2, 1));
        let told = desk.review_all(&[one, other], &ReviewDecision::accept(), "all of them");
        let reviewed = told[0].1.as_ref().unwrap();
        assert!(reviewed.merge.is_some() && reviewed.contradictions.is_empty());
        let refused = told[1].1.as_ref().unwrap_err();
        assert_eq!(refused.code(), "pair_contradicts", "{refused}");
        assert!(!refused.to_string().contains("1950"), "{refused}");
        let told = desk.review_matching(&pending, &ReviewDecision::accept(), "all of them", false).unwrap();
        assert_eq!((told.refused, told.contradicted, told.merged), (1, 1, 0));

        // Who looks at it alone is warned, and whoever merges by ids.
        let reviewed = desk.review(other, &ReviewDecision::accept(), "he told us").unwrap();
        assert_eq!(reviewed.contradictions[0].codes, ["birth_date_conflict"]);
        desk.undo_merge(reviewed.merge.unwrap().merge, "two men").unwrap();
        let merged =
            desk.merge(&importer::service::MergeRequest { although_rejected: true, ..request }).unwrap();
        assert_eq!((merged.contradictions[0].one.0, merged.contradictions[0].other.0), (3, 4));
        desk.undo_merge(merged.merge, "two men").unwrap();
        desk.review(other, &ReviewDecision::Reopen, "once more").unwrap();
        let (survivor, choices) = (None, Vec::new());
        let sure = ReviewDecision::Accept {
            survivor,
            choices,
            although_rejected: true,
            although_contradicted: true,
        };
        let told = desk.review_matching(&pending, &sure, "all of them", false).unwrap();
        assert_eq!((told.refused, told.contradicted, told.merged), (0, 1, 1), "{told:?}");
    }
}
