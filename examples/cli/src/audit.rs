use std::process::ExitCode;

use clap::Args;
use importer::plugin::spreadsheet::guard;
use importer::{AuditFilter, AuditRow, moment_text};
use importer::{Error, ErrorKind, Result};

use crate::shared_args::{Database, Who};
use crate::{out, say, setup};

#[derive(Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    who: Who,
    /// Only entries of this actor
    #[arg(long = "by", value_name = "ACTOR")]
    by: Option<String>,
    /// Only entries with this action, such as merge or fix_rows
    #[arg(long)]
    action: Option<String>,
    /// Only entries about this subject, such as "merge 7"
    #[arg(long)]
    subject: Option<String>,
    /// Only entries at or after this time, such as 2025-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only entries before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only entries after this id, for paging
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// Prints at most this many; 0 for all
    #[arg(long, default_value_t = 50)]
    limit: i64,
    /// Prints JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV with all details, safe to open in a spreadsheet
    #[arg(long)]
    csv: bool,
}

/// How many lines are read at a time when all are wanted.
const PAGE: i64 = 1_000;

pub(crate) fn audit(args: &AuditArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.database)?;
    let moment = |text: &Option<String>, option: &'static str| match text {
        Some(text) => importer::parse_moment(text).map(Some).ok_or_else(|| {
            Error::new(ErrorKind::Config, "read the audit log", "this is not a time")
                .at("option", option)
                .hint("write it like 2025-01-31T08:00:00Z")
        }),
        None => Ok(None),
    };
    let mut filter = AuditFilter {
        actor: args.by.clone(),
        action: args.action.clone(),
        subject: args.subject.clone(),
        since: moment(&args.since, "--since")?,
        until: moment(&args.until, "--until")?,
        after: args.after,
        limit: if args.limit > 0 { args.limit } else { PAGE },
    };
    let desk = importer.desk(args.who.actor());
    let mut lines = desk.audit_log(&filter)?;
    while args.limit <= 0 && filter.after < lines.last().map_or(0, |line| line.id) {
        filter.after = lines.last().map_or(0, |line| line.id);
        lines.extend(desk.audit_log(&filter)?);
    }
    if args.csv {
        return csv(&lines);
    }
    if args.json {
        out::as_is(serde_json::to_value(&lines).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if lines.is_empty() {
        say!("The audit log of {} has no such lines.", importer.database());
        return Ok(ExitCode::SUCCESS);
    }
    say!("{:>7} {:<20} {:<8} {:<12} {:<16} {:<26} why", "id", "when", "outcome", "who", "what", "subject");
    for line in &lines {
        let entry = &line.entry;
        // One action of a role covers several things, and a long one has a beginning and an end.
        let subject = match entry.details.get("what").and_then(|what| what.as_str()) {
            Some(what) => format!("{}, {what}", entry.subject),
            None => entry.subject.clone(),
        };
        say!(
            "{:>7} {:<20} {:<8} {:<12} {:<16} {:<26} {}",
            line.id,
            moment_text(line.at),
            entry.outcome.as_str(),
            entry.actor,
            entry.action,
            subject,
            entry.reason
        );
    }
    if let (Some(last), true) = (lines.last(), lines.len() as i64 == args.limit) {
        say!("There may be more: --after {}, or from a moment on: --since TIME", last.id);
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [&str; 10] =
    ["id", "when", "who", "role", "what", "entity", "subject", "outcome", "why", "details"];

/// Lines as CSV, safe in a spreadsheet like every exported file.
fn csv(lines: &[AuditRow]) -> Result<ExitCode> {
    let mut text = Vec::new();
    let write = |into: &mut Vec<u8>| -> csv::Result<()> {
        let mut out = csv::Writer::from_writer(into);
        out.write_record(COLUMNS)?;
        for line in lines {
            let entry = &line.entry;
            let details = serde_json::Value::Object(entry.details.clone()).to_string();
            let cells = [
                &line.id.to_string(),
                &moment_text(line.at),
                &entry.actor,
                &entry.role,
                &entry.action,
                entry.entity.as_deref().unwrap_or_default(),
                &entry.subject,
                entry.outcome.as_str(),
                &entry.reason,
                &details,
            ];
            out.write_record(cells.map(guard).iter().map(|cell| cell.as_bytes()))?;
        }
        Ok(out.flush()?)
    };
    write(&mut text).map_err(|e| Error::new(ErrorKind::Config, "write the audit log", e.to_string()))?;
    out::piece(String::from_utf8_lossy(&text));
    Ok(ExitCode::SUCCESS)
}
