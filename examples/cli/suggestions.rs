use std::process::ExitCode;

use importer::Result;
use importer::ports::{SuggestionDecision, SuggestionFilter, SuggestionKind, SuggestionRow, moment_text};

use crate::args::SuggestionsArgs;
use crate::{say, setup};

pub(crate) fn suggestions(args: &SuggestionsArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.database)?;
    let base = if args.open { importer.waiting() } else { SuggestionFilter::default() };
    let found = importer.desk(args.who.actor()).suggestions(&SuggestionFilter {
        kind: args.kind.as_deref().and_then(SuggestionKind::parse),
        decision: args.decision.as_deref().and_then(SuggestionDecision::parse),
        after: args.after,
        limit: args.limit,
        ..base
    })?;
    if args.json {
        say!("{}", serde_json::Value::from(found.iter().map(json).collect::<Vec<_>>()));
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        say!("There are no such suggestions in {}.", importer.database());
        return Ok(ExitCode::SUCCESS);
    }
    say!("{:>7} {:>5} {:>9} {:>9}  {:<18} {:>7}  decision", "id", "run", "left", "right", "kind", "score");
    for row in &found {
        let score = row.score.map_or_else(|| "-".into(), |score| format!("{score:.4}"));
        let until = row.deferred_until.map_or_else(String::new, |at| format!(" until {}", moment_text(at)));
        let decision = row.decision.as_str();
        say!(
            "{:>7} {:>5} {:>9} {:>9}  {:<18} {score:>7}  {decision}{until}",
            row.id,
            row.run_id,
            row.left,
            row.right,
            row.kind.as_str()
        );
    }
    if let (Some(last), true) = (found.last(), found.len() as i64 == args.limit) {
        say!("There may be more: --after {}", last.id);
    }
    say!("Both people of one of them side by side: review show ID");
    Ok(ExitCode::SUCCESS)
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
