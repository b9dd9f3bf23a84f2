//! Finding people who are there twice, as the program tells it: `scan`, `score`, `train`, `suggestions`, `review`.

use std::fmt::Write;

use super::evaluate::{golden, shape_of};
use super::labelled::labelled;
use super::{Desk, Ended};
use crate::{scan, twice};

/// A desk with 80 people in its core, two of them twice.
fn desk() -> Desk {
    let desk = Desk::new();
    scan::imported(&desk.db);
    // What changed within the second of a scan is looked at again by the next one.
    desk.db.execute("UPDATE core_volunteers SET updated_at = '2001-01-01T00:00:00Z'");
    desk
}

/// The same after a scan.
fn scanned() -> Desk {
    let desk = desk();
    desk.call(["scan"]).succeeds();
    desk
}

/// Without what is other at every run: where the database is and how long it took.
fn steady(desk: &Desk, text: &str) -> String {
    let shown = desk.db.importer().database();
    let line = |line: &str| match line.rsplit_once("). ").filter(|_| line.ends_with(&shown)) {
        Some((before, _)) => format!("{before}). TIME, DATABASE\n"),
        None => format!("{line}\n").replace(&shown, "DATABASE"),
    };
    text.lines().map(line).collect()
}

#[track_caller]
fn told(desk: &Desk, name: &str, ended: &Ended) {
    golden(&format!("matching/{name}"), &steady(desk, &ended.succeeds().out));
}

/// The names in a JSON answer and what they name.
#[track_caller]
fn named(name: &str, ended: &Ended) {
    golden(&format!("matching/{name}"), &shape_of(&ended.succeeds().json()));
}

#[test]
fn a_scan_says_what_it_found_and_the_next_one_only_what_is_new() {
    let desk = desk();
    told(&desk, "preview.txt", &desk.call(["scan", "--preview"]));
    desk.empty(&["dedupe_suggestions"]);
    told(&desk, "scan.txt", &desk.call(["scan"]));
    let stored = desk.rows("dedupe_suggestions");
    told(&desk, "scan_again.txt", &desk.call(["scan"]));
    let all = desk.call(["scan", "--all", "--json"]);
    named("scan.json.txt", &all);
    let report = all.json();
    assert_eq!(report["suggestions"]["unchanged"].as_i64(), Some(stored), "{report}");
    assert_eq!((&report["since_scan"], desk.rows("dedupe_suggestions")), (&serde_json::Value::Null, stored));
    let later = desk.call(["scan", "--json"]).succeeds().json();
    assert_eq!(later["changed_records"], 0, "{later}");
    let preview = desk.call(["scan", "--preview", "--all", "--json"]).succeeds().json();
    assert_eq!((&preview["run_id"], &preview["suggestions"]), (&().into(), &().into()));
    let samples = preview["samples"].as_array().unwrap();
    let kinds: Vec<_> = samples.iter().map(|sample| sample["kind"].as_str().unwrap()).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|k| ["merge", "review", "household"].contains(k)));
    assert!(!preview.to_string().contains("Lovelace"), "samples hold no values of people");
}

#[test]
fn a_scan_beside_another_is_refused_as_a_scan() {
    let desk = desk();
    // The lock dies with its holder, which is this test.
    let path = desk.db.url.strip_prefix("sqlite://").unwrap();
    let lock = std::fs::File::create(format!("{path}.volunteer-scan.lock")).unwrap();
    lock.lock().unwrap();
    let refused = desk.call(["scan"]);
    refused.fails(1, &["scan the core", "another scan is running", "entity: volunteer"]);
    assert!(!refused.err.contains("run of this source"), "{refused:?}");
    desk.call(["scan", "--preview"]).succeeds();
    drop(lock);
    desk.call(["scan"]).succeeds();
}

