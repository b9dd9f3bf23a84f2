use importer::RowId;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use importer::QuarantineStatus;
use importer::Result;
use importer::service::BulkChange;

use crate::count::counted;
use crate::fix::{Apply, bulk, one};
use crate::steward::{Steward, WhichRows};
use crate::{out, say};

#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["row", "bulk"])))]
#[command(group(ArgGroup::new("how").required(true).args(["exempt", "wont_fix", "reopen"])))]
pub(crate) struct SuppressArgs {
    /// The id of the row
    row: Option<RowId>,
    /// Selects all open rows that match the filters
    #[arg(long)]
    bulk: bool,
    /// A rule from which the row is exempt, so that the row is imported; can be repeated
    #[arg(long, value_name = "CODE")]
    exempt: Vec<String>,
    /// Rejects the row: it is not imported and not reported again
    #[arg(long)]
    wont_fix: bool,
    /// Reopens a row that was rejected
    #[arg(long, conflicts_with = "bulk")]
    reopen: bool,
    #[command(flatten)]
    apply: Apply,
    #[command(flatten)]
    which: WhichRows,
    #[command(flatten)]
    steward: Steward,
    /// The reason, for the audit log
    #[arg(long)]
    reason: String,
}

pub(crate) fn suppress(args: &SuppressArgs) -> Result<ExitCode> {
    let Some(row) = args.row else {
        if args.wont_fix {
            return give_up_all(args);
        }
        let change = BulkChange::Exempt { rules: args.exempt.clone() };
        return bulk(&args.steward, &args.which, &args.apply, change, &args.reason);
    };
    if !args.exempt.is_empty() {
        return one(&args.steward, row, Vec::new(), &args.exempt, &args.apply, &args.reason);
    }
    let importer = args.steward.importer()?;
    let desk = importer.desk(args.steward.who.actor());
    let (status, outcome) = if args.reopen {
        desk.reopen(&args.steward.entity, row, &args.reason)?;
        ("open", "is open again")
    } else {
        desk.reject_row(&args.steward.entity, row, &args.reason)?;
        ("wont_fix", "is rejected; it is not imported and not reported again")
    };
    if args.steward.json {
        out::as_is(serde_json::json!({ "row": row, "status": status }));
    } else {
        say!("Row {row} {outcome}.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives up what the filters find, or says how many rows that would be.
fn give_up_all(args: &SuppressArgs) -> Result<ExitCode> {
    let importer = args.steward.importer()?;
    let desk = importer.desk(args.steward.who.actor());
    let filter = args.which.filter(Some(QuarantineStatus::Open), 0)?;
    let done = args.apply.asked();
    let rows = if done {
        desk.reject_rows(&args.steward.entity, &filter, &args.reason)?
    } else {
        u64::try_from(desk.quarantine_tally(&args.steward.entity, &filter)?.rows).unwrap_or(0)
    };
    if args.steward.json {
        out::as_is(serde_json::json!({ "rows": rows, "status": "wont_fix", "applied": done }));
    } else if done {
        say!("{}.", counted(rows, "row is rejected", "rows are rejected"));
    } else {
        say!("{} would be rejected. Nothing has changed; --apply does it.", counted(rows, "row", "rows"));
    }
    Ok(ExitCode::SUCCESS)
}
