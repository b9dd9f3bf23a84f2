use std::process::ExitCode;

use clap::Args;
use importer::Result;
use importer::reasons::explain;
use importer::service::{
    Action, Contradiction, Desk, FieldChoice, MergePreview, MergeRequest, ObviousReport, ObviousRequest,
};
use importer::{
    Error, ErrorKind, MatchFilter, MergeFilter, MergeId, RecordId, RowId, SuggestionId, moment_text,
};

use crate::count::counted;
use crate::person::one_line;
use crate::policy::PolicyFile;
use crate::shared_args::Common;
use crate::steward::{each_once, without};
use crate::why::why;
use crate::{matches, out, say, setup};

#[derive(Args)]
pub(crate) struct MergeArgs {
    /// The ids of records of the same person; `people` lists ids
    #[arg(required_unless_present_any = ["list", "obvious"], num_args = 2..)]
    people: Vec<RecordId>,
    /// The reason, for the audit log
    #[arg(long, required_unless_present_any = ["preview", "list"])]
    reason: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Shows which value of each field would survive, and writes nothing
    #[arg(long)]
    preview: bool,
    /// Merges every open pair that is probable enough and has no objection, judged anew, as one run
    #[arg(long, conflicts_with_all = ["people", "survivor", "keep", "set", "although_rejected", "list"])]
    obvious: bool,
    /// Lists merges
    #[arg(long, conflicts_with_all = ["people", "preview"])]
    list: bool,
    /// With --list: lists the matches that imports made, instead of merges
    #[arg(long, requires = "list")]
    matches: bool,
    /// With --list or --obvious --preview: only entries after this id, for paging
    #[arg(long, default_value_t = MergeId(0))]
    after: MergeId,
    /// With --list or --obvious --preview: prints at most this many; 0 for all
    #[arg(long, default_value_t = 50)]
    limit: i64,
    /// The entity of the records
    #[arg(long, default_value = "volunteer")]
    entity: String,
    #[command(flatten)]
    common: Common,
}

/// What somebody decides about a merge; the policy decides about the rest.
#[derive(Args)]
pub(crate) struct Chosen {
    /// The record that survives [default: the lowest id, which is the oldest]
    #[arg(long, value_name = "ID")]
    pub(crate) survivor: Option<RecordId>,
    /// Keeps the value of this record; can be repeated
    #[arg(long, value_name = "FIELD=ID")]
    keep: Vec<String>,
    /// Sets another value; can be repeated
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Merges the records although two of them were rejected as duplicates
    #[arg(long)]
    pub(crate) although_rejected: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyFile,
}

impl Chosen {
    pub(crate) fn is_empty(&self) -> bool {
        self.survivor.is_none() && self.keep.is_empty() && self.set.is_empty()
    }

    pub(crate) fn choices(&self) -> Result<Vec<(String, FieldChoice)>> {
        choices(&self.keep, &self.set)
    }
}

