//! A host with tables of its own beside ours in one SQLite file: a rota that refers to the people it imports.
//!
//! ```text
//! cargo run --example embed                      # a fresh file in the folder for temporary files
//! cargo run --example embed -- people.csv my.db  # a file and a database of your own
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use importer::service::{Actor, MergeRequest};
use importer::{Importer, RunRequest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (file, database) = arguments();

    // The importer makes its tables when they are missing, and touches no others.
    let importer = Importer::builder()
        .database(format!("sqlite://{database}"))
        .plugin(importer_adapter_csv::plugin()) // linked in; nothing is loaded at run time
        .build()?;
    let report = importer.run(&RunRequest::new("csv").file(&file).actor("rota"))?;
    if let Some(error) = report.error {
        return Err(error.into());
    }
    let counts = report.counts;
    println!(
        "{} rows: {} new people, {} updated, {} held back",
        counts.read, counts.inserted, counts.updated, counts.quarantined
    );

    // From here on it is the host's own business. Ids of people are stable, so its tables may refer to them.
    let mut connection = SqliteConnection::establish(&database)?;
    connection.batch_execute(ROTA)?;
    let shifts = print(&mut connection)?;

    // The foreign key is all that the importer has to know: merged people keep their shifts together, and a merge that is
    // taken back gives everybody their own again.
    if let [first, second, ..] = &shifts[..] {
        let desk = importer.desk(Actor::admin("rota"));
        let people = [first.volunteer_id, second.volunteer_id];
        let merge = desk.merge(&MergeRequest::new("volunteer", people, "somebody thought so"))?.merge;
        println!("as one person:");
        print(&mut connection)?;
        desk.undo_merge(merge, "they are two")?;
    }
    Ok(())
}

/// The host's table, and a first shift for three people who can be called; running it twice gives nobody two.
const ROTA: &str = "
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS shifts (
        volunteer_id INTEGER NOT NULL REFERENCES core_volunteers (id),
        day TEXT NOT NULL,
        PRIMARY KEY (volunteer_id, day)
    );
    INSERT OR IGNORE INTO shifts (volunteer_id, day)
        SELECT id, date('2025-06-06', '+' || row_number() OVER (ORDER BY id) || ' days')
        FROM core_volunteers WHERE phone_e164 IS NOT NULL ORDER BY id LIMIT 3;
";

const SHIFTS: &str = "
    SELECT volunteer_id, day, first_name || ' ' || last_name AS name, phone_e164 AS phone
    FROM shifts JOIN core_volunteers ON id = volunteer_id ORDER BY day, id";

#[derive(QueryableByName)]
struct Shift {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    volunteer_id: i64,
    #[diesel(sql_type = diesel::sql_types::Text)]
    day: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    phone: String,
}

/// Prints the rota, and returns it.
fn print(connection: &mut SqliteConnection) -> QueryResult<Vec<Shift>> {
    let shifts: Vec<Shift> = diesel::sql_query(SHIFTS).load(connection)?;
    for shift in &shifts {
        println!("{}  {}  {}", shift.day, shift.name, shift.phone);
    }
    Ok(shifts)
}

/// The file to import and the database, by default the sample and a new file.
fn arguments() -> (String, String) {
    let mut arguments = std::env::args().skip(1);
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/volunteers.csv");
    let file = arguments.next().unwrap_or_else(|| sample.into());
    let fresh = || std::env::temp_dir().join(format!("rota-{}.db", std::process::id())).display().to_string();
    (file, arguments.next().unwrap_or_else(fresh))
}
