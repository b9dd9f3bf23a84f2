//! While a run is half taken back, nothing happens that would outlive it or spoil its rollback; once that is done, everything
//! works and is as if nobody had interrupted it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use importer::plugin::{Adapter, AdapterMeta, Extract, Host, OpenRequest, Plugin, PluginMeta, Source};
use importer::service::{
    Actor, BulkChange, BulkFix, Desk, Edit, FileFix, HomesRequest, MergeRequest, NewPerson, ObviousRequest,
    RedoRequest, RerunStep, ReviewDecision, RollbackRequest, RowFix, ScanRequest,
};
use importer::{
    Error, ErrorKind, GateMode, GatePolicy, Importer, MergeId, RecordId, RowId, RunId, RunRequest,
    SuggestionId,
};
use importer_core::ports::{AuditFilter, FixedClock, QuarantineFilter, parse_moment};
use importer_core::retention::RetentionPolicy;

use super::access::{everything, methods_of};
use super::faults::{self, without};
use super::merging::history::{World, snapshot};
use super::support::{self, Database};
use super::twice;

/// What a call is while a run is half taken back.
#[derive(Debug, Clone, Copy, PartialEq)]
enum While {
    /// It is refused, and works again as soon as the rollback is done.
    Refused,
    /// It is refused; by the time the rollback is done, there is nothing for it to do.
    RefusedForGood,
    /// It does what it would do afterwards.
    Harmless,
    /// It changes nothing, but for a line in the audit log.
    Reads,
}
use While::{Harmless, Reads, Refused, RefusedForGood};

/// A world in which a run is to be taken back that has changed some of the people, and what else there is to be done in it.
struct Scene {
    world: World,
    folder: tempfile::TempDir,
    /// The run that is taken back, of the system `alpha`.
    run: i64,
    /// Runs of other systems: one that the gate holds, and one whose process is gone.
    held: i64,
    gone: i64,
    /// Another one.
    gone_too: i64,
    /// One of the same system that the gate holds.
    held_too: i64,
    /// Rows in quarantine of another system, as many as there are.
    rows: Vec<i64>,
    /// Merges: of people whom the run did not touch, one that stands and one that was taken back; then of others.
    standing: i64,
    parted: i64,
    standing_touched: i64,
    parted_touched: i64,
    /// Whom the run made, and a pair of one of them.
    made: Vec<i64>,
    touched_pair: i64,
    file: PathBuf,
}

const HEADER: &str = "id,first name,last name,email,city,employer,updated at";
const LATE: &str = "2025-05-20T08:00:00Z";

impl Scene {
    fn new(db: Database) -> Self {
        let world = World::new(db);
        let folder = tempfile::tempdir().unwrap();
        let mut scene = Self {
            world,
            run: 0,
            held: 0,
            gone: 0,
            gone_too: 0,
            held_too: 0,
            rows: Vec::new(),
            standing: 0,
            parted: 0,
            standing_touched: 0,
            parted_touched: 0,
            made: Vec::new(),
            touched_pair: 0,
            file: folder.path().join("rows.csv"),
            folder,
        };
        scene.fill();
        scene
    }

