//! Every two calls that write, side by side.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};

use importer::service::{
    Actor, BulkChange, BulkFix, Desk, Edit, MergeRequest, ReviewDecision, RollbackRequest, ScanRequest,
};
use importer::{Error, ErrorKind, Importer, RecordId, RunId, RunRequest};
use importer_core::ports::{
    FixedClock, MergeFilter, QuarantineFilter, QuarantineStatus, SuggestionFilter, parse_moment,
};
use importer_core::retention::RetentionPolicy;

use super::deadlocks;
use crate::scan;
use crate::support::{self, Database};

const WHY: &str = "because";
const E: &str = "volunteer";

/// Everything is old, and no run can be rolled back by what is kept.
const SHORT: &str = "\
retention: short
version: 1
days: { staging: 10, clean: 10, quarantine: 10, violations: 10, outcomes: 10, suggestions: 10, change_log: 10, images: 1,
  merges: 10, rollbacks: 10 }
";

/// What a call works with: which of the two it is, and the how-manieth time that is.
struct WriteTurn<'a> {
    scene: &'a Scene,
    importer: &'a Importer,
    second: bool,
    round: usize,
}

type Call = fn(&WriteTurn<'_>) -> Result<(), Error>;

const CALLS: &[(&str, Call)] = &[
    ("replay", |t| t.import(t.file(0)).map(drop)),
    ("import with changes", |t| t.import(t.file(1 + t.round % 2)).map(drop)),
    ("rollback", |t| {
        let run = t.import(t.file(1 + t.round % 2))?;
        let request = RollbackRequest { run: RunId(run), reason: WHY.into(), dry_run: false };
        t.desk().roll_back(&request).map(drop)
    }),
    ("bulk suppress", |t| t.bulk(BulkChange::Exempt { rules: vec!["FMT-101".into()] })),
    ("bulk fix", |t| {
        let (find, replace) = ("@@".into(), "@".into());
        t.bulk(BulkChange::Replace { field: "email".into(), find, replace })
    }),
    ("requeue", |t| t.bulk(BulkChange::Nothing)),
    ("give up", |t| t.desk().reject_rows(E, &QuarantineFilter::default(), WHY).map(drop)),
    ("reopen", |t| {
        let filter =
            QuarantineFilter { status: Some(QuarantineStatus::WontFix), limit: 3, ..Default::default() };
        t.each(t.desk().quarantine(E, &filter)?, |row| t.desk().reopen(E, row.row, WHY))
    }),
    ("merge", |t| {
        let one = 1 + (t.round * 4 % 80).cast_signed() as i64;
        let two = if t.second { [one + 1, one] } else { [one, one + 1] };
        t.desk().merge(&MergeRequest::new(E, two, WHY)).map(drop)
    }),
    ("undo", |t| {
        let filter = MergeFilter { standing: true, ..MergeFilter::default() };
        let last = t.desk().merges(E, &filter)?.pop();
        last.map_or(Ok(()), |last| t.desk().undo_merge(last.merge, WHY).map(drop))
    }),
    ("merge what is obvious", |t| t.desk().merge_obvious(E, WHY).map(drop)),
    ("scan", |t| t.importer.scan(&ScanRequest { all: true, ..ScanRequest::new(E) }).map(drop)),
    ("accept", |t| t.decide(&ReviewDecision::accept())),
    ("reject", |t| t.decide(&ReviewDecision::Reject)),
    ("defer", |t| t.decide(&ReviewDecision::Defer { days: 3 })),
    ("edit", |t| {
        let mut people = [2, 3, 9, 17];
        if t.second {
            people.reverse();
        }
        let edit = Edit { values: vec![("city".into(), format!("Town{}", t.round))], reason: WHY.into() };
        t.each(people, |id| t.desk().edit(E, RecordId(id), &edit))
    }),
    ("retention", |t| {
        let policy = RetentionPolicy::parse(SHORT, "test.yaml")?;
        t.scene.late.desk(Actor::admin("ann")).retention(&policy, false, WHY).map(drop)
    }),
];

impl WriteTurn<'_> {
    fn desk(&self) -> Desk<'_> {
        self.importer.desk(Actor::admin(if self.second { "bob" } else { "ann" }))
    }

    /// The second reads its rows the other way round.
    fn file(&self, variant: usize) -> &PathBuf {
        &self.scene.files[2 * variant + usize::from(self.second)]
    }

    /// Each has a system of its own; under one, they would not be at work at once.
    fn import(&self, file: &PathBuf) -> Result<i64, Error> {
        let system = if self.second { "south" } else { "north" };
        let report = self.importer.run(&RunRequest::new("csv").file(file).external_system(system))?;
        assert!(report.status != importer::ReportStatus::Failed, "{:?}", report.error);
        Ok(report.run_id.0)
    }

    /// Of its own system's rows; the other may be importing its own.
    fn bulk(&self, change: BulkChange) -> Result<(), Error> {
        let system = if self.second { "south" } else { "north" };
        let filter = QuarantineFilter { system: Some(system.into()), ..QuarantineFilter::default() };
        let fix = BulkFix { filter, change, reason: WHY.into(), current_mapping: false };
        self.desk().fix_bulk(E, &fix).map(drop)
    }

    fn decide(&self, verdict: &ReviewDecision) -> Result<(), Error> {
        let filter = SuggestionFilter { entity: Some(E.into()), ..SuggestionFilter::default() };
        self.desk().review_matching(&filter, verdict, WHY, false).map(drop)
    }

    fn each<T>(
        &self,
        things: impl IntoIterator<Item = T>,
        work: impl FnMut(T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        things.into_iter().try_for_each(work)
    }
}

