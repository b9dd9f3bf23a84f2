//! The command line of the importer, as a library: a program of a host's own can be the same command line.
//!
//! Exit codes: 0 succeeded (quarantined rows are reported, not a failure), 1 failed or partially failed, or the output could
//! not be written, 2 usage or configuration, 3 held by the gate.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod args;
mod audit;
mod count;
mod create;
mod describe;
mod environment;
mod evaluate;
mod export;
mod files;
mod fix;
mod hint;
mod homes;
mod matches;
mod merge;
mod option_dependencies;
mod out;
mod people;
mod person;
mod plugins;
mod plugins_new;
mod policy;
mod progress;
mod quarantine;
mod retention;
mod review;
mod rollback;
mod run;
mod run_control;
mod runs;
mod scan;
mod score;
mod secrets;
mod setup;
mod shared_args;
mod steward;
mod suggestions;
mod summary;
mod suppress;
mod template;
mod undo;
mod violations;
mod why;

pub(crate) use out::say;

use std::process::ExitCode;

use importer::{Error, ErrorKind};

/// Does what the arguments of this process ask for, and says how it ended.
pub fn main() -> ExitCode {
    if let Some(code) = importer::plugin_host::run_worker_if_asked() {
        return code;
    }
    // Whoever waits for somebody else is told so, that they do not take the program for stuck.
    let log = environment::variable("IMPORTER_LOG").unwrap_or_else(|| "warn,importer::waiting=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(log))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .without_time()
        .init();
    let cli = match args::Cli::read() {
        Ok(cli) => cli,
        Err(error) => return out::end(misunderstood(&error)),
    };
    let result = match &cli.command {
        args::Command::Run(args) => run::run(args),
        args::Command::Runs(args) => runs::runs(args),
        args::Command::Violations(args) => violations::violations(args),
        args::Command::Quarantine(args) => quarantine::quarantine(args),
        args::Command::Fix(args) => fix::fix(args),
        args::Command::Requeue(args) => fix::requeue(args),
        args::Command::Suppress(args) => suppress::suppress(args),
        args::Command::Create(args) => create::create(args),
        args::Command::Export(args) => export::export(args),
        args::Command::Scan(args) => scan::scan(args),
        args::Command::Train(args) => score::train(args),
        args::Command::Score(args) => score::score(args),
        args::Command::Suggestions(args) => suggestions::suggestions(args),
        args::Command::Review(args) => review::review(args),
        args::Command::People(args) => people::people(args),
        args::Command::Merge(args) => merge::merge(args),
        args::Command::Undo(args) => undo::undo(args),
        args::Command::Rollback(args) => rollback::rollback(args),
        args::Command::Audit(args) => audit::audit(args),
        args::Command::Retention(args) => retention::retention(args),
        args::Command::Roles => {
            out::text(&importer::service::roles_reference());
            Ok(ExitCode::SUCCESS)
        }
        args::Command::Template(args) => template::template(args),
        args::Command::Plugins(args) => plugins::plugins(args),
        args::Command::Evaluate(args) => evaluate::evaluate(args),
    };
    let code = result.unwrap_or_else(|error| {
        out::complain(&format!("error: {error}"));
        if let Some(hint) = hint::hint(&error) {
            out::complain(&format!("hint: {hint}"));
        }
        if matches!(&cli.command, args::Command::Run(args) if args.summary_json) {
            out::as_is(summary::no_run(&error.to_string()));
        }
        exit_code(&error)
    });
    out::end(code)
}

/// Help and version are asked for and printed; anything else is a slip, which a program that waits for JSON hears as such.
fn misunderstood(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        // There is nobody left to tell that to.
        let _ = error.print();
    } else {
        out::note(|| error.print());
    }
    if error.use_stderr() && std::env::args_os().any(|arg| arg == "--summary-json") {
        let text = error.render().to_string();
        // Behind the first blank line stands how the program is used.
        let what = text.split("\n\n").next().unwrap_or_default();
        out::as_is(summary::no_run(what.strip_prefix("error: ").unwrap_or(what).trim_end()));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// 2 for what the caller can change on the command line, 1 for what went wrong.
fn exit_code(error: &Error) -> ExitCode {
    match error.kind() {
        ErrorKind::Config
        | ErrorKind::Mapping
        | ErrorKind::Plugin
        | ErrorKind::NotFound
        | ErrorKind::Forbidden => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}