    fn fill(&mut self) {
        let bad = |rows| -> String {
            (0..rows).map(|n| format!("z{n},Zoe{n},Row,zoe{n}@@example.org,Oslo,,\n")).collect()
        };
        let other = self.brings("zeta", &bad(9), GateMode::Warn);
        self.rows = (1..=9).map(|n| (other << 32) + n).collect();
        self.gone = self.brings("eta", "e1,Eve,Fox,eve@example.org,Oslo,,\n", GateMode::Warn);
        self.gone_too = self.brings("iota", "i1,Ivy,Gil,ivy@example.org,Oslo,,\n", GateMode::Warn);
        let gone = format!("id IN ({}, {})", self.gone, self.gone_too);
        self.db().execute(&format!("UPDATE import_runs SET status = 'running' WHERE {gone}"));
        self.held = self.brings("theta", &bad(40).replacen("@@", "@", 4), GateMode::Enforce);
        // A match with somebody whom the run does not touch.
        self.brings("kappa", "k3,Ann,Lee,p3@example.org,Lima,,\n", GateMode::Warn);
        let importer = self.world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let merge = |people: [i64; 2]| desk.merge(&MergeRequest::new("volunteer", people, "the same"));
        self.standing = merge([5, 6]).unwrap().merge.0;
        self.parted = merge([2, 3]).unwrap().merge.0;
        self.parted_touched = merge([1, 4]).unwrap().merge.0;
        for merge in [self.parted, self.parted_touched] {
            desk.undo_merge(MergeId(merge), "two people").unwrap();
        }
        let made: String =
            (0..5).map(|n| format!("x{n},Ann,Lee,x{n}@example.org,Oslo,Acme,{LATE}\n")).collect();
        let rows = format!("{made}p0,Ann,Lee,p0@example.org,Bergen,New,{LATE}\nbad,Ann,Lee,,Oslo,,\n");
        self.run = self.brings("alpha", &rows, GateMode::Warn);
        self.made = (0..5).map(|n| self.world.owner_of(&format!("x{n}"))).collect();
        // The gate holds a newer one of the same system, with another row in place of the one that is held back.
        let held: String = (0..40).map(|n| format!("b{n},Ann,Lee,,Lima,,\n")).collect();
        self.held_too = self.brings("alpha", &format!("bad,Ann,Lee,,Lima,,\n{held}"), GateMode::Enforce);
        self.standing_touched = merge([4, self.made[1]]).unwrap().merge.0;
        self.touched_pair = self.world.suggest(2, self.made[0], "household");
        let mut file = std::fs::File::create(&self.file).unwrap();
        let filter = QuarantineFilter { system: Some("zeta".into()), ..QuarantineFilter::default() };
        desk.export_quarantine("volunteer", &filter, "for the office", &mut file).unwrap();
        let text = std::fs::read_to_string(&self.file).unwrap().replacen("@@", "@", 1);
        std::fs::write(&self.file, text).unwrap();
    }

    fn db(&self) -> &Database {
        &self.world.db
    }

    /// The row of the run that is held back.
    fn own_row(&self) -> i64 {
        (self.run << 32) + 7
    }

    fn request(&self, system: &str, rows: &str) -> RunRequest {
        let file = support::file(self.folder.path(), &format!("{system}.csv"), format!("{HEADER}\n{rows}"));
        RunRequest::new("csv").file(file).external_system(system)
    }

    fn brings(&self, system: &str, rows: &str, mode: GateMode) -> i64 {
        let importer = Importer::builder()
            .database(&self.db().url)
            .plugin(importer_adapter_csv::plugin())
            .clock(Arc::new(FixedClock(parse_moment("2025-06-01T01:30:00Z").unwrap())))
            .gate(GatePolicy { mode, ..GatePolicy::default() })
            .build()
            .unwrap();
        (importer.run(&self.request(system, rows)).unwrap().run_id).0
    }

    fn take_back(&self) -> Result<(), Error> {
        let importer = self.world.importer();
        let request =
            RollbackRequest { run: RunId(self.run), reason: "the wrong file".into(), dry_run: false };
        importer.desk(Actor::admin("ann")).roll_back(&request).map(drop)
    }

    /// Everything that is to be the same, the quarantine and the runs included.
    fn state(&self) -> Vec<String> {
        let mut state = snapshot(self.db());
        for sql in [
            "SELECT external_system || '|' || external_id || '|' || status || '|' || run_id AS t FROM quarantine ORDER BY 1",
            "SELECT id || '|' || source || '|' || status || '|' || COALESCE(label, '') AS t FROM import_runs ORDER BY 1",
            "SELECT id || '|' || survivor_id || '|' || COALESCE(undone_by, '') AS t FROM merge_log ORDER BY 1",
            "SELECT core_id || '|' || outcome || '|' || COALESCE(field, '') || '|' || why AS t FROM rollback_items ORDER BY 1",
        ] {
            state.extend(self.db().texts(sql));
        }
        state
    }
}

