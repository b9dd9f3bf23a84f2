//! Who was told apart is merged only when somebody asks for it all the same.

use importer::service::{
    Actor, Desk, MergeRequest, ObviousRequest, RedoRequest, ReviewDecision, RollbackRequest,
};
use importer::{Error, ErrorKind, Importer, MergeId, RecordId, RunRequest, SuggestionId};
use importer_core::ports::{AuditFilter, SuggestionFilter};

use super::merging::history::{Event, World, snapshot};
use super::{cli, support, twice};

/// Pairs that may be one person in every [`World`]: of 1 and 5, and of 2 and 3.
const ONE_AND_FIVE: i64 = 4;
const TWO_AND_THREE: i64 = 5;

fn merge(people: &[i64]) -> MergeRequest {
    MergeRequest::new("volunteer", people.iter().copied(), "the same person")
}

fn although(people: &[i64]) -> MergeRequest {
    MergeRequest { although_rejected: true, ..merge(people) }
}

fn desk(importer: &Importer) -> Desk<'_> {
    importer.desk(Actor::admin("ann"))
}

/// An error that says who told whom apart, when and about what, and what to do; but not why, in words that may be about values.
fn asks(error: &Error, one: i64, other: i64, suggestion: i64) {
    let told = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Config, "{told}");
    for part in [
        format!(
            "rita decided on 2025-06-01T01:30:00Z that volunteer {one} and volunteer {other} are different people"
        ),
        format!("suggestion: {suggestion}"),
        "`although_rejected`".into(),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    assert!(!told.contains("met both"), "{told}");
}

fn reject(importer: &Importer, pair: i64) {
    importer
        .desk(Actor::admin("rita"))
        .review(SuggestionId(pair), &ReviewDecision::Reject, "met both")
        .unwrap();
}

#[test]
fn every_way_to_a_merge_asks_first() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let desk = desk(&importer);
        let parted = desk.merge(&merge(&[2, 3])).unwrap().merge;
        desk.undo_merge(parted, "two people").unwrap();
        reject(&importer, TWO_AND_THREE);
        let before = snapshot(&world.db);

        let accept = ReviewDecision::accept();
        let all = || desk.review_all(&[SuggestionId(TWO_AND_THREE)], &accept, "sure").remove(0).1;
        for error in [
            desk.merge(&merge(&[3, 2])).unwrap_err(),
            desk.merge(&merge(&[1, 2, 3])).unwrap_err(),
            desk.review(SuggestionId(TWO_AND_THREE), &accept, "sure").unwrap_err(),
            all().unwrap_err(),
            desk.redo(&RedoRequest::new(parted, "no twins after all")).unwrap_err(),
        ] {
            asks(&error, 2, 3, TWO_AND_THREE);
        }
        let found =
            SuggestionFilter { after: SuggestionId(TWO_AND_THREE - 1), limit: 1, ..Default::default() };
        let many = desk.review_matching(&found, &accept, "sure", false).unwrap();
        assert_eq!((many.found, many.refused, many.merged), (1, 1, 0), "{many:?}");
        assert!(many.first_refusal.unwrap().contains("rita decided on"), "{}", world.db.backend);
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);

        let preview = desk.preview_merge(&merge(&[2, 3])).unwrap().rejected;
        let told = &preview[0];
        assert_eq!(
            (told.one.0, told.other.0, told.suggestion.0, told.by.as_str()),
            (2, 3, TWO_AND_THREE, "rita")
        );
        assert_eq!((preview.len(), told.reason.as_str()), (1, "met both"));
        assert!(desk.preview_merge(&merge(&[1, 2])).unwrap().rejected.is_empty());

        // All the same, in each of these ways; taken back, they are told apart again.
        let (survivor, choices) = (None, Vec::new());
        let sure = ReviewDecision::Accept {
            survivor,
            choices,
            although_rejected: true,
            although_contradicted: false,
        };
        let by_ids = || desk.merge(&although(&[2, 3])).unwrap().merge.0;
        let by_pair =
            || desk.review(SuggestionId(TWO_AND_THREE), &sure, "sure").unwrap().merge.unwrap().merge.0;
        let by_many = || {
            assert_eq!(desk.review_matching(&found, &sure, "sure", false).unwrap().merged, 1);
            world.db.number("SELECT MAX(id) AS t FROM merge_log")
        };
        let again = || {
            let request = RedoRequest { although_rejected: true, ..RedoRequest::new(parted, "sure") };
            desk.redo(&request).unwrap().0
        };
        let ways: [&dyn Fn() -> i64; 4] = [&by_ids, &by_pair, &by_many, &again];
        for way in ways {
            let merge = way();
            let line = desk.audit_log(&AuditFilter::default()).unwrap().pop().unwrap().entry;
            assert_eq!(line.details["although_rejected"], serde_json::json!([TWO_AND_THREE]), "{line:?}");
            desk.undo_merge(MergeId(merge), "twins").unwrap();
            assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
            asks(&desk.merge(&self::merge(&[2, 3])).unwrap_err(), 2, 3, TWO_AND_THREE);
        }
        // Who takes the rejection back need not ask any more.
        importer
            .desk(Actor::admin("rita"))
            .review(SuggestionId(TWO_AND_THREE), &ReviewDecision::Reopen, "one person")
            .unwrap();
        desk.merge(&merge(&[2, 3])).unwrap();
    }
}

