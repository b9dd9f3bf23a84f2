use std::process::ExitCode;

use importer::Result;
use importer::{SuggestionDecision, SuggestionFilter, SuggestionRow, moment_text};

use crate::shared_args::SuggestionsArgs;
use crate::steward::{element, end_of_list, paged};
use crate::{say, setup};

pub(crate) fn suggestions(args: &SuggestionsArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.database)?;
    let base = if args.open { importer.pending_suggestions() } else { SuggestionFilter::default() };
    let desk = importer.desk(args.who.actor());
    let filter = args.pairs.filter(SuggestionFilter {
        decision: args.decision.as_deref().and_then(SuggestionDecision::parse),
        ..base
    });
    let read = |after, limit| desk.suggestions(&SuggestionFilter { after, limit, ..filter.clone() });
    if args.json {
        let tell = |row: &SuggestionRow, first: bool| element(&json(row), first);
        let (printed, _) = paged(args.after, args.limit, read, |row| row.id, tell)?;
        end_of_list(printed);
        return Ok(ExitCode::SUCCESS);
    }
    let (printed, last) = paged(args.after, args.limit, read, |row| row.id, line)?;
    if printed == 0 {
        say!("There are no such suggestions in {}.", importer.database());
        return Ok(ExitCode::SUCCESS);
    }
    if printed == args.limit {
        say!("There may be more: --after {last}");
    }
    say!("Both people of one of them side by side: review show ID");
    Ok(ExitCode::SUCCESS)
}

fn line(row: &SuggestionRow, first: bool) {
    if first {
        say!(
            "{:>7} {:>5} {:>9} {:>9}  {:<18} {:>7}  decision",
            "id",
            "run",
            "left",
            "right",
            "kind",
            "score"
        );
    }
    let score = row.score.map_or_else(|| "-".into(), |score| format!("{score:.4}"));
    let until = row.deferred_until.map_or_else(String::new, |at| format!(" until {}", moment_text(at)));
    let (kind, decision) = (row.kind.as_str(), row.decision.as_str());
    say!(
        "{:>7} {:>5} {:>9} {:>9}  {kind:<18} {score:>7}  {decision}{until}",
        row.id,
        row.run_id,
        row.left,
        row.right
    );
}

fn json(row: &SuggestionRow) -> serde_json::Value {
    serde_json::json!({
        "id": row.id, "run_id": row.run_id, "entity": row.entity, "left": row.left, "right": row.right,
        "kind": row.kind.as_str(), "score": row.score, "decision": row.decision.as_str(),
        "decided_by": row.decided_by, "decided_at": row.decided_at.map(moment_text),
        "deferred_until": row.deferred_until.map(moment_text), "created_at": moment_text(row.created_at),
        "terms": serde_json::from_str::<serde_json::Value>(&row.features_json).unwrap_or_default(),
    })
}
