//! What a role does not see changes nothing in what it is told: two worlds that differ in nothing else answer the same.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use importer::service::{
    Actor, BulkChange, BulkFix, Desk, Edit, FileFix, HomesRequest, MergeRequest, NewPerson, ObviousRequest,
    RedoRequest, RerunStep, ReviewDecision, Reviewed, Role, RollbackRequest, RowFix, ScanRequest,
};
use importer::{Importer, MergeId, RecordId, RowId, RunId, RunReport, RunRequest};
use importer_core::ports::{
    AuditFilter, ChangeFilter, FixedClock, QuarantineFilter, RunRecord, SuggestionFilter, parse_moment,
};
use importer_core::retention::RetentionPolicy;
use importer_dedupe::matching::model::ModelDocument;
use serde_json::{Value, json};

use super::access::methods_of;
use super::cli;
use super::support::{self, Database};

/// Values of the people, whose order is: birth dates, genders, notes and phones, of four.
struct Hidden {
    born: [&'static str; 4],
    genders: [&'static str; 4],
    notes: [&'static str; 4],
    phones: [&'static str; 4],
    streets: [&'static str; 4],
}

/// Alike in everything, as one person's records are.
const ALIKE: Hidden = Hidden {
    born: ["1985-04-23", "1985-04-23", "1971-01-02", "1990-09-09"],
    genders: ["F", "F", "M", "F"],
    notes: ["likes chess", "likes chess", "retired", "left handed"],
    phones: ["+18162345678", "+18162345678", "+18165550199", "+18165550100"],
    streets: ["12 Main Street", "12 Main Street", "1 Elm Street", "9 Oak Lane"],
};

/// The same people, of whom something that a steward does not see is another. That there is something is told to everybody.
const UNLIKE: Hidden = Hidden {
    born: ["1985-04-23", "1985-04-25", "1962-11-30", "1991-02-03"],
    genders: ["F", "M", "F", "M"],
    notes: ["likes go", "likes tea", "at work", "right handed"],
    ..ALIKE
};

/// And of whom something that a viewer does not see is another.
const REACHED_ELSEWHERE: Hidden = Hidden {
    phones: ["+18162345678", "+18162345679", "+18165550198", "+18165550101"],
    streets: ["12 Main Street", "112 Main Street", "2 Elm Street", "10 Oak Lane"],
    ..UNLIKE
};

struct World {
    db: Database,
    folder: tempfile::TempDir,
}

const OTHERS: [(&str, &str); 16] = [
    ("Bruno", "Okafor"),
    ("Chiara", "Nakamura"),
    ("Dmitri", "Petrov"),
    ("Esther", "Quispe"),
    ("Farid", "Ramirez"),
    ("Greta", "Svensson"),
    ("Hamish", "Tanaka"),
    ("Ingrid", "Ullman"),
    ("Joaquin", "Vance"),
    ("Kamala", "Weiss"),
    ("Lars", "Xu"),
    ("Mirela", "Yilmaz"),
    ("Nuno", "Zapata"),
    ("Olga", "Abbott"),
    ("Pavel", "Bright"),
    ("Quentin", "Castro"),
];

const HEADER: &str = "id,first name,last name,email,dob,gender,notes,phone,street,city,hobby";
/// The row that is held back, and one that has no id.
const HELD: i64 = (1 << 32) + 3;
const NAMELESS: i64 = (3 << 32) + 1;
/// A run that was taken back.
const WRONG: i64 = 5;

impl World {
    fn new(db: Database, hidden: &Hidden) -> Self {
        let world = Self { db, folder: tempfile::tempdir().unwrap() };
        let Hidden { born, genders, notes, phones, streets } = hidden;
        let tail = |n: usize| {
            format!(
                "{},{},{},{},{},Liberty,{}",
                born[n], genders[n], notes[n], phones[n], streets[n], notes[n]
            )
        };
        let rows = format!(
            "1,Ada,Lovelace,ada.l@example.org,{}\n2,Adda,Lovelace,ada.l@example.org,{}\n3,Grace,Hopper,grace@@example.org,{}\n\
             4,Ida,Noddack,ida@example.org,{}\n",
            tail(0),
            tail(1),
            tail(2),
            tail(3)
        );
        let importer = world.importer();
        importer.run(&world.request("csv", &rows)).unwrap();
        // Others, among whom a name tells something.
        let others: String = OTHERS
            .iter()
            .enumerate()
            .map(|(n, (first, last))| format!("o{n},{first},{last},{first}@example.net,,,,,,Town,\n"))
            .collect();
        importer.run(&world.request("others", &others)).unwrap();
        // A row without an id is named by what it holds.
        let nameless = format!("{}\n,Maria,Goeppert,maria@@example.org,{}\n", HEADER, tail(3));
        let file = support::file(
            world.folder.path(),
            "nameless.csv",
            nameless.replace("id,first", "first").replace("\n,", "\n"),
        );
        importer.run(&RunRequest::new("csv").file(file).external_system("forms")).unwrap();
        // One that would be merged, for a reason that is about contacts.
        let again = format!("9,Ida,Noddack,ida@example.org,{}\n", tail(3));
        importer.run(&world.request("crm", &again).dry_run(true)).unwrap();
        let admin = importer.desk(Actor::admin("ann"));
        let wrong = "4,Ida,Noddack,ida@example.org,1955-05-05,X,wrong,+18165550222,1 Wrong Street,Liberty,\n";
        let run = importer.run(&world.request("csv", wrong)).unwrap().run_id;
        let back = RollbackRequest { run, reason: "the wrong file".into(), dry_run: false };
        assert!(admin.roll_back(&back).unwrap().nothing_left);
        let merge = admin.merge(&MergeRequest::new("volunteer", [1, 3], "it is her")).unwrap().merge;
        admin.undo_merge(merge, "it is not").unwrap();
        let values = vec![("dob".to_owned(), "1990-09-09".to_owned())];
        admin.edit("volunteer", RecordId(3), &Edit { values, reason: "she called".into() }).unwrap();
        importer.scan(&ScanRequest { model: Some(world.model()), ..ScanRequest::new("volunteer") }).unwrap();
        world
    }

    fn importer(&self) -> Importer {
        Importer::builder()
            .database(&self.db.url)
            .plugin(importer_adapter_csv::plugin())
            .clock(Arc::new(FixedClock(parse_moment("2025-06-01T09:00:00Z").unwrap())))
            .build()
            .unwrap()
    }

    fn request(&self, system: &str, rows: &str) -> RunRequest {
        let file = support::file(self.folder.path(), &format!("{system}.csv"), format!("{HEADER}\n{rows}"));
        RunRequest::new("csv").file(file).external_system(system)
    }

    /// A model that was made up, so that it is the same in every world.
    fn model(&self) -> ModelDocument {
        let text = json!({ "version": 1, "records": 4, "matches": 0.05, "households": 0.02, "terms": [] });
        ModelDocument::read(&text.to_string()).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn text(value: impl serde::Serialize) -> String {
    serde_json::to_string(&value).unwrap()
}

fn debug(value: impl Debug) -> String {
    format!("{value:?}")
}

fn report(report: &RunReport) -> String {
    let mut told = serde_json::to_value(report).unwrap();
    for clock in ["durations_ms", "rows_per_second"] {
        told[clock] = Value::Null;
    }
    format!("{told} {:?} {:?} {:?}", report.notes, report.unmapped_fields, samples(report))
}

fn samples(report: &RunReport) -> Vec<&[String]> {
    report.unmapped.iter().map(|unmapped| unmapped.samples.as_slice()).collect()
}

fn run(run: &RunRecord) -> String {
    let mut metrics: Value = serde_json::from_str(&run.metrics_json).unwrap();
    for (of, clock) in [("", "durations_ms"), ("", "elapsed_us"), ("scan", "elapsed_ms")] {
        let of = if of.is_empty() { Some(&mut metrics) } else { metrics.get_mut(of) };
        if let Some(of) = of.and_then(Value::as_object_mut) {
            of.remove(clock);
        }
    }
    format!(
        "{} {} {:?} {:?} {:?} {:?} {} {} {metrics}",
        run.id,
        run.counts_json,
        run.status,
        run.cursor,
        run.hashes,
        run.error_summary,
        run.anomaly_flags,
        run.new.source
    )
}

fn reviewed(reviewed: &Reviewed) -> String {
    let row = &reviewed.suggestion;
    format!(
        "{} {:?} {:?} {} {:?}",
        row.features_json,
        row.score,
        row.kind,
        text(&reviewed.merge),
        reviewed.household
    )
}

type Answer = fn(&World, &Desk<'_>) -> importer::Result<String>;

const WHY: &str = "because";

fn bulk() -> BulkFix {
    let change = BulkChange::Replace { field: "email".into(), find: "@@".into(), replace: "@".into() };
    BulkFix { filter: QuarantineFilter::default(), change, reason: WHY.into(), current_mapping: false }
}

fn scored(from: f64, below: f64) -> SuggestionFilter {
    SuggestionFilter { score_from: Some(from), score_below: Some(below), ..SuggestionFilter::default() }
}

/// What every public method of a desk answers, in an order in which each has something to tell.
const ANSWERS: &[(&str, Answer)] = &[
    ("suggestions", |_, desk| {
        let rows = desk.suggestions(&Default::default())?;
        assert!(rows[0].score.is_some(), "there is something to compare: {rows:?}");
        Ok(debug(rows))
    }),
    // Asking often enough must not tell either.
    ("suggestions", |_, desk| {
        let mut told = String::new();
        for step in 0..100 {
            let from = f64::from(step) / 100.0;
            let found = desk.suggestions(&scored(from, from + 0.01))?;
            told += &debug(found.iter().map(|row| row.id).collect::<Vec<_>>());
        }
        Ok(told)
    }),
    ("score", |world, desk| {
        desk.score("volunteer", RecordId(1), RecordId(2), Some(&world.model())).map(text)
    }),
    ("score", |world, desk| {
        let e = desk.score("volunteer", RecordId(1), RecordId(2), Some(&world.model()))?.explanation;
        Ok(e.to_text() + &e.to_svg())
    }),
    ("score", |_, desk| desk.score("volunteer", RecordId(1), RecordId(2), None).map(text)),
    // A model of one's own in which a single field decides.
    ("score", |world, desk| {
        let level = |name: &str, m: f64, u: f64| json!({ "name": name, "m": m, "u": u });
        let levels = [level("exact", 0.999, 0.000_001), level("differ", 0.000_001, 0.999)];
        let term = json!({ "name": "birth_date", "levels": levels });
        let document =
            json!({ "version": 1, "records": 4, "matches": 0.5, "households": 0.01, "terms": [term] });
        let model = ModelDocument::read(&document.to_string()).unwrap();
        assert_ne!(model, world.model());
        let scan = ScanRequest { preview: true, model: Some(model.clone()), ..ScanRequest::new("volunteer") };
        let refused = desk.scan(&scan, WHY).unwrap_err();
        Ok(text(desk.score("volunteer", RecordId(1), RecordId(2), Some(&model))?) + &refused.to_string())
    }),
    ("scan", |world, desk| {
        let request =
            ScanRequest { preview: true, model: Some(world.model()), ..ScanRequest::new("volunteer") };
        let mut report = desk.scan(&request, WHY)?;
        report.elapsed_ms = 0;
        // How many pairs there are of each kind tells of nobody; here they are two people.
        (report.merge_pairs, report.merge_clusters, report.review_pairs, report.household_pairs) =
            (0, 0, 0, 0);
        Ok(text(report))
    }),
    ("preview_obvious", |_, desk| {
        desk.preview_obvious(&ObviousRequest::new("volunteer")).map(|told| text(told.pairs))
    }),
    ("homes", |_, desk| desk.homes(&HomesRequest::new("volunteer")).map(text)),
    ("matches", |_, desk| desk.matches("volunteer", &Default::default()).map(text)),
    ("merges", |_, desk| desk.merges("volunteer", &Default::default()).map(text)),
    ("preview_merge", |_, desk| desk.preview_merge(&MergeRequest::new("volunteer", [1, 2], WHY)).map(text)),
    ("review_matching", |_, desk| {
        desk.review_matching(&scored(0.0, 0.9), &ReviewDecision::Reject, WHY, true).map(text)
    }),
    ("review", |_, desk| {
        let id = desk.suggestions(&Default::default())?[0].id;
        let row = desk.review(id, &ReviewDecision::Defer { days: 3 }, WHY)?;
        desk.review(id, &ReviewDecision::Reopen, WHY)?;
        Ok(reviewed(&row))
    }),
    ("review_all", |_, desk| {
        let id = desk.suggestions(&Default::default())?[0].id;
        let all = desk.review_all(&[id], &ReviewDecision::Reject, WHY);
        Ok(all.into_iter().map(|(_, row)| row.map_or_else(|e| e.to_string(), |row| reviewed(&row))).collect())
    }),
    ("record", |_, desk| desk.record("volunteer", RecordId(1)).map(text)),
    ("records", |_, desk| desk.records("volunteer", RecordId(0), 10).map(text)),
    ("find", |_, desk| desk.find("volunteer", &Default::default()).map(text)),
    ("find_count", |_, desk| desk.find_count("volunteer", &Default::default()).map(text)),
    ("changes", |_, desk| {
        let mut told = String::new();
        for record in 1..=4 {
            for change in desk
                .changes("volunteer", &ChangeFilter { record: RecordId(record), ..ChangeFilter::default() })?
            {
                let (old, new) = (change.old, change.new);
                told += &format!("{} {:?} {old:?} {new:?} {} ", change.action, change.field, change.reason);
            }
        }
        Ok(told)
    }),
    ("households", |_, desk| desk.households("volunteer", RecordId(1)).map(text)),
    ("who_is", |_, desk| desk.who_is("volunteer", RecordId(1)).map(text)),
    ("received", |_, desk| desk.received("volunteer", RowId(HELD)).map(text)),
    ("violations", |_, desk| desk.violations(&Default::default()).map(told_violations)),
    ("quarantine", |_, desk| desk.quarantine("volunteer", &Default::default()).map(text)),
    ("quarantine_tally", |_, desk| desk.quarantine_tally("volunteer", &Default::default()).map(text)),
    ("quarantined_row", |_, desk| desk.quarantined_row("volunteer", RowId(HELD)).map(text)),
    ("quarantined_row", |_, desk| desk.quarantined_row("volunteer", RowId(NAMELESS)).map(text)),
    ("preview_bulk", |_, desk| desk.preview_bulk("volunteer", &bulk(), 10).map(text)),
    ("preview_fix", |_, desk| {
        desk.preview_fix("volunteer", RowId(HELD), &RowFix::default().set("email", "ida@example.org"))
            .map(text)
    }),
    ("export_quarantine", |world, desk| {
        let mut file = Vec::new();
        desk.export_quarantine("volunteer", &Default::default(), WHY, &mut file)?;
        std::fs::write(world.file("rows.csv"), &file).unwrap();
        Ok(String::from_utf8(file).unwrap())
    }),
    ("export_records", |_, desk| {
        let mut file = Vec::new();
        desk.export_records("volunteer", WHY, &mut file)?;
        Ok(String::from_utf8(file).unwrap())
    }),
    ("export_violations", |_, desk| {
        let mut file = Vec::new();
        desk.export_violations(&Default::default(), WHY, &mut file)?;
        Ok(String::from_utf8(file).unwrap())
    }),
    ("reject_row", |_, desk| desk.reject_row("volunteer", RowId(NAMELESS), WHY).map(text)),
    ("reopen", |_, desk| desk.reopen("volunteer", RowId(NAMELESS), WHY).map(text)),
    ("fix_file", |world, desk| {
        let fix = FileFix { reason: WHY.into(), current_mapping: false };
        desk.fix_file("volunteer", &world.file("rows.csv"), &fix).map(text)
    }),
    ("fix", |_, desk| {
        let values = vec![("email".to_owned(), "ida@example.org".to_owned())];
        let fix = RowFix { values, reason: WHY.into(), ..RowFix::default() };
        desk.fix("volunteer", RowId(HELD), &fix).map(text)
    }),
    ("suppress", |_, desk| desk.suppress("volunteer", RowId(NAMELESS), &["FMT-101".into()], WHY).map(text)),
    ("fix_bulk", |_, desk| desk.fix_bulk("volunteer", &bulk()).map(text)),
    ("reject_rows", |_, desk| desk.reject_rows("volunteer", &Default::default(), WHY).map(text)),
    ("create", |_, desk| {
        let values = [("first_name", "Ida"), ("last_name", "Noddack"), ("employer", "Acme")];
        let values = values.map(|(field, value)| (field.to_owned(), value.to_owned())).to_vec();
        desk.create("volunteer", &NewPerson { values, reason: WHY.into() }).map(text)
    }),
    ("edit", |_, desk| {
        let values = vec![("employer".to_owned(), "Acme".to_owned())];
        desk.edit("volunteer", RecordId(1), &Edit { values, reason: WHY.into() }).map(text)
    }),
    ("import", |world, desk| {
        let request = world.request("crm", "9,Ida,Noddack,ida@example.org,,,,,,,\n").dry_run(true);
        desk.import(&request, WHY).map(|told| report(&told))
    }),
    ("start", |world, desk| {
        let request = world.request("crm", "8,Ida,Noddack,ida@example.org,,,,,,,\n").dry_run(true);
        desk.start(&request, WHY)?.join().map(|told| report(&told))
    }),
    ("rerun", |_, desk| desk.rerun(RunId(1), RerunStep::Upsert, WHY).map(|told| report(&told))),
    ("resume", |_, desk| desk.resume(RunId(1), WHY).map(|told| report(&told))),
    ("retry", |_, desk| desk.retry(RunId(1), WHY).map(|told| report(&told))),
    ("approve", |_, desk| desk.approve(RunId(1), WHY).map(|told| report(&told))),
    ("pause", |_, desk| desk.pause(RunId(1), WHY).map(text)),
    ("cancel", |_, desk| desk.cancel(RunId(1), WHY).map(text)),
    ("discard", |_, desk| desk.discard(RunId(1), WHY).map(text)),
    ("label", |_, desk| desk.label(RunId(1), Some("spring"), WHY).map(text)),
    ("report", |_, desk| {
        let mut told = String::new();
        for run in desk.runs(&Default::default())?.iter().filter(|run| run.new.source == "csv") {
            told += &report(&desk.report(run.id)?);
        }
        assert!(told.contains("would_merge"), "there is something to compare: {told}");
        Ok(told)
    }),
    ("runs", |_, desk| Ok(desk.runs(&Default::default())?.iter().map(run).collect())),
    ("interrupted", |_, desk| Ok(desk.interrupted()?.iter().map(run).collect())),
    ("roll_back", |_, desk| {
        let request = RollbackRequest { run: RunId(1), reason: WHY.into(), dry_run: true };
        desk.roll_back(&request).map(text)
    }),
    ("rollback_items", |_, desk| desk.rollback_items(RunId(WRONG), None, 0, 10).map(|items| debug(&items))),
    ("audit_log", |_, desk| desk.audit_log(&AuditFilter::default()).map(text)),
    ("merge", |_, desk| desk.merge(&MergeRequest::new("volunteer", [1, 2], WHY)).map(text)),
    ("merge_obvious", |_, desk| desk.merge_obvious("volunteer", WHY).map(text)),
    ("undo_merge", |_, desk| desk.undo_merge(MergeId(1), WHY).map(text)),
    ("redo_merge", |_, desk| desk.redo_merge(MergeId(1), WHY).map(text)),
    ("redo", |_, desk| desk.redo(&RedoRequest::new(MergeId(1), WHY)).map(text)),
    ("undo_match", |_, desk| desk.undo_match("volunteer", "csv", "1", WHY).map(text)),
    ("retention", |_, desk| desk.retention(&RetentionPolicy::shipped(), true, WHY).map(text)),
];

/// Answers that are refusals: they are not for a steward, or there is no such run.
const NOT_NOW: [&str; 14] = [
    "approve",
    "cancel",
    "discard",
    "merge",
    "merge_obvious",
    "pause",
    "redo",
    "redo_merge",
    "resume",
    "retention",
    "retry",
    "undo_match",
    "undo_merge",
    "roll_back",
];

fn told_violations(rows: Vec<importer_core::ports::ViolationRow>) -> String {
    let told = rows.iter().map(|row| {
        let v = &row.violation;
        format!("{} {} {} {} {} ", row.id, v.record_key, v.field, v.message, v.details_json)
    });
    told.collect()
}

/// A model tells of everybody together, and of nobody; it is learned from what nobody of the role sees one by one.
const OF_EVERYBODY: [&str; 2] = ["actor", "train"];

#[test]
fn every_answer_of_a_desk_is_compared() {
    let known: BTreeSet<String> =
        ANSWERS.iter().map(|answer| answer.0).chain(OF_EVERYBODY).map(str::to_owned).collect();
    assert_eq!(methods_of("Desk<'_>"), known, "each method of a desk belongs into ANSWERS of this file");
}

#[test]
fn what_a_role_does_not_see_changes_nothing_in_what_it_is_told() {
    for (role, hidden) in [(Role::Steward, &UNLIKE), (Role::Viewer, &REACHED_ELSEWHERE)] {
        for (db, other) in support::databases().into_iter().zip(support::databases()) {
            let [one, other] = [(db, &ALIKE), (other, hidden)].map(|(db, hidden)| World::new(db, hidden));
            // What an admin is told of both is not the same, so there was something to hide.
            let admin = |world: &World| {
                let importer = world.importer();
                let desk = importer.desk(Actor::admin("ann"));
                let e = desk
                    .score("volunteer", RecordId(1), RecordId(2), Some(&world.model()))
                    .unwrap()
                    .explanation;
                (debug(desk.suggestions(&Default::default()).unwrap()), debug(e))
            };
            let (told, untold) = (admin(&one), admin(&other));
            // That a pair is suggested, and as what, is told to everybody: here it is the same.
            for world in [&one, &other] {
                let found = world.importer().suggestions(&Default::default()).unwrap();
                let stand: Vec<String> =
                    found.iter().map(|row| format!("{:?} {:?}", row.kind, row.decision)).collect();
                assert_eq!(stand, ["PossibleDuplicate Open"], "{found:?}");
            }
            assert!(told.0 != untold.0 && told.1 != untold.1);
            for (name, answer) in ANSWERS {
                let [told, untold] = [&one, &other].map(|world| {
                    let importer = world.importer();
                    let said = answer(world, &importer.desk(Actor::new("sam", role)));
                    // What is not for a role is refused with the same words; the others have something to tell.
                    let may = role == Role::Viewer || NOT_NOW.contains(name);
                    assert!(may || said.is_ok(), "{name} as {role}: {said:?}");
                    said.unwrap_or_else(|error| error.to_string())
                });
                let home = |told: &str, world: &World| {
                    told.replace(&world.folder.path().display().to_string(), "FOLDER")
                        .replace(&world.db.url, "DB")
                };
                assert_eq!(
                    home(&told, &one),
                    home(&untold, &other),
                    "{name} as {role} on {}",
                    one.db.backend
                );
            }
        }
    }
}

#[test]
fn the_command_line_tells_no_more_than_the_desk() {
    for (role, hidden) in [(Role::Steward, &UNLIKE), (Role::Viewer, &REACHED_ELSEWHERE)] {
        for (db, other) in support::databases().into_iter().zip(support::databases()) {
            let desks = [(db, &ALIKE), (other, hidden)].map(|(db, hidden)| {
                let world = World::new(db, hidden);
                std::fs::write(world.file("model.json"), world.model().write()).unwrap();
                let model = world.file("model.json").display().to_string();
                (cli::Desk::on(world.db), model, world.folder)
            });
            let commands: [&[&str]; 20] = [
                &["suggestions"],
                &["suggestions", "--json"],
                &["suggestions", "--from", "0.8"],
                &["review", "show", "1"],
                &["review", "show", "1", "--json"],
                &["score", "1", "2", "--model", "MODEL"],
                &["score", "1", "2", "--model", "MODEL", "--json"],
                &["score", "1", "2", "--model", "MODEL", "--svg", "SVG"],
                &["merge", "--obvious", "--preview"],
                &["merge", "--list", "--json"],
                &["merge", "1", "2", "--preview"],
                &["people"],
                &["people", "1"],
                &["people", "2", "--json"],
                &["violations", "--json"],
                &["quarantine", "--json"],
                &["runs", "4"],
                &["runs", "3"],
                &["runs", "3", "--json"],
                &["rollback", "1", "--dry-run"],
            ];
            for command in commands {
                let [told, untold] = desks.each_ref().map(|(desk, model, folder)| {
                    let svg = folder.path().join("score.svg").display().to_string();
                    let words = command.iter().map(|word| match *word {
                        "MODEL" => model.as_str(),
                        "SVG" => &svg,
                        word => word,
                    });
                    let said = desk.call(words.chain(["--role", role.as_str(), "--actor", "sam"]));
                    let mut told = said.out.clone() + &said.err;
                    if command.contains(&"SVG") {
                        told += &std::fs::read_to_string(&svg).unwrap();
                    }
                    let told = without_clock(&told).replace(&desk.db.url, "DB");
                    // A URL is printed with its host encoded.
                    let told = told.replace(desk.db.url.rsplit('/').next().unwrap(), "NAME");
                    told.replace(&folder.path().display().to_string(), "FOLDER")
                });
                assert!(!told.is_empty() || command[0] == "runs", "{command:?} as {role}");
                assert_eq!(told, untold, "{command:?} as {role}");
            }
        }
    }
}

/// What a command said but for how long it took, which is another thing each time.
fn without_clock(told: &str) -> String {
    if let Ok(mut told) = serde_json::from_str::<Value>(told) {
        forget_clock(&mut told);
        return told.to_string();
    }
    let cut = ["rows/s", " s, ", " ms"];
    let lines = told.lines().filter(|line| !cut.iter().any(|word| line.contains(word)));
    lines.collect::<Vec<_>>().join("\n")
}

fn forget_clock(told: &mut Value) {
    match told {
        Value::Object(all) => {
            for clock in ["durations_ms", "elapsed_us", "elapsed_ms", "rows_per_second"] {
                all.remove(clock);
            }
            all.values_mut().for_each(forget_clock);
        }
        Value::Array(all) => all.iter_mut().for_each(forget_clock),
        _ => {}
    }
}
