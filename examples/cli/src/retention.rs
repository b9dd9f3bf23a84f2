use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use importer::Result;
use importer::retention::RetentionPolicy;

use crate::files;
use crate::shared_args::{Database, Who};
use crate::{out, say, setup};

#[derive(Args)]
pub(crate) struct RetentionArgs {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    who: Who,
    /// A retention policy that replaces the shipped one; `template retention` prints the shipped one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Shows what would be purged and what would stay, and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// The reason, for the audit log
    #[arg(long, required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn retention(args: &RetentionArgs) -> Result<ExitCode> {
    let policy = match &args.policy {
        Some(file) => RetentionPolicy::parse(&files::read(file)?, &file.display().to_string())?,
        None => RetentionPolicy::shipped(),
    };
    let importer = setup::on(&args.database)?;
    let reason = args.reason.as_deref().unwrap_or_default();
    let report = importer.desk(args.who.actor()).retention(&policy, args.dry_run, reason)?;
    if args.json {
        out::as_is(serde_json::to_value(&report).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    let would = if report.dry_run { "Nothing is changed; this is what would go" } else { "This went" };
    say!("{would}, by the policy {}, in {}:\n", report.policy, importer.database());
    say!("{:<28} {:>10} {:>10}  old, and kept", "", "purged", "anonymised");
    for table in &report.tables {
        let (purged, anonymised) = if table.anonymised { (0, table.gone) } else { (table.gone, 0) };
        let kept: Vec<String> =
            table.kept.iter().map(|(why, count)| format!("{count} {}", words(why))).collect();
        let line = format!("{:<28} {purged:>10} {anonymised:>10}  {}", table.table, kept.join(", "));
        say!("{}", line.trim_end());
    }
    if report.dry_run {
        say!("\nWithout --dry-run, and with a --reason, it is done.");
    }
    Ok(ExitCode::SUCCESS)
}

fn words(why: &str) -> &str {
    match why {
        "unfinished" => "of runs that are not over",
        "rollback" => "of runs that can be rolled back",
        "merge" => "of merges that can be undone",
        "open" => "of open entries of the quarantine",
        "decided" => "suppressed or given up",
        other => other,
    }
}
