use std::process::ExitCode;

use clap::Args;
use importer::RollbackItem;
use importer::service::{Action, RollbackRequest};
use importer::{Error, ErrorKind, Result, RunId};

use crate::count::counted;
use crate::policy::PolicyFile;
use crate::shared_args::Common;
use crate::steward::without;
use crate::why::why;
use crate::{out, say, setup};

#[derive(Args)]
pub(crate) struct RollbackArgs {
    /// The run to roll back
    run: RunId,
    /// The reason, for the audit log
    #[arg(long, required_unless_present_any = ["dry_run", "list"])]
    reason: Option<String>,
    /// Shows which changes would be reverted or kept, and writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Lists the outcome of each change of a run that was rolled back
    #[arg(long, conflicts_with = "dry_run")]
    list: bool,
    /// With --list: only changes with this outcome
    #[arg(long, value_parser = ["reverted", "kept", "failed"])]
    outcome: Option<String>,
    /// With --list: only entries after this id, for paging
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// With --list: prints at most this many
    #[arg(long, default_value_t = 50)]
    limit: i64,
    #[command(flatten)]
    policy: PolicyFile,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn rollback(args: &RollbackArgs) -> Result<ExitCode> {
    let importer = setup::merging_on(&args.common.database, &args.policy)?;
    let desk = importer.desk(args.common.who.actor());
    if args.list {
        let items = desk.rollback_items(args.run, args.outcome.as_deref(), args.after, args.limit)?;
        if args.common.json {
            let items: Vec<_> =
                items.iter().map(|(id, item)| serde_json::json!({ "id": id, "item": item })).collect();
            out::as_is(serde_json::Value::from(items));
            return Ok(ExitCode::SUCCESS);
        }
        if items.is_empty() {
            say!("There are no such changes.");
        }
        for (id, item) in &items {
            say!("{id:>8} {}", line(item));
        }
        if let (Some((last, _)), true) = (items.last(), items.len() as i64 == args.limit) {
            say!("There may be more: --after {last}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let request = RollbackRequest {
        run: args.run,
        reason: args.reason.clone().unwrap_or_default(),
        dry_run: args.dry_run,
    };
    let report = desk.roll_back(&request)?;
    if args.common.json {
        out::as_is(serde_json::to_value(&report).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    let verb = if report.dry_run { "would be" } else { "is" };
    say!("Run {} {verb} rolled back.", report.run);
    for (outcome, count) in &report.counts {
        say!("{outcome:>9}: {}", counted(*count, "change", "changes"));
    }
    for (count, one, many) in [
        (report.traces.suggestions_withdrawn, "suggestion is", "suggestions are"),
        (report.traces.rows_ended, "row in quarantine is", "rows in quarantine are"),
    ] {
        if count > 0 {
            say!("    ended: {} closed with the run", counted(count, one, many));
        }
    }
    if report.traces.rows_reopened > 0 {
        let rows = counted(report.traces.rows_reopened, "row waits", "rows wait");
        say!(" reopened: {rows} in quarantine again");
    }
    if !report.merges.is_empty() {
        say!("   merges: {} undone", report.merges.len());
    }
    for item in &report.not_reverted {
        say!("  {}", line(item));
    }
    let shown = report.not_reverted.len() as u64;
    let kept: u64 = report.counts.iter().filter(|(outcome, _)| *outcome != "reverted").map(|(_, n)| n).sum();
    if kept > shown && !report.dry_run {
        say!("  and {} more: rollback {} --list --outcome kept", kept - shown, report.run);
    }
    match report.dry_run {
        true => {
            let how = without("--dry-run", Action::RollBackRuns, args.common.who.actor().role);
            say!("Nothing has changed; {how}, it is done.");
        }
        false => say!("The outcome of each change: rollback {} --list", report.run),
    }
    if report.nothing_left && !report.dry_run {
        say!("Nothing of it is left.");
    }
    if report.left > 0 && !report.dry_run {
        let who = counted(report.left, "record is", "records are");
        say!(
            "{who} kept. When the reason to keep them is gone, `rollback {}` reverts them as well.",
            report.run
        );
    }
    if report.counts.contains_key("failed") {
        return Err(Error::new(ErrorKind::Refused, "roll the run back completely", "some changes failed")
            .at("run", report.run)
            .hint("the list shows which changes and why"));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(item: &RollbackItem) -> String {
    let field = item.field.as_deref().map_or_else(String::new, |field| format!(" {field}"));
    format!("{:<8} record {}{field}: {}", item.outcome, item.core_id, why(&item.why))
}