pub(crate) fn merge(args: &MergeArgs) -> Result<ExitCode> {
    let importer = setup::merging_on(&args.common.database, &args.chosen.policy)?;
    let desk = importer.desk(args.common.who.actor());
    if args.obvious {
        return obvious(args, &desk);
    }
    if args.list && args.matches {
        let (after, limit) = (RowId(args.after.0), args.limit);
        let filter = MatchFilter { after, limit, ..MatchFilter::default() };
        return matches::list(&desk, &args.entity, &filter, &importer.database(), args.common.json);
    }
    if args.list {
        return list(args, &desk, &importer.database());
    }
    let request = MergeRequest {
        survivor: args.chosen.survivor,
        choices: args.chosen.choices()?,
        although_rejected: args.chosen.although_rejected,
        ..MergeRequest::new(&args.entity, args.people.clone(), args.reason.as_deref().unwrap_or_default())
    };
    if args.preview {
        let preview = desk.preview_merge(&request)?;
        match args.common.json {
            true => out::as_is(serde_json::to_value(&preview).unwrap_or_default()),
            false => {
                print_preview(&preview);
                print_contradictions(&preview.contradictions);
                print_rejected(&preview);
                let how = without("--preview", Action::Merge, args.common.who.actor().role);
                say!("Nothing has changed; {how}, they are merged.");
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let done = desk.merge(&request)?;
    if args.common.json {
        out::as_is(serde_json::to_value(&done).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    print_contradictions(&done.contradictions);
    let gone: Vec<String> = done.retired.iter().map(importer::RecordId::to_string).collect();
    say!("{} went into {} with merge {}.", gone.join(", "), done.survivor, done.merge);
    say!("Changed: {}.", if done.changed.is_empty() { "nothing".into() } else { done.changed.join(", ") });
    say!("To undo it: undo {}", done.merge);
    Ok(ExitCode::SUCCESS)
}

fn list(args: &MergeArgs, desk: &Desk<'_>, database: &str) -> Result<ExitCode> {
    let filter = MergeFilter { after: args.after, limit: args.limit, ..MergeFilter::default() };
    let lines = desk.merges(&args.entity, &filter)?;
    if args.common.json {
        out::as_is(serde_json::to_value(&lines).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if lines.is_empty() {
        say!("There are no merges in {database}.");
        return Ok(ExitCode::SUCCESS);
    }
    say!(
        "{:>6} {:<20} {:>9}  {:<16} {:<12} {:<24} why",
        "merge",
        "when",
        "survivor",
        "gone",
        "who",
        "stands"
    );
    for line in &lines {
        let stands = match (&line.undone_at, line.redone_by) {
            (None, _) => "yes".to_owned(),
            (Some(at), None) => format!("no, since {at}"),
            (Some(_), Some(by)) => format!("no; again with {by}"),
        };
        let gone: Vec<String> = line.retired.iter().map(importer::RecordId::to_string).collect();
        say!(
            "{:>6} {:<20} {:>9}  {:<16} {:<12} {:<24} {}",
            line.merge,
            line.merged_at,
            line.survivor,
            gone.join(", "),
            line.actor,
            stands,
            why(&line.reason)
        );
    }
    if let (Some(last), true) = (lines.last(), lines.len() as i64 == args.limit) {
        say!("There may be more: --after {}", last.merge);
    }
    Ok(ExitCode::SUCCESS)
}

fn obvious(args: &MergeArgs, desk: &Desk<'_>) -> Result<ExitCode> {
    let request = ObviousRequest {
        after: SuggestionId(args.after.0),
        limit: args.limit,
        ..ObviousRequest::new(&args.entity)
    };
    let report = match args.preview {
        true => desk.preview_obvious(&request)?,
        false => desk.merge_obvious(&args.entity, args.reason.as_deref().unwrap_or_default())?,
    };
    if args.common.json {
        out::as_is(serde_json::to_value(&report).unwrap_or_default());
    } else if let Some(run) = report.run {
        let pairs = counted(report.obvious, "obvious pair", "obvious pairs");
        let are = if report.merged == 1 { "is" } else { "are" };
        say!("{} of {pairs} {are} merged, as run {run}.", report.merged);
        print_not_obvious(&report);
        say!("To undo all of them: rollback {run}");
    } else {
        let nothing = "probable enough, and nothing speaks against";
        match report.obvious {
            1 => say!("1 pair is obvious: {nothing} it."),
            pairs => say!("{pairs} pairs are obvious: {nothing} them."),
        }
        print_not_obvious(&report);
        for pair in &report.pairs {
            say!("Suggestion {}, probability {:.4}", pair.suggestion, pair.probability);
            say!("  {}", one_line(&pair.left));
            say!("  {}", one_line(&pair.right));
        }
        if let (Some(last), true) = (report.pairs.last(), report.pairs.len() as i64 == args.limit) {
            say!("There may be more: --after {}", last.suggestion);
        }
    }
    for (id, why) in &report.failed {
        out::complain(&format!("suggestion {id}: {}", out::visible(why)));
    }
    Ok(if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What looks obvious and is left to people.
fn print_not_obvious(report: &ObviousReport) {
    if report.rejected > 0 {
        let pairs = counted(report.rejected, "other pair was", "other pairs were");
        say!(
            "{pairs} rejected or parted by a person. If they are one person after all, merge them by their ids."
        );
    }
    if report.left > 0 {
        let pairs = counted(report.left, "other suggestion is", "other suggestions are");
        say!("{pairs} left to people: as the records are now, something speaks against merging them.");
    }
}

/// Everybody's values side by side, and which survives.
pub(crate) fn print_preview(preview: &MergePreview) {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
    let heads: Vec<String> = std::iter::once(format!("{} (stays)", preview.survivor))
        .chain(preview.retired.iter().map(|id| format!("{id} (goes)")))
        .map(|head| format!("{head:<28}"))
        .collect();
    say!("{:<26} {} {:<28} why", "field", heads.join(" "), "merged");
    for field in &preview.fields {
        let values: Vec<String> =
            field.values.iter().map(|(_, value)| format!("{:<28}", shown(value))).collect();
        say!("{:<26} {} {:<28} {}", field.field, values.join(" "), shown(&field.value), explain(&field.why));
    }
}

/// Who of those who are to be merged contradict each other, and in what.
pub(crate) fn print_contradictions(contradictions: &[Contradiction]) {
    for Contradiction { one, other, codes, .. } in contradictions {
        let why: Vec<String> = codes.iter().map(|code| explain(code)).collect();
        say!("Warning: {one} and {other} contradict each other: {}.", why.join(", "));
    }
}

/// Who of those who are to be merged was told apart.
pub(crate) fn print_rejected(preview: &MergePreview) {
    for apart in &preview.rejected {
        say!(
            "{} and {} were rejected as duplicates by {} on {} (suggestion {}): {}",
            apart.one,
            apart.other,
            apart.by,
            moment_text(apart.at),
            apart.suggestion,
            apart.reason
        );
    }
    if !preview.rejected.is_empty() {
        say!("To merge them nevertheless: --although-rejected");
    }
}

/// Choices of `--keep FIELD=ID` and `--set FIELD=VALUE`.
pub(crate) fn choices(keep: &[String], set: &[String]) -> Result<Vec<(String, FieldChoice)>> {
    let wrong = |option: &'static str, given: &str, how: &'static str| {
        Error::new(ErrorKind::Config, "merge people", "the option is not understood")
            .at("option", format!("{option} {given}"))
            .hint(how)
    };
    let mut choices = Vec::new();
    for given in keep {
        let (field, id) =
            given.split_once('=').and_then(|(field, id)| Some((field, id.parse().ok()?))).ok_or_else(
                || wrong("--keep", given, "write it like --keep city=17, with the id of one of the records"),
            )?;
        choices.push((field.to_owned(), FieldChoice::Of(id)));
    }
    for given in set {
        let (field, value) =
            given.split_once('=').ok_or_else(|| wrong("--set", given, "write it like --set city=Oslo"))?;
        choices.push((field.to_owned(), FieldChoice::Value(value.to_owned())));
    }
    each_once("--keep or --set", choices.iter().map(|(field, _)| field.as_str()))?;
    Ok(choices)
}
