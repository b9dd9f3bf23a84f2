//! How well people are recognised, as the program tells it.
#![allow(clippy::print_stderr, reason = "what is not tested is said aloud")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::labelled::labelled;
use super::{Desk, Ended, ended, program};
use crate::support;

fn evaluate(desk: &Desk, args: &[&str]) -> Ended {
    let mut command = program(desk.folder.path());
    command.arg("evaluate").args(args);
    ended(command)
}

/// A desk with 300 people.
fn desk() -> Desk {
    let desk = Desk::new();
    let set = labelled(300);
    desk.file("people.csv", set.records);
    desk.file("pairs.csv", set.truth);
    desk
}

const FILES: [&str; 4] = ["--records", "people.csv", "--truth", "pairs.csv"];

/// Compares with a stored text; `UPDATE_GOLDEN=1` writes it.
#[track_caller]
pub(super) fn golden(name: &str, text: &str) {
    let file = support::root().join("tests/suite/cli").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    let difference = stored.lines().zip(text.lines()).find(|(stored, text)| stored != text);
    assert!(
        stored == text,
        "{name} is other than stored, first at {difference:?}; `UPDATE_GOLDEN=1 cargo test --test suite -- cli::` rewrites it"
    );
}

/// Every name in a JSON value with the kind of what it names.
fn shape(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| shape(value, &format!("{path}.{name}"), into));
            return;
        }
        Value::Array(all) => {
            all.iter().for_each(|value| shape(value, &format!("{path}[]"), into));
            return;
        }
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "text",
    };
    into.insert(format!("{path}: {kind}"));
}

/// All of them, one per line.
pub(super) fn shape_of(value: &Value) -> String {
    let mut names = BTreeSet::new();
    shape(value, "", &mut names);
    names.into_iter().collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_report_is_as_stored() {
    let desk = desk();
    let ended = evaluate(&desk, &FILES);
    golden("evaluate.txt", &ended.succeeds().out);
}

#[test]
fn the_json_has_the_stored_names_and_the_numbers_of_the_text() {
    let desk = desk();
    let ended = evaluate(&desk, &[&FILES[..], &["--json"]].concat());
    let report = ended.succeeds().json();
    golden("evaluate.json.txt", &shape_of(&report));
    assert_eq!(report["blocking"]["recall"], 1.0, "so few records are all compared");
    for rates in ["auto_merge", "review", "best", "merged"] {
        let rates = &report[rates];
        let count = |name: &str| rates[name].as_u64().unwrap();
        assert_eq!(count("right") + count("wrong"), count("predicted"));
        assert_eq!(count("right") + count("missed"), report["truth"]["pairs"].as_u64().unwrap());
    }
    assert!(report["auto_merge"]["precision"].as_f64().unwrap() >= 0.99, "{}", report["auto_merge"]);
    assert!(report["clusters"]["pairs"]["f1"].as_f64().unwrap() >= 0.95, "{}", report["clusters"]);
    assert_eq!(
        ended.out,
        evaluate(&desk, &[&FILES[..], &["--json"]].concat()).out,
        "it is the same every time"
    );
}

#[test]
fn a_column_can_tell_the_truth() {
    let desk = desk();
    let json = |args: &[&str]| evaluate(&desk, args).succeeds().json();
    let by_file = json(&[&FILES[..], &["--json"]].concat());
    let by_column = json(&["--records", "people.csv", "--truth", "column:cluster", "--json"]);
    for part in ["truth", "blocking", "thresholds", "clusters", "missed", "wrong"] {
        assert_eq!(by_file[part], by_column[part], "{part}");
    }
}

#[test]
fn other_notations_of_the_files_are_the_same() {
    let desk = desk();
    let set = labelled(300);
    let latin = |text: &str| text.replace(',', ";").replace("\n", "\r\n");
    desk.file("semicolons.csv", latin(&set.records));
    desk.file("headless.csv", latin(&set.truth).split_once('\n').unwrap().1);
    let one = evaluate(&desk, &FILES);
    let other = evaluate(&desk, &["--records", "semicolons.csv", "--truth", "headless.csv"]);
    assert_eq!(one.succeeds().out, other.succeeds().out);
}

#[test]
fn without_samples_no_value_is_told() {
    let desk = desk();
    let ended = evaluate(&desk, &[&FILES[..], &["--samples", "0", "--json"]].concat());
    let report = ended.succeeds().json();
    assert_eq!((&report["missed"], &report["wrong"]), (&Value::Array(Vec::new()), &Value::Array(Vec::new())));
    assert!(!ended.out.contains("Lovelace") && !ended.out.contains("Mill Lane"));
}

#[test]
fn what_a_column_is_can_be_said() {
    let desk = desk();
    let map = ["--map", "phone=ignore", "--map", "suburb=text", "--map", "postcode=zip", "--json"];
    evaluate(&desk, &[&FILES[..], &map].concat()).fails(2, &["no field `zip`", "postal_code"]);
    let map = ["--map", "phone=ignore", "--map", "suburb=text", "--map", "Post Code=postal_code", "--json"];
    let report = evaluate(&desk, &[&FILES[..], &map].concat()).succeeds().json();
    let columns = report["columns"].as_array().unwrap();
    let role = |name: &str| &columns.iter().find(|column| column["column"] == name).unwrap()["role"];
    assert_eq!(
        (role("phone"), role("suburb"), role("postcode")),
        (&"ignored".into(), &"text".into(), &"postal_code".into())
    );
}

#[test]
fn the_picture_is_drawn() {
    let desk = desk();
    evaluate(&desk, &[&FILES[..], &["--svg", "curve.svg"]].concat()).succeeds();
    let svg = std::fs::read_to_string(desk.folder.path().join("curve.svg")).unwrap();
    for part in ["<svg xmlns=", "polyline", "auto-merge 0.95", "review 0.80", "best F1", "Recall", "</svg>"] {
        assert!(svg.contains(part), "{part}");
    }
    evaluate(&desk, &[&FILES[..], &["--svg", "nowhere/curve.svg"]].concat())
        .fails(2, &["write the picture", "nowhere"]);
}

#[test]
fn what_is_wrong_is_named() {
    let desk = desk();
    desk.file("empty.csv", "");
    desk.file("header.csv", "rec_id,given_name,surname\n");
    desk.file("ids.csv", "rec_id\nr0\nr1\n");
    desk.file("twice.csv", "rec_id,surname\nr0,Zzyzxmarker\nr1,A\nr0,B\n");
    desk.file("unknown.csv", "left,right\nr0,r1\nr2,Zzyzxmarker\n");
    desk.file("half.csv", "left,right\nr0,r1\nr2,\n");
    desk.file("others.csv", "left,right\nZzyzxmarker1,Zzyzxmarker2\n");
    desk.file("none.csv", "left,right\n");
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["people.csv", "missing.csv"], 2, &["missing.csv", "does not exist"]),
        (&["missing.csv", "pairs.csv"], 2, &["missing.csv", "does not exist"]),
        (&["empty.csv", "pairs.csv"], 1, &["empty.csv"]),
        (&["header.csv", "pairs.csv"], 2, &["no records"]),
        (&["ids.csv", "pairs.csv"], 2, &["an id that no record has", "line: "]),
        (&["ids.csv", "unknown.csv"], 2, &["line: 3"]),
        (&["twice.csv", "pairs.csv"], 2, &["same id", "line: 2", "line: 4", "rec_id"]),
        (
            &["people.csv", "unknown.csv"],
            2,
            &["an id that no record has", "line: 3", "column: right", "`rec_id`"],
        ),
        (&["people.csv", "half.csv"], 2, &["no id", "line: 3", "column: right"]),
        (&["people.csv", "others.csv"], 2, &["line: 2", "column: left", "--map COLUMN=record_id"]),
        (&["people.csv", "none.csv"], 2, &["no pair"]),
        (&["people.csv", "column:clutser"], 2, &["no column `clutser`", "`cluster`"]),
        (&["people.csv", "column:rec_id"], 2, &["no pair"]),
        (&["people.csv", "pairs.csv", "--map", "clutser=ignore"], 2, &["no column `clutser`"]),
        (
            &["people.csv", "pairs.csv", "--map", "surname=sirname"],
            2,
            &["no field `sirname`", "`family_name`"],
        ),
        (&["people.csv", "pairs.csv", "--map", "surname"], 2, &["KEY=VALUE"]),
    ];
    for (args, code, says) in cases {
        let args = [&["--records", args[0], "--truth", args[1]], &args[2..]].concat();
        evaluate(&desk, &args).fails(*code, says);
    }
    desk.file("only.csv", "rec_id\nr0\nr1\n");
    desk.file("one.csv", "left,right\nr0,r1\n");
    evaluate(&desk, &["--records", "only.csv", "--truth", "one.csv"])
        .fails(2, &["no column to compare", "--map"]);
}

