//! What a database lacks is said before anything is begun, with the statement that mends it.

use std::sync::atomic::{AtomicU32, Ordering};

use importer::service::{Actor, MergeRequest, RollbackRequest};
use importer::{ErrorKind, Importer, MergeId, RunRequest};
use importer_core::ports::Store;
use importer_store::SqlStore;

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
    let error = SqlStore::open(&url).unwrap_err();
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
    let error = SqlStore::open(&as_role(&database, &role)).unwrap_err();
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
    let error = SqlStore::open(&as_role(&database, &role)).unwrap().migrate().unwrap_err();
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA ours TO {role}");
    assert!(error.to_string().contains(&grant), "{error}");
    database.administer(&grant);
    SqlStore::open(&as_role(&database, &role)).unwrap().migrate().unwrap();
}

/// A database whose tables belong to one role, and another role that is to work in it.
struct Shared {
    database: Database,
    owner: String,
    worker: String,
}

impl Shared {
    fn new() -> Option<Self> {
        let database = database()?;
        let (owner, worker) = (role(&database, "owner"), role(&database, "worker"));
        let name = name_of(&database);
        database.administer(&format!(
            "GRANT {owner} TO CURRENT_USER; CREATE SCHEMA programme AUTHORIZATION {owner}; \
             ALTER ROLE {owner} IN DATABASE {name} SET search_path = programme; \
             ALTER ROLE {worker} IN DATABASE {name} SET search_path = programme"
        ));
        let shared = Self { database, owner, worker };
        SqlStore::open(&shared.url(&shared.owner)).unwrap().migrate().unwrap();
        shared.as_owner(&format!("GRANT USAGE ON SCHEMA programme TO {}", shared.worker));
        Some(shared)
    }

    fn url(&self, role: &str) -> String {
        as_role(&self.database, role)
    }

    fn as_owner(&self, sql: &str) {
        support::execute(&self.url(&self.owner), "postgres", sql);
    }

    /// An importer of the role that is to work.
    fn importer(&self) -> Importer {
        let builder = Importer::builder().database(self.url(&self.worker));
        builder.plugin(importer_adapter_csv::plugin()).build().unwrap()
    }
}

#[test]
fn rights_that_lack_are_told_at_once_with_the_statements_that_give_them() {
    let Some(shared) = Shared::new() else { return };
    let worker = &shared.worker;
    shared.as_owner(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA programme TO {worker}; \
         REVOKE INSERT, DELETE ON programme.core_volunteers FROM {worker}"
    ));
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", people(20));
    let told = shared.importer().run(&RunRequest::new("csv").file(&file)).unwrap_err().to_string();
    let grant = format!("GRANT INSERT, DELETE ON programme.core_volunteers TO {worker}");
    assert!(told.contains(&grant) && told.contains("GRANT USAGE ON SEQUENCE programme."), "{told}");
    // What is told is enough.
    let (_, statements) = told.split_once("run GRANT").unwrap();
    shared.as_owner(&format!("GRANT{statements}"));
    let report = shared.importer().run(&RunRequest::new("csv").file(&file)).unwrap();
    assert_eq!(report.counts.inserted, 20, "{:?}", report.error);
}

#[test]
fn a_role_with_the_rights_of_the_guide_does_everything() {
    let Some(shared) = Shared::new() else { return };
    let worker = &shared.worker;
    shared.as_owner(&format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA programme TO {worker}; \
         REVOKE INSERT, UPDATE, DELETE ON programme.importer_schema_migrations FROM {worker}; \
         REVOKE UPDATE, DELETE ON programme.audit_log FROM {worker}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA programme TO {worker}"
    ));
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", people(20));
    let importer = shared.importer();
    let first = importer.run(&RunRequest::new("csv").file(&file)).unwrap();
    assert_eq!(first.counts.inserted, 20, "{:?}", first.error);
    let desk = importer.desk(Actor::admin("ann"));
    desk.merge(&MergeRequest::new("volunteer", [1, 2], "one person")).unwrap();
    desk.undo_merge(MergeId(1), "two people").unwrap();
    let request = RollbackRequest { run: first.run_id, reason: "a test".into(), dry_run: false };
    desk.roll_back(&request).unwrap();
    assert_eq!(importer.count("volunteer").unwrap(), 0);
}
