//! A host's tables with foreign keys to people, of which the importer was told nothing: no row of theirs ever refers to nobody.

use importer::service::{Actor, MergeRequest, RedoRequest, RollbackReport, RollbackRequest};
use importer::{Importer, MergeId, RunId, RunRequest};

use crate::support::{self, Database};

/// A database with six people, whose ids are 1 to 6, all from one run.
pub(crate) struct Host {
    pub(crate) db: Database,
    pub(crate) importer: Importer,
}

impl Host {
    pub(crate) fn new(db: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rows: String = (1..=6).map(|n| format!("{n},Pat{n},Stone,pat{n}@example.org\n")).collect();
        let file =
            support::file(folder.path(), "people.csv", format!("id,first name,last name,email\n{rows}"));
        let importer = db.importer();
        assert_eq!(importer.run(&RunRequest::new("csv").file(file)).unwrap().counts.inserted, 6);
        Self { db, importer }
    }

    /// Everything a merge must leave alone when it is refused.
    pub(crate) fn core(&self) -> Vec<String> {
        let mut all = self
            .db
            .texts("SELECT id || first_name || email_normalized AS t FROM core_volunteers ORDER BY id");
        all.extend(
            self.db.texts("SELECT external_id || core_id AS t FROM external_id_map ORDER BY external_id"),
        );
        all.extend(
            self.db
                .texts("SELECT id || COALESCE(CAST(undone_at AS TEXT), '') AS t FROM merge_log ORDER BY id"),
        );
        all.extend(self.db.texts("SELECT CAST(COUNT(*) AS TEXT) AS t FROM change_log"));
        all
    }

    pub(crate) fn merge(&self, people: &[i64]) -> importer::Result<i64> {
        let desk = self.importer.desk(Actor::admin("ann"));
        let done = desk.merge(&MergeRequest::new("volunteer", people.iter().copied(), "one person"));
        self.sound("a merge");
        done.map(|done| done.merge.0)
    }

    pub(crate) fn undo(&self, merge: i64) -> importer::Result<()> {
        let undone = self.importer.desk(Actor::admin("ann")).undo_merge(MergeId(merge), "two people");
        self.sound("an undo");
        undone.map(|_| ())
    }

    pub(crate) fn redo(&self, merge: i64) -> i64 {
        let again = self
            .importer
            .desk(Actor::admin("ann"))
            .redo(&RedoRequest::new(MergeId(merge), "one after all"))
            .unwrap();
        self.sound("a redo");
        again.0
    }

    pub(crate) fn roll_back(&self, run: i64) -> RollbackReport {
        let request = RollbackRequest { run: RunId(run), reason: "the wrong file".into(), dry_run: false };
        let told = self.importer.desk(Actor::admin("ann")).roll_back(&request).unwrap();
        self.sound("a rollback");
        told
    }

    /// No row refers to something that is not there. Postgres sees to that itself.
    #[track_caller]
    pub(crate) fn sound(&self, after: &str) {
        if self.db.backend == "sqlite" {
            let wrong = "SELECT \"table\" || ' refers to ' || parent AS t FROM pragma_foreign_key_check";
            assert_eq!(self.db.texts(wrong), [""; 0], "after {after}");
        }
    }
}

/// A table of a host: its statements, its name and its columns with people, and what else tells about its rows.
struct Shape {
    ddl: &'static str,
    rows: &'static str,
    table: &'static str,
    columns: &'static [&'static str],
    rest: &'static str,
    backends: &'static [&'static str],
}

const BOTH: &[&str] = &["sqlite", "postgres"];

