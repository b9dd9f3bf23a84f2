//! Matches that imports made.

use std::process::ExitCode;

use importer::service::{Desk, MatchLine};
use importer::{MatchFilter, Result};

use crate::why::why;
use crate::{out, say};

/// Lists them as `merge --list` lists merges.
pub(crate) fn list(
    desk: &Desk<'_>,
    entity: &str,
    filter: &MatchFilter,
    database: &str,
    json: bool,
) -> Result<ExitCode> {
    let lines = desk.matches(entity, filter)?;
    if json {
        out::as_is(serde_json::to_value(&lines).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if lines.is_empty() {
        say!("There are no matches in {database}.");
        return Ok(ExitCode::SUCCESS);
    }
    print(&lines);
    if let (Some(last), true) = (lines.last(), lines.len() as i64 == filter.limit) {
        say!("There may be more: --after {}", last.row);
    }
    say!("To undo one of them: undo --matched SYSTEM ID --reason …");
    Ok(ExitCode::SUCCESS)
}

/// A table of matches.
pub(crate) fn print(lines: &[MatchLine]) {
    say!(
        "{:>14} {:>5} {:<20} {:>9}  {:<12} {:<24} {:<7} why",
        "row",
        "run",
        "when",
        "record",
        "system",
        "id",
        "stands"
    );
    for line in lines {
        say!(
            "{:>14} {:>5} {:<20} {:>9}  {:<12} {:<24} {:<7} {}",
            line.row,
            line.run,
            line.matched_at,
            line.record,
            line.system,
            line.external_id,
            if line.stands { "yes" } else { "no" },
            why(&line.reason)
        );
    }
}