struct Scene {
    db: Database,
    /// As received first, and two changed versions; each in both directions.
    files: Vec<PathBuf>,
    /// For whom everything is old.
    late: Importer,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new(db: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bad: String =
            (0..30).map(|n| format!("b{n},Bob,Row{n},bob{n}@@example.org,,,Oslo,1{n:04}\n")).collect();
        let text = scan::people() + &bad;
        let (head, rows) = text.split_once('\n').unwrap();
        let mut files = Vec::new();
        for variant in 0..3 {
            let mut rows: Vec<String> = rows
                .lines()
                .map(|row| row.replace(",Town", &format!(",{}Town", "New ".repeat(variant))))
                .collect();
            for direction in ["there", "back"] {
                let name = format!("{variant}-{direction}.csv");
                files.push(support::file(folder.path(), &name, format!("{head}\n{}\n", rows.join("\n"))));
                rows.reverse();
            }
        }
        let clock = FixedClock(parse_moment("2040-01-01T00:00:00Z").unwrap());
        let late = Importer::builder().database(&db.url).clock(Arc::new(clock)).build().unwrap();
        let scene = Self { db, files, late, _folder: folder };
        let importer = scene.db.importer();
        for second in [false, true] {
            let turn = WriteTurn { scene: &scene, importer: &importer, second, round: 0 };
            turn.import(turn.file(0)).unwrap();
        }
        scene
    }

    /// What earlier pairs decided waits again.
    fn refill(&self) {
        self.db.execute(
            "UPDATE quarantine SET status = 'open', corrected_by = NULL, replaced_in_run_id = NULL; \
             UPDATE dedupe_suggestions SET decision = 'open' WHERE decision IN ('rejected', 'deferred')",
        );
    }

    /// Does two calls at once, and says whether each was done.
    fn side_by_side(&self, importer: &Importer, pair: [usize; 2], round: usize) -> [bool; 2] {
        self.refill();
        let begin = Barrier::new(2);
        let work = |second: bool| {
            let (name, call) = CALLS[pair[usize::from(second)]];
            begin.wait();
            match call(&WriteTurn { scene: self, importer, second, round }) {
                Ok(()) => true,
                Err(error) => {
                    let text = error.to_string();
                    // What the other has done first, or is at, may leave nothing to be done.
                    let may = [ErrorKind::Busy, ErrorKind::Config, ErrorKind::NotFound, ErrorKind::Refused];
                    assert!(may.contains(&error.kind()), "{name} beside {pair:?}: {text}");
                    assert!(!text.contains("deadlock"), "{name} beside {pair:?}: {text}");
                    false
                }
            }
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| work(true));
            [work(false), other.join().unwrap()]
        })
    }
}

#[test]
fn no_two_calls_wait_for_each_other() {
    // As often as one asks: `ROUNDS=20`. Once, and on SQLite, where one writes at a time anyway, a part of them, otherwise.
    let asked: Option<usize> = std::env::var("ROUNDS").ok().map(|rounds| rounds.parse().unwrap());
    let rounds = asked.unwrap_or(1);
    for db in support::databases() {
        let part = if asked.is_none() && db.backend == "sqlite" { 5 } else { 1 };
        let scene = Scene::new(db);
        let importer = scene.db.importer();
        let mut done: BTreeMap<&str, usize> = BTreeMap::new();
        for round in 0..rounds {
            for one in 0..CALLS.len() {
                for other in 0..CALLS.len() {
                    // Both ways round, turn by turn: who comes first is the one who reads forwards.
                    let this_way = one == other || (one > other) != ((round + one + other) % 2 == 0);
                    if !this_way || (one + other) % part != 0 {
                        continue;
                    }
                    let well = scene.side_by_side(&importer, [one, other], round * 31 + one + other);
                    for (call, well) in [one, other].into_iter().zip(well) {
                        *done.entry(CALLS[call].0).or_default() += usize::from(well);
                    }
                }
            }
        }
        for (name, _) in CALLS {
            assert!(done.get(name).is_some_and(|times| *times > 0), "{name} was never done: {done:?}");
        }
        drop(importer);
        assert_eq!(deadlocks(&scene.db), 0, "{}", scene.db.backend);
    }
}
