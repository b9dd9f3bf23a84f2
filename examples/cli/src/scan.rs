use std::process::ExitCode;
use std::sync::Arc;

use importer::matching::ModelDocument;
use importer::service::{ScanReport, ScanRequest};
use importer::{Error, ErrorKind, Importer, Result};

use crate::count::counted;
use crate::progress::Bar;
use crate::shared_args::{Database, ScanArgs};
use crate::{out, say, setup};

pub(crate) fn scan(args: &ScanArgs) -> Result<ExitCode> {
    let (importer, bar) = watched(&args.database, args.json)?;
    let request = ScanRequest {
        preview: args.preview,
        all: args.all,
        model: args.model.as_deref().map(model).transpose()?,
        ..ScanRequest::new(&args.entity)
    };
    let report = importer.desk(args.who.actor()).scan(&request, &args.reason);
    bar.finish();
    let report = report?;
    if args.json {
        out::as_is(serde_json::to_string(&report).unwrap_or_default());
    } else {
        tell(&report, &importer.database());
    }
    Ok(ExitCode::SUCCESS)
}

/// An importer that shows its progress and stops at Ctrl-C.
pub(crate) fn watched(database: &Database, quiet: bool) -> Result<(Importer, Arc<Bar>)> {
    // Looking must not make what it looks for.
    drop(setup::on(database)?);
    let bar = Arc::new(Bar::new(quiet));
    let importer = Importer::builder().database(&database.db).observer(bar.clone()).build()?;
    let cancel = importer.cancel();
    // A second Ctrl-C ends the program at once; nothing is half stored then either.
    let _ = ctrlc::set_handler(move || {
        if cancel.is_requested() {
            std::process::exit(1);
        }
        cancel.request();
    });
    Ok((importer, bar))
}

pub(crate) fn model(file: &std::path::Path) -> Result<ModelDocument> {
    let refuse = |why: String| {
        Error::new(ErrorKind::Config, "read the model", why)
            .at("file", file.display())
            .hint("`train` makes one")
    };
    let text = std::fs::read_to_string(file).map_err(|e| refuse(e.to_string()))?;
    ModelDocument::read(&text).map_err(refuse)
}

pub(crate) fn tell(report: &ScanReport, database: &str) {
    let records = counted(report.records, "record", "records");
    match report.run_id {
        Some(run) => say!("Scan {run} of {records} ({})", report.entity),
        None => say!("Preview of a scan of {records} ({}); nothing is stored", report.entity),
    }
    if let (Some(scan), Some(changed)) = (report.since_scan, report.changed_records) {
        say!(
            "  only pairs with {} new or changed since scan {scan}; --all takes all",
            if changed == 1 {
                "1 record that is".into()
            } else {
                format!("one of {changed} records that are")
            }
        );
    }
    say!("\n  {:>9}  pairs scored", report.pairs_scored);
    say!(
        "  {:>9}  pairs of {} that a merge would take",
        report.merge_pairs,
        counted(report.merge_clusters, "person", "people")
    );
    say!("  {:>9}  pairs to review", report.review_pairs);
    say!("  {:>9}  pairs of one household", report.household_pairs);
    if let Some(stored) = report.suggestions {
        say!(
            "\n  Suggestions: {} new, {} with a new score, {} as before, {} decided or put off, {} rejected under other ids",
            stored.added,
            stored.rescored,
            stored.unchanged,
            stored.decided,
            stored.rejected_before
        );
        if stored.outdated + stored.reopened > 0 {
            say!(
                "  {} closed, because the score is too low by now; {} open again",
                counted(stored.outdated, "other is", "others are"),
                stored.reopened
            );
        }
    }
    for sample in &report.samples {
        say!(
            "  {:<9}  {} and {}: {:.4}  {}",
            sample.kind,
            sample.left,
            sample.right,
            sample.score,
            sample.terms.join(", ")
        );
        if sample.kind == "review" && !sample.held_back.is_empty() {
            let why: Vec<&str> = sample.held_back.iter().map(|objection| objection.text()).collect();
            say!("             not merged automatically: {}", why.join(", "));
        }
    }
    let cut: Vec<_> = report.keys.iter().filter(|key| key.cut_blocks > 0).collect();
    if !cut.is_empty() {
        say!("\nToo frequent to be compared by (other keys may still bring these records together):");
        for key in cut {
            let groups = counted(key.cut_blocks, "group", "groups");
            say!("  {}: {groups}, {}", key.key, counted(key.cut_records, "record", "records"));
        }
    }
    let learned = match (report.model_learned, report.changed_records, report.since_scan) {
        (true, ..) => "learned by this scan".to_owned(),
        (false, Some(0), Some(last)) if report.pairs_scored == 0 => format!("of scan {last}"),
        _ => "as given".to_owned(),
    };
    let (seconds, milliseconds) = (report.elapsed_ms / 1000, report.elapsed_ms % 1000);
    say!("\nModel {} ({learned}). {seconds}.{milliseconds:03} s, {database}", report.model_checksum);
}
