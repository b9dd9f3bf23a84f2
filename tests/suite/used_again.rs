//! A database that is used again is as good as a new one.

use importer::service::{Actor, RollbackRequest};
use importer_core::ports::{MergeId, RunId};

use super::merging::history::{Event, World};
use super::migrations::TABLES;
use super::support::{self, Database};

/// Tables, views and a sequence of a host beside ours, some of which refer to them.
const HOST: &str = "CREATE TABLE shifts (id INTEGER GENERATED ALWAYS AS IDENTITY, who BIGINT REFERENCES core_volunteers (id)); \
     CREATE TABLE parts (who BIGINT REFERENCES core_volunteers (id), n INTEGER) PARTITION BY LIST (n); \
     CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1); CREATE VIEW on_duty AS SELECT who FROM shifts; \
     INSERT INTO shifts (who) VALUES (1), (2), (3); INSERT INTO parts VALUES (1, 1)";

/// All there is in a Postgres database: what it is made of, how full each table is, and where each sequence is.
fn portrait(db: &Database) -> Vec<String> {
    let there = "SELECT c.oid, c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";
    let mut all = Vec::new();
    for sql in [
        format!("SELECT c.relkind::text || ' ' || x.name FROM ({there}) x JOIN pg_class c USING (oid)"),
        format!(
            "SELECT x.name || '.' || a.attname || ' ' || a.attnum || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || \
             a.attnotnull || a.attidentity::text || COALESCE(pg_get_expr(d.adbin, d.adrelid), '') FROM ({there}) x \
             JOIN pg_attribute a ON a.attrelid = x.oid AND a.attnum > 0 \
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        ),
        format!(
            "SELECT x.name || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid) FROM ({there}) x \
             JOIN pg_constraint c ON c.conrelid = x.oid"
        ),
        format!("SELECT pg_get_indexdef(x.oid) FROM ({there}) x JOIN pg_index i ON i.indexrelid = x.oid"),
        // The triggers of foreign keys have numbers in their names.
        format!(
            "SELECT x.name || ' ' || t.tgtype || ' ' || t.tgenabled::text || ' ' || t.tgfoid::regproc || ' ' || COUNT(*) \
             FROM ({there}) x JOIN pg_trigger t ON t.tgrelid = x.oid \
             GROUP BY x.name, t.tgtype, t.tgenabled, t.tgfoid"
        ),
        "SELECT 'schema ' || nspname FROM pg_namespace".into(),
        "SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE oid >= 16384".into(),
        "SELECT 'type ' || oid::regtype FROM pg_type WHERE oid >= 16384".into(),
        "SELECT 'migration ' || version || ' ' || applied_by || ' ' || readable_from FROM importer_schema_migrations".into(),
        format!(
            "SELECT x.name || ' from ' || s.seqstart || ' by ' || s.seqincrement || ' at ' || \
             COALESCE(pg_sequence_last_value(x.oid), 0) FROM ({there}) x JOIN pg_sequence s ON s.seqrelid = x.oid"
        ),
    ] {
        all.extend(db.texts(&format!("SELECT y.v AS t FROM ({sql}) y (v) ORDER BY 1")));
    }
    for table in TABLES {
        all.extend(db.texts(&format!(
            "SELECT '{table} ' || COUNT(*) || ' rows in ' || SIGN(pg_relation_size('{table}')) AS t FROM {table}"
        )));
    }
    all
}

/// Fills as many tables as anything does.
fn live(world: &World) {
    let bring = |hour, person, variant| world.happen(hour, &Event::Bring { person, variant });
    bring(2, 1, 2);
    world.happen(3, &Event::Elsewhere { person: 1, variant: 2 });
    world.happen(4, &Event::Edit { id: 2, field: "city", variant: 3 });
    world.happen(5, &Event::Correct { person: 3, variant: 5 });
    let merge = world.happen(6, &Event::Merge { people: vec![1, 3], choice: None });
    world.happen(7, &Event::Merge { people: vec![4, 6], choice: None });
    world.happen(8, &Event::SignUp { id: 2, event: 1 });
    world.happen(9, &Event::Scan);
    world.happen(10, &Event::Review { pair: 4, accept: false });
    world.happen(10, &Event::Review { pair: 3, accept: true });
    world.happen(11, &Event::File { system: "alpha", variant: 3 });
    let run = world.db.number("SELECT MAX(id) AS t FROM import_runs");
    let importer = world.importer_at(12);
    let desk = importer.desk(Actor::admin("ann"));
    desk.undo_merge(MergeId(merge.unwrap()), "two people").unwrap();
    desk.roll_back(&RollbackRequest { run: RunId(run), reason: "the wrong file".into(), dry_run: false })
        .unwrap();
}

#[test]
fn an_emptied_database_equals_a_new_one_table_by_table() {
    let postgres = |db: &Database| db.backend == "postgres";
    for used in support::databases_for_a_history().into_iter().filter(postgres) {
        let new = support::databases().into_iter().find(postgres).unwrap();
        new.importer();
        let like_new = portrait(&new);
        let world = World::new(used);
        world.db.execute(HOST);
        live(&world);
        let written = portrait(&world.db);
        let untouched: Vec<&String> =
            written.iter().filter(|line| line.ends_with(" 0 rows in 0") || line.ends_with(" at 0")).collect();
        assert_eq!(untouched, [""; 0], "the history is to write to every table");
        world.db.empty();
        assert_eq!(differences(&portrait(&world.db), &like_new), [""; 0]);
        // What happens in it, happens under the same ids as before.
        let again = World::new(world.db);
        again.db.execute(HOST);
        live(&again);
        assert_eq!(differences(&portrait(&again.db), &written), [""; 0]);
    }
}

/// Lines that only one of the two has.
fn differences(one: &[String], other: &[String]) -> Vec<String> {
    let lacks = |lines: &[String], line: &&String| !lines.contains(*line);
    let only = |mark: char, of: &[String], others: &[String]| -> Vec<String> {
        of.iter().filter(|line| lacks(others, line)).map(|line| format!("{mark} {line}")).collect()
    };
    [only('+', one, other), only('-', other, one)].concat()
}
