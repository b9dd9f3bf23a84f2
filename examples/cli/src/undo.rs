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
    /// The merge to undo; `merge --list` shows the ids
    #[arg(required_unless_present = "matched")]
    merge: Option<MergeId>,
    /// Undoes a match that an import made instead: that of this system's record with this external id
    #[arg(long, num_args = 2, value_names = ["SYSTEM", "ID"], conflicts_with_all = ["merge", "again"])]
    matched: Option<Vec<String>>,
    /// With --matched: the entity of the record
    #[arg(long, default_value = "volunteer", requires = "matched")]
    entity: String,
    /// The reason, for the audit log
    #[arg(long)]
    reason: String,
    /// Redoes a merge that was undone
    #[arg(long)]
    again: bool,
    /// Redoes the merge although two of the records were rejected as duplicates
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
            false => say!("Merge {number} is redone as merge {merge}."),
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
            "The match of {system}:{id} with record {} is undone. It is record {} now. `undo {} --again` redoes the match.",
            undone.survivor,
            back.join(", "),
            undone.merge
        ),
        _ => say!(
            "Merge {} is undone. Record {} is restored beside {}.",
            undone.merge,
            back.join(", "),
            undone.survivor
        ),
    }
    if undone.rows > 0 {
        let given = counted(
            undone.rows,
            "later row was assigned to the record it belongs to",
            "later rows were assigned to the records they belong to",
        );
        say!("{given}.");
    }
    for (system, name, who) in &undone.settled {
        say!("{system}:{name} arrived after the merge. It belongs to record {who} now.");
    }
    for (before, after) in &undone.redone {
        say!("Merge {before} remains in force, as merge {after}.");
    }
    for (who, field) in &undone.kept {
        say!("Record {who}: {field} was edited after the merge. The edit is kept.");
    }
    for conflict in &undone.conflicts {
        say!(
            "Check record {}: {} was edited when it held a value of the other person.",
            conflict.core_id,
            conflict.field
        );
    }
    if !undone.lost_rows.is_empty() {
        let lost = counted(
            undone.lost_rows.len(),
            "later row is no longer stored; import its source again",
            "later rows are no longer stored; import their source again",
        );
        say!("{lost}.");
    }
    Ok(ExitCode::SUCCESS)
}
