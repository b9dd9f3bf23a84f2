//! Arguments that several commands share, and those of commands that have few.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use importer::service::{Actor, Role};
use importer::{RecordId, RunId, SuggestionFilter, SuggestionId, SuggestionKind};

use crate::policy::PolicyFile;

/// The database.
#[derive(Args)]
pub(crate) struct Database {
    /// sqlite://FILE, or postgres://… when built with `--features postgres`
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://importer.db", hide_env_values = true)]
    pub(crate) db: String,
}

/// Who acts. The command line is for whoever may read and write the database anyway; a host knows its users.
#[derive(Args)]
pub(crate) struct Who {
    /// Who acts, for the audit log
    #[arg(long, env = "USER", default_value = "importer")]
    pub(crate) actor: String,
    /// What the actor may do and see
    #[arg(long, env = "IMPORTER_ROLE", default_value = "admin", value_parser = ["admin", "steward", "viewer"])]
    role: String,
}

impl Who {
    pub(crate) fn actor(&self) -> Actor {
        Actor::new(&self.actor, self.role.parse().unwrap_or(Role::Viewer))
    }
}

/// What most commands end with: where to look, who asks, and how the answer is told.
#[derive(Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) who: Who,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where plugins come from and which of them are trusted.
#[derive(Args)]
pub(crate) struct PluginPlaces {
    /// A plugin file; may be given several times
    #[arg(long = "plugin", value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
    /// A file with the hashes of plugins that may be loaded
    #[arg(long, value_name = "FILE", env = "IMPORTER_PLUGIN_ALLOW_LIST")]
    pub(crate) allow_list: Option<PathBuf>,
    /// A public key of minisign, or a file with keys, whose signatures count; may be given several times
    #[arg(long = "plugin-key", value_name = "KEY|FILE", env = "IMPORTER_PLUGIN_KEYS", value_delimiter = ',')]
    pub(crate) keys: Vec<String>,
    /// Loads no plugin without a signature by one of these keys
    #[arg(long)]
    pub(crate) require_signature: bool,
    /// Runs this plugin, or `all`, in a process of its own; may be given several times
    #[arg(long, value_name = "ID", env = "IMPORTER_PLUGIN_ISOLATION", value_delimiter = ',')]
    pub(crate) isolate: Vec<String>,
    /// Loads plugins that stand on no allow-list; for development, shown in the report
    #[arg(long)]
    pub(crate) allow_unverified: bool,
    #[command(flatten)]
    pub(crate) quarantine: QuarantineFile,
    /// Counts an end of the program while a plugin was at work as its failure; for services nobody kills by hand
    #[arg(long)]
    pub(crate) plugin_crash_marks: bool,
}

/// Where it stands which plugins are held back.
#[derive(Args)]
pub(crate) struct QuarantineFile {
    /// The file with the plugins that are held back
    #[arg(
        long = "plugin-quarantine",
        value_name = "FILE",
        env = "IMPORTER_PLUGIN_QUARANTINE",
        default_value = "importer-plugin-quarantine.toml"
    )]
    pub(crate) path: PathBuf,
}

/// What a run works with beside its source.
#[derive(Args)]
pub(crate) struct RunSetup {
    /// A mapping document; without it, columns are matched by their names
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// A rule suite instead of the shipped one
    #[arg(long, value_name = "FILE")]
    pub(crate) suite: Option<PathBuf>,
    /// One mode for all rules
    #[arg(long, value_enum, env = "IMPORTER_RULES_MODE")]
    pub(crate) rules_mode: Option<RulesMode>,
    /// How far rows are merged with known people without anybody looking [default: what the mapping says, or deterministic]
    #[arg(long, value_enum, env = "IMPORTER_AUTO_MERGE")]
    pub(crate) auto_merge: Option<AutoMergeBy>,
    #[command(flatten)]
    pub(crate) policy: PolicyFile,
    /// How pairs of people are scored: shipped, weighted, or a file with a learned model
    #[arg(long, value_name = "NAME|FILE", env = "IMPORTER_MATCH_MODEL", default_value = "shipped")]
    pub(crate) model: String,
    /// How often in a row a source that fails in passing, as a busy server does, is asked again
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) retries: u32,
    /// How many seconds a run waits for such a source in all
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub(crate) retry_wait: u64,
    #[command(flatten)]
    pub(crate) plugins: PluginPlaces,
}