type Call = fn(&Scene, &Importer, &Desk<'_>) -> Result<(), Error>;

const WHY: &str = "because";

fn edit(desk: &Desk<'_>, id: i64) -> Result<(), Error> {
    let values = vec![("city".to_owned(), "Turin".to_owned())];
    desk.edit("volunteer", RecordId(id), &Edit { values, reason: WHY.into() })
}

fn merge(people: [i64; 2]) -> MergeRequest {
    MergeRequest::new("volunteer", people, WHY)
}

fn fix(row: i64, exempt: &[&str]) -> RowFix {
    let values = match exempt {
        [] => vec![("email".to_owned(), format!("row{row}@example.org"))],
        _ => Vec::new(),
    };
    let exempt = exempt.iter().map(|code| (*code).to_owned()).collect();
    RowFix { values, exempt, reason: WHY.into(), ..RowFix::default() }
}

fn bulk() -> BulkFix {
    let change = BulkChange::Replace { field: "email".into(), find: "@@".into(), replace: "@".into() };
    BulkFix { filter: QuarantineFilter::default(), change, reason: WHY.into(), current_mapping: false }
}

fn of_run(run: i64) -> QuarantineFilter {
    QuarantineFilter { run: Some(RunId(run)), ..QuarantineFilter::default() }
}

fn p0(scene: &Scene, system: &str) -> RunRequest {
    scene.request(system, "p0,Ann,Lee,p0@example.org,Lima,,\n")
}

/// Every public method of a desk, some of them twice: about what the run has to do with, and about something else.
const AT_A_DESK: &[(&str, While, Call)] = &[
    // What is harmless, in an order in which it can be done.
    ("redo_merge", Harmless, |scene, _, desk| desk.redo_merge(MergeId(scene.parted), WHY).map(drop)),
    ("undo_merge", Harmless, |scene, _, desk| desk.undo_merge(MergeId(scene.standing), WHY).map(drop)),
    ("merge", Harmless, |_, _, desk| desk.merge(&merge([6, 5])).map(drop)),
    ("edit", Harmless, |_, _, desk| edit(desk, 2)),
    ("review", Harmless, |_, _, desk| desk.review(SuggestionId(2), &ReviewDecision::accept(), WHY).map(drop)),
    ("review_all", Harmless, |_, _, desk| {
        desk.review_all(&[SuggestionId(2)], &ReviewDecision::Reject, WHY)
            .into_iter()
            .try_for_each(|(_, done)| done.map(drop))
    }),
    ("reject_row", Harmless, |scene, _, desk| desk.reject_row("volunteer", RowId(scene.rows[0]), WHY)),
    ("reopen", Harmless, |scene, _, desk| desk.reopen("volunteer", RowId(scene.rows[0]), WHY)),
    ("reject_rows", Harmless, |scene, _, desk| {
        desk.reject_rows("volunteer", &of_run(scene.held), WHY).map(drop)
    }),
    ("discard", Harmless, |scene, _, desk| desk.discard(RunId(scene.held_too), WHY)),
    ("label", Harmless, |scene, _, desk| desk.label(RunId(scene.gone), Some("spring"), WHY)),
    ("pause", Harmless, |scene, _, desk| desk.pause(RunId(scene.gone), WHY).map(drop)),
    // What goes in under whatever system asks whom it knows, and half of those are about to go.
    ("import", Refused, |scene, _, desk| desk.import(&p0(scene, "alpha"), WHY).map(drop)),
    ("import", Refused, |scene, _, desk| desk.import(&p0(scene, "delta"), WHY).map(drop)),
    ("start", Refused, |scene, _, desk| desk.start(&p0(scene, "alpha"), WHY)?.join().map(drop)),
    ("import", Refused, |scene, _, desk| desk.import(&p0(scene, "alpha").dry_run(true), WHY).map(drop)),
    ("rerun", Refused, |_, _, desk| desk.rerun(RunId(1), RerunStep::Validate, WHY).map(drop)),
    ("resume", Refused, |scene, _, desk| desk.resume(RunId(scene.gone), WHY).map(drop)),
    ("retry", RefusedForGood, |scene, _, desk| desk.retry(RunId(scene.gone), WHY).map(drop)),
    ("resume", RefusedForGood, |scene, _, desk| desk.resume(RunId(scene.run), WHY).map(drop)),
    ("approve", Refused, |scene, _, desk| desk.approve(RunId(scene.held), WHY).map(drop)),
    ("fix", Refused, |scene, _, desk| {
        desk.fix("volunteer", RowId(scene.rows[1]), &fix(scene.rows[1], &[])).map(drop)
    }),
    ("fix", RefusedForGood, |scene, _, desk| {
        desk.fix("volunteer", RowId(scene.own_row()), &fix(scene.own_row(), &[])).map(drop)
    }),
    ("suppress", Refused, |scene, _, desk| {
        desk.suppress("volunteer", RowId(scene.rows[2]), &["FMT-101".into()], WHY).map(drop)
    }),
    ("fix_file", Refused, |scene, _, desk| {
        let fix = FileFix { reason: WHY.into(), current_mapping: false };
        desk.fix_file("volunteer", &scene.file, &fix).map(drop)
    }),
    ("fix_bulk", Refused, |_, _, desk| desk.fix_bulk("volunteer", &bulk()).map(drop)),
    ("fix_bulk", Refused, |_, _, desk| {
        let change = BulkChange::Exempt { rules: vec!["REQ-001".into()] };
        desk.fix_bulk("volunteer", &BulkFix { change, ..bulk() }).map(drop)
    }),
    ("create", Refused, |_, _, desk| {
        let values = [("first_name", "Ida"), ("last_name", "Noddack")];
        let values = values.map(|(field, value)| (field.to_owned(), value.to_owned())).to_vec();
        desk.create("volunteer", &NewPerson { values, reason: WHY.into() }).map(drop)
    }),
    // What is said about people whom the run touched, or who were ever merged with one of them.
    ("edit", Refused, |_, _, desk| edit(desk, 1)),
    ("edit", RefusedForGood, |scene, _, desk| edit(desk, scene.made[2])),
    ("edit", Refused, |_, _, desk| edit(desk, 4)),
    ("undo_merge", Refused, |scene, _, desk| desk.undo_merge(MergeId(scene.standing_touched), WHY).map(drop)),
    ("redo_merge", Refused, |scene, _, desk| desk.redo_merge(MergeId(scene.parted_touched), WHY).map(drop)),
    ("redo", RefusedForGood, |scene, _, desk| {
        desk.redo(&RedoRequest::new(MergeId(scene.parted_touched), WHY)).map(drop)
    }),
    ("undo_match", Refused, |_, _, desk| desk.undo_match("volunteer", "kappa", "k3", WHY).map(drop)),
    ("merge", Refused, |_, _, desk| desk.merge(&merge([2, 1])).map(drop)),
    ("review", RefusedForGood, |scene, _, desk| {
        desk.review(SuggestionId(scene.touched_pair), &ReviewDecision::accept(), WHY).map(drop)
    }),
    ("review", RefusedForGood, |scene, _, desk| {
        desk.review(SuggestionId(scene.touched_pair), &ReviewDecision::Reject, WHY).map(drop)
    }),
    ("review_all", RefusedForGood, |scene, _, desk| {
        let done = desk.review_all(&[SuggestionId(scene.touched_pair)], &ReviewDecision::Reject, WHY);
        done.into_iter().try_for_each(|(_, done)| done.map(drop))
    }),
    ("review_matching", Refused, |_, importer, desk| {
        desk.review_matching(&importer.pending_suggestions(), &ReviewDecision::Defer { days: 3 }, WHY, false)
            .map(drop)
    }),
    ("merge_obvious", Refused, |_, _, desk| desk.merge_obvious("volunteer", WHY).map(drop)),
    ("scan", Refused, |_, _, desk| desk.scan(&ScanRequest::new("volunteer"), WHY).map(drop)),
    // What waits in quarantine is for the rollback to say.
    ("reject_row", RefusedForGood, |scene, _, desk| {
        desk.reject_row("volunteer", RowId(scene.own_row()), WHY)
    }),
    ("reopen", RefusedForGood, |scene, _, desk| desk.reopen("volunteer", RowId(scene.own_row()), WHY)),
    ("reject_rows", Refused, |scene, _, desk| {
        desk.reject_rows("volunteer", &of_run(scene.run), WHY).map(drop)
    }),
    // One after the other, and what a purge takes nobody puts back.
    ("roll_back", Refused, |_, _, desk| {
        desk.roll_back(&RollbackRequest { run: RunId(2), reason: WHY.into(), dry_run: false }).map(drop)
    }),
    ("retention", Refused, |_, _, desk| desk.retention(&RetentionPolicy::shipped(), false, WHY).map(drop)),
    ("cancel", Harmless, |scene, _, desk| desk.cancel(RunId(scene.gone_too), WHY).map(drop)),
    // What only looks.
    ("retention", Reads, |_, _, desk| desk.retention(&RetentionPolicy::shipped(), true, "").map(drop)),
    ("roll_back", Reads, |_, _, desk| {
        desk.roll_back(&RollbackRequest { run: RunId(2), reason: String::new(), dry_run: true }).map(drop)
    }),
    ("scan", Reads, |_, _, desk| {
        desk.scan(&ScanRequest { preview: true, ..ScanRequest::new("volunteer") }, "").map(drop)
    }),
    ("train", Reads, |_, _, desk| desk.train("volunteer", 1.0, WHY).map(drop)),
    ("review_matching", Reads, |_, importer, desk| {
        desk.review_matching(&importer.pending_suggestions(), &ReviewDecision::Reject, WHY, true).map(drop)
    }),
    ("preview_merge", Reads, |_, _, desk| desk.preview_merge(&merge([1, 2])).map(drop)),
    ("preview_obvious", Reads, |_, _, desk| {
        desk.preview_obvious(&ObviousRequest::new("volunteer")).map(drop)
    }),
    ("preview_bulk", Reads, |_, _, desk| desk.preview_bulk("volunteer", &bulk(), 10).map(drop)),
    ("preview_fix", Reads, |scene, _, desk| {
        desk.preview_fix("volunteer", RowId(scene.own_row()), &RowFix::default()).map(drop)
    }),
    ("quarantine", Reads, |_, _, desk| desk.quarantine("volunteer", &Default::default()).map(drop)),
    ("quarantine_tally", Reads, |_, _, desk| {
        desk.quarantine_tally("volunteer", &Default::default()).map(drop)
    }),
    ("quarantined_row", Reads, |scene, _, desk| {
        desk.quarantined_row("volunteer", RowId(scene.own_row())).map(drop)
    }),
    ("export_quarantine", Reads, |_, _, desk| {
        desk.export_quarantine("volunteer", &Default::default(), WHY, &mut Vec::new()).map(drop)
    }),
    ("export_records", Reads, |_, _, desk| desk.export_records("volunteer", WHY, &mut Vec::new()).map(drop)),
    ("export_violations", Reads, |_, _, desk| {
        desk.export_violations(&Default::default(), WHY, &mut Vec::new()).map(drop)
    }),
    ("households", Reads, |_, _, desk| desk.households("volunteer", RecordId(1)).map(drop)),
    ("interrupted", Reads, |_, _, desk| desk.interrupted().map(drop)),
    ("homes", Reads, |_, _, desk| desk.homes(&HomesRequest::new("volunteer")).map(drop)),
    ("matches", Reads, |_, _, desk| desk.matches("volunteer", &Default::default()).map(drop)),
    ("merges", Reads, |_, _, desk| desk.merges("volunteer", &Default::default()).map(drop)),
    ("rollback_items", Reads, |scene, _, desk| desk.rollback_items(RunId(scene.run), None, 0, 10).map(drop)),
    ("who_is", Reads, |_, _, desk| desk.who_is("volunteer", RecordId(1)).map(drop)),
    ("audit_log", Reads, |_, _, desk| desk.audit_log(&AuditFilter::default()).map(drop)),
    ("changes", Reads, |_, _, desk| desk.changes("volunteer", &Default::default()).map(drop)),
    ("received", Reads, |scene, _, desk| desk.received("volunteer", RowId(scene.own_row())).map(drop)),
    ("record", Reads, |_, _, desk| desk.record("volunteer", RecordId(1)).map(drop)),
    ("find", Reads, |_, _, desk| desk.find("volunteer", &Default::default()).map(drop)),
    ("find_count", Reads, |_, _, desk| desk.find_count("volunteer", &Default::default()).map(drop)),
    ("records", Reads, |_, _, desk| desk.records("volunteer", RecordId(0), 10).map(drop)),
    ("report", Reads, |scene, _, desk| desk.report(RunId(scene.run)).map(drop)),
    ("runs", Reads, |_, _, desk| desk.runs(&Default::default()).map(drop)),
    ("score", Reads, |_, _, desk| desk.score("volunteer", RecordId(1), RecordId(4), None).map(drop)),
    ("suggestions", Reads, |_, _, desk| desk.suggestions(&Default::default()).map(drop)),
    ("violations", Reads, |_, _, desk| desk.violations(&Default::default()).map(drop)),
];

/// Every public method of an importer that looks into its database or changes it.
const BESIDE_DESKS: &[(&str, While, Call)] = &[
    ("run", Refused, |scene, importer, _| importer.run(&p0(scene, "alpha")).map(drop)),
    ("start", Refused, |scene, importer, _| importer.start(&p0(scene, "alpha"))?.join().map(drop)),
    ("run", Refused, |scene, importer, _| importer.run(&p0(scene, "delta")).map(drop)),
    ("scan", Refused, |_, importer, _| importer.scan(&ScanRequest::new("volunteer")).map(drop)),
    ("scan", Reads, |_, importer, _| {
        importer.scan(&ScanRequest { preview: true, ..ScanRequest::new("volunteer") }).map(drop)
    }),
    ("train", Reads, |_, importer, _| importer.train("volunteer", 1.0).map(drop)),
    ("score", Reads, |_, importer, _| importer.score("volunteer", RecordId(1), RecordId(4), None).map(drop)),
    ("preview", Reads, |scene, importer, _| importer.preview(&p0(scene, "alpha")).map(drop)),
    ("may_write", Reads, |_, importer, _| importer.may_write()),
    ("host_references", Reads, |_, importer, _| importer.host_references("volunteer").map(drop)),
    ("count", Reads, |_, importer, _| importer.count("volunteer").map(drop)),
    ("record", Reads, |_, importer, _| importer.record("volunteer", RecordId(1)).map(drop)),
    ("report", Reads, |scene, importer, _| importer.report(RunId(scene.run)).map(drop)),
    ("runs", Reads, |_, importer, _| importer.runs(&Default::default()).map(drop)),
    ("suggestions", Reads, |_, importer, _| importer.suggestions(&Default::default()).map(drop)),
    ("violations", Reads, |_, importer, _| importer.violations(&Default::default()).map(drop)),
];

/// Methods of an importer that have nothing to do with its database.
const WITHOUT_DATABASE: [&str; 13] = [
    "builder",
    "cancel",
    "database",
    "desk",
    "load_given_plugins",
    "load_plugin",
    "plugins",
    "rules",
    "scan_report",
    "source_fields",
    "source_health",
    "pending_suggestions",
    "with_documents",
];

/// Where rollbacks break off: before anybody is taken back, before the id map is, and at their very end.
const BROKEN_OFF: [faults::Step; 3] =
    [("rollback_items", "INSERT"), ("external_id_map", "UPDATE"), ("quarantine", "UPDATE")];

#[test]
fn every_call_says_what_it_is_while_a_run_is_half_taken_back() {
    for (of, calls, others) in
        [("Desk<'_>", AT_A_DESK, &["actor"][..]), ("Importer", BESIDE_DESKS, &WITHOUT_DATABASE[..])]
    {
        let names = calls.iter().map(|call| call.0).chain(others.iter().copied());
        let known: BTreeSet<String> = names.map(str::to_owned).collect();
        assert_eq!(methods_of(of), known, "each method of `{of}` belongs into the matrix of this file");
    }
}

#[test]
fn nothing_goes_in_while_a_run_is_half_taken_back_and_everything_afterwards() {
    for step in BROKEN_OFF {
        for (db, other) in support::databases().into_iter().zip(support::databases()) {
            let how = format!("{step:?} on {}", db.backend);
            let scene = Scene::new(db);
            without(scene.db(), step, || scene.take_back().err());
            let importer = scene.world.importer();
            let calls = || AT_A_DESK.iter().chain(BESIDE_DESKS);
            let (run, desk) = (scene.run, importer.desk(Actor::admin("ann")));
            let log = || desk.audit_log(&AuditFilter::default()).unwrap().len();
            for (name, what, call) in calls() {
                // Reading everything takes a while; what breaks off where changes nothing about what is refused.
                let all = || if step == BROKEN_OFF[0] { everything(scene.db()) } else { Vec::new() };
                let (before, lines) = (all(), log());
                let result = call(&scene, &importer, &desk);
                match what {
                    Refused | RefusedForGood => {
                        let error = result.expect_err(&format!("{name}, {how}"));
                        assert_eq!(error.kind(), ErrorKind::Busy, "{name}, {how}: {error}");
                        let told = error.to_string();
                        let part = format!("the rollback of run {run} of `alpha` is unfinished");
                        assert!(told.contains(&part), "{name}, {how}: {told}");
                        assert_eq!(error.code(), "rollback_unfinished", "{name}, {how}");
                        assert_eq!((all(), log()), (before, lines), "{name}, {how}");
                    }
                    Harmless => result.unwrap_or_else(|error| panic!("{name}, {how}: {error}")),
                    Reads => {
                        result.unwrap_or_else(|error| panic!("{name}, {how}: {error}"));
                        assert_eq!(all(), before, "{name}, {how}");
                    }
                }
            }
            scene.take_back().unwrap();

            // The same, with nobody who breaks the rollback off.
            let whole = Scene::new(other);
            whole.take_back().unwrap();
            let at_whole = whole.world.importer();
            for (name, _, call) in calls().filter(|call| call.1 == Harmless) {
                let done = call(&whole, &at_whole, &at_whole.desk(Actor::admin("ann")));
                done.unwrap_or_else(|error| panic!("{name}, {how}: {error}"));
            }
            assert_eq!(scene.state(), whole.state(), "{how}");

            for (name, _, call) in calls().filter(|call| call.1 == Refused) {
                let result = call(&scene, &importer, &desk);
                result.unwrap_or_else(|error| panic!("{name} afterwards, {how}: {error}"));
            }
            for (name, _, call) in calls().filter(|call| call.1 == RefusedForGood) {
                let error = call(&scene, &importer, &desk).err();
                assert!(
                    error.is_none_or(|error| error.kind() != ErrorKind::Busy),
                    "{name} afterwards, {how}"
                );
            }
        }
    }
}

thread_local! {
    /// What happens once, while a source is opened.
    static MEANWHILE: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
}

/// Hands one person over; while it is opened, something else happens.
struct Meanwhile;

impl Adapter for Meanwhile {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("meanwhile", "Somebody of whom an earlier run has told, too")
    }

    fn open(&self, _: &OpenRequest, _: &Host) -> Result<Box<dyn Source>, importer::plugin::Error> {
        if let Some(happens) = MEANWHILE.take() {
            happens();
        }
        Ok(Box::new(One(false)))
    }
}