#[test]
fn whoever_went_into_somebody_is_still_told_apart() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let desk = desk(&importer);
        // 1 is not 5, who goes into 6, who goes into 2; and 3 goes into 1.
        reject(&importer, ONE_AND_FIVE);
        for people in [[6, 5], [2, 6], [1, 3]] {
            let survivor = Some(RecordId(people[0]));
            desk.merge(&MergeRequest { survivor, ..merge(&people) }).unwrap();
        }
        asks(&desk.merge(&merge(&[1, 2])).unwrap_err(), 1, 2, ONE_AND_FIVE);
        asks(&desk.merge(&merge(&[4, 2, 1])).unwrap_err(), 1, 2, ONE_AND_FIVE);
        let preview = desk.preview_merge(&merge(&[1, 2])).unwrap();
        assert_eq!(preview.rejected[0].suggestion, SuggestionId(ONE_AND_FIVE), "{}", world.db.backend);
        desk.merge(&although(&[1, 2])).unwrap();
        // Once they are one, nothing speaks against anybody else.
        desk.merge(&merge(&[4, 1])).unwrap();
    }
}

#[test]
fn whoever_comes_again_under_another_id_is_still_told_apart() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let desk = desk(&importer);
        let folder = tempfile::tempdir().unwrap();
        let brings = || {
            let csv = "id,first name,last name,email\nn1,Anna,Lee,n1@example.org\n";
            let file = support::file(folder.path(), "n.csv", csv);
            let run = importer.run(&RunRequest::new("csv").file(file).external_system("delta")).unwrap();
            (run.run_id, world.owner_of("n1"))
        };
        let (run, first) = brings();
        let pair = world.suggest(1, first, "possible_duplicate");
        reject(&importer, pair);
        let back = RollbackRequest { run, reason: "the wrong file".into(), dry_run: false };
        assert!(desk.roll_back(&back).unwrap().nothing_left);
        let (_, again) = brings();
        assert_ne!(again, first);
        asks(&desk.merge(&merge(&[1, again])).unwrap_err(), 1, again, pair);
        assert_eq!(desk.preview_merge(&merge(&[1, again])).unwrap().rejected.len(), 1);
        desk.merge(&merge(&[2, again])).unwrap();
    }
}

#[test]
fn what_was_told_apart_by_taking_a_match_back_is_one_again_when_that_is_taken_back() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let desk = desk(&importer);
        world.happen(2, &Event::Elsewhere { person: 1, variant: 2 });
        let undone = desk.undo_match("volunteer", "gamma", "g1", "her mother").unwrap();
        let (stays, apart) = (undone.survivor, undone.restored[0]);
        let asked = desk.merge(&merge(&[stays.0, apart.0])).unwrap_err();
        assert!(asked.to_string().contains("ann decided on"), "{asked}");
        desk.redo_merge(undone.merge, "she herself").unwrap();
        assert_eq!(world.owner_of("g1"), stays.0, "{}", world.db.backend);
    }
}