#[test]
fn columns_that_nobody_knows_are_compared_by_their_values() {
    let desk = Desk::new();
    let set = labelled(120);
    let header = "a,cluster,b,c,d,e,f,g,h,i";
    desk.file("people.csv", format!("{header}\n{}", set.records.split_once('\n').unwrap().1));
    desk.file("pairs.csv", set.truth);
    let report = evaluate(&desk, &[&FILES[..], &["--json"]].concat()).succeeds().json();
    let roles: Vec<&str> =
        report["columns"].as_array().unwrap().iter().map(|column| column["role"].as_str().unwrap()).collect();
    // Few people share a postal code, where there are so few.
    let expected = [
        "ignored",
        "ignored",
        "text",
        "text",
        "birth_date",
        "text",
        "text",
        "text",
        "identifier",
        "identifier",
    ];
    assert_eq!(roles, expected);
    assert!(report["best"]["f1"].as_f64().unwrap() > 0.8, "{}", report["best"]);
}

/// The folder with shared data; tests that want it say aloud when it is not there.
fn shared(set: &str) -> Option<PathBuf> {
    let default = support::root().join("../shared/data");
    let folder =
        std::env::var_os("IMPORTER_SHARED_DATA").map_or(default, PathBuf::from).join("matching").join(set);
    if !folder.join("records.csv").exists() {
        eprintln!("NOT TESTED on {set}: there is no {}; set IMPORTER_SHARED_DATA", folder.display());
        return None;
    }
    Some(folder)
}

fn measured(folder: &Path) -> Value {
    let desk = Desk::new();
    let file = |name: &str| folder.join(name).display().to_string();
    let args = ["--records", &file("records.csv"), "--truth", &file("truth.csv"), "--json", "--samples", "0"];
    evaluate(&desk, &args).succeeds().json()
}

/// Evaluates a shared set without saying what its columns are.
#[track_caller]
fn check(set: &str, clusters: f64) {
    let Some(folder) = shared(set) else { return };
    let report = measured(&folder);
    let f1 = report["clusters"]["pairs"]["f1"].as_f64().unwrap();
    assert!(f1 >= clusters, "{set}: F1 of clusters {f1}");
    let precision = report["auto_merge"]["precision"].as_f64().unwrap();
    assert!(precision >= 0.99, "{set}: precision of what is merged unasked {precision}");
}

#[test]
fn the_set_fake_1000_is_matched_well() {
    check("fake_1000", 0.95);
}

#[test]
fn the_set_febrl3_is_matched_well() {
    check("febrl3", 0.9996);
}