#[test]
fn a_score_is_a_waterfall() {
    let desk = scanned();
    let waterfall = desk.call(["score", "81", "1"]);
    told(&desk, "score.txt", &waterfall);
    assert!(!waterfall.out.contains("Lovelace"), "a waterfall names levels and no values");
    let json = desk.call(["score", "1", "81", "--json"]);
    named("score.json.txt", &json);
    let json = json.json();
    assert_eq!((&json["left"], &json["right"], &json["model"]), (&1.into(), &81.into(), &"scan 2".into()));
    let explained = &json["explanation"];
    let bits = |value: &serde_json::Value| value.as_f64().unwrap();
    let terms: f64 = explained["terms"].as_array().unwrap().iter().map(|term| bits(&term["bits"])).sum();
    let sum = bits(&explained["prior_bits"]) + terms + bits(&explained["household_bits"]);
    assert!((sum - bits(&explained["bits"])).abs() < 1e-9, "{explained}");
    desk.call(["score", "1", "81", "--svg", "score.svg"]).succeeds();
    let svg = std::fs::read_to_string(desk.folder.path().join("score.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("given_name") && !svg.contains("Lovelace"));
}

#[test]
fn it_is_said_why_two_records_were_not_compared() {
    let desk = Desk::new();
    let mut people = String::from("id,first name,last name,email,dob\n");
    // More than two million pairs, so that keys choose which are compared.
    for n in 0..2_010_u32 {
        let word = |n: u32| -> String {
            (0..4)
                .map(|i| ["ba", "ke", "li", "mo", "nu", "ra", "so", "ty"][(n >> (3 * i)) as usize % 8])
                .collect()
        };
        let (first, last) = (word(n.wrapping_mul(2_654_435_761) >> 20), word(n.wrapping_mul(40_503) >> 3));
        let born = format!("{}-{:02}-{:02}", 1930 + n % 70, 1 + n % 12, 1 + n % 27);
        writeln!(people, "p{n},{first},{last},{first}.{n}@example.org,{born}").unwrap();
    }
    desk.db.import(&desk.file("people.csv", people));
    // Nobody is compared with everybody, so one of these is a stranger of the first.
    let stranger = (2..40).find_map(|other| {
        let score = desk.call(["score", "1", &other.to_string()]);
        score.succeeds().out.contains("does not compare them").then_some(score.out)
    });
    let stranger = stranger.unwrap();
    assert!(
        stranger.contains("A scan does not compare them: they have no blocking key in common."),
        "{stranger}"
    );
    assert!(stranger.contains("prior"), "the score is told all the same: {stranger}");
}

#[test]
fn a_trained_model_is_used_by_whoever_is_given_it() {
    let desk = scanned();
    told(&desk, "train.txt", &desk.call(["train", "--out", "model.json"]));
    let json = desk.call(["train", "--out", "again.json", "--json"]);
    named("train.json.txt", &json);
    let read = |name| std::fs::read_to_string(desk.folder.path().join(name)).unwrap();
    let model = read("model.json");
    assert_eq!(model, read("again.json"), "the same core teaches the same");
    assert!(!model.contains("Lovelace"), "a model holds no values of people");
    let checksum = json.json()["checksum"].as_str().unwrap().to_owned();
    let scan = desk.call(["scan", "--all", "--model", "model.json", "--json"]).succeeds().json();
    assert_eq!((&scan["model_checksum"], &scan["model_learned"]), (&checksum.clone().into(), &false.into()));
    let score = desk.call(["score", "1", "81", "--model", "model.json", "--json"]).succeeds().json();
    assert_eq!((&score["model_checksum"], &score["model"]), (&checksum.into(), &"given".into()));
    desk.file("people.csv", scan::people());
    let run =
        desk.run("people.csv", &["--model", "model.json", "--dry-run", "--summary-json"]).succeeds().counts();
    assert_eq!(run["read"], 82);
    // A decision teaches.
    let id = desk.call(["suggestions", "--json"]).succeeds().json()[0]["id"].to_string();
    desk.call(["review", "reject", &id, "--reason", "met both"]).succeeds();
    let later = desk.call(["train", "--out", "later.json", "--weight", "50", "--json"]).succeeds().json();
    assert_eq!((&later["decided_same"], &later["decided_other"]), (&0.into(), &1.into()));
    assert_ne!(model, read("later.json"));
}

#[test]
fn an_evaluation_can_be_given_a_model_and_can_train_one() {
    let desk = scanned();
    desk.call(["train", "--out", "model.json"]).succeeds();
    let set = labelled(300);
    desk.file("labelled.csv", set.records);
    desk.file("pairs.csv", set.truth);
    let evaluate = |args: &[&str]| {
        let mut command = super::program(desk.folder.path());
        command.args(["evaluate", "--records", "labelled.csv", "--truth", "pairs.csv"]).args(args);
        super::ended(command)
    };
    let own = evaluate(&["--json"]).succeeds().json();
    let given = evaluate(&["--json", "--model", "model.json"]).succeeds().json();
    assert!(own["trained"].is_null() && own["terms"] != given["terms"]);
    let trained = evaluate(&["--train", "--samples", "0"]);
    golden("matching/evaluate_train.txt", &trained.succeeds().out);
    let json = evaluate(&["--train", "--json"]).succeeds().json();
    assert_eq!(json["auto_merge"], own["auto_merge"], "training changes nothing else in the report");
    let count = |side: &str, name: &str| json["trained"][side]["review"][name].as_u64().unwrap();
    for side in ["untrained", "trained"] {
        assert_eq!(
            count(side, "right") + count(side, "missed"),
            json["truth"]["pairs"].as_u64().unwrap(),
            "every person is on one side"
        );
    }
    evaluate(&["--model", "missing.json"]).fails(2, &["missing.json", "read the model"]);
    evaluate(&["--model", "pairs.csv"]).fails(2, &["it is no model document", "`train` makes one"]);
}

#[test]
fn suggestions_are_listed_by_kind_and_decision_page_by_page() {
    let desk = scanned();
    told(&desk, "suggestions.txt", &desk.call(["suggestions"]));
    let all = desk.call(["suggestions", "--json"]);
    named("suggestions.json.txt", &all);
    let ids = |args: &[&str]| -> Vec<i64> {
        let args = [&["suggestions", "--json"], args].concat();
        let listed = desk.call(args).succeeds().json();
        listed.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    let everything = ids(&[]);
    assert!(everything.len() >= 2 && everything.is_sorted());
    let mut paged = Vec::new();
    loop {
        let after = paged.last().copied().unwrap_or(0).to_string();
        let page = ids(&["--limit", "1", "--after", &after]);
        assert!(page.len() <= 1);
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, everything);
    let more = desk.call(["suggestions", "--limit", "1"]);
    assert!(
        more.succeeds().out.contains(&format!("There may be more: --after {}", everything[0])),
        "{more:?}"
    );
    let kinds: usize = ["possible_duplicate", "household", "ambiguous"]
        .iter()
        .map(|kind| ids(&["--kind", kind]).len())
        .sum();
    assert_eq!(kinds, everything.len());
    desk.call(["review", "reject", &everything[0].to_string(), "--reason", "met both"]).succeeds();
    assert_eq!(ids(&["--decision", "rejected"]), everything[..1]);
    assert_eq!(ids(&["--decision", "open"]), everything[1..]);
    // The likeliest first, and households on their own.
    let mut open = ids(&["--open"]);
    open.extend(ids(&["--open", "--kind", "household"]));
    open.sort_unstable();
    assert_eq!(open, everything[1..]);
    let none = desk.call(["suggestions", "--decision", "deferred"]);
    assert!(none.succeeds().out.contains("There are no such suggestions"), "{none:?}");
    desk.call(["suggestions", "--kind", "nonsense"]).fails(2, &["possible_duplicate", "household"]);
    desk.call(["suggestions", "--open", "--decision", "open"]).fails(2, &["cannot be used with"]);
}

#[test]
fn each_decision_says_what_it_does() {
    let desk = scanned();
    let id = desk.call(["suggestions", "--kind", "possible_duplicate", "--json"]).succeeds().json()[0]["id"]
        .to_string();
    let decide = |verdict: &str| desk.call(["review", verdict, &id, "--reason", "met both"]);
    let says = |verdict: &str, parts: &[&str]| {
        let ended = decide(verdict);
        for part in parts {
            assert!(ended.succeeds().out.contains(part), "{part}: {ended:?}");
        }
    };
    says("reject", &["is rejected.", "not suggested again"]);
    says("defer", &["is deferred.", "is deferred until 2"]);
    assert!(!desk.call(["suggestions", "--open"]).succeeds().out.contains(" 1        81 "));
    says("reopen", &["is open.", "is open again"]);
    let shown = desk.call(["review", "show", &id]).succeeds().out.clone();
    assert!(shown.contains("Accepting it merges 81 into 1:") && shown.contains("Lovelace"), "{shown}");
    assert_eq!(desk.rows("suggestion_decisions"), 3);
    // Two people of one household have nothing that could be merged.
    desk.db.execute(&format!("UPDATE dedupe_suggestions SET kind = 'household' WHERE id = {id}"));
    let household = decide("accept");
    assert!(household.succeeds().out.contains("They stay two people, in household 1"), "{household:?}");
    assert!(!household.out.contains("merge"), "{household:?}");
    says("reopen", &["is open."]);
    assert_eq!(desk.rows("household_members"), 0);
    desk.db.execute(&format!("UPDATE dedupe_suggestions SET kind = 'possible_duplicate' WHERE id = {id}"));
    says(
        "accept",
        &[&format!("Suggestion {id} about 1 and 81 is accepted."), "81 went into 1 with merge 1.", "undo 1"],
    );
    decide("reject").fails(2, &["volunteer 81 went into 1 with merge 1", "undo merge 1"]);
    desk.call(["review", "accept", &id]).fails(2, &["--reason"]);
    desk.call(["review", "accept", &id, "--reason", " "]).fails(2, &["it needs a reason"]);
    desk.call(["review", "perhaps", &id, "--reason", "x"]).fails(2, &["unrecognized subcommand"]);
    desk.call(["review", "accept", "999", "--reason", "x"])
        .fails(2, &["there is no suggestion 999", "`suggestions` lists them"]);
    assert_eq!(desk.rows("suggestion_decisions"), 6, "what is refused is not recorded");
    let undone = desk.call(["undo", "1", "--reason", "twins"]);
    assert!(undone.succeeds().out.contains("Record 81 is restored beside 1"), "{undone:?}");
    assert_eq!(
        desk.db.texts(&format!("SELECT decision AS t FROM dedupe_suggestions WHERE id = {id}")),
        ["open"]
    );
}

#[test]
fn what_is_wrong_with_a_call_is_named() {
    let desk = desk();
    desk.file("people.csv", scan::people());
    desk.file("other.json", r#"{"version": 1, "hobby": "chess"}"#);
    let mut model =
        serde_json::json!({"version": 2, "records": 9, "matches": 0.1, "households": 0.1, "terms": []});
    desk.file("newer.json", model.to_string());
    model["version"] = 1.into();
    model["matches"] = 7.into();
    desk.file("odd.json", model.to_string());
    for (file, says) in [
        ("missing.json", "No such file"),
        ("people.csv", "it is no model document"),
        ("other.json", "it is no model document"),
        ("newer.json", "it has version 2, and only 1 is known"),
        ("odd.json", "must lie between 0 and 1"),
    ] {
        for command in [&["scan"][..], &["score", "1", "2"]] {
            let args = [command, &["--model", file]].concat();
            desk.call(args).fails(2, &["read the model", file, says, "`train` makes one"]);
        }
    }
    desk.call(["run", "--source", "csv", "--file", "people.csv", "--model", "missing.json"])
        .fails(2, &["there is no such file", "`shipped`, `weighted`"]);
    for command in [&["scan"][..], &["score", "1", "2"], &["train", "--out", "model.json"]] {
        let args = [command, &["--entity", "event"]].concat();
        desk.call(args).fails(2, &["event", "volunteer"]);
    }
    desk.call(["score", "1", "999"]).fails(2, &["there is no volunteer 999"]);
    desk.call(["score", "7", "7"]).fails(2, &["both ids are the same"]);
    desk.call(["score", "1"]).fails(2, &["<OTHER>"]);
    desk.call(["score", "1", "2", "--svg", "nowhere/score.svg"]).fails(2, &["write a file", "nowhere"]);
    desk.call(["train"]).fails(2, &["--out <FILE>"]);
    desk.call(["train", "--out", "nowhere/model.json"]).fails(2, &["write a file", "nowhere"]);
    desk.empty(&["dedupe_suggestions", "suggestion_decisions"]);
    assert_eq!(desk.rows("import_runs"), 1, "the import alone");
    let nobody = format!("sqlite://{}/nobody.db", desk.folder.path().display());
    for command in [&["scan"][..], &["suggestions"], &["train", "--out", "m.json"]] {
        let mut program = super::program(desk.folder.path());
        program.args(command).args(["--db", &nobody]);
        super::ended(program).fails(2, &["nobody.db"]);
    }
}

#[test]
fn what_a_filter_finds_is_decided_at_once() {
    let desk = scanned();
    desk.db.execute(
        "UPDATE dedupe_suggestions SET score = 0.83 WHERE id = (SELECT MIN(id) FROM dedupe_suggestions)",
    );
    let waiting = desk.call(["suggestions", "--open", "--limit", "0", "--json"]).succeeds().json();
    let score = |row: &serde_json::Value| row["score"].as_f64().unwrap_or_default();
    let all = waiting.as_array().unwrap();
    let middle = all.iter().map(score).sum::<f64>() / all.len() as f64;
    let below = all.iter().filter(|row| score(row) < middle).count();
    assert!(below > 0 && below < all.len(), "{all:?}");
    let found = middle.to_string();
    let with = |more: &[&str]| {
        let matching = ["review", "reject", "--matching", "--below", &found];
        desk.call([&matching[..], &["--reason", "two towns"], more].concat())
    };
    assert_eq!(with(&["--dry-run", "--json"]).succeeds().json()["found"], below);
    assert!(with(&["--dry-run"]).succeeds().out.contains("Without --dry-run, the decision is recorded."));
    assert_eq!(desk.rows("suggestion_decisions"), 0);
    assert_eq!(with(&["--json"]).succeeds().json()["decided"], below);
    let rejected = desk.call(["suggestions", "--decision", "rejected", "--json"]).succeeds().json();
    assert_eq!(rejected.as_array().unwrap().len(), below);
    assert!(with(&[]).succeeds().out.contains("0 suggestions are decided."));
    let from = desk.call(["suggestions", "--open", "--from", &found, "--json"]);
    assert_eq!(from.succeeds().json().as_array().unwrap().len(), all.len() - below);

    desk.call(["review", "reject", "--reason", "x"]).fails(2, &["--matching"]);
    desk.call(["review", "reject", "1", "--matching", "--reason", "x"]).fails(2, &["cannot be used with"]);
    desk.call(["review", "reject", "1", "--dry-run", "--reason", "x"]).fails(2, &["--matching"]);
    desk.call(["review", "reopen", "--matching", "--reason", "x"])
        .fails(2, &["what waits for a decision is open", "suggestions --decision rejected"]);
    desk.call(["review", "accept", "--matching", "--survivor", "1", "--reason", "x"])
        .fails(2, &["for one suggestion at a time"]);
    desk.call(["review", "accept", "--matching", "--role", "steward", "--reason", "x"])
        .fails(2, &["a steward may not merge"]);
}

#[test]
fn what_is_obvious_is_merged_and_told() {
    let merge = |desk: &Desk, more: &[&str]| desk.call([&["merge", "--obvious"][..], more].concat());
    let told = merge(&scanned(), &["--preview"]);
    assert!(told.succeeds().out.contains("2 pairs are obvious"), "{told:?}");
    let desk = Desk::new();
    drop(twice::imported(&desk.db, &[0, 1]));
    let before = desk.rows("core_volunteers");
    let shown = merge(&desk, &["--preview", "--limit", "1"]);
    let shown = &shown.succeeds().out;
    for part in ["2 pairs", "Ada Lovelace", "1950-01-02", "ada.lovelace@example.org", "--after"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let json = merge(&desk, &["--preview", "--json"]).succeeds().json();
    assert_eq!((json["obvious"].as_u64(), json["pairs"].as_array().unwrap().len()), (Some(2), 2));
    assert_eq!(json["pairs"][0]["left"]["values"]["first_name"], "Ada");
    assert_eq!(desk.rows("core_volunteers"), before);
    merge(&desk, &[]).fails(2, &["--reason"]);
    let done = merge(&desk, &["--reason", "the scan is sure"]);
    assert!(done.succeeds().out.contains("rollback 2"), "{done:?}");
    assert_eq!(desk.rows("core_volunteers"), before - 2);
    desk.call(["rollback", "2", "--reason", "not so sure"]).succeeds();
    assert_eq!(desk.rows("core_volunteers"), before);
}

#[test]
fn matches_are_listed_with_what_undoes_them() {
    let desk = Desk::new();
    let bring = |name: &str, rows: &str| {
        let file = desk.file(name, rows);
        desk.db.importer().run(&importer::RunRequest::new("csv").file(file)).unwrap();
    };
    bring("a.csv", "id,first name,last name,email\n1,Ann,Lee,ann@example.org\n");
    let none = desk.call(["merge", "--list", "--matches"]);
    assert!(none.succeeds().out.contains("There are no matches"), "{none:?}");
    bring("b.csv", "first name,last name,email,city\nAnn,Lee,ann@example.org,Omaha\n");
    let json = desk.call(["merge", "--list", "--matches", "--json"]).succeeds().json();
    let id = json[0]["external_id"].as_str().unwrap();
    assert!(id.contains(':') && json[0]["record"] == 1, "{json}");
    for command in [&["merge", "--list", "--matches"][..], &["people", "1"]] {
        let told = desk.call(command.iter().copied());
        let out = &told.succeeds().out;
        assert!(out.contains(id) && out.contains("undo --matched SYSTEM ID"), "{told:?}");
        assert!(out.contains("the email address is the same"), "{told:?}");
    }
    desk.call(["undo", "--matched", "csv", id, "--reason", "her mother"]).succeeds();
    assert_eq!(desk.rows("core_volunteers"), 2);
}
