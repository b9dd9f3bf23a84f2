use std::process::ExitCode;

use clap::Args;
use importer::ports::{AuditFilter, moment_text};
use importer::{Error, ErrorKind, Result};

use crate::args::{Database, Who};
use crate::{say, setup};

#[derive(Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    who: Who,
    /// By this actor only
    #[arg(long = "by", value_name = "ACTOR")]
    by: Option<String>,
    /// Of this action only, such as merge or fix_rows
    #[arg(long)]
    action: Option<String>,
    /// About this subject only, such as "merge 7"
    #[arg(long)]
    subject: Option<String>,
    /// At or after this moment, such as 2025-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this moment
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only those behind this id, for paging
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// At most this many
    #[arg(long, default_value_t = 50)]
    limit: i64,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn audit(args: &AuditArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.database)?;
    let moment = |text: &Option<String>, option: &'static str| match text {
        Some(text) => importer::ports::parse_moment(text).map(Some).ok_or_else(|| {
            Error::new(ErrorKind::Config, "read the audit log", "that is no moment")
                .at("option", option)
                .hint("write it like 2025-01-31T08:00:00Z")
        }),
        None => Ok(None),
    };
    let filter = AuditFilter {
        actor: args.by.clone(),
        action: args.action.clone(),
        subject: args.subject.clone(),
        since: moment(&args.since, "--since")?,
        until: moment(&args.until, "--until")?,
        after: args.after,
        limit: args.limit,
    };
    let lines = importer.desk(args.who.actor()).audit_log(&filter)?;
    if args.json {
        say!("{}", serde_json::to_value(&lines).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if lines.is_empty() {
        say!("The audit log of {} has no such lines.", importer.database());
        return Ok(ExitCode::SUCCESS);
    }
    say!("{:>7} {:<20} {:<8} {:<12} {:<16} {:<18} why", "id", "when", "outcome", "who", "what", "subject");
    for line in &lines {
        let entry = &line.entry;
        say!(
            "{:>7} {:<20} {:<8} {:<12} {:<16} {:<18} {}",
            line.id,
            moment_text(line.at),
            entry.outcome.as_str(),
            entry.actor,
            entry.action,
            entry.subject,
            entry.reason
        );
    }
    Ok(ExitCode::SUCCESS)
}
