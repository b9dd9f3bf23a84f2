//! Who may do what: every call of a desk under every role, and what each role sees.

use std::collections::BTreeSet;
use std::path::Path;

use importer::plugin::spreadsheet::unguard;
use importer::service::{
    Action, Actor, BulkChange, BulkFix, Desk, Edit, FileFix, HomesRequest, MergeRequest, NewPerson,
    ObviousRequest, RedoRequest, RerunStep, ReviewDecision, Role, RollbackRequest, RowFix, ScanRequest,
};
use importer::{Error, ErrorKind, Importer, MergeId, RecordId, RowId, RunId, RunRequest, SuggestionId};
use importer_core::ports::{AuditFilter, AuditOutcome, AuditRow, QuarantineFilter};
use importer_core::retention::RetentionPolicy;
use importer_dedupe::matching::model::ModelDocument;

use super::support::{self, Database};
use super::{cli, migrations};

type Call = fn(&Desk<'_>, &str) -> Result<(), Error>;

/// Every public method of a desk: its name, what it is, whether it changes anything, and a call of it with a reason.
const CALLS: &[(&str, Action, bool, Call)] = &[
    ("quarantine", Action::ViewQuarantine, false, |desk, _| {
        desk.quarantine("volunteer", &Default::default()).map(drop)
    }),
    ("quarantine_tally", Action::ViewQuarantine, false, |desk, _| {
        desk.quarantine_tally("volunteer", &Default::default()).map(drop)
    }),
    ("quarantined_row", Action::ViewQuarantine, false, |desk, _| {
        desk.quarantined_row("volunteer", RowId(HELD)).map(drop)
    }),
    ("preview_bulk", Action::FixRows, false, |desk, reason| {
        desk.preview_bulk("volunteer", &bulk(reason), 10).map(drop)
    }),
    ("preview_fix", Action::FixRows, false, |desk, reason| {
        desk.preview_fix("volunteer", RowId(HELD), &RowFix::new(reason)).map(drop)
    }),
    ("export_quarantine", Action::Export, true, |desk, reason| {
        desk.export_quarantine("volunteer", &Default::default(), reason, &mut Vec::new()).map(drop)
    }),
    ("export_records", Action::Export, true, |desk, reason| {
        desk.export_records("volunteer", reason, &mut Vec::new()).map(drop)
    }),
    ("export_violations", Action::Export, true, |desk, reason| {
        desk.export_violations(&Default::default(), reason, &mut Vec::new()).map(drop)
    }),
    ("suppress", Action::SuppressRows, true, |desk, reason| {
        desk.suppress("volunteer", RowId(1), &["REQ-001".into()], reason).map(drop)
    }),
    ("reject_row", Action::SuppressRows, true, |desk, reason| {
        desk.reject_row("volunteer", RowId(HELD), reason)
    }),
    ("reopen", Action::SuppressRows, true, |desk, reason| desk.reopen("volunteer", RowId(HELD), reason)),
    ("reject_rows", Action::SuppressRows, true, |desk, reason| {
        let filter = QuarantineFilter { rule: Some("REQ-001".into()), ..Default::default() };
        desk.reject_rows("volunteer", &filter, reason).map(drop)
    }),
    ("fix_file", Action::FixRows, true, |desk, reason| {
        let fix = FileFix { reason: reason.into(), current_mapping: false };
        desk.fix_file("volunteer", Path::new("nowhere.csv"), &fix).map(drop)
    }),
    ("fix_bulk", Action::FixRows, true, |desk, reason| desk.fix_bulk("volunteer", &bulk(reason)).map(drop)),
    ("fix", Action::FixRows, true, |desk, reason| {
        let values = vec![("email_normalized".to_owned(), "grace@example.org".to_owned())];
        let fix = RowFix { values, reason: reason.into(), ..RowFix::default() };
        desk.fix("volunteer", RowId(HELD), &fix).map(drop)
    }),
    ("create", Action::CreateRecords, true, |desk, reason| {
        let values =
            vec![("first_name".to_owned(), "Ida".to_owned()), ("last_name".to_owned(), "Noddack".to_owned())];
        desk.create("volunteer", &NewPerson { values, reason: reason.into() }).map(drop)
    }),
    ("scan", Action::ControlRuns, true, |desk, reason| {
        desk.scan(&ScanRequest::new("volunteer"), reason).map(drop)
    }),
    ("train", Action::ControlRuns, true, |desk, reason| desk.train("volunteer", 1.0, reason).map(drop)),
    ("approve", Action::ApproveRuns, true, |desk, reason| desk.approve(RunId(1), reason).map(drop)),
    ("cancel", Action::ControlRuns, true, |desk, reason| desk.cancel(RunId(1), reason).map(drop)),
    ("discard", Action::ApproveRuns, true, |desk, reason| desk.discard(RunId(1), reason)),
    ("start", Action::ControlRuns, true, |desk, reason| {
        desk.start(&RunRequest::new("nothing"), reason).and_then(importer::service::RunHandle::join).map(drop)
    }),
    ("import", Action::ControlRuns, true, |desk, reason| {
        desk.import(&RunRequest::new("csv").file("nowhere.csv"), reason).map(drop)
    }),
    ("find", Action::ViewRecords, false, |desk, _| desk.find("volunteer", &Default::default()).map(drop)),
    ("find_count", Action::ViewRecords, false, |desk, _| {
        desk.find_count("volunteer", &Default::default()).map(drop)
    }),
    ("households", Action::ViewRecords, false, |desk, _| desk.households("volunteer", RecordId(1)).map(drop)),
    ("interrupted", Action::ViewRuns, false, |desk, _| desk.interrupted().map(drop)),
    ("label", Action::ControlRuns, true, |desk, reason| desk.label(RunId(1), Some("spring"), reason)),
    ("merge", Action::Merge, true, |desk, reason| {
        desk.merge(&MergeRequest::new("volunteer", [1, 2], reason)).map(drop)
    }),
    ("merge_obvious", Action::Merge, true, |desk, reason| desk.merge_obvious("volunteer", reason).map(drop)),
    ("preview_obvious", Action::ViewSuggestions, false, |desk, _| {
        desk.preview_obvious(&ObviousRequest::new("volunteer")).map(drop)
    }),
    ("homes", Action::ViewSuggestions, false, |desk, _| {
        desk.homes(&HomesRequest::new("volunteer")).map(drop)
    }),
    ("matches", Action::ViewSuggestions, false, |desk, _| {
        desk.matches("volunteer", &Default::default()).map(drop)
    }),
    ("merges", Action::ViewSuggestions, false, |desk, _| {
        desk.merges("volunteer", &Default::default()).map(drop)
    }),
    ("pause", Action::ControlRuns, true, |desk, reason| desk.pause(RunId(1), reason).map(drop)),
    ("preview_merge", Action::Review, false, |desk, reason| {
        desk.preview_merge(&MergeRequest::new("volunteer", [1, 2], reason)).map(drop)
    }),
    ("redo_merge", Action::Merge, true, |desk, reason| desk.redo_merge(MergeId(1), reason).map(drop)),
    ("redo", Action::Merge, true, |desk, reason| desk.redo(&RedoRequest::new(MergeId(1), reason)).map(drop)),
    ("rerun", Action::ControlRuns, true, |desk, reason| {
        desk.rerun(RunId(1), RerunStep::Upsert, reason).map(drop)
    }),
    ("resume", Action::ControlRuns, true, |desk, reason| desk.resume(RunId(1), reason).map(drop)),
    ("retention", Action::Retain, true, |desk, reason| {
        desk.retention(&RetentionPolicy::shipped(), false, reason).map(drop)
    }),
    ("review", Action::Review, true, |desk, reason| {
        desk.review(SuggestionId(1), &ReviewDecision::Reject, reason).map(drop)
    }),
    ("review_all", Action::Review, true, |desk, reason| {
        desk.review_all(&[SuggestionId(1)], &ReviewDecision::Reject, reason)
            .into_iter()
            .try_for_each(|(_, result)| result.map(drop))
    }),
    ("review_matching", Action::Review, true, |desk, reason| {
        desk.review_matching(&Default::default(), &ReviewDecision::Reject, reason, false).map(drop)
    }),
    ("roll_back", Action::RollBackRuns, true, |desk, reason| {
        desk.roll_back(&RollbackRequest { run: RunId(1), reason: reason.into(), dry_run: false }).map(drop)
    }),
    ("rollback_items", Action::ViewRuns, false, |desk, _| {
        desk.rollback_items(RunId(1), None, 0, 10).map(drop)
    }),
    ("undo_match", Action::UndoMerge, true, |desk, reason| {
        desk.undo_match("volunteer", "csv", "1", reason).map(drop)
    }),
    ("undo_merge", Action::UndoMerge, true, |desk, reason| desk.undo_merge(MergeId(1), reason).map(drop)),
    ("who_is", Action::ViewRecords, false, |desk, _| desk.who_is("volunteer", RecordId(1)).map(drop)),
    ("retry", Action::ControlRuns, true, |desk, reason| desk.retry(RunId(1), reason).map(drop)),
    ("audit_log", Action::ViewAudit, false, |desk, _| desk.audit_log(&Default::default()).map(drop)),
    ("changes", Action::ViewRecords, false, |desk, _| {
        desk.changes("volunteer", &Default::default()).map(drop)
    }),
    ("edit", Action::EditRecords, true, |desk, reason| {
        let values = vec![("city".to_owned(), "Liberty".to_owned())];
        desk.edit("volunteer", RecordId(1), &Edit { values, reason: reason.into() })
    }),
    ("received", Action::ViewQuarantine, false, |desk, _| {
        desk.received("volunteer", RowId((1 << 32) + 1)).map(drop)
    }),
    ("record", Action::ViewRecords, false, |desk, _| desk.record("volunteer", RecordId(1)).map(drop)),
    ("records", Action::ViewRecords, false, |desk, _| desk.records("volunteer", RecordId(0), 10).map(drop)),
    ("report", Action::ViewRuns, false, |desk, _| desk.report(RunId(1)).map(drop)),
    ("runs", Action::ViewRuns, false, |desk, _| desk.runs(&Default::default()).map(drop)),
    ("score", Action::ViewSuggestions, false, |desk, _| {
        desk.score("volunteer", RecordId(1), RecordId(2), None).map(drop)
    }),
    ("suggestions", Action::ViewSuggestions, false, |desk, _| {
        desk.suggestions(&Default::default()).map(drop)
    }),
    ("violations", Action::ViewQuarantine, false, |desk, _| desk.violations(&Default::default()).map(drop)),
];

/// The row in quarantine of [`filled`].
const HELD: i64 = (1 << 32) + 3;
const HELD_TEXT: &str = "4294967299";

fn bulk(reason: &str) -> BulkFix {
    let (find, replace) = ("grace.secret.".into(), "grace.secret@".into());
    let change = BulkChange::Replace { field: "e-mail".into(), find, replace };
    BulkFix { filter: QuarantineFilter::default(), change, reason: reason.into(), current_mapping: false }
}

/// Says nothing about data, and needs no permission.
const OPEN: [&str; 1] = ["actor"];

const PEOPLE: &str = "\
id,first name,last name,e-mail,phone,dob,gender,hobby
1,Ada,Lovelace,ada.secret@example.org,+1 816 234 5678,1985-04-23,womanly,chess-and-go
2,Adda,Lovelace,ada.secret@example.org,,1985-04-23,womanly,
3,Grace,Hopper,grace.secret.example.org,,1984-01-02,manly,ski-jumping
";

fn filled(db: &Database) -> Importer {
    let folder = tempfile::tempdir().unwrap();
    let report = db.import(&support::file(folder.path(), "people.csv", PEOPLE));
    assert_eq!((report.counts.inserted, report.counts.quarantined), (2, 1), "{report:?}");
    db.importer()
}

/// Everything but the audit log, as text.
pub(crate) fn everything(db: &Database) -> Vec<String> {
    let tables = migrations::TABLES.iter().filter(|table| **table != "audit_log");
    let rows = |table: &&str| {
        let mut rows = match db.backend {
            "sqlite" => {
                let columns = db.texts(&format!("SELECT name AS t FROM pragma_table_info('{table}')"));
                let quoted: Vec<String> = columns.iter().map(|c| format!("quote({c})")).collect();
                db.texts(&format!("SELECT {} AS t FROM {table}", quoted.join(" || ',' || ")))
            }
            _ => db.texts(&format!("SELECT y::text AS t FROM {table} y")),
        };
        rows.sort();
        rows.into_iter().map(|row| format!("{table}: {row}")).collect::<Vec<_>>()
    };
    tables.flat_map(rows).collect()
}

fn log(importer: &Importer) -> Vec<AuditRow> {
    importer.desk(Actor::admin("auditor")).audit_log(&AuditFilter::default()).unwrap()
}

/// The public methods of a type of the facade, as its sources tell them.
pub(crate) fn methods_of(of: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![support::root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let text = std::fs::read_to_string(&entry).unwrap();
            for block in text.split(&format!("\nimpl {of} {{\n")).skip(1) {
                let block = block.split("\n}\n").next().unwrap();
                let names =
                    block.split("\n    pub fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
                found.extend(names.map(str::to_owned));
                if let Some(first) = block.strip_prefix("    pub fn ") {
                    found.extend(first.split(['(', '<']).next().map(str::to_owned));
                }
            }
        }
    }
    found
}

#[test]
fn every_call_of_a_desk_is_in_the_matrix() {
    let known: BTreeSet<String> = CALLS.iter().map(|call| call.0).chain(OPEN).map(str::to_owned).collect();
    assert_eq!(
        methods_of("Desk<'_>"),
        known,
        "each method of a desk belongs into CALLS of this file, with its action"
    );
}

#[test]
fn a_role_does_what_it_may_and_a_refusal_changes_nothing_and_is_remembered() {
    for db in support::databases() {
        let importer = filled(&db);
        for (name, action, changes, call) in CALLS {
            for role in [Role::Viewer, Role::Steward, Role::Admin] {
                let desk = importer.desk(Actor::new(format!("the {role}"), role));
                let (before, lines) = (everything(&db), log(&importer).len());
                if action.allowed(role) {
                    if *changes {
                        let error = call(&desk, " ").unwrap_err();
                        assert!(
                            error.kind() == ErrorKind::Config && error.to_string().contains("reason"),
                            "{name}: {error}"
                        );
                        assert_eq!((everything(&db), log(&importer).len()), (before, lines), "{name}");
                    }
                    let result = call(&desk, "because");
                    let forbidden = result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Forbidden);
                    assert!(!forbidden, "{name} as {role}: {result:?}");
                    if *changes && result.is_ok() {
                        let line = log(&importer).pop().unwrap().entry;
                        assert_eq!(
                            (line.outcome, line.reason.as_str()),
                            (AuditOutcome::Done, "because"),
                            "{name}"
                        );
                    }
                    continue;
                }
                let error = call(&desk, "because").unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Forbidden, "{name} as {role}: {error}");
                assert!(error.to_string().contains("it needs the role"), "{error}");
                assert_eq!(everything(&db), before, "{name} as {role} on {}", db.backend);
                let log = log(&importer);
                assert_eq!(log.len(), lines + 1, "{name} as {role}");
                let line = &log.last().unwrap().entry;
                assert_eq!(
                    (line.actor.clone(), line.role.as_str(), line.action.as_str(), line.outcome),
                    (format!("the {role}"), role.as_str(), action.as_str(), AuditOutcome::Refused),
                    "{name}"
                );
            }
        }
    }
}

