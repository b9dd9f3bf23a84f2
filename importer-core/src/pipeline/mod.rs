//! A run: extract → land → validate, then the gate, then dedupe → upsert → reconcile.
//!
//! Phase 1 writes rows exactly as received, normalises and judges them; nothing reaches the core before the whole run
//! has been judged. Phase 2 resolves clean rows against the core and writes them. Every transaction stores where it
//! ended, so a killed run goes on behind its last transaction.

mod clean_rows;
mod contact_findings;
mod context;
mod corrections;
mod counts;
mod date_columns;
mod dry_run;
mod ending;
mod engine;
mod extract;
mod finding;
mod gate;
mod hash;
mod host;
mod interrupted;
mod load;
mod missing_people;
mod moved_ids;
mod occasion;
mod older_file;
mod opening;
mod payload;
mod preview;
mod reconcile;
mod report;
mod request;
mod resolve;
mod resume;
mod retry;
mod run_contacts;
mod run_notes;
mod set_rules;
mod shared_contacts;
mod stored_run;
mod taken_contacts;
mod waiting;
mod working;

pub use context::RunContext;
pub use corrections::{Correction, Corrections};
pub use counts::Counts;
pub use date_columns::DateColumns;
pub use gate::{Anomaly, GateMode, GatePolicy};
pub use host::{Cancel, NoSecrets, Observer, Progress, ScanPhase, ScanProgress, Secrets, Silent, Waiting};
pub use interrupted::{is_outdated_by, is_resumable, loaded_since};
pub use occasion::{KnownUnder, is_given, occasion_of};
pub use payload::{person as person_of_clean_row, set_by_hand};
pub use preview::{PreviewRow, RowEffect, RowPreview};
pub use report::{Durations, PluginReport, ReportStatus, RunReport, Unmapped};
pub use request::{RunRequest, request_of};
pub use resume::ResumeMode;
pub use retry::RetryPolicy;
pub use run_notes::MergeSample;
pub use stored_run::{approve, columns_of, end, forget_samples, samples_of};
pub use taken_contacts::CONTACT_OF_ANOTHER;
