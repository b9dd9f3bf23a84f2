//! What a run tells beside its counts: what a dry run would merge, and ids that no longer name whom they named.

use importer::service::{Actor, ReviewDecision};
use importer::{Importer, RunReport, RunRequest};
use importer_core::mapping::Mapping;
use importer_core::ports::{AutoMerge, SuggestionDecision, SuggestionKind};

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,dob\n";
const ANN: &str = "Ann,Field,ann.field@example.org,1990-09-09";

fn importer(database: &Database, defaults: &str) -> Importer {
    let text = format!("mapping: m\nversion: 1\nentity: volunteer\ndefaults: {{ {defaults} }}\n");
    Importer::builder()
        .database(&database.url)
        .plugin(importer_adapter_csv::plugin())
        .mapping(Mapping::parse(&text, "m.yaml").unwrap())
        .build()
        .unwrap()
}

fn import(importer: &Importer, rows: &str, change: impl FnOnce(RunRequest) -> RunRequest) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", format!("{HEADER}{rows}"));
    let report = importer.run(&change(RunRequest::new("csv").file(&file))).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
    report
}

fn ids(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT external_system || ':' || external_id || ' ' || CAST(core_id AS TEXT) AS t FROM external_id_map \
         ORDER BY external_system, external_id",
    )
}

/// People in groups of so many, each with one phone; no other two have anything in common.
fn groups(rows: usize, share: usize) -> String {
    let first = ["Ann", "Bob", "Cid", "Dora", "Emil", "Fay", "Gus", "Hana"];
    let row = |n: usize| {
        let last: String = [n % 23, n / 23 % 23, n / 529 % 23]
            .iter()
            .map(|k| char::from(b"abcdefghijklmnopqrstuvw"[*k]))
            .collect();
        format!("{n},{},Q{last}x,,(816) 2{:02}-{:04}\n", first[n % 8], n / share / 10_000, n / share % 10_000)
    };
    (0..rows).map(row).collect()
}

#[test]
fn a_list_in_which_many_share_each_phone_costs_little_looks_wrong_and_merges_nobody() {
    for database in support::databases() {
        let importer = importer(&database, "country: US");
        let folder = tempfile::tempdir().unwrap();
        let import = |rows: String| {
            let text = "id,first name,last name,email,phone\n".to_owned() + &rows;
            let file = support::file(folder.path(), "people.csv", text);
            let report = importer.run(&RunRequest::new("csv").file(&file)).unwrap();
            assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
            report
        };
        // Three runs that share the same phones: what the core knows counts like what the list brings.
        let rows: Vec<String> = groups(6_000, 6).lines().map(|line| format!("{line}\n")).collect();
        let third = |n: usize| rows.iter().skip(n).step_by(3).cloned().collect::<String>();
        let reports = [import(third(0)), import(third(1)), import(third(2))];
        assert!(reports[0].anomalies.is_empty() && reports[1].anomalies.is_empty(), "{reports:?}");
        let anomaly = &reports[2].anomalies[0];
        assert_eq!(anomaly.code, "shared_contacts");
        assert!(anomaly.message.contains("are shared by"), "{}", anomaly.message);
        let notes = reports[2].notes.join("\n");
        assert!(notes.contains("were compared by their names alone"), "{notes}");
        assert!(!notes.contains("+1816") && !anomaly.message.contains("816"), "no value is told");
        assert_eq!(importer.count("volunteer").unwrap(), 6_000, "{}", database.backend);
        for report in &reports {
            let run = report.run_id;
            let made = format!("SELECT COUNT(*) AS t FROM dedupe_suggestions WHERE run_id = {run}");
            let most = 2_000 + report.counts.read as i64 / 5;
            assert!(database.number(&made) <= most, "{run} on {}", database.backend);
            let of_one = format!(
                "SELECT COALESCE(MAX(n), 0) AS t FROM (SELECT COUNT(*) AS n FROM dedupe_suggestions WHERE run_id = {run} GROUP BY staging_id) x"
            );
            assert!(database.number(&of_one) <= 5, "{run} on {}", database.backend);
        }
        // Who has the same phone and the same name is the same person, however many share the phone.
        let again = import("x1,Ann,Qaaax,,(816) 200-0000\n".into());
        assert_eq!((again.counts.auto_merged, again.counts.inserted), (1, 0), "{again:?}");
    }
}