/// What stands in cells of each class, as received or as normalised.
const CONTACT: [&str; 3] = ["ada.secret", "grace.secret", "2345678"];
const SENSITIVE: [&str; 6] = ["1985-04-23", "1984-01-02", "womanly", "manly", "chess-and-go", "ski-jumping"];

#[test]
fn the_command_line_shows_what_the_role_sees() {
    for db in support::databases() {
        filled(&db);
        let desk = cli::Desk::on(db);
        for role in Role::ALL {
            let commands: [&[&str]; 11] = [
                &["quarantine", HELD_TEXT],
                &["quarantine", HELD_TEXT, "--json"],
                &["violations", "--json"],
                &["violations"],
                &["suggestions", "--json"],
                &["suggestions"],
                &["score", "1", "2", "--json"],
                &["score", "1", "2"],
                &["runs", "1"],
                &["runs", "1", "--json"],
                &["runs", "--json"],
            ];
            let mut said = String::new();
            for command in commands {
                let ended =
                    desk.call(command.iter().copied().chain(["--role", role.as_str(), "--actor", "vera"]));
                assert_eq!(ended.code, 0, "{command:?}: {ended:?}");
                said += &ended.out;
            }
            let saw = |values: &[&str]| values.iter().filter(|value| said.contains(**value)).count();
            match role {
                Role::Admin => assert!(saw(&SENSITIVE) > 2 && saw(&CONTACT) > 0, "{said}"),
                Role::Steward => assert!(saw(&SENSITIVE) == 0 && saw(&CONTACT) > 0, "{said}"),
                Role::Viewer => assert!(saw(&SENSITIVE) == 0 && saw(&CONTACT) == 0, "{said}"),
            }
            assert!(said.contains("Grace"), "names are for everybody: {said}");
            assert_eq!(said.contains("birth_date"), role == Role::Admin, "a score tells of it: {said}");
        }
    }
}