#[derive(Args)]
pub(crate) struct RunArgs {
    /// The adapter, such as csv
    #[arg(long)]
    pub(crate) source: String,
    /// The file to read
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// What the rows are
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) setup: RunSetup,
    /// Does everything except changing the core
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Says how many rows each rule would quarantine, and writes nothing at all
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) preview: bool,
    /// Only rows changed at or after this moment, such as 2025-01-31 or 2025-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// At most this many rows
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Prints one JSON object instead of the summary
    #[arg(long)]
    pub(crate) summary_json: bool,
    /// The name under which the source's ids are kept [default: the source]
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<String>,
    /// An option of the adapter, such as delimiter=";" or encoding=windows-1252
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
    #[command(flatten)]
    pub(crate) who: Who,
    /// Why, for the audit log
    #[arg(long, default_value = "asked for on the command line")]
    pub(crate) reason: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum AutoMergeBy {
    /// Never; what would be merged is suggested
    Off,
    /// By an equal contact and an agreeing name
    Deterministic,
    /// Also by a probability of at least 0.95
    Full,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RulesMode {
    Warn,
    Enforce,
}

#[derive(Args)]
pub(crate) struct TemplateArgs {
    /// What to print
    #[arg(value_enum, default_value_t = TemplateKind::Csv)]
    pub(crate) kind: TemplateKind,
    /// What the rows are
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TemplateKind {
    /// The header of a file that needs no mapping
    Csv,
    /// The header with one row of examples
    Sample,
    /// A mapping document with every field
    Mapping,
    /// The shipped rule suite
    Suite,
    /// The shipped survivorship policy: which value survives a merge
    Policy,
    /// The shipped retention policy
    Retention,
}

#[derive(Args)]
pub(crate) struct EvaluateArgs {
    /// The records: a delimited text file with a header, as `run --source csv` reads it
    #[arg(long, value_name = "FILE")]
    pub(crate) records: PathBuf,
    /// Who is who: a file with two ids per line, each line two records of one person; or column:NAME, a column of
    /// the records whose equal values are one person
    #[arg(long, value_name = "FILE|column:NAME")]
    pub(crate) truth: String,
    /// What a column is: a field of the contract, `ignore`, `record_id`, or a role such as house_number; may be given
    /// several times [default: by the columns' names and values]
    #[arg(long, value_name = "COLUMN=FIELD")]
    pub(crate) map: Vec<String>,
    /// A model made by `train` [default: learned from the records, without the truth]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Says too what training brings: learned from decisions about one half of the people, measured on the other
    #[arg(long)]
    pub(crate) train: bool,
    /// Shows at most this many missed and this many wrong pairs, with their values
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) samples: usize,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Draws precision and recall into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct PluginsArgs {
    #[command(subcommand)]
    pub(crate) command: PluginsCommand,
}

#[derive(Subcommand)]
pub(crate) enum PluginsCommand {
    /// Starts a plugin: a crate that builds and passes its tests, to be changed
    New(PluginsNewArgs),
    /// Lists the plugins that are found, and why any is refused; loads none
    List {
        #[command(flatten)]
        places: PluginPlaces,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Loads a plugin file and shows what it brings
    Verify {
        /// The plugin file
        file: PathBuf,
        #[command(flatten)]
        places: PluginPlaces,
    },
    /// Loads a plugin and tells its options, capabilities, rules and features
    Describe {
        /// The id of a plugin that is found, or a plugin file
        plugin: String,
        #[command(flatten)]
        places: PluginPlaces,
        /// Prints JSON
        #[arg(long, conflicts_with = "schema")]
        json: bool,
        /// Prints the JSON Schema of each adapter's options
        #[arg(long)]
        schema: bool,
    },
    /// Tells the fields of a source, for whoever writes a mapping
    Fields(AskArgs),
    /// Tells how a source is: reachable, for how long, how much may be asked of it
    Health(AskArgs),
    /// Puts a plugin file on an allow-list
    Allow {
        /// The plugin file
        file: PathBuf,
        /// The allow-list
        #[arg(long, value_name = "FILE", env = "IMPORTER_PLUGIN_ALLOW_LIST")]
        allow_list: PathBuf,
        /// Why it is trusted
        #[arg(long)]
        note: Option<String>,
    },
    /// Lists the plugins that failed or are held back
    Quarantine {
        #[command(flatten)]
        quarantine: QuarantineFile,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Lets plugins in again that are held back
    Release {
        /// The plugin's id or its sha256
        plugin: String,
        #[command(flatten)]
        quarantine: QuarantineFile,
    },
    /// Holds a plugin back: every file with this id that is found now
    Hold {
        /// The plugin's id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        places: PluginPlaces,
    },
}

/// A question to an adapter about a source.
#[derive(Args)]
pub(crate) struct AskArgs {
    /// The id of a plugin that is found, or a plugin file
    pub(crate) plugin: String,
    /// The adapter, when the plugin has several or one of another name
    #[arg(long, value_name = "NAME")]
    pub(crate) adapter: Option<String>,
    /// An option of the adapter; secrets come from variables IMPORTER_SECRET_<NAME>
    #[arg(long = "option", value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
    #[command(flatten)]
    pub(crate) places: PluginPlaces,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct PluginsNewArgs {
    /// Its name: lower-case letters, digits and hyphens
    pub(crate) name: String,
    /// What it brings
    #[arg(long, value_enum)]
    pub(crate) kind: PluginKind,
    /// The folder to make [default: the name]
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
    /// The folder of the crate importer-plugin, which is not published yet [default: by version]
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum PluginKind {
    /// A source of rows
    Adapter,
    /// A rule about rows
    Rule,
    /// A match feature: how alike two records are
    Feature,
}

#[derive(Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    /// What the records are
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    /// Stores nothing and says what would be merged, reviewed or a household
    #[arg(long)]
    pub(crate) preview: bool,
    /// A model made by `train` [default: learned from the core]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Only pairs with a record that is new or changed since the last scan; the default once there was one
    #[arg(long, conflicts_with = "all")]
    pub(crate) since_last: bool,
    /// All pairs
    #[arg(long)]
    pub(crate) all: bool,
    /// Why, for the audit log
    #[arg(long, default_value = "asked for on the command line")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) who: Who,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) who: Who,
    /// Why, for the audit log
    #[arg(long, default_value = "asked for on the command line")]
    pub(crate) reason: String,
    /// What the records are
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    /// The file for the model
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// As how many pairs each decision of a person counts
    #[arg(long, default_value_t = 1.0)]
    pub(crate) weight: f64,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ScoreArgs {
    /// The id of a record of the core
    pub(crate) one: RecordId,
    /// The id of another
    pub(crate) other: RecordId,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) who: Who,
    /// What the records are
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    /// A model made by `train` [default: that of the last scan]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Draws the score into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct SuggestionsArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) who: Who,
    /// Only those that wait for a decision
    #[arg(long, conflicts_with = "decision")]
    pub(crate) open: bool,
    /// Only with this decision
    #[arg(long, value_parser = ["open", "auto_merged", "accepted", "rejected", "deferred", "superseded", "outdated"])]
    pub(crate) decision: Option<String>,
    #[command(flatten)]
    pub(crate) pairs: Pairs,
    /// Only those behind this id, for paging
    #[arg(long, default_value_t = SuggestionId(0))]
    pub(crate) after: SuggestionId,
    /// At most this many; 0 for all
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: i64,
    /// Prints JSON, with the terms of each score
    #[arg(long)]
    pub(crate) json: bool,
}

/// Suggestions by what they are.
#[derive(Args)]
pub(crate) struct Pairs {
    /// Only of this kind
    #[arg(long, value_parser = ["possible_duplicate", "household", "ambiguous"])]
    kind: Option<String>,
    /// Only those that this run or scan found
    #[arg(long, value_name = "ID")]
    run: Option<RunId>,
    /// Only those with at least this score
    #[arg(long, value_name = "SCORE")]
    from: Option<f64>,
    /// Only those with a lower score than this
    #[arg(long, value_name = "SCORE")]
    below: Option<f64>,
}

impl Pairs {
    pub(crate) fn filter(&self, base: SuggestionFilter) -> SuggestionFilter {
        SuggestionFilter {
            kind: self.kind.as_deref().and_then(SuggestionKind::parse),
            run: self.run,
            score_from: self.from,
            score_below: self.below,
            ..base
        }
    }
}
