//! What a user interface or a command line calls: plain data in and out.
//!
//! Each file adds one group of calls to [`Importer`](crate::Importer).

mod access;

mod audit;
mod control;
mod current_scores;
mod edit;
mod export;
mod find;
mod homes;
mod matches;
mod matching_jobs;
mod merge;
mod obvious;
mod obvious_groups;
mod obvious_plan;
mod pair_judge;
mod pair_terms;
mod people;
mod plugin_usage;
mod plugins;
mod preview;
mod quarantine;
mod queries;
mod records;
mod rejected_pairs;
mod rerun;
mod resume;
mod retention;
mod review;
mod rollback;
mod run_context;
mod runs;
mod scan;
mod score;
mod start;
mod suggestions;
pub mod template;
mod train;
mod unfinished_rollback;
mod violations;

pub use access::{Action, Actor, ContactView, Desk, MASKED, RecordView, Role, roles_reference};
pub use control::StopAck;
pub use edit::Edit;
pub use export::{ExportKind, ExportReader, ExportRow};
pub use find::{RecordCount, RecordPage};
pub use homes::{Home, HomesRequest};
pub use matches::MatchLine;
pub use merge::{FieldChoice, MergeDone, MergeLine, MergePreview, MergeRequest, RedoRequest};
pub use obvious::{MERGE_SOURCE, ObviousPair, ObviousReport, ObviousRequest};
pub use pair_judge::Contradiction;
pub use pair_terms::{PairTerm, PairTerms};
pub use preview::RulePreview;
pub use quarantine::{
    BulkChange, BulkFix, BulkPreview, BulkReport, BulkRow, CellChange, FieldEffect, FileFix, FileProblem,
    FileReport, FileWarning, FindingView, FixPreview, Fixed, KeptField, Loaded, NewPerson, QuarantineTally,
    RecordEffect, RowDetail, RowFix, RowSummary,
};
pub use rerun::RerunStep;
pub use retention::{RetentionReport, RetentionTable};
pub use review::{ReviewDecision, Reviewed, ReviewedMany};
pub use rollback::{RollbackReport, RollbackRequest};
pub use scan::{
    MERGE_FROM, REVIEW_FROM, SCAN_SOURCE, ScanKey, ScanReport, ScanRequest, ScanSample, top_terms,
};
pub use score::PairScore;
pub use start::RunHandle;
pub use train::{Expectation, Training};