struct One(bool);

impl Source for One {
    fn columns(&self) -> Vec<String> {
        ["external_id", "first_name", "last_name", "email"].map(str::to_owned).to_vec()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), importer::plugin::Error> {
        if !std::mem::replace(&mut self.0, true) {
            out.push_row(1, [Some("m1"), Some("Ann"), Some("Lee"), Some("x0@example.org")])?;
        }
        Ok(())
    }
}

#[test]
fn a_run_at_work_stops_where_a_rollback_begins_and_goes_on_once_it_is_done() {
    for (db, other) in support::databases().into_iter().zip(support::databases()) {
        let backend = db.backend;
        let brings = |scene: &Scene| {
            let plugin = Plugin::new(PluginMeta::new("meanwhile", "1.0.0")).adapter(|| Box::new(Meanwhile));
            let importer = Importer::builder()
                .database(&scene.db().url)
                .plugin(plugin)
                .clock(Arc::new(FixedClock(parse_moment("2025-06-01T01:30:00Z").unwrap())))
                .build()
                .unwrap();
            importer.run(&RunRequest::new("meanwhile")).unwrap()
        };
        let scene = Rc::new(Scene::new(db));
        let begins = Rc::clone(&scene);
        MEANWHILE.set(Some(Rc::new(move || {
            without(begins.db(), BROKEN_OFF[0], || begins.take_back().err());
        })));
        let stopped = brings(&scene);
        let why = stopped.error.unwrap_or_default();
        assert!(why.contains("is unfinished"), "{backend}: {why}");
        assert_eq!(stopped.counts.inserted + stopped.counts.matched, 0, "{backend}");
        scene.take_back().unwrap();
        let on = brings(&scene);
        assert_eq!((on.run_id, on.status.as_str()), (stopped.run_id, "succeeded"), "{backend}: {on:?}");
        assert_eq!(on.counts.inserted, 1, "{backend}: whom it could have found is gone");

        let whole = Scene::new(other);
        whole.take_back().unwrap();
        brings(&whole);
        assert_eq!(scene.state(), whole.state(), "{backend}");
    }
}

