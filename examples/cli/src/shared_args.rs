//! Arguments that several commands share, and those of commands that have few.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use importer::service::{Actor, Role};
use importer::{GateMode, RecordId, RunId, SuggestionFilter, SuggestionId, SuggestionKind};

use crate::policy::PolicyFile;

/// The database.
#[derive(Args)]
pub(crate) struct Database {
    /// The database: sqlite://FILE, or postgres://… in a build with `--features postgres`
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://importer.db", hide_env_values = true)]
    pub(crate) db: String,
}

/// Who acts. The command line is for whoever may read and write the database anyway; a host knows its users.
#[derive(Args)]
pub(crate) struct Who {
    /// The name of the person who acts, for the audit log
    #[arg(long, env = "USER", default_value = "importer")]
    pub(crate) actor: String,
    /// The role of the actor, which limits what the command may do and show
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
    /// A plugin file; can be repeated
    #[arg(long = "plugin", value_name = "PATH")]
    pub(crate) files: Vec<PathBuf>,
    /// The allow-list: a file with the hashes of plugins that may be loaded
    #[arg(long, value_name = "FILE", env = "IMPORTER_PLUGIN_ALLOW_LIST")]
    pub(crate) allow_list: Option<PathBuf>,
    /// A trusted minisign public key, or a file with such keys; can be repeated
    #[arg(long = "plugin-key", value_name = "KEY|FILE", env = "IMPORTER_PLUGIN_KEYS", value_delimiter = ',')]
    pub(crate) keys: Vec<String>,
    /// Loads only plugins that one of these keys has signed
    #[arg(long)]
    pub(crate) require_signature: bool,
    /// Runs this plugin, or `all` plugins, in a separate process; can be repeated
    #[arg(long, value_name = "ID", env = "IMPORTER_PLUGIN_ISOLATION", value_delimiter = ',')]
    pub(crate) isolate: Vec<String>,
    /// Loads plugins that are not on an allow-list; meant for development, and shown in the report
    #[arg(long)]
    pub(crate) allow_unverified: bool,
    #[command(flatten)]
    pub(crate) quarantine: QuarantineFile,
    /// Counts it as a failure of the plugin when the program ends while the plugin is working; meant for services
    #[arg(long)]
    pub(crate) plugin_crash_marks: bool,
}

/// Where it stands which plugins are held back.
#[derive(Args)]
pub(crate) struct QuarantineFile {
    /// The file that lists the plugins held back
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
    /// A mapping document [default: columns are matched by their names]
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// A rule suite that replaces the shipped one
    #[arg(long, value_name = "FILE")]
    pub(crate) suite: Option<PathBuf>,
    /// Applies one mode to all rules
    #[arg(long, value_enum, env = "IMPORTER_RULES_MODE")]
    pub(crate) rules_mode: Option<RulesMode>,
    /// Which rows are merged with known people automatically [default: as in the mapping, or deterministic]
    #[arg(long, value_enum, env = "IMPORTER_AUTO_MERGE")]
    pub(crate) auto_merge: Option<AutoMergeBy>,
    /// What happens to a run in which most dates of a column cannot be read
    #[arg(long, value_enum, default_value_t = AtTheGate::Hold)]
    pub(crate) unreadable_dates: AtTheGate,
    /// What happens to a run whose changed rows are mostly again what they were before
    #[arg(long, value_enum, default_value_t = AtTheGate::Warn)]
    pub(crate) older_file: AtTheGate,
    #[command(flatten)]
    pub(crate) policy: PolicyFile,
    /// The match model: shipped, weighted, or a file with a trained model
    #[arg(long, value_name = "NAME|FILE", env = "IMPORTER_MATCH_MODEL", default_value = "shipped")]
    pub(crate) model: String,
    /// How many times in a row a source is retried after a temporary failure
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) retries: u32,
    /// How many seconds a run waits in total for such retries
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub(crate) retry_wait: u64,
    #[command(flatten)]
    pub(crate) plugins: PluginPlaces,
}

