//! The report for people.

use std::fmt::Write;

use importer::RunFilter;
use importer::service::Desk;
use importer::{ReportStatus, RunReport};

use crate::count::counted;
use crate::out::visible;
use crate::why::why;

/// The text for a run with this [`status`].
pub(crate) fn text(report: &RunReport, status: &str, database: &str) -> String {
    let mut out = String::new();
    // Writing into a text cannot fail.
    let _ = write(&mut out, report, status, database);
    out
}

/// The status of a run for people. To programs a report tells of few; a run that was paused or cancelled failed there.
pub(crate) fn status(report: &RunReport, desk: &Desk<'_>) -> String {
    let filter = RunFilter { source: Some(report.source.clone()), ..RunFilter::default() };
    // A report is told also when the database fails.
    let runs = if report.status == ReportStatus::Failed {
        desk.runs(&filter).unwrap_or_default()
    } else {
        Vec::new()
    };
    let run = runs.into_iter().find(|run| run.id == report.run_id);
    run.map_or_else(|| report.status.as_str().to_owned(), |run| run.status.as_str().to_owned())
}

/// What stands in for the report as JSON when no run could begin.
pub(crate) fn no_run(error: &str) -> String {
    serde_json::json!({ "status": "failed", "error": error }).to_string()
}

fn write(out: &mut String, report: &RunReport, status: &str, database: &str) -> std::fmt::Result {
    let c = &report.counts;
    let dry = if report.dry_run { ", dry run: the core is untouched" } else { "" };
    writeln!(
        out,
        "Run {} of {} ({}): {}{dry}",
        report.run_id,
        visible(&report.source),
        report.entity,
        status
    )?;
    if let Some(error) = &report.error {
        writeln!(out, "  {error}")?;
    }
    for note in &report.notes {
        writeln!(out, "  {}", visible(note))?;
    }
    writeln!(out)?;
    writeln!(out, "  {:>9}  rows read, all of them kept in staging", c.read)?;
    writeln!(out, "  {:>9}  clean", c.clean)?;
    writeln!(out, "  {:>11}  new", c.inserted)?;
    writeln!(out, "  {:>11}  updated", c.updated)?;
    writeln!(out, "  {:>11}  unchanged", c.unchanged)?;
    writeln!(out, "  {:>11}  could not be written", c.skipped)?;
    writeln!(out, "  {:>9}  quarantined", c.quarantined)?;
    let known = counted(c.matched, "row was a person already known", "rows were people already known");
    let merged = of_them(c.auto_merged, c.matched);
    let review = counted(c.needs_review, "waits for review", "wait for review");
    let households = if c.households == 1 { "a household" } else { "households" };
    writeln!(
        out,
        "  {known}, {merged} merged by who they are; {review}, {} {households}",
        of_them(c.households, c.needs_review)
    )?;
    for sample in &report.would_merge {
        let new = if sample.new_record { ", new in this run" } else { "" };
        writeln!(
            out,
            "    would merge row {} with record {}{new}: {}",
            sample.row,
            sample.record,
            visible(&why(&sample.reason))
        )?;
    }
    let more = c.auto_merged.saturating_sub(report.would_merge.len() as u64);
    if report.dry_run && more > 0 {
        writeln!(out, "    and {more} more")?;
    }
    if report.before_since > 0 {
        let older = counted(
            report.before_since,
            "row is older than --since and was left aside",
            "rows are older than --since and were left aside",
        );
        writeln!(out, "  {older}")?;
    }
    rules(out, report)?;
    if !report.unmapped.is_empty() {
        writeln!(out, "\nColumns that no field takes (kept in staging):")?;
        for unmapped in &report.unmapped {
            writeln!(out, "  {}: {}", visible(&unmapped.column), visible(&unmapped.samples.join(" | ")))?;
        }
    }
    for anomaly in &report.anomalies {
        writeln!(out, "\nWarning ({}): {}", anomaly.code, visible(&anomaly.message))?;
    }
    for plugin in report.plugins.iter().filter(|p| !p.verified) {
        writeln!(
            out,
            "\nNote: the plugin {} {} is not on an allow-list.",
            visible(&plugin.id),
            visible(&plugin.version)
        )?;
    }
    let seconds = report.durations_ms;
    let total = seconds.extract
        + seconds.land
        + seconds.validate
        + seconds.dedupe
        + seconds.upsert
        + seconds.reconcile;
    writeln!(
        out,
        "\n{}.{:03} s, {:.0} rows per second, {database}",
        total / 1000,
        total % 1000,
        report.rows_per_second
    )?;
    next_steps(out, report, status, database)
}

