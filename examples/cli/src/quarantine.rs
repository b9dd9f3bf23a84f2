use std::process::ExitCode;

use clap::Args;
use importer::Result;
use importer::service::{RowDetail, RowSummary};
use importer::{QuarantineFilter, QuarantineStatus, RowId};

use crate::shared_args::{Database, Who};
use crate::steward::{WhichRows, element, end_of_list, findings, paged};
use crate::{out, say, setup};

#[derive(Args)]
pub(crate) struct QuarantineArgs {
    /// Shows only this row, with its cells and findings
    row: Option<RowId>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    who: Who,
    /// The entity that the rows describe
    #[arg(long, default_value = "volunteer")]
    entity: String,
    #[command(flatten)]
    which: WhichRows,
    /// Only rows with this status, or all
    #[arg(long, default_value = "open", value_parser = ["open", "fixed", "suppressed", "wont_fix", "superseded", "all"])]
    status: String,
    /// Prints at most this many
    #[arg(long, default_value_t = 50)]
    limit: i64,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn quarantine(args: &QuarantineArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.database)?;
    let desk = importer.desk(args.who.actor());
    if let Some(row) = args.row {
        let detail = desk.quarantined_row(&args.entity, row)?;
        if args.json {
            out::as_is(serde_json::to_value(&detail).unwrap_or_default());
        } else {
            show(&detail);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let filter = args.which.filter(QuarantineStatus::parse(&args.status), args.limit)?;
    let read =
        |after, limit| desk.quarantine(&args.entity, &QuarantineFilter { after, limit, ..filter.clone() });
    if args.json {
        let printed = paged(
            filter.after,
            args.limit,
            read,
            |row| row.row,
            |row, first| {
                element(&serde_json::to_value(row).unwrap_or_default(), first);
            },
        )?;
        end_of_list(printed.0);
        return Ok(ExitCode::SUCCESS);
    }
    let (printed, last) = paged(filter.after, args.limit, read, |row| row.row, line)?;
    let total =
        desk.quarantine_tally(&args.entity, &QuarantineFilter { after: RowId(0), ..filter.clone() })?.rows;
    match printed {
        0 => say!("There are no such rows in quarantine in {}.", importer.database()),
        _ if printed == args.limit && printed < total => {
            say!("{printed} of {total}; the next ones: --after {last}")
        }
        _ => say!("{printed} of {total}"),
    }
    if printed > 0 {
        say!("One of them, with its cells and what to do: quarantine ROW");
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of the table, the first one with the names of the columns.
fn line(row: &RowSummary, first: bool) {
    if first {
        say!(
            "{:>14} {:>5} {:>7}  {:<28} {:<10} {:<20} rules",
            "row",
            "run",
            "line",
            "record",
            "status",
            "since"
        );
    }
    say!(
        "{:>14} {:>5} {:>7}  {:<28} {:<10} {:<20} {}",
        row.row,
        row.run,
        row.position,
        format!("{}:{}", row.system, row.external_id),
        row.status,
        row.first_seen_at,
        row.rules.join(" ")
    );
}

fn show(detail: &RowDetail) {
    let row = &detail.summary;
    say!("Row {} of run {}, line {}: {}:{}", row.row, row.run, row.position, row.system, row.external_id);
    say!("{} since {}, last seen {}", row.status, row.first_seen_at, row.last_seen_at);
    if let (Some(by), Some(at)) = (&row.decided_by, &row.decided_at) {
        let place =
            row.corrected_by.map_or_else(String::new, |other| format!(", row {other} took its place"));
        say!("decided by {by} at {at}: {}{place}", row.reason.as_deref().unwrap_or_default());
    }
    say!("\nAs received");
    for (column, cell) in &detail.raw {
        say!("{}", format!("  {column:<24} {}", cell.as_str().unwrap_or_default()).trim_end());
    }
    say!("\nAs the rules saw it");
    for (field, value) in detail.normalised.iter().filter(|(field, _)| *field != "original") {
        say!("  {field:<24} {}", value.as_str().unwrap_or_default());
    }
    say!("\nWhat is wrong");
    findings(&detail.findings);
    if row.status == "open" {
        let id = row.row;
        say!("\nTo correct it: fix {id} --set FIELD=VALUE --reason …");
        say!("To let it in as it is, or to give it up: suppress {id} --exempt CODE | --wont-fix --reason …");
    }
}