const SHAPES: &[Shape] = &[
    Shape {
        ddl: "CREATE TABLE shifts (id INTEGER PRIMARY KEY, who BIGINT NOT NULL REFERENCES core_volunteers (id), day TEXT)",
        rows: "INSERT INTO shifts VALUES (1, 1, 'mon'), (2, 2, 'mon'), (3, 3, 'tue'), (4, 2, 'wed'), (5, 4, 'wed')",
        table: "shifts",
        columns: &["who"],
        rest: "id || day",
        backends: BOTH,
    },
    // The reference is a part of the key, as in the example.
    Shape {
        ddl: "CREATE TABLE rota (who INTEGER REFERENCES core_volunteers (id), day TEXT, PRIMARY KEY (who, day))",
        rows: "INSERT INTO rota VALUES (1, 'mon'), (2, 'tue'), (3, 'wed'), (4, 'mon')",
        table: "rota",
        columns: &["who"],
        rest: "day",
        backends: BOTH,
    },
    // The reference is the key.
    Shape {
        ddl: "CREATE TABLE badges (who BIGINT PRIMARY KEY REFERENCES core_volunteers (id), colour TEXT)",
        rows: "INSERT INTO badges VALUES (2, 'red'), (4, 'blue')",
        table: "badges",
        columns: &["who"],
        rest: "colour",
        backends: BOTH,
    },
    // No key at all, and rows that are equal.
    Shape {
        ddl: "CREATE TABLE visits (who BIGINT REFERENCES core_volunteers (id), hours DOUBLE PRECISION, note TEXT)",
        rows: "INSERT INTO visits VALUES (1, 1.5, 'x'), (2, 1.5, 'x'), (2, 1.5, 'x'), (2, 2, NULL), (3, 2, NULL), (NULL, 9, 'y')",
        table: "visits",
        columns: &["who"],
        rest: "hours || COALESCE(note, '-')",
        backends: BOTH,
    },
    Shape {
        ddl: "CREATE TABLE here (who BIGINT REFERENCES core_volunteers (id))",
        rows: "INSERT INTO here VALUES (1), (2), (2), (3), (4)",
        table: "here",
        columns: &["who"],
        rest: "''",
        backends: BOTH,
    },
    // Two people in one row, and in its key.
    Shape {
        ddl: "CREATE TABLE buddies (one BIGINT REFERENCES core_volunteers (id), other BIGINT REFERENCES core_volunteers (id), \
              since TEXT, PRIMARY KEY (one, other))",
        rows: "INSERT INTO buddies VALUES (2, 3, 'a'), (1, 4, 'b'), (4, 2, 'c'), (3, 5, 'd')",
        table: "buddies",
        columns: &["one", "other"],
        rest: "since",
        backends: BOTH,
    },
    // The database would take the rows along with the person, or empty them.
    Shape {
        ddl: "CREATE TABLE notes (id INTEGER PRIMARY KEY, who BIGINT REFERENCES core_volunteers (id) ON DELETE CASCADE)",
        rows: "INSERT INTO notes VALUES (1, 1), (2, 2), (3, 3)",
        table: "notes",
        columns: &["who"],
        rest: "id",
        backends: BOTH,
    },
    Shape {
        ddl: "CREATE TABLE guests (id INTEGER PRIMARY KEY, host BIGINT REFERENCES core_volunteers ON DELETE SET NULL)",
        rows: "INSERT INTO guests VALUES (1, NULL), (2, 2), (3, 3)",
        table: "guests",
        columns: &["host"],
        rest: "id",
        backends: BOTH,
    },
    // Names that have to be quoted.
    Shape {
        ddl: "CREATE TABLE \"Who is? \"\"here\"\"\" (\"the key?\" TEXT PRIMARY KEY, \"Who?\" BIGINT REFERENCES core_volunteers (id), \
              \"value\" TEXT)",
        rows: "INSERT INTO \"Who is? \"\"here\"\"\" VALUES ('it''s', 2, 'a'), ('?', 3, 'b'), ('q', 4, 'c')",
        table: "\"Who is? \"\"here\"\"\"",
        columns: &["\"Who?\""],
        rest: "\"the key?\" || \"value\"",
        backends: BOTH,
    },
    // Rows without an address of their own.
    Shape {
        ddl: "CREATE TABLE tight (who INTEGER REFERENCES core_volunteers (id), n REAL, b BLOB, PRIMARY KEY (n, b)) WITHOUT ROWID",
        rows: "INSERT INTO tight VALUES (1, 0.1, x'00ff'), (2, 0.1, x'00fe'), (3, 1e100, x'')",
        table: "tight",
        columns: &["who"],
        rest: "n || hex(b)",
        backends: &["sqlite"],
    },
    // A text is a number when it refers to one.
    Shape {
        ddl: "CREATE TABLE typed (id INTEGER PRIMARY KEY, who TEXT REFERENCES core_volunteers (id), rowid TEXT, oid TEXT)",
        rows: "INSERT INTO typed VALUES (1, '2', 'a', 'b'), (2, '3', 'a', 'b'), (3, '4', 'a', 'b')",
        table: "typed",
        columns: &["who"],
        rest: "id",
        backends: &["sqlite"],
    },
    // What SQLite is told to do about two rows that want one place does not count here.
    Shape {
        ddl: "CREATE TABLE lax (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, who BIGINT REFERENCES core_volunteers (id))",
        rows: "INSERT INTO lax VALUES (1, 2), (2, 3)",
        table: "lax",
        columns: &["who"],
        rest: "id",
        backends: &["sqlite"],
    },
    Shape {
        ddl: "CREATE TABLE \"My rota\".signups (id UUID PRIMARY KEY, at TIMESTAMPTZ, \
              who INTEGER REFERENCES core_volunteers (id)); CREATE TABLE signups (id INTEGER, who TEXT)",
        rows: "INSERT INTO \"My rota\".signups SELECT md5(CAST(n AS TEXT))::uuid, now(), n FROM generate_series(1, 4) n",
        table: "\"My rota\".signups",
        columns: &["who"],
        rest: "CAST(id AS TEXT)",
        backends: &["postgres"],
    },
    Shape {
        ddl: "CREATE TABLE parts (who BIGINT REFERENCES core_volunteers (id), n INTEGER) PARTITION BY LIST (n); \
              CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2)",
        rows: "INSERT INTO parts VALUES (1, 1), (2, 1), (2, 2), (3, 2), (3, 2)",
        table: "parts",
        columns: &["who"],
        rest: "CAST(n AS TEXT)",
        backends: &["postgres"],
    },
];

