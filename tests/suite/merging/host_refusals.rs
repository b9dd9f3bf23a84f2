//! What a host's tables do not take is refused before anything has changed, and what refers to people keeps them.

use std::sync::Arc;

use importer::service::{Actor, Edit, FieldChoice, MergeRequest, ReviewDecision};
use importer::{ErrorKind, Importer, MergeId, RecordId, RunId, RunRequest, SuggestionId};
use importer_core::ports::{FixedClock, Reference, SuggestionFilter, parse_moment};
use importer_core::retention::RetentionPolicy;

use super::host_tables::Host;
use crate::{support, twice};

const SIGNUPS: &str = "CREATE TABLE signups (id INTEGER PRIMARY KEY, who BIGINT NOT NULL REFERENCES core_volunteers (id), \
     event TEXT NOT NULL, UNIQUE (who, event)); INSERT INTO signups VALUES (1, 1, 'fair'), (2, 2, 'fair'), (3, 3, 'run')";

/// A pair that somebody may decide about.
fn suggest(host: &Host, left: i64, right: i64) -> i64 {
    host.db.execute(&format!(
        "INSERT INTO dedupe_suggestions (run_id, entity_type, staging_id, left_id, right_id, original_left_id, \
         original_right_id, kind, score, features_json, decision, own_decision, created_at) VALUES (1, 'volunteer', 0, \
         {left}, {right}, {left}, {right}, 'possible_duplicate', 0.99, '{{\"held_back\": []}}', 'open', 'open', \
         '2999-01-01T00:00:00Z')"
    ));
    host.db.number("SELECT MAX(id) AS t FROM dedupe_suggestions")
}

fn signups(host: &Host) -> Vec<String> {
    host.db.texts("SELECT id || ' ' || who || ' ' || event AS t FROM signups ORDER BY id")
}

#[test]
fn two_people_at_one_event_are_not_merged_and_the_refusal_names_the_table_and_what_to_do() {
    for db in support::databases() {
        let host = Host::new(db);
        host.db.execute(SIGNUPS);
        let (core, rows) = (host.core(), signups(&host));
        let pair = suggest(&host, 1, 2);
        let desk = host.importer.desk(Actor::admin("ann"));
        let refusals = [
            host.merge(&[1, 2]).unwrap_err(),
            desk.review(SuggestionId(pair), &ReviewDecision::accept(), "one person").unwrap_err(),
        ];
        for error in refusals {
            assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
            let told = error.to_string();
            for part in ["signups", "column: who", "change or delete one of them"] {
                assert!(told.contains(part), "{part} on {}: {told}", host.db.backend);
            }
        }
        assert_eq!((host.core(), signups(&host)), (core, rows), "{}", host.db.backend);

        // Once there is room for it, it is done.
        host.db.execute("DELETE FROM signups WHERE id = 1");
        host.merge(&[1, 2]).unwrap();
        assert_eq!(signups(&host), ["2 1 fair", "3 3 run"], "{}", host.db.backend);
    }
}

#[test]
fn one_refused_merge_keeps_no_other_back() {
    for db in support::databases() {
        let importer = twice::imported(&db, &[0, 1]);
        let host = Host { db, importer };
        host.db.execute(SIGNUPS);
        // The first of them and who is the first once more are both at the fair.
        host.db.execute("UPDATE signups SET who = 41 WHERE who = 2");
        let desk = host.importer.desk(Actor::admin("ann"));
        let of = |left| {
            host.db.number(&format!(
                "SELECT id AS t FROM dedupe_suggestions WHERE left_id = {left} AND right_id > 40"
            ))
        };
        let (first, second) = (of(1), of(2));
        let told = desk.merge_obvious("volunteer", "beyond doubt").unwrap();
        host.sound("merging the obvious");
        assert_eq!((told.merged, told.failed.len()), (1, 1), "{told:?}");
        assert!(told.failed[0].0 == SuggestionId(first) && told.failed[0].1.contains("signups"), "{told:?}");

        let third = suggest(&host, 5, 6);
        let waiting = SuggestionFilter { entity: Some("volunteer".into()), ..desk_filter() };
        let sure = support::accept_although_contradicted();
        let told = desk.review_matching(&waiting, &sure, "all of them", false).unwrap();
        host.sound("accepting all");
        assert_eq!((told.merged, told.refused), (1, 1), "{told:?}");
        assert!(told.first_refusal.unwrap().contains("signups"));
        let decided = format!(
            "SELECT id || decision AS t FROM dedupe_suggestions WHERE id IN ({first}, {second}, {third}) ORDER BY id"
        );
        let expected = [format!("{first}open"), format!("{second}auto_merged"), format!("{third}accepted")];
        assert_eq!(host.db.texts(&decided), expected, "{}", host.db.backend);
    }
}