/// What the gate does about what it finds.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum AtTheGate {
    /// It holds the run until somebody approves it
    Hold,
    /// It warns
    Warn,
}

impl AtTheGate {
    pub(crate) fn mode(self) -> GateMode {
        match self {
            Self::Hold => GateMode::Enforce,
            Self::Warn => GateMode::Warn,
        }
    }
}

#[derive(Args)]
pub(crate) struct RunArgs {
    /// The adapter that reads the source, such as csv
    #[arg(long)]
    pub(crate) source: String,
    /// The file to read
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The entity that the rows describe
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) setup: RunSetup,
    /// Does everything except change the core
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Counts how many rows each rule would quarantine, and writes nothing at all
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) preview: bool,
    /// Reads only rows changed at or after this time, such as 2025-01-31 or 2025-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Reads at most this many rows
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Prints one JSON object instead of the summary
    #[arg(long)]
    pub(crate) summary_json: bool,
    /// The external system that the source's ids belong to [default: the source]
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<String>,
    /// An option of the adapter, such as delimiter=";" or encoding=windows-1252; can be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
    #[command(flatten)]
    pub(crate) who: Who,
    /// The reason, for the audit log
    #[arg(long, default_value = "asked for on the command line")]
    pub(crate) reason: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum AutoMergeBy {
    /// No rows; matches are only suggested
    Off,
    /// Rows with an equal contact and an agreeing name
    Deterministic,
    /// Also rows that match with a probability of at least 0.95
    Full,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RulesMode {
    /// Errors count as warnings, and every row is imported
    Warn,
    /// Errors send rows to quarantine
    Enforce,
}

#[derive(Args)]
pub(crate) struct TemplateArgs {
    /// The template to print
    #[arg(value_enum, default_value_t = TemplateKind::Csv)]
    pub(crate) kind: TemplateKind,
    /// The entity that the rows describe
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
    /// The records: a delimited text file with a header, in any form that `run --source csv` reads
    #[arg(long, value_name = "FILE")]
    pub(crate) records: PathBuf,
    /// The known duplicates: a file with the ids of two records of one person on each line; or column:NAME, a
    /// column that has the same value for all records of one person
    #[arg(long, value_name = "FILE|column:NAME")]
    pub(crate) truth: String,
    /// What a column holds: a field of the contract, `ignore`, `record_id`, or a role such as house_number; can be
    /// repeated [default: guessed from the column's name and values]
    #[arg(long, value_name = "COLUMN=FIELD")]
    pub(crate) map: Vec<String>,
    /// A model that `train` made [default: trained on the records, without the known duplicates]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Also measures what training brings: trains on one half of the people and measures on the other half
    #[arg(long)]
    pub(crate) train: bool,
    /// Shows up to this many missed and this many wrong pairs, with their values
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) samples: usize,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Draws precision and recall as an SVG file
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
    /// Creates a new plugin: a crate that builds and passes its tests
    New(PluginsNewArgs),
    /// Lists the plugins that are found, and why a plugin is refused; loads none of them
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
    /// Loads a plugin and shows its options, capabilities, rules and match features
    Describe {
        /// The id of a plugin in the search path, or a plugin file
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
    /// Shows the fields of a source, as a help for writing a mapping
    Fields(AskArgs),
    /// Checks a source: whether it can be reached, when the credentials expire, and which limits apply
    Health(AskArgs),
    /// Adds a plugin file to an allow-list
    Allow {
        /// The plugin file
        file: PathBuf,
        /// The allow-list
        #[arg(long, value_name = "FILE", env = "IMPORTER_PLUGIN_ALLOW_LIST")]
        allow_list: PathBuf,
        /// Why the plugin is trusted
        #[arg(long)]
        note: Option<String>,
    },
    /// Lists plugins that failed or are held back
    Quarantine {
        #[command(flatten)]
        quarantine: QuarantineFile,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Releases plugins that are held back
    Release {
        /// The plugin's id or its sha256
        plugin: String,
        #[command(flatten)]
        quarantine: QuarantineFile,
    },
    /// Holds back a plugin: every file with this id in the search path
    Hold {
        /// The plugin's id
        id: String,
        /// The reason
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        places: PluginPlaces,
    },
}

/// A question to an adapter about a source.
#[derive(Args)]
pub(crate) struct AskArgs {
    /// The id of a plugin in the search path, or a plugin file
    pub(crate) plugin: String,
    /// The adapter, if the plugin has several or its adapter has another name
    #[arg(long, value_name = "NAME")]
    pub(crate) adapter: Option<String>,
    /// An option of the adapter; secrets are read from the variables IMPORTER_SECRET_<NAME>
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
    /// The name: lower-case letters, digits and hyphens
    pub(crate) name: String,
    /// What the plugin adds
    #[arg(long, value_enum)]
    pub(crate) kind: PluginKind,
    /// The folder to create [default: the name]
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
    /// The folder of the crate importer-plugin, which is not published yet [default: depend on its version]
    #[arg(long, value_name = "DIR")]
    pub(crate) sdk: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum PluginKind {
    /// An adapter: reads rows from a source
    Adapter,
    /// A rule: checks rows
    Rule,
    /// A match feature: compares two records
    Feature,
}

#[derive(Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) database: Database,
    /// The entity of the records
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    /// Shows what would be merged, reviewed or linked as a household, and stores nothing
    #[arg(long)]
    pub(crate) preview: bool,
    /// A model that `train` made [default: trained on the core]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Scores only pairs with a record that is new or changed since the last scan; the default after the first scan
    #[arg(long, conflicts_with = "all")]
    pub(crate) since_last: bool,
    /// Scores all pairs
    #[arg(long)]
    pub(crate) all: bool,
    /// The reason, for the audit log
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
    /// The reason, for the audit log
    #[arg(long, default_value = "asked for on the command line")]
    pub(crate) reason: String,
    /// The entity of the records
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    /// The file to write the model to
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// How many pairs one decision of a person counts for
    #[arg(long, default_value_t = 1.0)]
    pub(crate) weight: f64,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct ScoreArgs {
    /// The id of a record
    pub(crate) one: RecordId,
    /// The id of another record
    pub(crate) other: RecordId,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) who: Who,
    /// The entity of the records
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    /// A model that `train` made [default: the model of the last scan]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Draws the score as an SVG file
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
    /// Only pairs that wait for a decision, the likeliest first; households are listed by --homes or --kind household
    #[arg(long, conflicts_with = "decision")]
    pub(crate) open: bool,
    /// Lists the households that wait for a decision, home by home
    #[arg(long, conflicts_with_all = ["open", "decision", "kind", "run", "from", "below"])]
    pub(crate) homes: bool,
    /// Only pairs with this decision
    #[arg(long, value_parser = ["open", "auto_merged", "accepted", "rejected", "deferred", "superseded", "outdated"])]
    pub(crate) decision: Option<String>,
    #[command(flatten)]
    pub(crate) pairs: Pairs,
    /// Only entries after this id, for paging
    #[arg(long, default_value_t = SuggestionId(0))]
    pub(crate) after: SuggestionId,
    /// Prints at most this many; 0 for all
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: i64,
    /// Prints JSON, including the terms of each score
    #[arg(long)]
    pub(crate) json: bool,
}

/// Suggestions by what they are.
#[derive(Args)]
pub(crate) struct Pairs {
    /// Only pairs of this kind
    #[arg(long, value_parser = ["possible_duplicate", "household", "ambiguous"])]
    kind: Option<String>,
    /// Only pairs that this run or scan found
    #[arg(long, value_name = "ID")]
    run: Option<RunId>,
    /// Only pairs with at least this score
    #[arg(long, value_name = "SCORE")]
    from: Option<f64>,
    /// Only pairs with a score below this
    #[arg(long, value_name = "SCORE")]
    below: Option<f64>,
}

impl Pairs {
    /// Whether a kind was asked for.
    pub(crate) fn names_a_kind(&self) -> bool {
        self.kind.is_some()
    }

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
