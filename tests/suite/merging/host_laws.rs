//! Merges that are all taken back leave a host's rows as if there had been none, whatever happened meanwhile; and at no time does
//! a row refer to nobody.

use importer::service::Actor;
use importer_core::ports::MergeFilter;
use importer_core::ports::RecordId;
use proptest::prelude::*;

use super::host_tables::Host;
use crate::support::{self, Database};

/// Tables with a key, with none, with the reference in the key, and with two references.
const TABLES: &str = "CREATE TABLE shifts (id INTEGER PRIMARY KEY, who BIGINT NOT NULL REFERENCES core_volunteers (id) ON DELETE CASCADE, n INTEGER); \
     CREATE TABLE visits (who BIGINT REFERENCES core_volunteers (id), n INTEGER); \
     CREATE TABLE rota (who BIGINT REFERENCES core_volunteers (id), n INTEGER, PRIMARY KEY (who, n)); \
     CREATE TABLE buddies (one BIGINT REFERENCES core_volunteers (id), other BIGINT REFERENCES core_volunteers (id) ON DELETE SET NULL, \
     n INTEGER)";

#[derive(Debug, Clone)]
enum RerunStep {
    /// Somebody merges two people.
    Merge(usize, usize),
    /// Somebody takes one of the merges back that stand.
    Undo(prop::sample::Index),
    /// The host writes a row about one or two people.
    Write(usize, usize, usize, u8),
    /// The host takes rows away.
    Delete(usize, u8),
}

fn steps() -> impl Strategy<Value = Vec<RerunStep>> {
    let person = || 0_usize..6;
    let step = prop_oneof![
        4 => (person(), person()).prop_map(|(a, b)| RerunStep::Merge(a, b)),
        2 => any::<prop::sample::Index>().prop_map(RerunStep::Undo),
        6 => (0_usize..4, person(), person(), 0_u8..4).prop_map(|(t, a, b, n)| RerunStep::Write(t, a, b, n)),
        1 => (0_usize..4, 0_u8..4).prop_map(|(t, n)| RerunStep::Delete(t, n)),
    ];
    proptest::collection::vec(step, 1..20)
}

/// Writes a row; a table may have one of that kind already.
fn write(db: &Database, number: usize, table: usize, one: i64, other: i64, n: u8) {
    let values = match table {
        0 => format!("shifts VALUES ({number}, {one}, {n})"),
        1 => format!("visits VALUES ({one}, {n})"),
        2 => format!("rota VALUES ({one}, {n}) ON CONFLICT DO NOTHING"),
        _ => format!("buddies VALUES ({one}, {other}, {n})"),
    };
    db.execute(&format!("INSERT INTO {values}"));
}

fn delete(db: &Database, table: usize, n: u8) {
    db.execute(&format!("DELETE FROM {} WHERE n = {n}", ["shifts", "visits", "rota", "buddies"][table]));
}

fn rows(db: &Database) -> Vec<String> {
    [
        "SELECT id || ' ' || who || ' ' || n AS t FROM shifts ORDER BY id",
        "SELECT who || ' ' || n AS t FROM visits ORDER BY 1",
        "SELECT who || ' ' || n AS t FROM rota ORDER BY 1",
        "SELECT one || ' ' || COALESCE(other, 0) || ' ' || n AS t FROM buddies ORDER BY 1",
    ]
    .into_iter()
    .flat_map(|sql| db.texts(sql))
    .collect()
}

fn standing(host: &Host) -> Vec<i64> {
    let filter = MergeFilter { standing: true, ..MergeFilter::default() };
    let merges = host.importer.desk(Actor::admin("ann")).merges("volunteer", &filter).unwrap();
    merges.into_iter().map(|line| line.merge.0).collect()
}

fn check(steps: &[RerunStep]) {
    for (db, other) in support::two_for_a_history() {
        let (host, without) = (Host::new(db), Host::new(other));
        host.db.execute(TABLES);
        without.db.execute(TABLES);
        let now = |person: usize| {
            let id = i64::try_from(person).unwrap() + 1;
            host.importer.desk(Actor::admin("ann")).who_is("volunteer", RecordId(id)).unwrap()
        };
        for (number, step) in steps.iter().enumerate() {
            match step {
                RerunStep::Merge(one, other) => {
                    let (one, other) = (now(*one), now(*other));
                    if one != other {
                        let before = rows(&host.db);
                        // Two rows that want one place keep people apart.
                        if host.merge(&[one.0, other.0]).is_err() {
                            assert_eq!(rows(&host.db), before, "{steps:?}");
                        }
                    }
                }
                RerunStep::Undo(which) => {
                    let merges = standing(&host);
                    if !merges.is_empty() {
                        host.undo(*which.get(&merges)).unwrap_or_else(|e| panic!("{e}: {steps:?}"));
                    }
                }
                RerunStep::Write(table, one, other, n) => {
                    let (one, other) = (now(*one), now(*other));
                    // What is there already, of one who went, would not be if nobody had gone.
                    let there = format!("SELECT COUNT(*) AS t FROM rota WHERE who = {one} AND n = {n}");
                    if *table == 2 && host.db.number(&there) > 0 {
                        continue;
                    }
                    for db in [&host.db, &without.db] {
                        write(db, number, *table, one.0, other.0, *n);
                    }
                }
                RerunStep::Delete(table, n) => {
                    for db in [&host.db, &without.db] {
                        delete(db, *table, *n);
                    }
                }
            }
        }
        while let Some(last) = standing(&host).pop() {
            host.undo(last).unwrap_or_else(|e| panic!("{e}: {steps:?}"));
        }
        assert_eq!(rows(&host.db), rows(&without.db), "{}: {steps:?}", host.db.backend);
    }
}

#[test]
fn merges_that_are_all_taken_back_leave_the_hosts_rows_as_if_there_had_been_none() {
    let (_, mut runner) = support::histories(24);
    runner
        .run(&steps(), |steps| {
            check(&steps);
            Ok(())
        })
        .unwrap();
}

/// Somebody works with somebody else, in tables in which nothing but both tells a row apart; both are merged, and both merges
/// are taken back in either order.
#[test]
fn rows_about_two_people_go_back_to_both_in_whatever_order_their_merges_are_taken_back() {
    let keys = ["", ", PRIMARY KEY (one, other)", ", PRIMARY KEY (other, one)"];
    for (key, last_first) in keys.iter().flat_map(|key| [(key, true), (key, false)]) {
        for db in support::databases() {
            let host = Host::new(db);
            host.db.execute(&format!(
                "CREATE TABLE pairs (one BIGINT NOT NULL REFERENCES core_volunteers (id), \
                 other BIGINT NOT NULL REFERENCES core_volunteers (id){key}); \
                 INSERT INTO pairs VALUES (3, 5), (1, 6), (4, 4)"
            ));
            let rows = || host.db.texts("SELECT one || ' ' || other AS t FROM pairs ORDER BY 1");
            let before = rows();
            let mut merges = vec![
                host.merge(&[1, 3]).unwrap(),
                host.merge(&[2, 5]).unwrap(),
                host.merge(&[2, 4]).unwrap(),
            ];
            assert_eq!(rows(), ["1 2", "1 6", "2 2"]);
            if last_first {
                merges.reverse();
            }
            // The second of two merges of the same people stands on under another number.
            for merge in merges {
                let now =
                    if standing(&host).contains(&merge) { merge } else { *standing(&host).last().unwrap() };
                host.undo(now).unwrap();
            }
            assert_eq!(rows(), before, "{}{key} {last_first}", host.db.backend);
        }
    }
}