fn desk_filter() -> SuggestionFilter {
    SuggestionFilter {
        decision: Some(importer_core::ports::SuggestionDecision::Open),
        ..SuggestionFilter::default()
    }
}

#[test]
fn whom_rows_of_the_host_refer_to_a_rollback_keeps_and_lists() {
    for action in ["NO ACTION", "CASCADE", "SET NULL"] {
        for db in support::databases() {
            let host = Host::new(db);
            host.db.execute(&format!(
                "CREATE TABLE notes (one BIGINT REFERENCES core_volunteers (id) ON DELETE {action}, \
                 other BIGINT REFERENCES core_volunteers (id) ON DELETE {action}); \
                 INSERT INTO notes VALUES (2, 3), (3, NULL)"
            ));
            let rows =
                || host.db.texts("SELECT one || ' ' || COALESCE(other, 0) AS t FROM notes ORDER BY one");
            let before = rows();
            let told = host.roll_back(1);
            assert_eq!((told.counts["reverted"], told.counts["kept"], told.left), (4, 2, 2), "{told:?}");
            let whys: Vec<(i64, &str)> =
                told.not_reverted.iter().map(|item| (item.core_id.0, item.why.as_str())).collect();
            assert_eq!(whys, [(2, "referenced_by_host: 1"), (3, "referenced_by_host: 2")]);
            assert_eq!(rows(), before, "{action} on {}", host.db.backend);
            // Once nothing refers to them, the same call takes them back.
            host.db.execute("DELETE FROM notes");
            assert_eq!(host.roll_back(1).left, 0, "{action} on {}", host.db.backend);
            assert_eq!(host.importer.count("volunteer").unwrap(), 0);
        }
    }
}

#[test]
fn a_table_that_is_named_and_has_a_foreign_key_counts_once() {
    for db in support::databases() {
        let host = Host::new(db);
        host.db.execute(SIGNUPS);
        let named = |table: &str| Reference {
            entity: "volunteer".into(),
            table: table.into(),
            key: "id".into(),
            column: "who".into(),
        };
        let whole = format!("{}.signups", host.db.schema());
        for table in ["signups", "SIGNUPS", &whole] {
            let builder = Importer::builder().database(&host.db.url).reference(named(table));
            let importer = builder.build().unwrap();
            let found = importer.host_references("volunteer").unwrap();
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].moves && found[0].columns == ["who"], "{found:?}");
            let desk = importer.desk(Actor::admin("ann"));
            let before = signups(&host);
            let merge = desk.merge(&MergeRequest::new("volunteer", [2, 3], "one person")).unwrap().merge;
            // Whoever names it no longer takes the merge back all the same.
            assert_eq!(signups(&host), ["1 1 fair", "2 2 fair", "3 2 run"], "{table}");
            match table {
                "SIGNUPS" => desk.undo_merge(merge, "two").map(|_| ()).unwrap(),
                _ => host.undo(merge.0).unwrap(),
            }
            assert_eq!(signups(&host), before, "{table} on {}", host.db.backend);
        }
        // And one that only the host knows of is still moved.
        host.db.execute("CREATE TABLE plain (id INTEGER, who BIGINT); INSERT INTO plain VALUES (7, 3)");
        let plain = Reference { table: "plain".into(), ..named("plain") };
        let importer = Importer::builder().database(&host.db.url).reference(plain).build().unwrap();
        assert_eq!(importer.host_references("volunteer").unwrap().len(), 2);
        let desk = importer.desk(Actor::admin("ann"));
        desk.merge(&MergeRequest::new("volunteer", [2, 3], "one person")).unwrap();
        assert_eq!(host.db.texts("SELECT id || ' ' || who AS t FROM plain"), ["7 2"]);
        let mut told = Vec::new();
        for item in host.importer_with(&importer) {
            told.push(item);
        }
        assert!(told.contains(&"referenced_by_host: 2".to_owned()), "{told:?}");
    }
}

