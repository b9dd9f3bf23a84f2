use std::process::ExitCode;

use clap::Args;

use importer::service::SCAN_SOURCE;
use importer::{Importer, Result, RunId, RunReport};
use importer::{RunFilter, moment_text};

use crate::run_control::RunsCommand;
use crate::shared_args::{Database, Who};
use crate::{out, say, setup, summary};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
    /// Shows only this run
    pub(crate) run: Option<RunId>,
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) who: Who,
    /// Only runs of this source
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Prints at most this many
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: i64,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn runs(args: &RunsArgs) -> Result<ExitCode> {
    if let Some(command) = &args.command {
        return crate::run_control::control(command);
    }
    let importer = setup::on(&args.database)?;
    let desk = importer.desk(args.who.actor());
    if let Some(run) = args.run {
        let report = desk.report(run)?;
        let filter = RunFilter { source: Some(SCAN_SOURCE.into()), ..RunFilter::default() };
        let scan = desk.runs(&filter)?.iter().find(|r| r.id == run).and_then(Importer::scan_report);
        if let Some(scan) = scan {
            if args.json {
                out::as_is(serde_json::to_string(&scan).unwrap_or_default());
            } else {
                crate::scan::tell(&scan, &importer.database());
            }
            return Ok(ExitCode::SUCCESS);
        }
        if args.json {
            out::as_is(report.to_json());
        } else {
            out::text(&summary::text(&report, &summary::status(&report, &desk), &importer.database()));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let filter = RunFilter { source: args.source.clone(), limit: args.limit, ..RunFilter::default() };
    let runs = desk.runs(&filter)?;
    if args.json {
        let reports: Vec<String> = runs.iter().map(|run| RunReport::of(run).to_json()).collect();
        out::as_is(format_args!("[{}]", reports.join(",")));
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        say!("There are no runs in {}.", importer.database());
        return Ok(ExitCode::SUCCESS);
    }
    say!(
        "{:>5}  {:<12} {:<17} {:<20} {:>9} {:>9} {:>9} {:>9} {:>11}",
        "run",
        "source",
        "status",
        "started (UTC)",
        "read",
        "new",
        "updated",
        "unchanged",
        "quarantined"
    );
    for run in &runs {
        let report = RunReport::of(run);
        let c = report.counts;
        let label = run.new.label.as_deref().map_or_else(String::new, |label| format!("  {label}"));
        let status = run.status.as_str().to_owned() + if run.new.dry_run { " (dry)" } else { "" };
        say!(
            "{:>5}  {:<12} {:<17} {:<20} {:>9} {:>9} {:>9} {:>9} {:>11}{label}",
            run.id,
            run.new.source,
            status,
            moment_text(run.started_at),
            c.read,
            c.inserted,
            c.updated,
            c.unchanged,
            c.quarantined
        );
    }
    Ok(ExitCode::SUCCESS)
}
