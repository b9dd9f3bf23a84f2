//! What a whole run costs, as ratios measured in one process: against two copies of its finished database, against a
//! replay, and against a tenth of the rows.
//!
//! ```text
//! cargo bench --bench whole_run                  # 100,000 made-up volunteers
//! cargo bench --bench whole_run -- 1000000       # more of them
//! cargo bench --bench whole_run -- people.csv    # a file of one's own
//! cargo bench --bench whole_run -- 20000 few     # people with sixteen given and sixteen family names
//! cargo xtask pg -- cargo bench --features postgres --bench whole_run    # on Postgres too (Linux)
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and fails aloud")]

#[path = "made_up/mod.rs"]
mod made_up;
#[cfg(all(feature = "postgres", target_os = "linux"))]
#[path = "postgres/mod.rs"]
mod postgres;
#[cfg(all(feature = "postgres", target_os = "linux"))]
#[path = "server/mod.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use cpu_time::ProcessTime;
use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use importer::{Importer, RunRequest};
use made_up::Spread;

fn main() {
    // A run of all tests builds this too, and must not wait for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let argument = arguments.next();
    let spread = if arguments.next().as_deref() == Some("few") { Spread::Few } else { Spread::Census };
    let (file, rows) = match argument.as_deref().map(str::parse::<u64>) {
        Some(Err(_)) => (PathBuf::from(argument.unwrap()), None),
        Some(Ok(rows)) => (made_up::file(folder.path(), rows, spread), Some(rows)),
        None => (made_up::file(folder.path(), 100_000, spread), Some(100_000)),
    };
    let database = folder.path().join("run.db");
    let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    let (first, read) = import(&url("run.db"), &file);
    // The floors are copied before the replay adds its own rows.
    let floor = copy(&database, &folder.path().join("copy.db"), Copy::RowByRow);
    let pages = copy(&database, &folder.path().join("pages.db"), Copy::AsItLies);
    let (replay, _) = import(&url("run.db"), &file);
    let per_row = |time: Duration| time.as_secs_f64() * 1e6 / read as f64;
    println!("{read} rows; CPU time per row, in microseconds");
    println!("  first run            {:7.2}", per_row(first));
    println!(
        "  copy, row by row     {:7.2}    the run costs {:.2} times that",
        per_row(floor),
        ratio(first, floor)
    );
    println!(
        "  copy as it lies      {:7.2}    the run costs {:.2} times that",
        per_row(pages),
        ratio(first, pages)
    );
    println!(
        "  replay               {:7.2}    the first run costs {:.2} times that",
        per_row(replay),
        ratio(first, replay)
    );
    if let Some(rows) = rows {
        let tenth = made_up::file(folder.path(), rows / 10, spread);
        let (small, _) = import(&url("tenth.db"), &tenth);
        println!("  a tenth of the rows: the whole costs {:.2} times that", ratio(first, small));
    }
    #[cfg(all(feature = "postgres", target_os = "linux"))]
    postgres::measure(&file);
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

fn import(database: &str, file: &Path) -> (Duration, u64) {
    let start = ProcessTime::now();
    let importer =
        Importer::builder().database(database).plugin(importer_adapter_csv::plugin()).build().unwrap();
    let report = importer.run(&RunRequest::new("csv").file(file)).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
    (start.elapsed(), report.counts.read)
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    t: String,
}

/// How SQLite copies a table.
#[derive(Clone, Copy)]
enum Copy {
    /// The columns are named, so that every row is inserted.
    RowByRow,
    /// `SELECT *` into an empty table of the same schema: SQLite moves records and index entries without looking into
    /// them and without searching for their place.
    AsItLies,
}

/// Copies a database table by table into an empty one with the same schema and indexes.
fn copy(from: &Path, to: &Path, how: Copy) -> Duration {
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
    let mut statements = Vec::new();
    for table in list(&mut connection, tables) {
        let columns =
            list(&mut connection, &format!("SELECT name AS t FROM pragma_table_info('{table}')")).join(", ");
        statements.push(match how {
            Copy::RowByRow => {
                format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM original.{table}")
            }
            Copy::AsItLies => format!("INSERT INTO main.{table} SELECT * FROM original.{table}"),
        });
    }
    let start = ProcessTime::now();
    for statement in statements {
        connection.batch_execute(&format!("BEGIN; {statement}; COMMIT")).unwrap();
    }
    start.elapsed()
}