#[test]
fn a_run_of_merges_is_half_taken_back_from_its_first_one_on() {
    for db in support::databases() {
        let importer = twice::imported(&db, &[0, 1]);
        let world = World::beside(db);
        let desk = importer.desk(Actor::admin("ann"));
        let before = snapshot(&world.db);
        let done = desk.merge_obvious("volunteer", "beyond doubt").unwrap();
        assert_eq!(done.merged, 2, "{}", world.db.backend);
        let run = done.run.unwrap();
        // The last merge is taken back first, and then the first one is not.
        let first = world.db.number("SELECT MIN(id) AS t FROM merge_log");
        world.db.execute(&match world.db.backend {
            "sqlite" => format!(
                "CREATE TRIGGER fault BEFORE UPDATE ON merge_log WHEN OLD.id = {first} BEGIN SELECT RAISE(ABORT, 'refused'); END"
            ),
            _ => format!(
                "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$ LANGUAGE plpgsql; \
                 CREATE TRIGGER fault BEFORE UPDATE ON merge_log FOR EACH ROW WHEN (OLD.id = {first}) EXECUTE FUNCTION refuse()"
            ),
        });
        let request = RollbackRequest { run, reason: "not beyond doubt".into(), dry_run: false };
        desk.roll_back(&request).unwrap_err();
        faults::allow(&world.db, "merge_log");
        let standing = "SELECT COUNT(*) AS t FROM merge_log WHERE undone_at IS NULL";
        assert_eq!(world.db.number(standing), 1, "{}", world.db.backend);
        let busy = desk.merge_obvious("volunteer", "beyond doubt").unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::Busy, "{busy}");
        assert!(
            busy.to_string().contains(&format!("the rollback of run {run} of `merge` is unfinished")),
            "{busy}"
        );
        desk.roll_back(&request).unwrap();
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
    }
}
