//! What a whole run costs, as ratios measured in one process: against the copy of its finished database, against a
//! replay, and against a tenth of the rows.
//!
//! ```text
//! cargo bench --bench whole_run                  # 100,000 made-up volunteers
//! cargo bench --bench whole_run -- 1000000       # more of them
//! cargo bench --bench whole_run -- people.csv    # a file of one's own
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and fails aloud")]

#[path = "made_up/mod.rs"]
mod made_up;

use std::path::{Path, PathBuf};
use std::time::Duration;

use cpu_time::ProcessTime;
use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use importer::{Importer, RunRequest};

fn main() {
    // A run of all tests builds this too, and must not wait for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let argument = std::env::args().skip(1).find(|a| !a.starts_with("--"));
    let (file, rows) = match argument.as_deref().map(str::parse::<u64>) {
        Some(Err(_)) => (PathBuf::from(argument.unwrap()), None),
        Some(Ok(rows)) => (made_up::file(folder.path(), rows), Some(rows)),
        None => (made_up::file(folder.path(), 100_000), Some(100_000)),
    };
    let database = folder.path().join("run.db");
    let (first, read) = import(&database, &file);
    // The floor is copied before the replay adds its own rows.
    let floor = copy(&database, &folder.path().join("copy.db"));
    let (replay, _) = import(&database, &file);
    let per_row = |time: Duration| time.as_secs_f64() * 1e6 / read as f64;
    println!("{read} rows; CPU time per row, in microseconds");
    println!("  first run            {:7.2}", per_row(first));
    println!(
        "  copy of its database {:7.2}    the run costs {:.2} times that",
        per_row(floor),
        ratio(first, floor)
    );
    println!(
        "  replay               {:7.2}    the first run costs {:.2} times that",
        per_row(replay),
        ratio(first, replay)
    );
    if let Some(rows) = rows {
        let tenth = made_up::file(folder.path(), rows / 10);
        let (small, _) = import(&folder.path().join("tenth.db"), &tenth);
        println!("  a tenth of the rows: the whole costs {:.2} times that", ratio(first, small));
    }
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

fn import(database: &Path, file: &Path) -> (Duration, u64) {
    let start = ProcessTime::now();
    let importer = Importer::builder()
        .database(format!("sqlite://{}", database.display()))
        .plugin(importer_adapter_csv::plugin())
        .build()
        .unwrap();
    let report = importer.run(&RunRequest::new("csv").file(file)).unwrap();
    assert_eq!(report.status, "succeeded", "{:?}", report.error);
    (start.elapsed(), report.counts.read)
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    t: String,
}

/// Copies a database table by table into an empty one with the same schema and indexes.
fn copy(from: &Path, to: &Path) -> Duration {
    let mut connection = SqliteConnection::establish(&to.display().to_string()).unwrap();
    connection
        .batch_execute(
            "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
             PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF",
        )
        .unwrap();
    connection.batch_execute(&format!("ATTACH '{}' AS original", from.display())).unwrap();
    let list = |connection: &mut SqliteConnection, sql: &str| -> Vec<String> {
        diesel::sql_query(sql).load::<Text>(connection).unwrap().into_iter().map(|row| row.t).collect()
    };
    let schema =
        "SELECT sql AS t FROM original.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
    for statement in list(&mut connection, schema) {
        connection.batch_execute(&statement).unwrap();
    }
    let tables =
        "SELECT name AS t FROM original.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables = list(&mut connection, tables);
    let start = ProcessTime::now();
    for table in tables {
        connection
            .batch_execute(&format!("BEGIN; INSERT INTO main.{table} SELECT * FROM original.{table}; COMMIT"))
            .unwrap();
    }
    start.elapsed()
}
