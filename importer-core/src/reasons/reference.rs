//! The reasons as a page for readers.

use std::fmt::Write;

use super::{Place, Reason};

const BEGINNING: &str = "\
<!-- Generated from the reasons; `UPDATE_DOCS=1 cargo test --test suite -- docs::` rewrites it. -->

# Reasons

Why a row matched, a value survived, a pair was not merged or a rollback kept a change. Each reason is stored as a code. Codes
stay the same from version to version; texts may change. Programs branch on the code. `importer::reasons::explain` turns what
is stored into text.

A code may have details: `code: detail, detail`. The names in braces say which. Several reasons are separated by `; `, as in
`same_external_id; value_kept: city, newer_value`.

Some columns hold free text, which is shown as it is:

| Column | What it holds |
|---|---|
| `row_outcomes.reason` | Codes; for skipped rows what the database said, for quarantined rows the codes of the [rules](rules.md) |
| `change_log.reason` | Codes; for edits what the person typed |
| `merge_log.reason`, `merge_log.undo_reason` | What the person typed; for an undone match a code |
| `rollbacks.reason` | What the person typed; a code for runs that were rolled back along with another |
| `rollback_items.why` | Codes |
| `dedupe_suggestions.features_json` | Codes under `held_back` and `why` |
| `suggestion_decisions.reason`, `quarantine.reason`, `audit_log.reason` | What the person typed |

A match that a resolver of the host decided has the resolver's words. Reasons that earlier versions stored are free text.

| Code | Text | Where | What to do |
|---|---|---|---|
";

/// All reasons in Markdown.
///
/// ```
/// assert!(importer_core::reasons::reference().contains("| `no_match` |"));
/// ```
pub fn reference() -> String {
    let mut out = BEGINNING.to_owned();
    for reason in Reason::ALL {
        let places: Vec<&str> = reason.places().iter().map(|place| name(*place)).collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            reason.code(),
            reason.text(),
            places.join(", "),
            reason.advice().unwrap_or_default()
        );
    }
    out
}

fn name(place: Place) -> &'static str {
    match place {
        Place::Row => "rows",
        Place::Change => "changes",
        Place::Field => "merge previews",
        Place::Suggestion => "suggestions",
        Place::Merge => "merges",
        Place::Rollback => "rollbacks",
    }
}
