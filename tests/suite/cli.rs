//! The real program: built by cargo, with the CSV adapter loaded from its file.

mod answers;
mod bad_arguments;
mod bad_databases;
mod bad_plugins;
mod bad_sources;
mod dry_run;
mod evaluate;
mod full_disk;
mod goes_with;
mod host_tables;
mod labelled;
mod listing;
mod matching;
mod options;
pub(crate) mod plugins;
mod policies;
mod printing;
mod read_only;
mod stewards;
mod summary;
mod templates;
mod trust;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use super::support::{self, Database};

/// Stands in cells and in passwords, and must never come out of a failure.
pub(crate) const MARKER: &str = "Zzyzxmarker";

/// Three people, one of them twice, one address that is none, one column that no field takes.
pub(crate) const PEOPLE: &str = "\
id,first name,last name,e-mail,phone,updated at,hobby
1,ADA,LOVELACE,ada@example.org,(816) 234-5678,2025-01-10T08:00:00Z,chess
2,Grace,Hopper,grace@example.org,,2025-02-10T08:00:00Z,
3,Zzyzxmarker,Row,zzyzxmarker.example.org,,2025-03-10T08:00:00Z,
4,Ada,Lovelace,ada@example.org,,2025-04-10T08:00:00Z,
";

/// How the program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end.
pub(crate) fn ended(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    // A killed process has no code.
    let code = output.status.code().unwrap_or(-1);
    let ended = Ended { code, out: text(output.stdout), err: text(output.stderr) };
    assert!(!ended.err.contains("panicked"), "{ended:?}");
    ended
}

/// The program in a folder of its own, with the environment of nobody in particular.
pub(crate) fn program(folder: &std::path::Path) -> Command {
    let mut command = support::command_line();
    quiet(&mut command).current_dir(folder);
    command
}

/// Takes away what the environment of whoever runs the tests would change.
pub(crate) fn quiet(command: &mut Command) -> &mut Command {
    let variables = [
        "DATABASE_URL",
        "IMPORTER_PLUGIN_PATH",
        "IMPORTER_PLUGIN_ALLOW_LIST",
        "IMPORTER_LOG",
        "IMPORTER_POLICY",
    ];
    let trust = ["IMPORTER_PLUGIN_KEYS", "IMPORTER_PLUGIN_QUARANTINE", "IMPORTER_PLUGIN_ISOLATION"];
    for variable in trust {
        command.env_remove(variable);
    }
    for variable in variables.iter().chain(&["IMPORTER_RULES_MODE", "IMPORTER_ADAPTERS", "IMPORTER_ENABLED"])
    {
        command.env_remove(variable);
    }
    command.env("USER", "tester")
}

impl Ended {
    /// What failed must say all of this, say nothing of what stands in the cells, and end with this code.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, says: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        for part in says {
            assert!(self.err.contains(part) || self.out.contains(part), "it does not say `{part}`: {self:?}");
        }
        assert!(!self.err.contains(MARKER) && !self.out.contains(MARKER), "it tells a cell: {self:?}");
        assert!(!self.err.to_lowercase().contains("zzyzxmarker"), "it tells a cell: {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// The one JSON object on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.out.trim_end().lines().count(), 1, "more than one line: {self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The counts of `--summary-json`.
    #[track_caller]
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        serde_json::from_value(self.json()["counts"].clone()).unwrap()
    }

    /// Those counts of `--summary-json` that are not zero, as text.
    #[track_caller]
    pub(crate) fn told(&self) -> String {
        let counts = self.json()["counts"].clone();
        let told = counts.as_object().unwrap().iter().filter(|(_, n)| **n != 0);
        told.map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
    }
}

/// A folder for files, and a database.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) db: Database,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::on(support::sqlite())
    }

    pub(crate) fn on(db: Database) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), db }
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        support::file(self.folder.path(), name, content)
    }

    /// A subcommand on the desk's database.
    pub(crate) fn call<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        let mut command = program(self.folder.path());
        command.args(args).args(["--db", &self.db.url]);
        ended(command)
    }

    /// `run --source csv --file FILE …`
    pub(crate) fn run(&self, file: &str, args: &[&str]) -> Ended {
        self.call(["run", "--source", "csv", "--file", file].iter().chain(args))
    }

    /// A run with `--summary-json`.
    pub(crate) fn summary(&self, file: &str, args: &[&str]) -> Ended {
        let args: Vec<&str> = args.iter().copied().chain(["--summary-json"]).collect();
        self.run(file, &args)
    }

    pub(crate) fn rows(&self, table: &str) -> i64 {
        self.db.number(&format!("SELECT COUNT(*) AS t FROM {table}"))
    }

    /// Asserts that these tables are there, and empty.
    #[track_caller]
    pub(crate) fn empty(&self, tables: &[&str]) {
        for table in tables {
            assert_eq!(self.rows(table), 0, "{table}");
        }
    }
}

/// What an import changes for good.
pub(crate) const CORE: [&str; 11] = [
    "core_volunteers",
    "core_volunteer_contacts",
    "external_id_map",
    "match_keys",
    "change_log",
    "merge_log",
    "dedupe_suggestions",
    "suggestion_decisions",
    "not_duplicates",
    "watermarks",
    "quarantine",
];

/// What a run keeps about itself.
pub(crate) const RUN: [&str; 5] =
    ["import_runs", "staging_volunteers", "clean_volunteers", "row_outcomes", "dq_violations"];