#[test]
fn values_that_are_too_long_to_be_compared_are_told_and_keep_people_apart() {
    for database in support::databases() {
        let importer = importer(&database, "country: US");
        let long = |n: usize| format!("{} Q{n}", "Maria ".repeat(300));
        let rows: String =
            (0..8).map(|n| format!("{n},{},Lee,home@example.org,1990-09-09\n", long(n))).collect();
        let report = import(&importer, &rows, |request| request.auto_merge(AutoMerge::Full));
        assert_eq!((report.counts.inserted, report.counts.auto_merged), (8, 0), "{}", database.backend);
        let notes = report.notes.join("\n");
        assert!(notes.contains("first_name in 8 rows") && !notes.contains("last_name"), "{notes}");
        // Stored whole, and the same value is the same person.
        let stored = database.number("SELECT MIN(LENGTH(first_name)) AS t FROM core_volunteers");
        assert!(stored > 1_700, "{stored} on {}", database.backend);
        let same = format!("x,{},Lee,home@example.org,1990-09-09\n", long(7));
        let report = import(&importer, &same, |request| request);
        assert_eq!((report.counts.inserted, report.counts.auto_merged), (0, 1), "{}", database.backend);
    }
}

/// A mapping is about one source, so it knows better than the importer, and whoever asks for a run knows better still.
#[test]
fn a_mapping_says_how_far_its_source_is_merged_and_a_request_says_otherwise() {
    let row = format!("1,{ANN}\n2,{ANN}\n");
    for (defaults, asked, effective, merged) in [
        ("country: US", None, AutoMerge::Deterministic, 1),
        ("auto_merge: off", None, AutoMerge::Off, 0),
        ("auto_merge: full", None, AutoMerge::Full, 1),
        ("auto_merge: off", Some(AutoMerge::Deterministic), AutoMerge::Deterministic, 1),
        ("auto_merge: full", Some(AutoMerge::Off), AutoMerge::Off, 0),
    ] {
        for database in support::databases() {
            let importer = importer(&database, defaults);
            let report = import(&importer, &row, |request| match asked {
                Some(way) => request.auto_merge(way),
                None => request,
            });
            assert_eq!(report.counts.auto_merged, merged, "{defaults} {asked:?} on {}", database.backend);
            let stored = importer.report(report.run_id).unwrap();
            assert_eq!(stored.auto_merge, Some(effective), "what held is recorded with the run");
        }
    }
}

#[test]
fn a_dry_run_knows_who_was_told_apart_and_shows_what_it_would_merge() {
    for database in support::databases() {
        let importer = importer(&database, "country: US");
        import(&importer, &format!("1,{ANN}\n2,Ann,Field,ann.field@example.org,\n"), |r| {
            r.auto_merge(AutoMerge::Off)
        });
        let suggestion = importer.suggestions(&Default::default()).unwrap().remove(0);
        let other = |dry| move |r: RunRequest| r.external_system("other").dry_run(dry);
        let again = format!("77,{ANN}\n");

        let dry = import(&importer, &again, other(true));
        assert_eq!(dry.counts.auto_merged, 1, "an equal birth date decides between the two");
        assert_eq!(dry.would_merge.len(), 1);
        let sample = &dry.would_merge[0];
        assert_eq!((sample.row, sample.record, sample.new_record), (2, suggestion.left, false), "{sample:?}");
        assert_eq!(sample.reason, "same_email_and_name");

        // Who comes with the data of the second is not the first, whatever the id.
        let verdict = |verdict| {
            importer.desk(Actor::admin("tester")).review(suggestion.id, &verdict, "met both").unwrap()
        };
        verdict(ReviewDecision::Reject);
        let second = "78,Ann,Field,ann.field@example.org,\n";
        let dry = import(&importer, second, other(true));
        assert_eq!(dry.would_merge.iter().map(|s| s.record).collect::<Vec<_>>(), [suggestion.right]);
        let real = import(&importer, second, other(false));
        assert_eq!((dry.counts, real.would_merge.len()), (real.counts, 0), "{}", database.backend);
        assert_eq!(ids(&database).pop().unwrap(), format!("other:78 {}", suggestion.right));

        // Taken back, nobody knows which of the two it is.
        verdict(ReviewDecision::Reopen);
        let dry = import(&importer, "79,Ann,Field,ann.field@example.org,\n", other(true));
        assert_eq!((dry.counts.auto_merged, dry.counts.needs_review), (0, 1), "{}", database.backend);
    }
}

