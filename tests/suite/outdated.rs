//! Suggestions that a scan closes, because their score is too low by now, and when they are open again.

use importer::service::{
    Actor, Edit, FieldChoice, MergeRequest, ReviewDecision, RollbackRequest, ScanReport,
};
use importer::{Importer, MergeId, RecordId, RunId, RunRequest};
use importer_core::ports::{SuggestionDecision, SuggestionFilter, SuggestionRow};

use super::support::{self, Database};
use super::{cli, scan};

/// Two pairs that every scan finds at first.
const ADAS: (i64, i64) = (1, 81);
const BRUNOS: (i64, i64) = (12, 82);

struct World {
    db: Database,
    importer: Importer,
}

impl World {
    fn new(db: Database) -> Self {
        let importer = scan::imported(&db);
        let world = Self { db, importer };
        world.scan();
        for pair in [ADAS, BRUNOS] {
            assert_eq!(world.stands(pair), SuggestionDecision::Open);
        }
        world
    }

    fn scan(&self) -> ScanReport {
        scan::scan(&self.importer, true)
    }

    /// How many suggestions a scan closes and opens.
    fn closes_and_opens(&self) -> (u64, u64) {
        let told = self.scan().suggestions.unwrap();
        (told.outdated, told.reopened)
    }

    fn find(&self, (left, right): (i64, i64)) -> SuggestionRow {
        let all = self.importer.suggestions(&SuggestionFilter::default()).unwrap();
        all.into_iter().find(|row| (row.left, row.right) == (RecordId(left), RecordId(right))).unwrap()
    }

    fn stands(&self, pair: (i64, i64)) -> SuggestionDecision {
        self.find(pair).decision
    }

    fn edit(&self, id: i64, first: &str, born: &str) {
        let values = vec![("first_name".into(), first.into()), ("dob".into(), born.into())];
        let edit = Edit { values, reason: "they called".into() };
        self.importer.desk(Actor::admin("ann")).edit("volunteer", RecordId(id), &edit).unwrap();
    }

    fn part_the_adas(&self) {
        self.edit(81, "Wilhelmina", "2001-12-31");
    }

    fn imports(&self, row: &str) -> i64 {
        let folder = tempfile::tempdir().unwrap();
        let csv = format!("id,first name,last name,email,phone,dob,city,postal code,updated at\n{row}\n");
        let report = self
            .importer
            .run(&RunRequest::new("csv").file(support::file(folder.path(), "changed.csv", csv)))
            .unwrap();
        assert_eq!(report.counts.updated, 1, "{report:?}");
        report.run_id.0
    }

    fn roll_back(&self, run: i64) {
        let request = RollbackRequest { run: RunId(run), reason: "the wrong file".into(), dry_run: false };
        let told = self.importer.desk(Actor::admin("ann")).roll_back(&request).unwrap();
        assert_eq!(told.left, 0, "{told:?}");
    }

    /// Merges two; who they are is what is known of one of them, where it is named.
    fn merge(&self, survivor: i64, gone: i64, like: Option<i64>) -> i64 {
        let fields = ["first_name", "last_name", "dob"].map(str::to_owned);
        let choices = like.map(|id| fields.map(|field| (field, FieldChoice::Of(RecordId(id)))));
        let request = MergeRequest {
            survivor: Some(RecordId(survivor)),
            choices: choices.into_iter().flatten().collect(),
            ..MergeRequest::new("volunteer", [survivor, gone], "the same")
        };
        (self.importer.desk(Actor::admin("ann")).merge(&request).unwrap().merge).0
    }

    fn undo(&self, merge: i64) {
        self.importer.desk(Actor::admin("ann")).undo_merge(MergeId(merge), "two people").unwrap();
    }

