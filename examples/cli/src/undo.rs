use importer::MergeId;
use std::process::ExitCode;

use clap::Args;
use importer::Result;
use importer::service::RedoRequest;

use crate::count::counted;
use crate::policy::PolicyFile;
use crate::shared_args::Common;
use crate::{out, say, setup};

#[derive(Args)]
pub(crate) struct UndoArgs {
    /// The merge to take back; `merge --list` tells its number
    #[arg(required_unless_present = "matched")]
    merge: Option<MergeId>,
    /// Takes one match of an import back instead: of the record that this system has under this id
    #[arg(long, num_args = 2, value_names = ["SYSTEM", "ID"], conflicts_with_all = ["merge", "again"])]
    matched: Option<Vec<String>>,
    /// What the record is, with --matched
    #[arg(long, default_value = "volunteer", requires = "matched")]
    entity: String,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Does a merge again that was taken back
    #[arg(long)]
    again: bool,
    /// Does it again although somebody has said that two of the people are no duplicates
    #[arg(long, requires = "again")]
    although_rejected: bool,
    #[command(flatten)]
    policy: PolicyFile,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn undo(args: &UndoArgs) -> Result<ExitCode> {
    let importer = setup::merging_on(&args.common.database, &args.policy)?;
    let desk = importer.desk(args.common.who.actor());
    let number = args.merge.unwrap_or_default();
    if args.again {
        let merge = desk.redo(&RedoRequest {
            although_rejected: args.although_rejected,
            ..RedoRequest::new(number, &args.reason)
        })?;
        match args.common.json {
            true => out::as_is(serde_json::json!({ "merge": merge })),
            false => say!("Merge {number} is done again as merge {merge}."),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let undone = match args.matched.as_deref() {
        Some([system, id]) => desk.undo_match(&args.entity, system, id, &args.reason)?,
        _ => desk.undo_merge(number, &args.reason)?,
    };
    if args.common.json {
        out::as_is(serde_json::to_value(&undone).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    let back: Vec<String> = undone.restored.iter().map(importer::RecordId::to_string).collect();
    match args.matched.as_deref() {
        Some([system, id]) => say!(
            "The match of {system}:{id} with {} is taken back: it is {} now. `undo {} --again` matches them again.",
            undone.survivor,
            back.join(", "),
            undone.merge
        ),
        _ => say!(
            "Merge {} is taken back: {} came back beside {}.",
            undone.merge,
            back.join(", "),
            undone.survivor
        ),
    }
    if undone.rows > 0 {
        let given = counted(
            undone.rows,
            "row that came since was given to whom it belongs",
            "rows that came since were given to whom they belong",
        );
        say!("{given}.");
    }
    for (system, name, who) in &undone.settled {
        say!("{system}:{name} came since; it is {who}'s now.");
    }
    for (before, after) in &undone.redone {
        say!("Merge {before} stands on without it, as merge {after}.");
    }
    for (who, field) in &undone.kept {
        say!("{who}: {field} was edited since; the edit stays.");
    }
    for conflict in &undone.conflicts {
        say!(
            "look at {}: {} was edited on top of a value of the other person.",
            conflict.core_id,
            conflict.field
        );
    }
    if !undone.lost_rows.is_empty() {
        let lost = counted(
            undone.lost_rows.len(),
            "row that came since is not kept any more; import its source again",
            "rows that came since are not kept any more; import their source again",
        );
        say!("{lost}.");
    }
    Ok(ExitCode::SUCCESS)
}
