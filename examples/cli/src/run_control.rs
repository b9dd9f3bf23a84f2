//! What people do with runs: pause, cancel, resume, retry, do again, approve, discard, label.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use importer::service::{RerunStep, StopAck};
use importer::{Importer, Result, RunId, RunReport};
use importer::{RunStatus, moment_text};

use crate::count::counted;
use crate::progress::Bar;
use crate::shared_args::{Common, Database, RunSetup, Who};
use crate::{out, run, say, setup};

#[derive(Subcommand)]
pub(crate) enum RunsCommand {
    /// Pauses a run after its current batch, whichever process it is in; `resume` continues it
    Pause(Simple),
    /// Cancels a run: rows that are loaded stay, and no further rows are loaded
    Cancel(Simple),
    /// Continues a run that was paused or interrupted
    Resume(GoOnArgs),
    /// Repeats the step in which a run failed
    Retry(GoOnArgs),
    /// Repeats a step of a run from its stored rows, as a new run
    Rerun(RerunArgs),
    /// Approves a held run, so that its rows are loaded into the core
    Approve(GoOnArgs),
    /// Discards a held run, so that its rows are never loaded
    Discard(Simple),
    /// Sets or removes the label of a run
    Label(LabelArgs),
    /// Lists runs that can be continued and that no process is working on
    Interrupted(InterruptedArgs),
}

#[derive(Args)]
pub(crate) struct Simple {
    /// The id of the run
    run: RunId,
    /// The reason, for the audit log
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(crate) struct GoOnArgs {
    #[command(flatten)]
    what: Simple,
    /// Prints one JSON object instead of the summary
    #[arg(long)]
    summary_json: bool,
    #[command(flatten)]
    setup: RunSetup,
}

#[derive(Args)]
pub(crate) struct RerunArgs {
    #[command(flatten)]
    go_on: GoOnArgs,
    /// The step to repeat
    #[arg(long, value_enum)]
    step: StepName,
}

#[derive(Clone, Copy, ValueEnum)]
enum StepName {
    /// Maps and checks every row that its source has not replaced, by the current mapping and rules
    Validate,
    /// Loads the rows that could not be written
    Dedupe,
    /// The same as upsert
    Upsert,
}

#[derive(Args)]
pub(crate) struct LabelArgs {
    #[command(flatten)]
    what: Simple,
    /// The label; if it is missing or empty, the current label is removed
    #[arg(long)]
    label: Option<String>,
}

#[derive(Args)]
pub(crate) struct InterruptedArgs {
    #[command(flatten)]
    common: Common,
}

pub(crate) fn control(command: &RunsCommand) -> Result<ExitCode> {
    match command {
        RunsCommand::Pause(args) => {
            let heard = setup::on(&args.database)?.desk(args.who.actor()).pause(args.run, &args.reason)?;
            tell(args.run, heard, "is paused", "pauses after its batch");
        }
        RunsCommand::Cancel(args) => {
            let heard = setup::on(&args.database)?.desk(args.who.actor()).cancel(args.run, &args.reason)?;
            tell(args.run, heard, "is cancelled", "stops after its batch");
        }
        RunsCommand::Resume(args) => return go_on(args, |desk, what| desk.resume(what.run, &what.reason)),
        RunsCommand::Retry(args) => return go_on(args, |desk, what| desk.retry(what.run, &what.reason)),
        RunsCommand::Approve(args) => return go_on(args, |desk, what| desk.approve(what.run, &what.reason)),
        RunsCommand::Rerun(args) => {
            let step = match args.step {
                StepName::Validate => RerunStep::Validate,
                StepName::Dedupe => RerunStep::Dedupe,
                StepName::Upsert => RerunStep::Upsert,
            };
            return go_on(&args.go_on, |desk, what| desk.rerun(what.run, step, &what.reason));
        }
        RunsCommand::Discard(args) => {
            setup::on(&args.database)?.desk(args.who.actor()).discard(args.run, &args.reason)?;
            say!("Run {} is discarded; its clean rows are never loaded.", args.run);
        }
        RunsCommand::Label(args) => {
            let what = &args.what;
            let desk = setup::on(&what.database)?;
            // An empty word is none: it would only look like one in the list of runs.
            let label = args.label.as_deref().filter(|label| !label.trim().is_empty());
            desk.desk(what.who.actor()).label(what.run, label, &what.reason)?;
            match label {
                Some(label) => say!("Run {} has the label {label}.", what.run),
                None => say!("Run {} has no label any more.", what.run),
            }
        }
        RunsCommand::Interrupted(args) => return interrupted(args),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(run: RunId, heard: StopAck, done: &str, asked: &str) {
    match heard {
        StopAck::Done => say!("Run {run} {done}."),
        _ => say!("Run {run} is running and {asked}."),
    }
}

fn go_on(
    args: &GoOnArgs,
    work: impl FnOnce(&importer::service::Desk<'_>, &Simple) -> Result<RunReport>,
) -> Result<ExitCode> {
    // Looking whether there is a database, before one is made.
    setup::on(&args.what.database)?;
    let bar = Arc::new(Bar::new(args.summary_json));
    let builder = Importer::builder().observer(bar.clone()).database(&args.what.database.db);
    let importer = run::with_setup(builder, &args.setup)?.build()?;
    importer.load_given_plugins()?;
    run::heed_ctrl_c(&importer);
    let desk = importer.desk(args.what.who.actor());
    let report = work(&desk, &args.what);
    bar.finish();
    Ok(run::report_run(&report?, &desk, &importer.database(), args.summary_json))
}

fn interrupted(args: &InterruptedArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.common.database)?;
    let runs = importer.desk(args.common.who.actor()).interrupted()?;
    if args.common.json {
        let reports: Vec<String> = runs.iter().map(|run| RunReport::of(run).to_json()).collect();
        out::as_is(format_args!("[{}]", reports.join(",")));
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        say!("No run in {} can be continued.", importer.database());
    }
    for run in &runs {
        if run.status == RunStatus::RolledBack {
            let source = &run.new.source;
            say!("Run {} of {source}: the rollback is unfinished; `rollback {}` finishes it", run.id, run.id);
            continue;
        }
        let status = if run.status.as_str() == "running" { "its process ended" } else { run.status.as_str() };
        say!(
            "Run {} of {}: {status}, {} read, last active {}; `runs resume {}` continues it",
            run.id,
            run.new.source,
            counted(run.rows_read, "row", "rows"),
            moment_text(run.updated_at),
            run.id
        );
    }
    Ok(ExitCode::SUCCESS)
}