impl Host {
    /// Why a rollback by another importer would keep people.
    fn importer_with(&self, importer: &Importer) -> Vec<String> {
        // The merge first: who went in one stays for that.
        let desk = importer.desk(Actor::admin("ann"));
        let last = self.db.number("SELECT MAX(id) AS t FROM merge_log");
        desk.undo_merge(MergeId(last), "two people").unwrap();
        self.db.execute("UPDATE plain SET who = 3");
        let request =
            importer::service::RollbackRequest { run: RunId(1), reason: String::new(), dry_run: true };
        let told = desk.roll_back(&request).unwrap();
        told.not_reverted.into_iter().map(|item| item.why).collect()
    }
}

#[test]
fn the_importers_own_tables_are_none_of_the_hosts() {
    for db in support::databases() {
        let host = Host::new(db);
        assert_eq!(host.importer.host_references("volunteer").unwrap(), [], "{}", host.db.backend);
    }
}

#[test]
fn a_merge_that_an_earlier_version_kept_is_taken_back_without_naming_its_table() {
    for db in support::databases() {
        let host = Host::new(db);
        host.db.execute(SIGNUPS);
        let before = signups(&host);
        let merge = host.merge(&[2, 3]).unwrap();
        let kept = host.db.texts("SELECT before_json AS t FROM merge_log").remove(0);
        let mut kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
        let moved = kept["moved"].as_object_mut().unwrap();
        assert!(moved.remove("host_rows").is_some_and(|rows| rows.as_array().is_some_and(|r| r.len() == 1)));
        moved.insert("references".into(), serde_json::json!([["signups", "who", "3", 3]]));
        host.db.execute(&format!("UPDATE merge_log SET before_json = '{kept}'"));
        host.undo(merge).unwrap();
        assert_eq!(signups(&host), before, "{}", host.db.backend);
    }
}

#[test]
fn a_value_that_rows_refer_to_is_kept_and_so_is_whose_it_is() {
    for db in support::databases() {
        let host = Host::new(db);
        host.db.execute(
            "CREATE UNIQUE INDEX one_address ON core_volunteers (email_normalized); \
             CREATE TABLE letters (id INTEGER PRIMARY KEY, address TEXT REFERENCES core_volunteers (email_normalized)); \
             INSERT INTO letters VALUES (1, 'pat2@example.org')",
        );
        let found = host.importer.host_references("volunteer").unwrap();
        assert!(
            found.len() == 1 && !found[0].moves && found[0].refers_to == ["email_normalized"],
            "{found:?}"
        );
        let core = host.core();
        let desk = host.importer.desk(Actor::admin("ann"));
        // As the one who goes, and as the one who stays with another address.
        let mut with_another = MergeRequest::new("volunteer", [2, 3], "one person");
        with_another.choices = vec![("email_normalized".into(), FieldChoice::Of(RecordId(3)))];
        for refused in
            [desk.merge(&MergeRequest::new("volunteer", [1, 2], "one person")), desk.merge(&with_another)]
        {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
            assert!(error.to_string().contains("letters") && error.to_string().contains("`id`"), "{error}");
            assert!(!error.to_string().contains("pat2"), "{error}");
            assert_eq!(host.core(), core, "{}", host.db.backend);
        }
        // Nobody else is held up.
        let mut others = MergeRequest::new("volunteer", [4, 5], "one person");
        others.choices = vec![("email_normalized".into(), FieldChoice::Of(RecordId(4)))];
        let merge = desk.merge(&others).unwrap().merge;
        host.undo(merge.0).unwrap();
        // A run that changed the address is not taken back for this person.
        let folder = tempfile::tempdir().unwrap();
        host.db.execute("DELETE FROM letters");
        let csv = "id,first name,last name,email,city\n2,Pat2,Stone,new@example.org,Oslo\n3,Pat3,Stone,pat3@example.org,Oslo\n";
        let file = support::file(folder.path(), "more.csv", csv);
        assert_eq!(host.importer.run(&RunRequest::new("csv").file(file)).unwrap().counts.updated, 2);
        host.db.execute("INSERT INTO letters SELECT 1, email_normalized FROM core_volunteers WHERE id = 2");
        let told = host.roll_back(2);
        assert_eq!((told.left, told.not_reverted.len()), (1, 1), "{told:?}");
        assert_eq!(told.not_reverted[0].why, "value_referenced_by_host", "{told:?}");
        let told = host.roll_back(1);
        let kept: Vec<i64> = told.not_reverted.iter().map(|item| item.core_id.0).collect();
        assert_eq!(kept, [2], "{told:?}");
    }
}