impl Shape {
    /// Every row, with the people it refers to.
    fn rows(&self, db: &Database) -> Vec<String> {
        let people: Vec<String> =
            self.columns.iter().map(|column| format!("COALESCE(CAST({column} AS TEXT), '-')")).collect();
        let sql = format!(
            "SELECT {} || ' ' || {} AS t FROM {} ORDER BY 1",
            people.join(" || ' ' || "),
            self.rest,
            self.table
        );
        db.texts(&sql)
    }

    /// How many references there are to a person.
    fn of(&self, db: &Database, person: i64) -> i64 {
        let count = |column| format!("(SELECT COUNT(*) FROM {} WHERE {column} = {person})", self.table);
        let counts: Vec<String> = self.columns.iter().map(count).collect();
        // What is bound as text is compared as text.
        db.number(&format!("SELECT {} AS t", counts.join(" + ")))
    }
}

#[test]
fn rows_with_a_foreign_key_move_with_a_merge_and_back_whatever_the_table_is_like() {
    for shape in SHAPES {
        for db in support::databases().into_iter().filter(|db| shape.backends.contains(&db.backend)) {
            let host = Host::new(db);
            if let Some((schema, _)) = shape.table.split_once('.') {
                host.db.make_schema(schema);
            }
            host.db.execute(shape.ddl);
            host.db.execute(shape.rows);
            let told = format!("{} on {}", shape.table, host.db.backend);
            let before = shape.rows(&host.db);
            let all: i64 = (1..=3).map(|person| shape.of(&host.db, person)).sum();

            let merge = host.merge(&[1, 2, 3]).unwrap_or_else(|e| panic!("{told}: {e}"));
            assert_eq!([1, 2, 3].map(|person| shape.of(&host.db, person)), [all, 0, 0], "{told}");
            let merged = shape.rows(&host.db);
            assert_eq!(merged.len(), before.len(), "{told}");
            host.undo(merge).unwrap_or_else(|e| panic!("{told}: {e}"));
            assert_eq!(shape.rows(&host.db), before, "{told}");
            let again = host.redo(merge);
            assert_eq!(shape.rows(&host.db), merged, "{told}");
            // Merged once more, and both taken back, the first one first: the second stands without it.
            let more = host.merge(&[4, 1]).map_err(|e| e.to_string());
            host.undo(again).unwrap_or_else(|e| panic!("{told}: {e}"));
            assert_eq!(
                [2, 3].map(|person| shape.of(&host.db, person) > 0),
                [2, 3].map(|person| has(&before, person)),
                "{told}"
            );
            if let Ok(more) = more {
                let filter = importer_core::ports::MergeFilter { standing: true, ..Default::default() };
                let standing = host.importer.desk(Actor::admin("ann")).merges("volunteer", &filter).unwrap();
                assert_ne!(standing[0].merge, more, "it was done again");
                host.undo((standing[0].merge).0).unwrap_or_else(|e| panic!("{told}: {e}"));
            }
            assert_eq!(shape.rows(&host.db), before, "{told}");
        }
    }
}

/// Whether one of these rows refers to a person.
fn has(rows: &[String], person: i64) -> bool {
    rows.iter().any(|row| row.split(' ').take(2).any(|id| id == person.to_string()))
}
