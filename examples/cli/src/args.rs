//! The commands.

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::audit::AuditArgs;
use crate::create::CreateArgs;
use crate::export::ExportArgs;
use crate::fix::{FixArgs, RequeueArgs};
use crate::merge::MergeArgs;
use crate::option_dependencies;
use crate::people::PeopleArgs;
use crate::quarantine::QuarantineArgs;
use crate::retention::RetentionArgs;
use crate::review::ReviewArgs;
use crate::rollback::RollbackArgs;
use crate::runs::RunsArgs;
use crate::shared_args::{
    EvaluateArgs, PluginsArgs, RunArgs, ScanArgs, ScoreArgs, SuggestionsArgs, TemplateArgs, TrainArgs,
};
use crate::suppress::SuppressArgs;
use crate::undo::UndoArgs;
use crate::violations::ViolationsArgs;

/// Turns messy volunteer data into a clean, deduplicated database.
#[derive(Parser)]
#[command(name = "importer", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the arguments of this process.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let mut command = without_empty_variables(Self::command());
        let read = command.try_get_matches_from_mut(std::env::args_os()).and_then(|matches| {
            option_dependencies::check(&mut command, &matches)?;
            Self::from_arg_matches(&matches)
        });
        read.map_err(|error| with_usage(error, command))
    }
}

/// Says how the command is used as its help does. Of itself clap shows options that have a default or a variable of the
/// environment as if they had to be given.
fn with_usage(mut error: clap::Error, mut root: clap::Command) -> clap::Error {
    let Some(usage) = error.get(ContextKind::Usage).map(ToString::to_string) else { return error };
    // Behind `Usage:` and the program stands the command, then its options.
    let path: Vec<&str> = usage.split_whitespace().skip(2).collect();
    let usage = option_dependencies::innermost_command(&mut root, &path).render_usage();
    error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    error
}

/// A variable that is set to nothing is as good as not set: that is how scripts and containers leave one out.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let forget = |arg: clap::Arg| {
        let empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        if empty { arg.env(None) } else { arg }
    };
    command.mut_args(forget).mut_subcommands(without_empty_variables)
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Imports a source; the same command continues an interrupted run
    Run(Box<RunArgs>),
    /// Lists runs, shows one run, or controls it
    Runs(Box<RunsArgs>),
    /// Lists findings of the rules
    Violations(ViolationsArgs),
    /// Lists rows in quarantine, or shows one row
    Quarantine(QuarantineArgs),
    /// Corrects rows in quarantine and imports them again
    Fix(Box<FixArgs>),
    /// Checks rows in quarantine against the current rules and imports those that pass
    Requeue(Box<RequeueArgs>),
    /// Exempts rows in quarantine from rules, or rejects them
    Suppress(Box<SuppressArgs>),
    /// Creates a person by hand, with or without a contact
    Create(Box<CreateArgs>),
    /// Writes records, findings or rows in quarantine to a file that is safe in a spreadsheet
    Export(ExportArgs),
    /// Searches the whole core for duplicates
    Scan(ScanArgs),
    /// Trains a match model on the core
    Train(TrainArgs),
    /// Explains the score of two records
    Score(ScoreArgs),
    /// Lists pairs of records that may be one person or one household
    Suggestions(SuggestionsArgs),
    /// Shows suggestions and decides about them
    Review(ReviewArgs),
    /// Lists people with their ids, or shows one person
    People(PeopleArgs),
    /// Merges people into one, or lists merges
    Merge(MergeArgs),
    /// Undoes a merge or a match
    Undo(UndoArgs),
    /// Rolls back a run: reverts its changes to the core
    Rollback(RollbackArgs),
    /// Shows the audit log: who did what, when and why
    Audit(AuditArgs),
    /// Purges or anonymises old data
    Retention(RetentionArgs),
    /// Shows what each role may do and see
    Roles,
    /// Prints a template of a file or document
    Template(TemplateArgs),
    /// Lists, checks and manages plugins
    Plugins(PluginsArgs),
    /// Measures the matching on records whose duplicates are known
    Evaluate(EvaluateArgs),
}
