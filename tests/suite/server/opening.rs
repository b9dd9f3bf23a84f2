//! What a database lacks is said before anything is begun, with the statement that mends it.

use std::sync::atomic::{AtomicU32, Ordering};

use importer::ports::Store;
use importer::service::{Actor, MergeRequest, RollbackRequest};
use importer::{ErrorKind, Importer, RunRequest};
use importer_core::store::DieselStore;

use super::{Database, database, name_of, people, support};

/// An address of the same database for another role.
fn as_role(database: &Database, role: &str) -> String {
    let (scheme, rest) = database.url.split_once("://").unwrap();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let (place, options) = place.split_once('?').map_or((place, ""), |(place, options)| (place, options));
    let options: Vec<&str> =
        options.split('&').filter(|o| !o.starts_with("user=") && !o.is_empty()).collect();
    let options = if options.is_empty() { String::new() } else { format!("?{}", options.join("&")) };
    format!("{scheme}://{role}@{place}{options}")
}

/// A role without any rights, gone with the server.
fn role(database: &Database, what: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("{what}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    database.administer(&format!("CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB"));
    name
}

#[test]
fn a_database_in_another_encoding_is_refused() {
    let Some(database) = database() else { return };
    let name = format!("{}_latin", name_of(&database));
    database.administer(&format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    ));
    let url = database.url.replace(name_of(&database), &name);
    let error = DieselStore::open(&url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in ["LATIN1", "ENCODING 'UTF8' TEMPLATE template0", &name] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

#[test]
fn a_search_path_without_a_schema_is_told_with_what_makes_one() {
    let Some(database) = database() else { return };
    let role = role(&database, "nowhere");
    database.administer(&format!(
        "ALTER ROLE {role} IN DATABASE {} SET search_path = nowhere_at_all",
        name_of(&database)
    ));
    let error = DieselStore::open(&as_role(&database, &role)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for part in [&format!("CREATE SCHEMA importer AUTHORIZATION {role}"), "search_path", name_of(&database)] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

#[test]
fn who_may_not_make_tables_learns_who_may() {
    let Some(database) = database() else { return };
    let role = role(&database, "guest");
    database.administer(
        &format!(
            "CREATE SCHEMA ours; GRANT USAGE ON SCHEMA ours TO {role}; ALTER ROLE {role} IN DATABASE {} SET search_path = ours",
            name_of(&database)
        ),
    );
    let error = DieselStore::open(&as_role(&database, &role)).unwrap().migrate().unwrap_err();
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA ours TO {role}");
    assert!(error.to_string().contains(&grant), "{error}");
    database.administer(&grant);
    DieselStore::open(&as_role(&database, &role)).unwrap().migrate().unwrap();
}

/// A database whose tables belong to one role, and another role that is to work in it.
fn shared() -> Option<(Database, String)> {
    let database = database()?;
    let (owner, worker) = (role(&database, "owner"), role(&database, "worker"));
    database.administer(&format!(
        "CREATE SCHEMA importer AUTHORIZATION {owner}; GRANT USAGE ON SCHEMA importer TO {worker}; \
         ALTER ROLE {owner} IN DATABASE {0} SET search_path = importer; \
         ALTER ROLE {worker} IN DATABASE {0} SET search_path = importer",
        name_of(&database)
    ));
    DieselStore::open(&as_role(&database, &owner)).unwrap().migrate().unwrap();
    Some((database, worker))
}

fn importer(url: &str) -> Importer {
    Importer::builder().database(url).plugin(importer_adapter_csv::plugin()).build().unwrap()
}

#[test]
fn rights_that_lack_are_told_at_once_with_the_statements_that_give_them() {
    let Some((database, worker)) = shared() else { return };
    database.administer(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA importer TO {worker}; \
         REVOKE INSERT, DELETE ON importer.core_volunteers FROM {worker}"
    ));
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", people(20));
    let url = as_role(&database, &worker);
    let error = importer(&url).run(&RunRequest::new("csv").file(&file)).unwrap_err();
    let told = error.to_string();
    let grant = format!("GRANT INSERT, DELETE ON importer.core_volunteers TO {worker}");
    assert!(told.contains(&grant) && told.contains("GRANT USAGE ON SEQUENCE importer."), "{told}");
    // What is told is enough.
    let (_, statements) = told.split_once("run GRANT").unwrap();
    database.administer(&format!("GRANT{statements}"));
    let report = importer(&url).run(&RunRequest::new("csv").file(&file)).unwrap();
    assert_eq!(report.counts.inserted, 20, "{:?}", report.error);
}

#[test]
fn a_role_with_the_rights_of_the_guide_does_everything() {
    let Some((database, worker)) = shared() else { return };
    database.administer(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA importer TO {worker}; \
         REVOKE INSERT, UPDATE, DELETE ON importer.importer_schema_migrations FROM {worker}; \
         REVOKE UPDATE, DELETE ON importer.audit_log FROM {worker}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA importer TO {worker}"
    ));
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", people(20));
    let importer = importer(&as_role(&database, &worker));
    let first = importer.run(&RunRequest::new("csv").file(&file)).unwrap();
    assert_eq!(first.counts.inserted, 20, "{:?}", first.error);
    let desk = importer.desk(Actor::admin("ann"));
    desk.merge(&MergeRequest::new("volunteer", [1, 2], "one person")).unwrap();
    desk.undo_merge(1, "two people").unwrap();
    desk.roll_back(&RollbackRequest { run: first.run_id, reason: "a test".into(), dry_run: false }).unwrap();
    assert_eq!(importer.count("volunteer").unwrap(), 0);
}
