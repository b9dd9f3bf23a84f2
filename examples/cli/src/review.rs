use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand};
use importer::service::{Desk, MergeRequest, PairTerms, ReviewDecision, Reviewed, ReviewedMany};
use importer::{Error, ErrorKind, Importer, RecordId, Result, SuggestionId};
use importer::{SuggestionDecision, SuggestionFilter, SuggestionKind, SuggestionRow, moment_text};

use crate::count::counted;
use crate::merge::{Chosen, print_contradictions, print_preview, print_rejected};
use crate::policy::PolicyFile;
use crate::shared_args::{Common, Pairs};
use crate::{out, say, setup};

/// The model of pairs that are suggested because an id came with somebody else.
const BY_ID: &str = "external_id";

#[derive(Args)]
pub(crate) struct ReviewArgs {
    #[command(subcommand)]
    command: ReviewCommand,
}

#[derive(Subcommand)]
enum ReviewCommand {
    /// Shows a suggestion: both records side by side, and the result of accepting it
    Show {
        /// The id of the suggestion
        id: SuggestionId,
        #[command(flatten)]
        policy: PolicyFile,
        #[command(flatten)]
        common: Common,
    },
    /// Accepts suggestions: merges duplicates and links households
    Accept {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        chosen: Chosen,
        /// Among several: merges also pairs whose records contradict each other
        #[arg(long)]
        although_contradicted: bool,
    },
    /// Rejects suggestions: the records are different people and are not suggested again
    Reject {
        #[command(flatten)]
        which: Which,
    },
    /// Defers suggestions to a later day
    Defer {
        #[command(flatten)]
        which: Which,
        /// For how many days the suggestions stay out of the list of open ones
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
        days: u16,
    },
    /// Reopens suggestions that were decided
    Reopen {
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Args)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "matching"])))]
struct Which {
    /// The ids of the suggestions
    ids: Vec<SuggestionId>,
    /// Selects all open suggestions that match --kind, --run, --from and --below, instead of ids
    #[arg(long)]
    matching: bool,
    #[command(flatten)]
    pairs: Pairs,
    /// Counts the suggestions, and decides nothing
    #[arg(long)]
    dry_run: bool,
    /// The reason, for the audit log
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn review(args: &ReviewArgs) -> Result<ExitCode> {
    let mut policy = None;
    let (which, verdict) = match &args.command {
        ReviewCommand::Show { id, policy, common } => return show(*id, policy, common),
        ReviewCommand::Accept { which, chosen, although_contradicted } => {
            if which.ids.len() != 1 && !chosen.is_empty() {
                let why = "a survivor and fields are chosen for one suggestion at a time";
                return Err(Error::new(ErrorKind::Config, "record decisions", why));
            }
            policy = Some(&chosen.policy);
            let (survivor, choices) = (chosen.survivor, chosen.choices()?);
            let (although_rejected, although_contradicted) =
                (chosen.although_rejected, *although_contradicted);
            (which, ReviewDecision::Accept { survivor, choices, although_rejected, although_contradicted })
        }
        ReviewCommand::Reject { which } => (which, ReviewDecision::Reject),
        ReviewCommand::Defer { which, days } => (which, ReviewDecision::Defer { days: *days }),
        ReviewCommand::Reopen { which } => (which, ReviewDecision::Reopen),
    };
    let database = &which.common.database;
    let importer = match policy {
        Some(policy) => setup::merging_on(database, policy)?,
        None => setup::on(database)?,
    };
    let desk = importer.desk(which.common.who.actor());
    if which.matching {
        return matching(&importer, &desk, which, &verdict);
    }
    if which.dry_run {
        let error =
            Error::new(ErrorKind::Config, "record decisions", "`--dry-run` counts what `--matching` finds");
        return Err(error.hint("`review show ID` shows what accepting one of them does"));
    }
    if let [id] = which.ids[..] {
        let reviewed = desk.review(id, &verdict, &which.reason)?;
        match which.common.json {
            true => out::as_is(json(&reviewed)),
            false => print(&reviewed, &verdict),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut failed = false;
    let mut results = Vec::new();
    for (id, result) in desk.review_all(&which.ids, &verdict, &which.reason) {
        match result {
            Ok(reviewed) if which.common.json => results.push(json(&reviewed)),
            Ok(reviewed) => print(&reviewed, &verdict),
            Err(error) => {
                failed = true;
                results.push(serde_json::json!({ "id": id, "error": error.to_string() }));
                out::complain(&format!("error: suggestion {id}: {error}"));
            }
        }
    }
    if which.common.json {
        out::as_is(serde_json::Value::from(results));
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Decides about everything that is found, or counts it.
fn matching(
    importer: &Importer,
    desk: &Desk<'_>,
    which: &Which,
    verdict: &ReviewDecision,
) -> Result<ExitCode> {
    if *verdict == ReviewDecision::Reopen {
        let error = Error::new(ErrorKind::Config, "record decisions", "what waits for a decision is open");
        return Err(
            error.hint("name the decided ones by their ids; `suggestions --decision rejected` lists them")
        );
    }
    let filter = which.pairs.filter(importer.pending_suggestions());
    let reviewed = desk.review_matching(&filter, verdict, &which.reason, which.dry_run)?;
    if which.common.json {
        out::as_is(serde_json::json!(reviewed));
    } else if which.dry_run {
        say!(
            "{} found. Without --dry-run, the decision is recorded.",
            counted(reviewed.found, "suggestion is", "suggestions are")
        );
        print_contradicted(&reviewed);
    } else {
        say!("{} decided.", counted(reviewed.decided, "suggestion is", "suggestions are"));
        if reviewed.merged > 0 {
            say!("{} made; `merge --list` lists them.", counted(reviewed.merged, "merge was", "merges were"));
        }
        if let Some(why) = &reviewed.first_refusal {
            let left = counted(reviewed.refused, "other was", "others were");
            say!("{left} refused. The first reason: {why}");
        }
        print_contradicted(&reviewed);
    }
    Ok(ExitCode::SUCCESS)
}

/// How many pairs contradict of those that are accepted together.
fn print_contradicted(reviewed: &ReviewedMany) {
    if reviewed.contradicted > 0 {
        let pairs = counted(reviewed.contradicted, "of them contradicts", "of them contradict");
        say!(
            "{pairs}: the records are different people's. They are merged only with --although-contradicted."
        );
    }
}

fn json(reviewed: &Reviewed) -> serde_json::Value {
    serde_json::json!({
        "id": reviewed.suggestion.id, "decision": reviewed.suggestion.decision.as_str(),
        "left": reviewed.suggestion.left, "right": reviewed.suggestion.right,
        "merge": reviewed.merge, "household": reviewed.household, "contradictions": reviewed.contradictions,
    })
}

fn print(reviewed: &Reviewed, verdict: &ReviewDecision) {
    let row = &reviewed.suggestion;
    say!("Suggestion {} about {} and {} is {}.", row.id, row.left, row.right, row.decision.as_str());
    match verdict {
        ReviewDecision::Accept { .. } => {
            print_contradictions(&reviewed.contradictions);
            if let Some(merge) = &reviewed.merge {
                let gone: Vec<String> = merge.retired.iter().map(importer::RecordId::to_string).collect();
                say!("{} went into {} with merge {}.", gone.join(", "), merge.survivor, merge.merge);
                say!("To undo it: undo {}", merge.merge);
            }
            if let Some(household) = reviewed.household {
                say!("They stay two people, in household {household}. `train` learns from this decision.");
            }
        }
        ReviewDecision::Reject => {
            say!("This pair is not suggested again, even if one of the people appears under another id.");
        }
        ReviewDecision::Defer { .. } => {
            say!("It is deferred until {}.", row.deferred_until.map_or_else(String::new, moment_text))
        }
        ReviewDecision::Reopen => say!("It is open again."),
    }
}

fn show(id: SuggestionId, policy: &PolicyFile, common: &Common) -> Result<ExitCode> {
    let importer = setup::merging_on(&common.database, policy)?;
    let desk = importer.desk(common.who.actor());
    let row = suggestion(&desk, id)?;
    let request = MergeRequest::new(&row.entity, [row.left, row.right], "");
    let preview = desk.preview_merge(&request)?;
    if common.json {
        let terms: serde_json::Value = serde_json::from_str(&row.features_json).unwrap_or_default();
        out::as_is(serde_json::json!({
            "id": row.id, "kind": row.kind.as_str(), "decision": row.decision.as_str(), "score": row.score,
            "left": row.left, "right": row.right, "terms": terms, "merged": preview,
            "households": households(&desk, &row)?,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let score = row.score.map_or_else(String::new, |score| format!(", probability {score:.4}"));
    say!("Suggestion {}: {} ({}){score}", row.id, row.kind.as_str().replace('_', " "), row.decision.as_str());
    if row.kind == SuggestionKind::Household {
        say!("Accepting it links two people of one household; nothing is merged.");
    } else {
        say!("Accepting it merges {} into {}:", preview.retired[0], preview.survivor);
    }
    print_preview(&preview);
    if row.kind != SuggestionKind::Household {
        print_contradictions(&preview.contradictions);
        print_rejected(&preview);
    }
    // An id that was given to somebody else makes an ambiguous pair, too; that one is about two people.
    if row.kind == SuggestionKind::Ambiguous && PairTerms::of(&row).model != BY_ID {
        print_all_that_fit(&desk, &row)?;
    }
    say!("What speaks for and against it: score {} {}", row.left, row.right);
    say!("To decide: review accept|reject|defer {} --reason …", row.id);
    Ok(ExitCode::SUCCESS)
}

/// Who else fits the row as well: an ambiguous pair seldom comes alone.
fn print_all_that_fit(desk: &Desk<'_>, row: &SuggestionRow) -> Result<()> {
    let filter = SuggestionFilter {
        kind: Some(SuggestionKind::Ambiguous),
        row: Some(row.row).filter(|row| *row != 0),
        ..SuggestionFilter::default()
    };
    let fitting = if filter.row.is_some() { desk.suggestions(&filter)? } else { vec![row.clone()] };
    let open = fitting.iter().filter(|one| one.decision == SuggestionDecision::Open || one.id == row.id);
    let people: BTreeSet<RecordId> = open.flat_map(|one| [one.left, one.right]).collect();
    let people: Vec<String> = people.iter().map(RecordId::to_string).collect();
    say!(
        "One row fits several records equally well. That is nearly always one person who is in the core twice."
    );
    say!(
        "If {} are one person, merge them together: merge {} --reason …",
        people.join(", "),
        people.join(" ")
    );
    Ok(())
}

fn households(desk: &Desk<'_>, row: &SuggestionRow) -> Result<serde_json::Value> {
    let mut all = Vec::new();
    for id in [row.left, row.right] {
        all.extend(desk.households(&row.entity, id)?);
    }
    all.dedup();
    Ok(serde_json::to_value(all).unwrap_or_default())
}

fn suggestion(desk: &Desk<'_>, id: SuggestionId) -> Result<SuggestionRow> {
    let filter = importer::SuggestionFilter { after: SuggestionId(id.0 - 1), limit: 1, ..Default::default() };
    desk.suggestions(&filter)?.into_iter().find(|row| row.id == id).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "show a suggestion", format!("there is no suggestion {id}"))
            .hint("`suggestions` lists them")
    })
}
