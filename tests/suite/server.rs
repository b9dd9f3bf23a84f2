//! A Postgres server has settings, limits and roles of its own: none of them is a row's fault, and none changes what is read.

mod claims;
mod faults;
mod opening;
mod passwords;
mod settings;
#[cfg(unix)]
mod tls;
mod within;

use super::support::{self, Database};

/// A database with people from one file, if there is a server.
fn database() -> Option<Database> {
    support::databases().into_iter().find(|database| database.backend == "postgres")
}

/// The name of a database.
fn name_of(database: &Database) -> &str {
    database.url.rsplit_once('/').unwrap().1.split('?').next().unwrap()
}

/// A setting that every later session of the database has.
fn set(database: &Database, setting: &str) {
    database.administer(&format!("ALTER DATABASE {} SET {setting}", name_of(database)));
}

/// So many people, of whom nobody is like another, with a birth date on which day and month can be taken for each other.
fn people(count: usize) -> String {
    const NAMES: [&str; 8] = ["Ann", "Bertram", "Chloe", "Dmitri", "Eleanor", "Farid", "Greta", "Hugo"];
    const FAMILIES: [&str; 7] = ["Okafor", "Lindqvist", "Marchetti", "Novak", "Petrov", "Quinn", "Rasmussen"];
    let mut csv = String::from("id,first name,last name,email,dob\n");
    for n in 0..count {
        let (first, last) = (NAMES[n % 8], FAMILIES[n % 7]);
        let (year, month, day) = (1940 + n % 60, 1 + n % 12, 1 + (n * 5) % 12);
        csv.push_str(&format!("{n},{first},{last}{n},{first}.{n}@example.org,{year}-{month:02}-{day:02}\n"));
    }
    csv
}
