//! A dry run leaves nothing behind and foretells the real one.

use super::{CORE, Desk, PEOPLE};
use crate::support;

#[test]
fn on_a_fresh_database_it_foretells_the_first_run() {
    for db in support::databases() {
        let desk = Desk::on(db);
        desk.file("people.csv", PEOPLE);
        let dry = desk.summary("people.csv", &["--dry-run"]);
        assert_eq!(dry.succeeds().json()["dry_run"], true);
        desk.empty(&CORE);
        // What was read and judged is there to look at.
        assert_eq!((desk.rows("staging_volunteers"), desk.rows("row_outcomes")), (4, 4));
        assert_eq!(desk.db.texts("SELECT status AS t FROM dq_violations"), ["preview"]);

        let real = desk.summary("people.csv", &[]);
        assert_eq!(dry.counts(), real.succeeds().counts(), "{}", desk.db.backend);
        let (dry, real) = (dry.json(), real.json());
        let sample = &dry["would_merge"][0];
        assert_eq!((&sample["row"], &sample["new_record"]), (&5.into(), &true.into()), "{sample}");
        assert_eq!(real.get("would_merge"), None, "what was merged is in the outcomes");
        for key in ["dq", "unmapped_fields", "anomalies", "freshness_max_timestamp", "status"] {
            assert_eq!(dry[key], real[key], "{key}");
        }
    }
}

/// One of each: known and unchanged, known and changed, new, matched by email and newer, held back, and a household.
const LATER: &str = "\
id,first name,last name,e-mail,phone,updated at,hobby
1,ADA,LOVELACE,ada@example.org,(816) 234-5678,2025-01-10T08:00:00Z,chess
2,Grace,Hopper,grace@example.org,(816) 234-5679,2025-05-10T08:00:00Z,
9,Byron,Lovelace,ada@example.org,,2025-05-11T08:00:00Z,
10,Alan,Turing,alan@example.org,,2025-05-12T08:00:00Z,
11,Grace,Hopper,grace@example.org,,2025-05-13T08:00:00Z,
12,Nobody,Reachable,nowhere,,2025-05-14T08:00:00Z,
";

#[test]
fn over_an_existing_core_it_changes_nothing_and_foretells_the_next_run() {
    for db in support::databases() {
        let desk = Desk::on(db);
        desk.file("people.csv", PEOPLE);
        desk.file("later.csv", LATER);
        desk.run("people.csv", &[]).succeeds();
        let core = |desk: &Desk| {
            let mut all = CORE.map(|table| desk.rows(table).to_string()).to_vec();
            all.extend(desk.db.texts(
                "SELECT first_name || '|' || COALESCE(phone_e164, '-') || '|' || CAST(updated_at AS TEXT) AS t \
                 FROM core_volunteers ORDER BY id",
            ));
            all.extend(
                desk.db.texts(
                    "SELECT CAST(last_seen_at AS TEXT) AS t FROM external_id_map ORDER BY external_id",
                ),
            );
            all.extend(desk.db.texts("SELECT status || CAST(last_seen_at AS TEXT) AS t FROM quarantine"));
            all.extend(desk.db.texts("SELECT CAST(max_source_timestamp AS TEXT) AS t FROM watermarks"));
            all
        };
        let before = core(&desk);
        let dry = desk.summary("later.csv", &["--dry-run"]);
        assert_eq!(core(&desk), before, "{}", desk.db.backend);
        let real = desk.summary("later.csv", &[]);
        assert_eq!(dry.succeeds().told(), real.succeeds().told());
        assert_eq!(
            real.told(),
            "read 6, staged 6, clean 5, quarantined 1, inserted 2, updated 2, unchanged 1, matched 3, auto_merged 1, needs_review 1, \
             households 1"
        );
    }
}

#[test]
fn it_says_how_to_make_it_real() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let ended = desk.run("people.csv", &["--dry-run"]);
    let merges = "would merge row 5 with record 1, new in this run: the email address is the same and the names agree \
         [same_email_and_name]";
    for part in ["dry run: the core is untouched", "the same command without --dry-run", merges] {
        assert!(ended.succeeds().out.contains(part), "{part}: {}", ended.out);
    }
}

#[test]
fn a_preview_needs_and_makes_no_database() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let mut command = super::program(desk.folder.path());
    command.args(["run", "--source", "csv", "--file", "people.csv", "--preview"]);
    let ended = super::ended(command);
    assert!(ended.succeeds().out.contains("1 of 4 rows (25.0 %) would be quarantined."), "{}", ended.out);
    assert!(ended.out.contains("FMT-101"), "{}", ended.out);
    let left: Vec<_> =
        std::fs::read_dir(desk.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["people.csv"]);
    desk.run("people.csv", &["--preview", "--dry-run"]).fails(2, &["cannot be used with"]);
}
