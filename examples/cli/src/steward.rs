//! What the commands of stewards share: who acts, on which rows, with which mapping and rules.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use importer::service::{Action, Desk, FindingView, Fixed, Loaded, Role};
use importer::{ChangeFilter, Moment, QuarantineFilter, QuarantineStatus, RecordId, RowId, RunId};
use importer::{Error, ErrorKind, Importer, Result};

use crate::policy::PolicyFile;
use crate::shared_args::{Database, PluginPlaces, Who};
use crate::{out, run, say, setup};

/// Everything that decides what becomes of a corrected row.
#[derive(Args)]
pub(crate) struct Steward {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) who: Who,
    /// The entity that the rows describe
    #[arg(long, default_value = "volunteer")]
    pub(crate) entity: String,
    /// The mapping document with which the rows were imported
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Reads the rows with the given mapping, even if they were imported with another one
    #[arg(long)]
    pub(crate) current_mapping: bool,
    /// A rule suite that replaces the shipped one
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyFile,
    #[command(flatten)]
    plugins: PluginPlaces,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Steward {
    /// An importer on a database that exists, with the documents and plugins of the import.
    pub(crate) fn importer(&self) -> Result<Importer> {
        setup::on(&self.database)?;
        let mut builder =
            setup::with_plugins(Importer::builder().database(&self.database.db), &self.plugins)?;
        builder = self.policy.apply(builder)?;
        builder = run::with_documents(builder, self.mapping.as_deref(), self.suite.as_deref())?;
        let importer = builder.build()?;
        importer.load_given_plugins()?;
        Ok(importer)
    }
}

/// Which rows in quarantine.
#[derive(Args)]
pub(crate) struct WhichRows {
    /// Only rows that this run read
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    /// Only rows that this adapter read
    #[arg(long)]
    source: Option<String>,
    /// Only rows with ids of this external system
    #[arg(long)]
    system: Option<String>,
    /// Only rows that this rule holds back
    #[arg(long, value_name = "CODE")]
    rule: Option<String>,
    /// Only rows with a finding of this severity
    #[arg(long, value_parser = ["info", "warning", "error"])]
    severity: Option<String>,
    /// Only rows with this text in the record's name or in a cell
    #[arg(long)]
    text: Option<String>,
    /// Only rows held back at or after this time, such as 2025-01-31T08:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only rows held back before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only rows after this id, for paging
    #[arg(long, default_value_t = RowId(0))]
    after: RowId,
}

impl WhichRows {
    pub(crate) fn filter(&self, status: Option<QuarantineStatus>, limit: i64) -> Result<QuarantineFilter> {
        Ok(QuarantineFilter {
            run: self.run,
            source: self.source.clone(),
            system: self.system.clone(),
            rule: self.rule.clone(),
            severity: self.severity.clone(),
            text: self.text.clone(),
            since: moment(self.since.as_deref(), "--since")?,
            until: moment(self.until.as_deref(), "--until")?,
            status,
            after: self.after,
            limit,
            ..QuarantineFilter::default()
        })
    }
}

/// A moment on the command line.
pub(crate) fn moment(text: Option<&str>, option: &'static str) -> Result<Option<Moment>> {
    let Some(text) = text else { return Ok(None) };
    importer::parse_moment(text).map(Some).ok_or_else(|| {
        Error::new(ErrorKind::Config, "read the arguments", "this is not a time")
            .at("option", option)
            .hint("write it like 2025-01-31T08:00:00Z")
    })
}

/// Cells as FIELD=VALUE.
pub(crate) fn values(given: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |given: &String| {
        let (field, value) = given.split_once('=').ok_or_else(|| {
            // What stands there may be somebody's name.
            Error::new(ErrorKind::Config, "read the arguments", "`--set` takes FIELD=VALUE")
        })?;
        Ok((field.to_owned(), value.to_owned()))
    };
    let values: Vec<(String, String)> = given.iter().map(pair).collect::<Result<_>>()?;
    each_once("--set", values.iter().map(|(field, _)| field.as_str()))?;
    Ok(values)
}

/// Refuses a field that is given twice: which of the two is meant is not for the order of options to say.
pub(crate) fn each_once<'a>(options: &'static str, fields: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    match fields.into_iter().find(|field| !seen.insert(*field)) {
        None => Ok(()),
        Some(field) => Err(Error::new(ErrorKind::Config, "read the arguments", "a field is given twice")
            .at("field", field)
            .hint(format!("give it once with {options}"))),
    }
}