/// Some of all, which may be one alone.
fn of_them(some: u64, all: u64) -> String {
    if all == 1 { some.to_string() } else { format!("{some} of them") }
}

fn rules(out: &mut String, report: &RunReport) -> std::fmt::Result {
    if report.dq.is_empty() {
        return Ok(());
    }
    let mut offenders: Vec<_> = report.dq.iter().collect();
    offenders.sort_by_key(|&(code, rows)| (std::cmp::Reverse(*rows), code.clone()));
    writeln!(out, "\nTop rule offenders:")?;
    let catalogue: Vec<_> =
        importer::rules::catalogue().into_iter().chain(importer::rules::set_catalogue()).collect();
    for (code, rows) in offenders.iter().take(8) {
        let held = report.quarantined_by_rule.get(*code).copied().unwrap_or(0);
        let meta = catalogue.iter().find(|meta| meta.code == code.as_str());
        let title = match meta {
            Some(meta) => meta.title.as_ref(),
            None if code.starts_with("SRC-") => "found by the adapter",
            None if *code == importer::CONTACT_OF_ANOTHER => "A contact is not somebody else's.",
            None => "a rule of a plugin",
        };
        writeln!(out, "  {rows:>9}  {}  {title} ({held} quarantined)", visible(code))?;
        if let Some(meta) = meta.filter(|meta| held > 0 && !meta.hint.is_empty()) {
            writeln!(out, "             {}", meta.hint)?;
        }
    }
    Ok(())
}

fn next_steps(out: &mut String, report: &RunReport, status: &str, database: &str) -> std::fmt::Result {
    let c = &report.counts;
    let mut steps = Vec::new();
    if status == "rolled_back" {
        // Nothing of it is left to be worked on.
        return Ok(());
    }
    if status == "paused" {
        steps.push(format!(
            "{} runs resume {} --db {database} --reason …\n      continues it",
            program(),
            report.run_id
        ));
    }
    if report.status == ReportStatus::Held {
        let (program, run) = (program(), report.run_id);
        steps.push(format!(
            "{program} runs approve {run} --db {database} --reason …\n      loads the clean rows into the core; \
             repeat the options of the run (--mapping, --suite and so on)"
        ));
        steps.push(format!(
            "{program} runs discard {run} --db {database} --reason …\n      discards the run, if the cause has to be \
             corrected first"
        ));
    }
    if c.quarantined > 0 {
        // Rows that came again are shown under the run that found them first.
        let which =
            if report.dry_run { format!("--run {} ", report.run_id) } else { "--status open ".into() };
        steps.push(format!(
            "{} violations --db {database} {which}--severity error\n      shows what is held back and why",
            program()
        ));
    }
    if c.quarantined > 0 && !report.dry_run {
        steps.push(format!(
            "{} quarantine --db {database}\n      lists the rows with their ids, to be corrected or rejected",
            program()
        ));
    }
    if c.needs_review > 0 && !report.dry_run {
        steps.push(format!(
            "{} suggestions --db {database} --open\n      lists the pairs that wait for a decision",
            program()
        ));
    }
    if report.missing_people > 0 {
        let (program, run) = (program(), report.run_id);
        steps.push(format!(
            "{program} people --db {database} --missing-since {run}\n      lists the people who are not in the source any more"
        ));
    }
    if !report.unmapped.is_empty() {
        steps.push(format!(
            "{} template mapping > mapping.yaml\n      then map the columns you need and run with --mapping",
            program()
        ));
    }
    if report.dry_run && report.status == ReportStatus::Succeeded {
        steps.push("the same command without --dry-run\n      loads the core".into());
    }
    if !steps.is_empty() {
        writeln!(out, "\nNext:")?;
        for step in steps {
            writeln!(out, "  {step}")?;
        }
    }
    Ok(())
}

/// How this program was called.
fn program() -> String {
    let called = std::env::args().next().unwrap_or_default();
    if called.contains("target") { "cargo run --release --example importer --".into() } else { called }
}
