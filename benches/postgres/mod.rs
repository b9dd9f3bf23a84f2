//! The same on Postgres: CPU time of this process and of the server's.

use std::path::Path;
use std::time::Duration;

use cpu_time::ProcessTime;
use postgres::{Client, NoTls};

use super::{import, ratio, server};

/// Ticks of /proc per second; 100 on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// Measures against the server that `IMPORTER_TEST_POSTGRES` names, if any.
pub(crate) fn measure(file: &Path) {
    server::with_database("whole_run", |database| measure_in(database, file));
}

fn measure_in(database: &str, file: &Path) {
    let before = server_time();
    let (client, read) = import(database, file);
    let first = client + (server_time() - before);
    let before = server_time();
    let floor = copy(database);
    let floor = floor + (server_time() - before);
    let before = server_time();
    let (client, _) = import(database, file);
    let replay = client + (server_time() - before);

    let per_row = |time: Duration| time.as_secs_f64() * 1e6 / read as f64;
    println!("Postgres; CPU time of client and server per row, in microseconds");
    println!("  first run            {:7.2}", per_row(first));
    println!(
        "  copy of its tables   {:7.2}    the run costs {:.2} times that",
        per_row(floor),
        ratio(first, floor)
    );
    println!(
        "  replay               {:7.2}    the first run costs {:.2} times that",
        per_row(replay),
        ratio(first, replay)
    );
}

/// Copies table by table with `INSERT INTO … SELECT` into empty tables with the same columns, constraints and indexes.
fn copy(database: &str) -> Duration {
    let mut client = Client::connect(database, NoTls).unwrap();
    let list = |client: &mut Client, sql: &str| -> Vec<String> {
        client.query(sql, &[]).unwrap().into_iter().map(|row| row.get(0)).collect()
    };
    let tables = list(
        &mut client,
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
    );
    client.batch_execute("CREATE SCHEMA copied").unwrap();
    for t in &tables {
        client.batch_execute(&format!("CREATE TABLE copied.{t} (LIKE public.{t} INCLUDING ALL)")).unwrap();
    }
    // The list is made while both names are without a schema, and carried out where they mean the copies.
    let references = list(
        &mut client,
        "SELECT 'ALTER TABLE ' || conrelid::regclass || ' ADD ' || pg_get_constraintdef(oid) \
         FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace",
    );
    assert!(!references.is_empty());
    client.batch_execute("SET search_path = copied").unwrap();
    for t in &references {
        client.batch_execute(t).unwrap();
    }
    // Rows that are referred to come first.
    let first = ["import_runs", "staging_volunteers", "core_volunteers", "dedupe_suggestions"];
    let (mut tables, others): (Vec<_>, Vec<_>) =
        tables.into_iter().partition(|t| first.contains(&t.as_str()));
    tables.sort_by_key(|t| first.iter().position(|name| name == t));
    tables.extend(others);
    let start = ProcessTime::now();
    for t in &tables {
        client.batch_execute(&format!("INSERT INTO copied.{t} SELECT * FROM public.{t}")).unwrap();
    }
    let elapsed = start.elapsed();
    client.batch_execute("DROP SCHEMA copied CASCADE").unwrap();
    elapsed
}

/// What all processes of Postgres on this machine have used so far, the ended ones included.
fn server_time() -> Duration {
    let mut ticks = 0_u64;
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else { continue };
        let Some((name, rest)) = stat.rsplit_once(") ") else { continue };
        if name.ends_with("(postgres") {
            // utime, stime, and those of children that have ended.
            ticks += rest.split(' ').skip(11).take(4).filter_map(|t| t.parse::<u64>().ok()).sum::<u64>();
        }
    }
    Duration::from_secs_f64(ticks as f64 / TICKS)
}