/// Rows of one table of the host refer to rows of another one, which refer to people.
#[test]
fn what_refers_to_rows_that_move_follows_or_the_merge_is_refused() {
    for (update, follows) in [("ON UPDATE CASCADE", true), ("", false)] {
        for db in support::databases() {
            let host = Host::new(db);
            host.db.execute(&format!(
                "CREATE TABLE rota (who BIGINT REFERENCES core_volunteers (id), day TEXT, PRIMARY KEY (who, day)); \
                 CREATE TABLE remarks (id INTEGER PRIMARY KEY, who BIGINT, day TEXT, \
                 FOREIGN KEY (who, day) REFERENCES rota (who, day) {update}); \
                 INSERT INTO rota VALUES (1, 'mon'), (2, 'tue'), (3, 'wed'); INSERT INTO remarks VALUES (1, 2, 'tue')"
            ));
            let remarks = || host.db.texts("SELECT id || ' ' || who || ' ' || day AS t FROM remarks");
            let (core, before) = (host.core(), remarks());
            let merged = host.merge(&[1, 2]);
            if follows {
                assert_eq!(remarks(), ["1 1 tue"], "{}", host.db.backend);
                host.undo(merged.unwrap()).unwrap();
                assert_eq!(remarks(), before, "{}", host.db.backend);
            } else {
                let told = merged.unwrap_err().to_string();
                assert!(told.contains("remarks") && told.contains("ON UPDATE CASCADE"), "{told}");
                assert_eq!((host.core(), remarks()), (core, before), "{}", host.db.backend);
                // People of whose rows nothing else is said are merged as ever.
                host.merge(&[1, 3]).unwrap();
            }
        }
    }
}

/// Where the other table refers to people itself, both move.
#[test]
fn two_tables_that_refer_to_each_other_and_to_people_move_together() {
    for db in support::databases() {
        let host = Host::new(db);
        let defer = if host.db.backend == "sqlite" { "" } else { "DEFERRABLE" };
        host.db.execute(&format!(
            "CREATE TABLE rota (who BIGINT REFERENCES core_volunteers (id), day TEXT, PRIMARY KEY (who, day)); \
             CREATE TABLE remarks (id INTEGER PRIMARY KEY, who BIGINT REFERENCES core_volunteers (id), day TEXT, \
             FOREIGN KEY (who, day) REFERENCES rota (who, day) {defer}); \
             INSERT INTO rota VALUES (1, 'mon'), (2, 'tue'); INSERT INTO remarks VALUES (1, 2, 'tue')"
        ));
        let all = || {
            let mut all = host.db.texts("SELECT id || ' ' || who || ' ' || day AS t FROM remarks");
            all.extend(host.db.texts("SELECT who || ' ' || day AS t FROM rota ORDER BY day"));
            all
        };
        let before = all();
        let merge = host.merge(&[1, 2]).unwrap();
        assert_eq!(all(), ["1 1 tue", "1 mon", "1 tue"], "{}", host.db.backend);
        host.undo(merge).unwrap();
        assert_eq!(all(), before, "{}", host.db.backend);
    }
}

