//! Suggested households, home by home.

use std::process::ExitCode;

use importer::service::{Desk, HomesRequest};
use importer::{RecordId, Result, SuggestionId};

use crate::person::one_line;
use crate::shared_args::SuggestionsArgs;
use crate::{out, say};

/// Lists the homes that wait for a decision.
pub(crate) fn list(args: &SuggestionsArgs, desk: &Desk<'_>, database: &str) -> Result<ExitCode> {
    let request =
        HomesRequest { after: RecordId(args.after.0), limit: args.limit, ..HomesRequest::new("volunteer") };
    let homes = desk.homes(&request)?;
    if args.json {
        out::as_is(serde_json::to_value(&homes).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if homes.is_empty() {
        say!("No household waits for a decision in {database}.");
        return Ok(ExitCode::SUCCESS);
    }
    for home in &homes {
        let suggestions: Vec<String> = home.suggestions.iter().map(SuggestionId::to_string).collect();
        say!("A home of {} people, suggestions {}", home.members.len(), suggestions.join(" "));
        for member in &home.members {
            say!("  {}", one_line(member));
        }
    }
    if let (Some(first), true) =
        (homes.last().and_then(|home| home.members.first()), homes.len() as i64 == args.limit)
    {
        say!("There may be more: --after {}", first.id);
    }
    say!("To link the people of a home: review accept SUGGESTIONS --reason …");
    Ok(ExitCode::SUCCESS)
}
