use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use importer::service::{
    BulkChange, BulkFix, BulkReport, Desk, FileFix, FileReport, FindingView, Fixed, RecordEffect, RowFix,
};
use importer::{Error, ErrorKind, Result, RowId};

use crate::count::counted;
use crate::steward::{Steward, WhichRows, findings, tell, values};
use crate::{out, run, say};

/// So many rows of a preview are listed unless asked otherwise.
const LISTED: usize = 20;

#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["row", "bulk", "file"])))]
pub(crate) struct FixArgs {
    /// The id of the row
    row: Option<RowId>,
    /// A column of the source, or a field, and its new value; can be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// A rule from which the row is exempt; can be repeated
    #[arg(long, value_name = "CODE")]
    exempt: Vec<String>,
    /// Corrects all open rows that match the filters
    #[arg(long)]
    bulk: bool,
    /// A corrected file that `export quarantine` wrote
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The column or field in which to replace --find
    #[arg(long, requires_all = ["find", "replace"], conflicts_with = "autofix")]
    field: Option<String>,
    /// The text to replace; upper and lower case differ
    #[arg(long, value_name = "TEXT", requires = "field")]
    find: Option<String>,
    /// The new text
    #[arg(long, value_name = "TEXT", requires = "field")]
    replace: Option<String>,
    /// Applies the correction that this rule suggests
    #[arg(long, value_name = "CODE")]
    autofix: Option<String>,
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

/// Whether a bulk correction is shown or done.
#[derive(Args)]
pub(crate) struct Apply {
    /// Shows what would change in the row and in the record, and changes nothing; the default with --bulk
    #[arg(long, conflicts_with = "apply")]
    preview: bool,
    /// Makes the changes
    #[arg(long)]
    apply: bool,
    /// Lists at most this many rows in a preview
    #[arg(long, default_value_t = LISTED)]
    most: usize,
}

impl Apply {
    /// Whether it is to be done.
    pub(crate) fn asked(&self) -> bool {
        self.apply
    }
}

#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["row", "bulk"])))]
pub(crate) struct RequeueArgs {
    /// The id of the row
    row: Option<RowId>,
    /// Imports all open rows that match the filters and pass the rules
    #[arg(long)]
    bulk: bool,
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

pub(crate) fn fix(args: &FixArgs) -> Result<ExitCode> {
    if let Some(row) = args.row {
        return one(&args.steward, row, values(&args.set)?, &args.exempt, &args.apply, &args.reason);
    }
    if let Some(file) = &args.file {
        return from_file(args, file);
    }
    let change = match (&args.autofix, &args.field, &args.find, &args.replace) {
        (Some(rule), ..) => BulkChange::AutoFix { rule: rule.clone() },
        (None, Some(field), Some(find), Some(replace)) => {
            BulkChange::Replace { field: field.clone(), find: find.clone(), replace: replace.clone() }
        }
        _ => {
            return Err(Error::new(ErrorKind::Config, "correct rows", "there is nothing to change")
                .hint("give --field, --find and --replace, or --autofix with a rule"));
        }
    };
    bulk(&args.steward, &args.which, &args.apply, change, &args.reason)
}

pub(crate) fn requeue(args: &RequeueArgs) -> Result<ExitCode> {
    match args.row {
        Some(row) => one(&args.steward, row, Vec::new(), &[], &args.apply, &args.reason),
        None => bulk(&args.steward, &args.which, &args.apply, BulkChange::Nothing, &args.reason),
    }
}

/// Corrects one row.
pub(crate) fn one(
    steward: &Steward,
    row: RowId,
    values: Vec<(String, String)>,
    exempt: &[String],
    apply: &Apply,
    reason: &str,
) -> Result<ExitCode> {
    let importer = steward.importer()?;
    let fix = RowFix {
        values,
        exempt: exempt.to_vec(),
        reason: reason.into(),
        current_mapping: steward.current_mapping,
    };
    let desk = importer.desk(steward.who.actor());
    if apply.preview {
        return preview_one(&desk, &steward.entity, row, &fix, steward.json);
    }
    let fixed = desk.fix(&steward.entity, row, &fix)?;
    Ok(report_fix(&desk, &steward.entity, &fixed, &format!("Row {row}"), exempt, steward.json))
}

/// What became of one row, with what the rules warn of when it went in: a value may not have been taken. What somebody
/// exempted it from needs no telling.
pub(crate) fn report_fix(
    desk: &Desk<'_>,
    entity: &str,
    fixed: &Fixed,
    what: &str,
    exempt: &[String],
    json: bool,
) -> ExitCode {
    let code = tell(desk, entity, fixed, what, json);
    let others = fixed.findings.iter().filter(|finding| !exempt.contains(&finding.rule));
    let others: Vec<FindingView> = others.cloned().collect();
    if !json && fixed.loaded.is_some() && !others.is_empty() {
        say!("It went in, but:");
        findings(&others);
    }
    code
}

/// Shows or does the same to many rows.
pub(crate) fn bulk(
    steward: &Steward,
    which: &WhichRows,
    apply: &Apply,
    change: BulkChange,
    reason: &str,
) -> Result<ExitCode> {
    let importer = steward.importer()?;
    let desk = importer.desk(steward.who.actor());
    let fix = BulkFix {
        filter: which.filter(None, 0)?,
        change,
        reason: reason.into(),
        current_mapping: steward.current_mapping,
    };
    if apply.apply {
        let done = desk.fix_bulk(&steward.entity, &fix)?;
        if steward.json {
            out::as_is(serde_json::to_value(done).unwrap_or_default());
        } else {
            counts(&done, "went in", &fix.change);
        }
        return Ok(if done.skipped > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let preview = desk.preview_bulk(&steward.entity, &fix, apply.most)?;
    if steward.json {
        out::as_is(serde_json::to_value(&preview).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    for row in &preview.rows {
        let still = if row.still.is_empty() {
            "goes in".to_owned()
        } else {
            format!("still held back by {}", row.still.join(" "))
        };
        say!("{:>14} {:<24} {still}", row.row, row.external_id);
        for cell in &row.cells {
            say!("{:>14} {}: {} -> {}", "", cell.column, text(&cell.before), text(&cell.after));
        }
        row.effect.iter().for_each(effect);
    }
    counts(&preview.counts, "would go in", &fix.change);
    match preview.counts.loaded {
        0 => say!(
            "None would go in, so there is nothing to apply: `quarantine ROW` says what is wrong with one."
        ),
        _ => say!("Nothing has changed; --apply does it."),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "(missing)".into())
}

/// What a row would do to a record.
fn effect(effect: &RecordEffect) {
    match (effect.record, effect.outcome) {
        (Some(record), "unchanged") => say!("{:>14} record {record} stays as it is", ""),
        (Some(record), _) => say!("{:>14} record {record} would change:", ""),
        (None, "inserted") => say!("{:>14} a new record", ""),
        (None, outcome) => say!("{:>14} a record that a row above makes: {outcome}", ""),
    }
    for field in &effect.fields {
        let (before, after) = (text(&field.before), text(&field.after));
        say!("{:>16} {}: {before} -> {after} ({})", "", field.field, field.why);
    }
    for kept in &effect.kept {
        say!("{:>16} {} stays ({})", "", kept.field, kept.why);
    }
}

/// What the correction of one row would do.
fn preview_one(desk: &Desk<'_>, entity: &str, row: RowId, fix: &RowFix, json: bool) -> Result<ExitCode> {
    let preview = desk.preview_fix(entity, row, fix)?;
    if json {
        out::as_is(serde_json::to_value(&preview).unwrap_or_default());
    } else {
        match &preview.effect {
            Some(shown) => {
                say!("Row {row} would go in:");
                effect(shown);
            }
            None => say!("Row {row} would stay out:"),
        }
        findings(&preview.findings);
        say!("Nothing has changed.");
    }
    Ok(if preview.effect.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn counts(done: &BulkReport, verb: &str, change: &BulkChange) {
    // A preview makes no runs.
    let runs = match done.runs {
        0 => String::new(),
        runs => format!("; {}", counted(runs, "run", "runs")),
    };
    say!(
        "{}, {} concerned: {} {verb}, {} still held back, {} refused by the database{runs}",
        counted(done.matched, "open row", "open rows"),
        done.changed,
        done.loaded,
        done.still_held,
        done.skipped,
    );
    if let (BulkChange::Replace { field, .. }, 1..) = (change, done.without_column) {
        let report_fix = counted(
            done.without_column,
            &format!("row has no column {field} and is left as it is"),
            &format!("rows have no column {field} and are left as they are"),
        );
        say!("{report_fix}.");
    }
}

fn from_file(args: &FixArgs, file: &std::path::Path) -> Result<ExitCode> {
    run::check_there(file)?;
    let importer = args.steward.importer()?;
    let fix = FileFix { reason: args.reason.clone(), current_mapping: args.steward.current_mapping };
    let done = importer.desk(args.steward.who.actor()).fix_file(&args.steward.entity, file, &fix)?;
    if args.steward.json {
        out::as_is(serde_json::to_value(&done).unwrap_or_default());
    } else {
        tell_file(&done);
    }
    let whole = done.problems.is_empty() && done.skipped == 0;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell_file(done: &FileReport) {
    for problem in &done.problems {
        let (number, line, row) = (problem.number, problem.line, problem.row);
        say!("  row {number:<6} of the file, line {line}, id {row:<14} {}", problem.why);
        findings(&problem.findings);
    }
    for warning in &done.warnings {
        let (number, line, row) = (warning.number, warning.line, warning.row);
        say!("  row {number:<6} of the file, line {line}, id {row:<14} went in, but:");
        findings(&warning.findings);
    }
    let not_taken = match done.not_taken {
        0 => String::new(),
        rows => format!("{rows} with a value that is not taken, "),
    };
    say!(
        "{}: {} went in, {}, {} still held back, {} not open, {not_taken}{} refused by the database; {}",
        counted(done.read, "row", "rows"),
        done.loaded,
        counted(done.unchanged, "as it was", "as they were"),
        done.still_held,
        done.not_open,
        done.skipped,
        counted(done.runs, "run", "runs")
    );
}