#[test]
fn a_column_that_the_host_added_to_the_core_itself_is_moved_as_well() {
    for db in support::databases() {
        let host = Host::new(db);
        host.db
            .execute("ALTER TABLE core_volunteers ADD COLUMN mentor INTEGER REFERENCES core_volunteers (id)");
        host.db.execute(
            "UPDATE core_volunteers SET mentor = CASE id WHEN 1 THEN 1 WHEN 4 THEN 2 WHEN 5 THEN 4 END",
        );
        let mentors = || {
            host.db.texts("SELECT id || ' ' || mentor AS t FROM core_volunteers WHERE mentor > 0 ORDER BY id")
        };
        let before = mentors();
        let merge = host.merge(&[2, 3]).unwrap();
        let other = host.merge(&[3 + 3, 2]).unwrap();
        assert_eq!(mentors(), ["1 1", "4 2", "5 4"], "{}", host.db.backend);
        host.undo(other).unwrap();
        host.undo(merge).unwrap();
        assert_eq!(mentors(), before, "{}", host.db.backend);
        // Who refers to themselves is not kept by that; whom others refer to is, until these are gone.
        assert_eq!(host.roll_back(1).left, 2, "{}", host.db.backend);
        assert_eq!(host.roll_back(1).left, 1, "{}", host.db.backend);
        assert_eq!(host.roll_back(1).left, 0, "{}", host.db.backend);
    }
}

#[test]
fn a_row_that_the_host_has_changed_since_stays_where_it_is_and_refers_to_somebody() {
    for db in support::databases() {
        let host = Host::new(db);
        host.db.execute(
            "CREATE TABLE visits (who BIGINT REFERENCES core_volunteers (id), note TEXT); \
             INSERT INTO visits VALUES (2, 'a'), (2, 'b'), (3, 'c')",
        );
        let merge = host.merge(&[1, 2, 3]).unwrap();
        host.db.execute(
            "UPDATE visits SET note = 'z' WHERE note = 'a'; UPDATE visits SET who = 5 WHERE note = 'b'; \
                         INSERT INTO visits VALUES (1, 'c'); ALTER TABLE visits ADD COLUMN more TEXT",
        );
        host.undo(merge).unwrap();
        let rows = host.db.texts("SELECT note || who AS t FROM visits ORDER BY note, who");
        assert_eq!(rows, ["b5", "c1", "c3", "z1"], "{}", host.db.backend);
    }
}

#[test]
fn edits_and_the_cleaning_of_old_data_leave_the_hosts_rows_alone() {
    for db in support::databases() {
        let host = Host::new(db);
        host.db.execute(SIGNUPS);
        let before = signups(&host);
        let merge = host.merge(&[2, 3]).unwrap();
        let merged = signups(&host);
        let desk = host.importer.desk(Actor::admin("ann"));
        let values = vec![("city".into(), "Oslo".into())];
        desk.edit("volunteer", RecordId(2), &Edit { values, reason: "moved".into() }).unwrap();
        host.sound("an edit");
        let clock = FixedClock(parse_moment("2099-01-01T00:00:00Z").unwrap());
        let later = Importer::builder().database(&host.db.url).clock(Arc::new(clock)).build().unwrap();
        let (desk, policy) = (later.desk(Actor::admin("ann")), RetentionPolicy::shipped());
        desk.retention(&policy, false, "all that is old").unwrap();
        host.sound("the cleaning");
        assert_eq!(signups(&host), merged, "{}", host.db.backend);
        host.undo(merge).unwrap();
        assert_eq!(signups(&host), before, "{}", host.db.backend);
        desk.retention(&policy, false, "what is undone as well").unwrap();
        host.sound("the second cleaning");
    }
}