#[test]
fn a_record_that_the_same_dry_run_would_make_is_told_as_new() {
    let database = support::sqlite();
    let importer = importer(&database, "country: US");
    let report = import(&importer, &format!("1,{ANN}\n2,{ANN}\n"), |r| r.dry_run(true));
    assert!(report.would_merge[0].new_record);
    assert_eq!(database.number("SELECT COUNT(*) AS t FROM core_volunteers"), 0);
}

#[test]
fn an_id_that_names_somebody_else_is_told_and_both_are_shown() {
    let given_away = "1,Zebulon,Marsh,zeb@example.org,1955-05-05\n";
    for database in support::databases() {
        let importer = importer(&database, "country: US");
        import(&importer, &format!("1,{ANN}\n"), |r| r);
        let ann = database.number("SELECT MIN(id) AS t FROM core_volunteers");
        let dry = import(&importer, given_away, |r| r.dry_run(true));
        let report = import(&importer, given_away, |r| r);
        assert_eq!((dry.counts, &dry.anomalies), (report.counts, &report.anomalies), "{}", database.backend);
        assert_eq!((report.counts.inserted, report.counts.needs_review), (1, 1));
        let zeb = database.number("SELECT MAX(id) AS t FROM core_volunteers");
        let [anomaly] = &report.anomalies[..] else { panic!("{:?}", report.anomalies) };
        assert_eq!(anomaly.code, "external_id_moved");
        let told = format!(
            "1 external ids now refer to a different person, as after a merge or a split in the source, or where the ids are row \
             numbers: csv:1 (row 2) named record {ann} and is record {zeb} now"
        );
        assert!(anomaly.message.starts_with(&told), "{}", anomaly.message);
        let reasons = database.texts("SELECT reason AS t FROM row_outcomes ORDER BY id");
        assert!(
            reasons.last().unwrap().ends_with(&format!("; external_id_reassigned: {ann}")),
            "{reasons:?}"
        );
        assert_eq!(ids(&database), [format!("csv:1 {ann}")], "the map keeps to whom the id named");
        let all = importer.suggestions(&Default::default()).unwrap();
        let [pair] = &all[..] else { panic!("{all:?}") };
        assert_eq!((pair.left.0, pair.right.0, pair.kind), (ann, zeb, SuggestionKind::Ambiguous));

        // The same row again is known; the next version of it is told again, and the pair is shown once.
        let again = import(&importer, given_away, |r| r);
        assert_eq!((again.counts.unchanged, again.anomalies.len()), (1, 0));
        let changed = import(&importer, &given_away.replace("Zebulon", "ZEBULON"), |r| r);
        assert_eq!((changed.counts.inserted, changed.anomalies.len()), (0, 1));
        let all = importer.suggestions(&Default::default()).unwrap();
        assert_eq!((all.len(), all[0].decision), (1, SuggestionDecision::Open));
    }
}

#[test]
fn two_ids_of_one_system_that_are_one_person_are_told() {
    for database in support::databases() {
        let importer = importer(&database, "country: US");
        import(&importer, &format!("1,{ANN}\n"), |r| r);
        let rows = format!("2,{ANN}\n3,Bo,Lee,bo@example.org,\n4,Bo,Lee,bo@example.org,\n");
        let report = import(&importer, &rows, |r| r);
        let (ann, bo) = (
            database.number("SELECT MIN(id) AS t FROM core_volunteers"),
            database.number("SELECT MAX(id) AS t FROM core_volunteers"),
        );
        let told = format!(
            "2 external ids are people whom csv has under another id as well: csv:2 (row 2) is csv:1, record {ann}, csv:4 (row 4) is \
             csv:3, record {bo}"
        );
        assert!(report.notes.contains(&told), "{}: {:?}", database.backend, report.notes);
        let reasons = database.texts("SELECT reason AS t FROM row_outcomes ORDER BY id");
        let say_so = reasons.iter().filter(|reason| reason.ends_with("; second_external_id")).count();
        assert_eq!(say_so, 2, "{reasons:?}");
        // Another system has ids of its own, and rows without an id have none.
        let other = import(&importer, &format!("9,{ANN}\n"), |r| r.external_system("other"));
        let without = import(&importer, &format!(",{ANN}\n"), |r| r);
        assert_eq!((other.notes.len(), without.notes.len()), (0, 0), "{:?} {:?}", other.notes, without.notes);
        assert_eq!((other.counts.auto_merged, without.counts.auto_merged), (1, 1));
    }
}
