//! What every test needs: databases, files, the built plugin and the built command line.

#[cfg(feature = "postgres")]
mod emptied;
#[cfg(feature = "postgres")]
mod server;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::path::{Path, PathBuf};

use importer::service::ReviewDecision;
use importer::{Importer, RunReport, RunRequest};

#[cfg(feature = "postgres")]
pub(crate) use emptied::Contents;

/// A database of its own, gone when dropped.
pub(crate) struct Database {
    pub(crate) url: String,
    /// `sqlite` or `postgres`.
    pub(crate) backend: &'static str,
    #[cfg(feature = "postgres")]
    held: Option<server::Held>,
    _folder: tempfile::TempDir,
}

/// An empty SQLite database.
pub(crate) fn sqlite() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    Database {
        url,
        backend: "sqlite",
        #[cfg(feature = "postgres")]
        held: None,
        _folder: folder,
    }
}

/// An empty database on each backend that can be had. Postgres is the one that `cargo xtask test` starts; without it that
/// half of the test is left out aloud. Where `IMPORTER_TEST_ONLY` says `postgres`, SQLite is left out: tests then go again on a
/// server as hosts have them, which changes nothing for SQLite.
pub(crate) fn databases() -> Vec<Database> {
    sqlite_unless_tested().into_iter().chain(postgres()).collect()
}

fn sqlite_unless_tested() -> Option<Database> {
    (!is_sqlite_left_out()).then(sqlite)
}

fn is_sqlite_left_out() -> bool {
    let Ok(only) = std::env::var("IMPORTER_TEST_ONLY") else { return false };
    assert_eq!(only, "postgres", "the only database that IMPORTER_TEST_ONLY can name");
    let is_there = std::env::var_os("IMPORTER_TEST_POSTGRES").is_some();
    assert!(cfg!(feature = "postgres") && is_there, "without SQLite nothing would be tested");
    true
}

/// The same for laws that many histories are tried on. On Postgres, where a new database takes longer than a history, it is one
/// that has our tables already, and that others have used before.
pub(crate) fn databases_for_a_history() -> Vec<Database> {
    sqlite_unless_tested().into_iter().chain(postgres_used_again()).collect()
}

/// Two of each backend: for what happens, and for what should have come of it.
pub(crate) fn two_for_a_history() -> impl Iterator<Item = (Database, Database)> {
    databases_for_a_history().into_iter().zip(databases_for_a_history())
}

/// One of a backend that the law has one of already.
pub(crate) fn database_for_a_history(backend: &str) -> Database {
    let one = if backend == "sqlite" { Some(sqlite()) } else { postgres_used_again() };
    one.expect("a server that was there a moment ago")
}

/// Tries a law on made-up histories: on so many that are always the same, so that who sees it fail sees it fail again, or with
/// `CASES=500` in the environment on as many others. Which others is told, and `SEED` brings the same ones again.
/// On a server as hosts have them it is a third of them: what that server does otherwise shows in few as in many.
pub(crate) fn histories(usual: u32) -> (u32, TestRunner) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let asked = number("CASES").map(|cases| u32::try_from(cases).unwrap());
    let usual = if is_sqlite_left_out() { usual.div_ceil(3) } else { usual };
    let cases = asked.unwrap_or(usual);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let seed = number("SEED").or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        asked.map(|_| u64::from(now.subsec_nanos()))
    });
    let random = match seed {
        Some(seed) => {
            eprintln!("histories: CASES={cases} SEED={seed}");
            let bytes = seed.to_le_bytes().repeat(4);
            TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
        }
        None => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    };
    (cases, TestRunner::new_with_rng(config, random))
}

#[cfg(not(feature = "postgres"))]
fn postgres() -> Option<Database> {
    eprintln!("NOT TESTED on Postgres: built without the feature `postgres`; use `cargo xtask test`");
    None
}

#[cfg(not(feature = "postgres"))]
use self::postgres as postgres_used_again;

#[cfg(feature = "postgres")]
use self::server::{database as postgres, used_again as postgres_used_again};

/// To merge two although they contradict each other.
pub(crate) fn accept_although_contradicted() -> ReviewDecision {
    ReviewDecision::Accept {
        survivor: None,
        choices: Vec::new(),
        although_rejected: false,
        although_contradicted: true,
    }
}