    /// A pair that an import has suggested.
    fn suggest(&self, (left, right): (i64, i64), kind: &str, score: Option<f64>) {
        let score = score.map_or("NULL".into(), |score| score.to_string());
        self.db.execute(&format!(
            "INSERT INTO dedupe_suggestions (run_id, entity_type, staging_id, left_id, right_id, original_left_id, \
             original_right_id, kind, score, features_json, decision, own_decision, created_at) VALUES \
             (1, 'volunteer', 0, {left}, {right}, {left}, {right}, '{kind}', {score}, '{{}}', 'open', 'open', \
             '2025-06-01T00:00:00Z')"
        ));
    }
}

#[test]
fn what_is_too_unlikely_is_closed_and_open_again_when_it_is_not() {
    for db in support::databases() {
        let world = World::new(db);
        let backend = world.db.backend;
        let waiting = || world.importer.suggestions(&world.importer.pending_suggestions()).unwrap().len();
        let before = waiting();
        world.part_the_adas();
        assert_eq!(world.closes_and_opens(), (1, 0), "{backend}");
        let closed = world.find(ADAS);
        assert_eq!((closed.decision, closed.decided_by.as_deref()), (SuggestionDecision::Outdated, None));
        assert!(closed.score.unwrap() < 0.8 && waiting() == before - 1, "{backend}: {closed:?}");
        let filter = |decision| SuggestionFilter { decision: Some(decision), ..SuggestionFilter::default() };
        let found = |decision| world.importer.suggestions(&filter(decision)).unwrap().len();
        assert_eq!((found(SuggestionDecision::Outdated), found(SuggestionDecision::Superseded)), (1, 0));
        // Nobody has decided about it, and nothing new is found.
        let told = world.scan().suggestions.unwrap();
        assert_eq!((told.outdated, told.reopened, told.decided, told.added), (0, 0, 0, 0), "{told:?}");

        world.edit(81, "Ada", "1950-01-02");
        assert_eq!(world.closes_and_opens(), (0, 1), "{backend}");
        let open = world.find(ADAS);
        assert!(
            open.decision == SuggestionDecision::Open && open.score.unwrap() >= 0.8,
            "{backend}: {open:?}"
        );
        assert_eq!((open.id, waiting()), (closed.id, before), "{backend}");
    }
}

#[test]
fn what_somebody_decided_stays_and_so_does_what_is_not_shown_for_its_score() {
    for db in support::databases() {
        let world = World::new(db);
        let desk = world.importer.desk(Actor::admin("ann"));
        desk.review(world.find(ADAS).id, &ReviewDecision::Reject, "met both").unwrap();
        desk.review(world.find(BRUNOS).id, &ReviewDecision::Defer { days: 3 }, "asking them").unwrap();
        // Of one name in another town, say, or with a number in common; one of them was probable once.
        let (unlikely, unscored, probable, home) = ((2, 13), (3, 14), (4, 15), (5, 16));
        world.suggest(unlikely, "possible_duplicate", Some(0.3));
        world.suggest(unscored, "ambiguous", None);
        world.suggest(probable, "possible_duplicate", Some(0.85));
        world.suggest(home, "household", Some(0.9));
        world.part_the_adas();
        world.edit(82, "Xenia", "2002-02-02");
        assert_eq!(world.closes_and_opens(), (1, 0), "{}", world.db.backend);
        for (pair, stands) in [
            (ADAS, SuggestionDecision::Rejected),
            (BRUNOS, SuggestionDecision::Deferred),
            (unlikely, SuggestionDecision::Open),
            (unscored, SuggestionDecision::Open),
            (probable, SuggestionDecision::Outdated),
            (home, SuggestionDecision::Open),
        ] {
            assert_eq!(world.stands(pair), stands, "{pair:?} on {}", world.db.backend);
        }
        // A closed one can be decided about, and is open when somebody says so.
        let id = world.find(probable).id;
        desk.review(id, &ReviewDecision::Reject, "met both").unwrap();
        assert_eq!(world.stands(probable), SuggestionDecision::Rejected);
        desk.review(id, &ReviewDecision::Reopen, "not sure").unwrap();
        assert_eq!(world.stands(probable), SuggestionDecision::Open);
    }
}

