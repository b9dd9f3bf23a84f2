//! Databases that cannot be used.

use super::bad_sources::without_rights;
use super::{Desk, Ended, MARKER, PEOPLE, ended, program};

fn run_on(desk: &Desk, url: &str) -> Ended {
    desk.file("people.csv", PEOPLE);
    let mut command = program(desk.folder.path());
    command.args(["run", "--source", "csv", "--file", "people.csv", "--summary-json", "--db", url]);
    ended(command)
}

#[test]
fn a_database_that_cannot_be_is_refused() {
    let desk = Desk::new();
    let text = format!("{MARKER}: this is no database\n").repeat(100);
    let file = desk.file("text.db", &text);
    std::fs::create_dir(desk.folder.path().join("folder.db")).unwrap();
    let secret = format!("mysql://user:{MARKER}@host/name");
    for (url, code, says) in [
        ("sqlite://text.db", 1, &["text.db", "file is not a database", "choose another one"][..]),
        ("sqlite:///proc/x.db", 1, &["/proc/x.db", "open the database"]),
        ("sqlite://nowhere/x.db", 1, &["nowhere/x.db", "open the database"]),
        ("sqlite://folder.db", 1, &["folder.db", "open the database"]),
        ("sqlite://", 2, &["SQLite needs a file"]),
        ("sqlite://:memory:", 2, &["SQLite needs a file"]),
        ("importer.db", 2, &["must begin with sqlite:// or postgres://"]),
        ("", 2, &["must begin with sqlite:// or postgres://"]),
        (&secret, 2, &["must begin with sqlite:// or postgres://", "mysql"]),
    ] {
        let ended = run_on(&desk, url);
        ended.fails(code, says);
        assert_eq!(ended.json()["status"], "failed", "{url}");
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), text, "it was not touched");
}

#[test]
fn a_folder_that_is_missing_is_mentioned() {
    run_on(&Desk::new(), "sqlite://nowhere/x.db")
        .fails(1, &["check that the folder exists and may be written to"]);
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    // Without the feature it says that; with it, that nobody answers. Either way the password stays secret.
    let url = format!("postgres://user:{MARKER}@127.0.0.1:1/name");
    let ended = run_on(&Desk::new(), &url);
    let code = if cfg!(feature = "postgres") { 1 } else { 2 };
    ended.fails(code, &["cannot open the database"]);
}

#[test]
fn a_database_that_may_not_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    run_on(&desk, "sqlite://shut.db").succeeds();
    std::fs::set_permissions(desk.folder.path().join("shut.db"), std::fs::Permissions::from_mode(0o444))
        .unwrap();
    for (url, says) in [
        ("sqlite://shut.db", &["shut.db", "the database is read-only", "its file may not be written"][..]),
        // The folder itself belongs to somebody else.
        ("sqlite://new.db", &["new.db", "open the database"]),
    ] {
        let mut command = program(desk.folder.path());
        command.args(["run", "--source", "csv", "--file", "people.csv", "--db", url]);
        let Some(command) = without_rights(command, &desk) else { return };
        if Command::new("id").arg("-u").output().unwrap().stdout != b"0\n" && url.contains("new") {
            continue;
        }
        ended(command).fails(1, says);
    }
}

use std::process::Command;

#[test]
fn a_locked_database_is_waited_for_and_then_named() {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    let hold = |desk: &Desk| {
        let path = desk.db.url.strip_prefix("sqlite://").unwrap();
        let mut connection = diesel::SqliteConnection::establish(path).unwrap();
        connection.batch_execute("CREATE TABLE IF NOT EXISTS theirs (x); BEGIN EXCLUSIVE").unwrap();
        connection
    };
    let (fresh, used) = (Desk::new(), Desk::new());
    used.file("people.csv", PEOPLE);
    used.run("people.csv", &[]).succeeds();
    let mut held = (hold(&fresh), hold(&used));
    let started = std::time::Instant::now();
    // Each waits its ten seconds; both at once.
    std::thread::scope(|scope| {
        for desk in [&fresh, &used] {
            scope.spawn(|| {
                let ended = run_on(desk, &desk.db.url);
                ended.fails(1, &["database is locked", "another program is writing", "try again"]);
            });
        }
    });
    assert!(started.elapsed().as_secs() >= 9, "it gave up after {:?}", started.elapsed());
    held.0.batch_execute("COMMIT").unwrap();
    held.1.batch_execute("COMMIT").unwrap();
    assert_eq!(used.rows("import_runs"), 1, "no half-begun run");
    for desk in [&fresh, &used] {
        run_on(desk, &desk.db.url).succeeds();
        assert_eq!(desk.rows("core_volunteers"), 2);
    }
}

#[test]
fn a_host_table_in_the_way_is_left_alone() {
    for theirs in
        ["CREATE TABLE core_volunteers (theirs)", "CREATE VIEW staging_volunteers AS SELECT 1 AS theirs"]
    {
        let desk = Desk::new();
        desk.db.execute(theirs);
        let ended = run_on(&desk, &desk.db.url);
        ended.fails(1, &["migrate the database", "already exists"]);
        let sql = "SELECT name AS t FROM sqlite_master WHERE name NOT LIKE 'sqlite%'";
        assert_eq!(desk.db.texts(sql).len(), 1, "nothing was left beside it");
    }
}

#[test]
fn a_host_table_in_the_way_comes_with_advice() {
    let desk = Desk::new();
    desk.db.execute("CREATE TABLE core_volunteers (theirs)");
    run_on(&desk, &desk.db.url).fails(1, &["a table of that name belongs to somebody else", "test.db"]);
}

#[test]
fn a_damaged_database_is_named() {
    let desk = Desk::new();
    run_on(&desk, &desk.db.url).succeeds();
    let path = desk.db.url.strip_prefix("sqlite://").unwrap();
    desk.db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    let mut bytes = std::fs::read(path).unwrap();
    // The first page stays well, so that it is still a database; the rest is noise.
    let page = usize::from(bytes[16]) * 256 + usize::from(bytes[17]);
    for (n, byte) in bytes.iter_mut().enumerate().skip(page.max(512)) {
        *byte = u8::try_from(n * 31 % 251).unwrap();
    }
    std::fs::write(path, bytes).unwrap();
    run_on(&desk, &desk.db.url).fails(1, &["malformed", "restore it from a backup"]);
}