impl Database {
    /// An importer with the CSV adapter linked in.
    pub(crate) fn importer(&self) -> Importer {
        Importer::builder().database(&self.url).plugin(importer_adapter_csv::plugin()).build().unwrap()
    }

    /// Imports a file.
    pub(crate) fn import(&self, file: &Path) -> RunReport {
        self.importer().run(&RunRequest::new("csv").file(file)).unwrap()
    }

    #[cfg(feature = "postgres")]
    fn held(&self) -> &server::Held {
        self.held.as_ref().expect("a database on Postgres")
    }

    /// The schema that our tables are in.
    pub(crate) fn schema(&self) -> String {
        if self.backend == "sqlite" {
            "main".into()
        } else {
            self.texts("SELECT current_schema() AS t").concat()
        }
    }

    /// Makes a further schema in which a host may make tables.
    pub(crate) fn make_schema(&self, name: &str) {
        let role = self.texts("SELECT current_user AS t").concat();
        self.administer(&format!("CREATE SCHEMA IF NOT EXISTS {name} AUTHORIZATION {role}"));
    }

    /// Runs statements on Postgres as somebody who may make roles and schemas.
    pub(crate) fn administer(&self, sql: &str) {
        #[cfg(feature = "postgres")]
        server::administer(&self.url, sql);
        #[cfg(not(feature = "postgres"))]
        unreachable!("there are no Postgres databases in this build, and nobody to run {sql}");
    }

    /// Reads one column of text.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        // The single column is named here, so that callers write plain SQL.
        let sql = format!("SELECT CAST(x.t AS TEXT) AS t FROM ({sql}) x");
        match self.backend {
            "sqlite" => sqlite_texts(&self.url, &sql),
            #[cfg(feature = "postgres")]
            _ => self.held().with(|client| server::texts(client, &sql)),
            #[cfg(not(feature = "postgres"))]
            _ => unreachable!("there are no Postgres databases in this build"),
        }
    }

    /// Reads one number.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.texts(sql)[0].parse().unwrap()
    }

    /// Runs statements.
    pub(crate) fn execute(&self, sql: &str) {
        match self.backend {
            #[cfg(feature = "postgres")]
            "postgres" => self.held().with(|client| client.batch_execute(sql).unwrap()),
            _ => execute(&self.url, self.backend, sql),
        }
    }
}

/// Runs statements on a database that somebody else holds.
pub(crate) fn execute(url: &str, backend: &str, sql: &str) {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    match backend {
        "sqlite" => {
            let mut c = diesel::SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap()).unwrap();
            c.batch_execute(sql).unwrap();
        }
        #[cfg(feature = "postgres")]
        _ => server::connect(url).batch_execute(sql).unwrap(),
        #[cfg(not(feature = "postgres"))]
        _ => unreachable!("there are no Postgres databases in this build"),
    }
}

fn sqlite_texts(url: &str, sql: &str) -> Vec<String> {
    use diesel::prelude::*;
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        t: String,
    }
    let mut c = diesel::SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap()).unwrap();
    let rows: Vec<Row> = diesel::sql_query(sql).load(&mut c).unwrap();
    rows.into_iter().map(|row| row.t).collect()
}

/// Writes a file into a folder.
pub(crate) fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Names and notes of every awkward kind; see `tests/data/strings`.
pub(crate) fn awkward_strings() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("tests/data/strings/awkward.json")).unwrap();
    let strings: Vec<String> = serde_json::from_str(&text).unwrap();
    assert!(strings.len() > 300, "the awkward strings are not all there");
    strings
}

/// Cells that a spreadsheet takes for formulas; see `tests/data/strings`.
pub(crate) fn formulas() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("tests/data/strings/formulas.txt")).unwrap();
    text.lines().map(Into::into).collect()
}

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the build: `target/<profile>`.
pub(crate) fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
}

/// The command line, as cargo builds it beside the tests.
pub(crate) fn command_line() -> std::process::Command {
    let program = profile_folder().join("examples").join(format!("importer{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is not built; run the tests with `cargo xtask test`", program.display());
    let mut command = std::process::Command::new(program);
    for variable in [
        "DATABASE_URL",
        "IMPORTER_PLUGIN_PATH",
        "IMPORTER_RULES_MODE",
        "IMPORTER_ADAPTERS",
        "IMPORTER_ENABLED",
    ] {
        command.env_remove(variable);
    }
    command
}
