use std::process::ExitCode;

use importer::Result;
use importer::{SuggestionDecision, SuggestionFilter, SuggestionKind, SuggestionRow, moment_text};

use crate::shared_args::SuggestionsArgs;
use crate::steward::{element, end_of_list, paged};
use crate::{homes, say, setup};

pub(crate) fn suggestions(args: &SuggestionsArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.database)?;
    let desk = importer.desk(args.who.actor());
    if args.homes {
        return homes::list(args, &desk, &importer.database());
    }
    let base = match args.open {
        true => SuggestionFilter {
            // There are so many of them that they would hide everything else.
            without_households: !args.pairs.names_a_kind(),
            likeliest_first: true,
            ..importer.pending_suggestions()
        },
        false => SuggestionFilter::default(),
    };
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
    let households = SuggestionFilter {
        kind: Some(SuggestionKind::Household),
        limit: 1,
        ..importer.pending_suggestions()
    };
    let hidden = filter.without_households && !desk.suggestions(&households)?.is_empty();
    if printed == 0 {
        say!("There are no such suggestions in {}.", importer.database());
    }
    if hidden {
        say!("Households wait for a decision, too: suggestions --homes");
    }
    if printed == 0 {
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
    let changed = if row.rescored { ", scored anew because a record has changed" } else { "" };
    say!(
        "{:>7} {:>5} {:>9} {:>9}  {kind:<18} {score:>7}  {decision}{until}{changed}",
        row.id,
        row.run_id,
        row.left,
        row.right
    );
}

fn json(row: &SuggestionRow) -> serde_json::Value {
    serde_json::json!({
        "id": row.id, "run_id": row.run_id, "entity": row.entity, "left": row.left, "right": row.right,
        "kind": row.kind.as_str(), "score": row.score, "rescored": row.rescored, "decision": row.decision.as_str(),
        "decided_by": row.decided_by, "decided_at": row.decided_at.map(moment_text),
        "deferred_until": row.deferred_until.map(moment_text), "created_at": moment_text(row.created_at),
        "terms": serde_json::from_str::<serde_json::Value>(&row.features_json).unwrap_or_default(),
    })
}