/// What has to be different for a preview to become the deed.
pub(crate) fn without(option: &str, action: Action, role: Role) -> String {
    if action.allowed(role) {
        return format!("without {option}, and with a --reason");
    }
    format!("by somebody with the role {}, without {option} and with a --reason", action.needs())
}

/// What became of one row; an error code when it stays where it was.
pub(crate) fn tell(
    desk: &Desk<'_>,
    entity: &str,
    fixed: &Fixed,
    what: &str,
    json: bool,
) -> std::process::ExitCode {
    if json {
        out::as_is(serde_json::to_value(fixed).unwrap_or_default());
    } else if let Some(loaded) = &fixed.loaded {
        let by = format!("by run {}, row {}", loaded.run, loaded.row);
        match loaded.record {
            Some(record) if loaded.outcome != "inserted" => {
                let changed = changed(desk, entity, record, loaded);
                say!("{what} is known already, as record {record}: {changed} {by}.");
            }
            Some(record) => say!("{what} went in: record {record} {} {by}.", loaded.outcome),
            None => say!("{what} went in: {} {by}.", loaded.outcome),
        }
    } else {
        say!("{what} stays out, and nothing has changed:");
        findings(&fixed.findings);
    }
    if fixed.loaded.is_some() { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}

/// What a row changed in the record of somebody who was known.
fn changed(desk: &Desk<'_>, entity: &str, record: RecordId, loaded: &Loaded) -> String {
    // It went in: not being able to say how much it changed is no failure.
    let Ok(changes) = desk.changes(entity, &ChangeFilter { record, after: 0, limit: 0 }) else {
        return format!("it was {}", loaded.outcome);
    };
    let by_it = changes.into_iter().filter(|change| change.run_id == Some(loaded.run));
    let fields: BTreeSet<String> = by_it.filter_map(|change| change.field).collect();
    if fields.is_empty() {
        return "no field was changed".into();
    }
    let fields: Vec<String> = fields.into_iter().collect();
    format!("{} changed", fields.join(", "))
}

/// Findings with what to do about them.
pub(crate) fn findings(found: &[FindingView]) {
    for finding in found {
        let field = if finding.field.is_empty() { String::new() } else { format!("{}: ", finding.field) };
        let status = if finding.status.is_empty() { String::new() } else { format!(" ({})", finding.status) };
        say!("  {:<8} {:<8} {field}{}{status}", finding.rule, finding.severity, finding.message);
        if let Some(suggestion) = &finding.suggestion {
            say!("{:>20}suggestion: {suggestion}", "");
        }
        if !finding.hint.is_empty() {
            say!("{:>20}hint: {}", "", finding.hint);
        }
    }
}

/// So many rows of a list are read at a time, so that a long list needs no more memory than a short one.
const PAGE: i64 = 1_000;

/// Reads a list page by page until `most` rows were told, all of them when 0. `read` is given the id of the last row and
/// how many to read, `id` says what the id of a row is; a row is told with whether it is the first. Says how many there were,
/// and the id of the last.
pub(crate) fn paged<T, I: Copy>(
    after: I,
    most: i64,
    mut read: impl FnMut(I, i64) -> Result<Vec<T>>,
    id: impl Fn(&T) -> I,
    mut tell: impl FnMut(&T, bool),
) -> Result<(i64, I)> {
    let most = if most > 0 { most } else { i64::MAX };
    let (mut printed, mut last) = (0, after);
    while printed < most {
        let page = read(last, PAGE.min(most - printed))?;
        let Some(end) = page.last() else { break };
        last = id(end);
        for row in &page {
            tell(row, printed == 0);
            printed += 1;
        }
    }
    Ok((printed, last))
}

/// Prints one more element of a JSON list, which stands on one line.
pub(crate) fn element(value: &serde_json::Value, first: bool) {
    out::piece(format_args!("{}{value}", if first { "[" } else { "," }));
}

/// Ends a JSON list of so many elements.
pub(crate) fn end_of_list(elements: i64) {
    out::as_is(if elements == 0 { "[]" } else { "]" });
}