#[test]
fn a_steward_reviews_and_scans_without_seeing_what_is_masked() {
    let db = support::sqlite();
    filled(&db);
    let desk = cli::Desk::on(db);
    let commands: [&[&str]; 5] = [
        &["review", "show", "1"],
        &["review", "show", "1", "--json"],
        &["scan", "--preview", "--json"],
        &["scan", "--all"],
        &["train", "--out", "model.json"],
    ];
    for command in commands {
        let call = |role| desk.call(command.iter().copied().chain(["--role", role, "--actor", "sam"]));
        call("viewer").fails(2, &["a viewer may not", "it needs the role steward"]);
        let said = call("steward");
        said.succeeds();
        // A model tells of all fields, but of nobody's.
        let told = SENSITIVE.iter().any(|value| said.out.contains(*value));
        assert!(!told && (command[0] == "train" || !said.out.contains("birth_date")), "{said:?}");
    }
    let lines = desk.call(["audit", "--by", "sam", "--action", "control_runs", "--json"]).json();
    let done = lines.as_array().unwrap().iter().filter(|line| line["outcome"] == "done").count();
    assert_eq!(done, 2, "a preview does nothing: {lines}");
}

/// Whoever makes up a model could let a single field decide, one that the role does not see.
#[test]
fn a_steward_scans_by_what_was_learned_here_and_by_nothing_else() {
    for db in support::databases() {
        let importer = filled(&db);
        let steward = importer.desk(Actor::new("sam", Role::Steward));
        let learned = steward.train("volunteer", 1.0, "to see").unwrap().document;
        let by = |document: &ModelDocument| ScanRequest {
            model: Some(document.clone()),
            ..ScanRequest::new("volunteer")
        };
        let mut made_up = learned.clone();
        made_up.terms.retain(|term| term.name == "birth_date");
        for preview in [true, false] {
            let before = everything(&db);
            let request = ScanRequest { preview, ..by(&made_up) };
            let refused = steward.scan(&request, "to see").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Forbidden, "{refused}");
            assert!(refused.to_string().contains("a model that was not trained here"), "{refused}");
            assert_eq!(everything(&db), before, "{}", db.backend);
            let line = log(&importer).pop().unwrap().entry;
            assert_eq!((line.actor.as_str(), line.outcome), ("sam", AuditOutcome::Refused));
        }
        assert!(steward.scan(&by(&learned), "to see").unwrap().samples.is_empty());
        // What somebody who sees every field has scanned by is known here from then on.
        importer.desk(Actor::admin("ann")).scan(&by(&made_up), "to see").unwrap();
        steward.scan(&by(&made_up), "to see").unwrap();
    }
}