#[test]
fn taking_a_merge_back_leaves_closed_what_was_and_opens_what_the_merge_had_closed() {
    for db in support::databases() {
        let world = World::new(db);
        let backend = world.db.backend;
        // Closed before the merge it stays, whatever happens meanwhile.
        world.part_the_adas();
        world.scan();
        let merge = world.merge(82, 81, None);
        world.scan();
        world.undo(merge);
        assert_eq!(world.stands(ADAS), SuggestionDecision::Outdated, "{backend}");

        world.edit(81, "Ada", "1950-01-02");
        world.scan();
        assert_eq!(world.stands(ADAS), SuggestionDecision::Open, "{backend}");
        // Of those who go, and of whoever stays.
        for (survivor, gone, pair) in [(60, 81, ADAS), (82, 60, BRUNOS)] {
            let merge = world.merge(survivor, gone, Some(60));
            let now = if survivor == 82 { BRUNOS } else { (1, 60) };
            world.scan();
            assert_eq!(world.stands(now), SuggestionDecision::Outdated, "{pair:?} on {backend}");
            world.undo(merge);
            assert_eq!(world.stands(pair), SuggestionDecision::Open, "{pair:?} on {backend}");
            assert_eq!(world.closes_and_opens().0, 0, "{pair:?} on {backend}");
            assert_eq!(world.stands(pair), SuggestionDecision::Open, "{pair:?} on {backend}");
        }
    }
}

#[test]
fn taking_a_run_back_leaves_closed_what_was_and_opens_what_the_run_had_closed() {
    for db in support::databases() {
        let world = World::new(db);
        let backend = world.db.backend;
        let run = world
            .imports("again0,Ada,Lovelace,ada.l@example.net,,2001-12-31,Town0,64100,2026-01-01T00:00:00Z");
        assert_eq!(world.closes_and_opens(), (1, 0), "{backend}");
        world.roll_back(run);
        assert_eq!(world.stands(ADAS), SuggestionDecision::Open, "{backend}");
        assert_eq!(world.closes_and_opens(), (0, 0), "{backend}");

        world.part_the_adas();
        let closed_by = world.scan().run_id.unwrap();
        let run = world
            .imports("again0,Ada,Lovelace,ada.l@example.net,,2001-12-31,Town9,64100,2026-01-02T00:00:00Z");
        world.roll_back(run);
        assert_eq!(world.stands(ADAS), SuggestionDecision::Outdated, "{backend}");
        // And the scan itself.
        world.roll_back(closed_by.0);
        assert_eq!(world.stands(ADAS), SuggestionDecision::Open, "{backend}");
        assert_eq!(world.closes_and_opens(), (1, 0), "{backend}");
    }
}

#[test]
fn what_waits_is_never_hidden_behind_what_is_closed() {
    for db in support::databases() {
        let world = World::new(db);
        world.part_the_adas();
        world.scan();
        // Of another pair that waits, 60 turns out to be 81: somebody is to look at 1 and 81 again.
        world.suggest((1, 60), "possible_duplicate", Some(0.9));
        let merge = world.merge(81, 60, None);
        assert_eq!(world.stands(ADAS), SuggestionDecision::Open, "{}", world.db.backend);
        world.undo(merge);
        assert_eq!(world.stands(ADAS), SuggestionDecision::Outdated, "{}", world.db.backend);
        assert_eq!(world.stands((1, 60)), SuggestionDecision::Open, "{}", world.db.backend);
    }
}

#[test]
fn the_command_line_counts_and_lists_them() {
    for db in support::databases() {
        let world = World::new(db);
        world.part_the_adas();
        let desk = cli::Desk::on(world.db);
        let said = desk.call(["scan", "--all"]);
        let line = "1 other is closed, because the score is too low by now; 0 open again";
        assert!(said.succeeds().out.contains(line), "{said:?}");
        let listed = desk.call(["suggestions", "--decision", "outdated", "--json"]).json();
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
        assert_eq!((&listed[0]["decision"], &listed[0]["left"]), (&"outdated".into(), &1.into()));
    }
}
