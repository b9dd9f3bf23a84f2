use std::process::ExitCode;

use clap::Args;
use importer::Result;
use importer::{RunId, ViolationFilter, ViolationRow};

use crate::shared_args::{Database, Who};
use crate::steward::{element, end_of_list, moment, paged};
use crate::{say, setup};

#[derive(Args)]
pub(crate) struct ViolationsArgs {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    which: WhichViolations,
    /// Prints at most this many
    #[arg(long, default_value_t = 50)]
    limit: i64,
    /// Prints JSON, including each row as received and as normalised
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct WhichViolations {
    /// Only findings of this run
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    /// Only findings about rows of this entity
    #[arg(long)]
    entity: Option<String>,
    /// Only findings about rows that this adapter read
    #[arg(long)]
    source: Option<String>,
    /// Only findings of this rule
    #[arg(long, value_name = "CODE")]
    rule: Option<String>,
    /// Only findings of this severity: info, warning or error
    #[arg(long, value_parser = ["info", "warning", "error"])]
    severity: Option<String>,
    /// Only findings with this status: open, fixed, suppressed, wont_fix, superseded or preview
    #[arg(long, value_parser = ["open", "fixed", "suppressed", "wont_fix", "superseded", "preview"])]
    status: Option<String>,
    /// Only findings with this text in the record's name, the field or the message
    #[arg(long)]
    text: Option<String>,
    /// Only findings made at or after this time, such as 2025-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only findings made before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only entries after this id, for paging
    #[arg(long, default_value_t = 0)]
    after: i64,
}

impl WhichViolations {
    pub(crate) fn filter(&self, limit: i64) -> Result<ViolationFilter> {
        Ok(ViolationFilter {
            run: self.run,
            entity: self.entity.clone(),
            source: self.source.clone(),
            rule: self.rule.clone(),
            severity: self.severity.clone(),
            text: self.text.clone(),
            since: moment(self.since.as_deref(), "--since")?,
            until: moment(self.until.as_deref(), "--until")?,
            status: self.status.clone(),
            after: self.after,
            limit,
        })
    }
}

pub(crate) fn violations(args: &ViolationsArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.database)?;
    let desk = importer.desk(args.who.actor());
    let filter = args.which.filter(args.limit)?;
    let read = |after, limit| desk.violations(&ViolationFilter { after, limit, ..filter.clone() });
    if args.json {
        let printed =
            paged(filter.after, args.limit, read, |row| row.id, |row, first| element(&json(row), first))?;
        end_of_list(printed.0);
        return Ok(ExitCode::SUCCESS);
    }
    let (printed, last) = paged(filter.after, args.limit, read, |row| row.id, line)?;
    if printed == 0 {
        say!("There are no such violations in {}.", importer.database());
    } else if printed == args.limit {
        say!("There may be more: --after {last}");
    }
    if printed > 0 {
        say!("A row that is held back, with its cells and what to do: quarantine ROW");
    }
    Ok(ExitCode::SUCCESS)
}

fn json(row: &ViolationRow) -> serde_json::Value {
    let v = &row.violation;
    serde_json::json!({
        "id": row.id, "row": v.staging_id, "run_id": row.run_id, "entity": row.entity, "status": row.status,
        "record": v.record_key, "rule": v.rule_code, "severity": v.severity.as_str(), "field": v.field,
        "message": v.message,
        "details": serde_json::from_str::<serde_json::Value>(&v.details_json).unwrap_or_default(),
    })
}

/// A line of the table, the first one with the names of the columns.
fn line(row: &ViolationRow, first: bool) {
    if first {
        say!(
            "{:>7} {:>14} {:>5} {:<9} {:<8} {:>7}  {:<28} what is wrong",
            "id",
            "row",
            "run",
            "rule",
            "severity",
            "line",
            "record"
        );
    }
    let v = &row.violation;
    let field = if v.field.is_empty() { String::new() } else { format!("{}: ", v.field) };
    say!(
        "{:>7} {:>14} {:>5} {:<9} {:<8} {:>7}  {:<28} {field}{}",
        row.id,
        v.staging_id,
        row.run_id,
        v.rule_code,
        v.severity.as_str(),
        row.position,
        v.record_key,
        v.message
    );
}