#[test]
fn reports_of_runs_hold_no_samples_that_the_role_does_not_see() {
    let db = support::sqlite();
    let importer = filled(&db);
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", PEOPLE);
    for (role, sees) in [(Role::Admin, true), (Role::Steward, false)] {
        let desk = importer.desk(Actor::new("zoe", role));
        let request = RunRequest::new("csv").file(&file).external_system(role.as_str());
        let report = desk.import(&request, "the weekly file").unwrap();
        let again = desk.rerun(report.run_id, RerunStep::Validate, "to be sure").unwrap();
        for report in [report, again] {
            assert_eq!(!report.unmapped[0].samples.is_empty(), sees, "{role}: {report:?}");
        }
        let run = desk.runs(&Default::default()).unwrap().remove(0);
        assert_eq!((run.metrics_json.contains("chess-and-go"), run.cursor.is_some()), (sees, sees), "{role}");
    }
    let log = log(&importer);
    assert_eq!((log[0].entry.subject.as_str(), log[0].entry.actor.as_str()), ("volunteer from csv", "zoe"));
    assert_eq!(db.number("SELECT COUNT(*) AS t FROM import_runs WHERE actor = 'zoe'"), 4);
}

#[test]
fn the_audit_log_is_exported_whole() {
    let db = support::sqlite();
    let importer = filled(&db);
    let desk = importer.desk(Actor::new("=zoe", Role::Steward));
    for city in ["Liberty", "Parkville"] {
        let values = vec![("city".to_owned(), city.to_owned())];
        desk.edit("volunteer", RecordId(1), &Edit { values, reason: "she said \"move\", so".into() })
            .unwrap();
    }
    let desk = cli::Desk::on(db);
    desk.call(["audit", "--role", "viewer"])
        .fails(2, &["a viewer may not view audit", "it needs the role steward"]);
    let csv = desk.call(["audit", "--csv", "--limit", "0"]);
    let lines: Vec<&str> = csv.succeeds().out.lines().collect();
    assert_eq!(lines.len(), 4, "{csv:?}");
    assert_eq!(lines[0], "id,when,who,role,what,entity,subject,outcome,why,details");
    assert!(lines[1].contains(",'=zoe,steward,edit_records,volunteer,volunteer 1,done,"), "{csv:?}");
    assert!(
        lines[1].contains("\"she said \"\"move\"\", so\",\"{\"\"fields\"\":[\"\"city\"\"]}\""),
        "{csv:?}"
    );
    assert!(lines[3].contains(",view_audit,") && lines[3].contains(",refused,"), "{csv:?}");
    assert!(!csv.out.contains("Parkville"), "no values of records: {csv:?}");
    let json = desk.call(["audit", "--json", "--limit", "0"]).json();
    assert_eq!(json.as_array().unwrap().len(), 3, "{json}");
    let mut read = csv::Reader::from_reader(csv.out.as_bytes());
    for (row, line) in read.records().map(Result::unwrap).zip(json.as_array().unwrap()) {
        for (column, name) in [(2, "actor"), (6, "subject"), (8, "reason")] {
            assert_eq!(Some(unguard(&row[column])), line[name].as_str(), "it comes back as it was");
        }
    }
    assert_eq!((&json[0]["actor"], &json[0]["reason"]), (&"=zoe".into(), &"she said \"move\", so".into()));
}