#[test]
fn not_living_together_is_no_reason() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        // A household of 1 and 4.
        reject(&importer, 1);
        assert!(desk(&importer).preview_merge(&merge(&[1, 4])).unwrap().rejected.is_empty());
        desk(&importer).merge(&merge(&[1, 4])).unwrap();
    }
}

#[test]
fn what_is_obvious_is_never_merged_against_somebodys_word() {
    for db in support::databases() {
        // 1 is there three times and 2 twice, beyond doubt for whoever has not heard that 41 is somebody else.
        let importer = twice::imported(&db, &[0, 0, 1]);
        let desk = desk(&importer);
        let pair = |left, right| {
            let all = desk.suggestions(&SuggestionFilter::default()).unwrap();
            all.into_iter().find(|row| (row.left, row.right) == (RecordId(left), RecordId(right))).unwrap().id
        };
        let apart = pair(1, 41);
        desk.review(apart, &ReviewDecision::Reject, "her daughter").unwrap();
        let preview = desk.preview_obvious(&ObviousRequest::new("volunteer")).unwrap();
        // The third one fits both, and these are two people: nobody knows whose it is.
        assert_eq!((preview.obvious, preview.rejected), (1, 2), "{preview:?}");
        let done = desk.merge_obvious("volunteer", "beyond doubt").unwrap();
        assert_eq!((done.merged, done.obvious, done.rejected, done.left), (1, 1, 2, 0), "{done:?}");
        assert_eq!(importer.count("volunteer").unwrap(), twice::PEOPLE + 2, "{}", db.backend);
        let now = |id| desk.who_is("volunteer", RecordId(id)).unwrap();
        assert_ne!(now(1), now(41));
        let lines = desk.audit_log(&AuditFilter::default()).unwrap();
        let about = format!("suggestion {apart}");
        assert!(!lines.iter().any(|line| line.entry.action == "merge" && line.entry.subject == about));
    }
}

#[test]
fn the_command_line_says_it_and_asks_for_it() {
    for db in support::databases() {
        let world = World::new(db);
        reject(&world.importer(), TWO_AND_THREE);
        let desk = cli::Desk::on(world.db);
        let why = ["--reason", "the same", "--actor", "ann"];
        let call = |command: &[&str]| desk.call(command.iter().copied().chain(why));
        let said = [
            "rita decided on 2025-06-01T01:30:00Z that volunteer 2 and volunteer 3 are different people",
            "--although-rejected",
        ];
        call(&["merge", "2", "3"]).fails(2, &said);
        call(&["review", "accept", "5"]).fails(2, &said);
        let preview = desk.call(["merge", "2", "3", "--preview"]);
        let line =
            "2 and 3 were rejected as duplicates by rita on 2025-06-01T01:30:00Z (suggestion 5): met both";
        assert!(preview.succeeds().out.contains(line), "{preview:?}");
        let shown = desk.call(["review", "show", "5"]);
        assert!(shown.succeeds().out.contains(line), "{shown:?}");
        let json = desk.call(["merge", "2", "3", "--preview", "--json"]).json();
        assert_eq!(
            (&json["rejected"][0]["by"], &json["rejected"][0]["at"]),
            (&"rita".into(), &"2025-06-01T01:30:00Z".into())
        );
        call(&["merge", "2", "3", "--although-rejected"]).succeeds();
        call(&["undo", "1"]).succeeds();
        call(&["undo", "1", "--again"]).fails(2, &said);
        call(&["undo", "1", "--again", "--although-rejected"]).succeeds();
        call(&["undo", "2"]).succeeds();
        call(&["review", "accept", "5", "--although-rejected"]).succeeds();
    }
}
