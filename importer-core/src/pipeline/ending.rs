//! How a run stands that ended with an error: the one place that decides whether the same request goes on with it.

use crate::ports::{Phase, RunRecord, RunStatus, StopRequest};
use crate::{Error, ErrorKind, ErrorStatus};

use super::request::is_correction;

/// How a run stands that ended with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) status: RunStatus,
    /// Whether the same request goes on where the run stopped.
    pub(super) resumable: bool,
    /// What has to happen before, after "the same request continues where it stopped".
    pub(super) once: &'static str,
}

/// Decides how a run stands after an error. `asked` is what somebody asked of it.
pub(super) fn after(error: &Error, asked: Option<StopRequest>, run: &RunRecord) -> Ending {
    let asked = asked.filter(|_| error.kind() == ErrorKind::Cancelled);
    let resumable = may_pass(error) && asked != Some(StopRequest::Cancel) && can_go_on(run);
    let status = match (error.kind(), asked) {
        (ErrorKind::Cancelled, Some(StopRequest::Pause)) if resumable => RunStatus::Paused,
        (ErrorKind::Cancelled, _) => RunStatus::Cancelled,
        _ => RunStatus::Failed,
    };
    let once = match error.kind() {
        ErrorKind::Plugin => " once the plugin is repaired",
        ErrorKind::Auth => " once the source accepts the credentials",
        ErrorKind::Config => " once that is corrected",
        ErrorKind::Refused => " once the database accepts what it refused",
        ErrorKind::ReadOnly => " once the database may be written",
        _ => "",
    };
    Ending { status, resumable, once }
}

/// Whether the cause lies outside of what the run reads and decides, so that the run can go on when it is gone.
fn may_pass(error: &Error) -> bool {
    match error.kind() {
        // Somebody stopped it, or something around it failed.
        ErrorKind::Cancelled | ErrorKind::Store | ErrorKind::Busy => true,
        // Somebody mends it, and the request stays the same.
        ErrorKind::Plugin
        | ErrorKind::Auth
        | ErrorKind::Config
        | ErrorKind::Refused
        | ErrorKind::ReadOnly => true,
        // A source that failed in passing is the same source; one that is damaged or has changed has to become another.
        ErrorKind::Source => error.status() == ErrorStatus::Temporary,
        // Another mapping is another request, and what broke a promise of ours would break it again.
        ErrorKind::Mapping | ErrorKind::Invariant | ErrorKind::NotFound | ErrorKind::Forbidden => false,
    }
}

/// Whether there is a place to go on at. A dry run's scratch store dies with it; rows that people corrected are given once;
/// a source without a cursor begins anew, and would bring rows again that the run has.
pub(super) fn can_go_on(run: &RunRecord) -> bool {
    !run.new.dry_run
        && !is_correction(run)
        && (run.phase > Phase::Extract || run.cursor.is_some() || run.rows_read == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::RunRequest;
    use crate::pipeline::request::stored;
    use crate::ports::{NewRun, parse_moment};
    use crate::ports::{RowId, RunId};

    /// A run that has read rows and knows where its source stands.
    fn run() -> RunRecord {
        let now = parse_moment("2025-06-01T08:00:00Z").unwrap();
        RunRecord {
            id: RunId(1),
            new: NewRun {
                entity: "volunteer".into(),
                source: "csv".into(),
                external_system: "csv".into(),
                label: None,
                dry_run: false,
                actor: "ann".into(),
                ingest_version: "1".into(),
                mapping_name: "automatic".into(),
                mapping_version: 1,
                mapping_checksum: "m".into(),
                rules_checksum: "r".into(),
                request_json: stored(&RunRequest::new("csv"), false),
            },
            status: RunStatus::Running,
            phase: Phase::Extract,
            started_at: now,
            updated_at: now,
            finished_at: None,
            cursor: Some("7".into()),
            rows_read: 7,
            loaded_through: RowId(0),
            counts_json: "{}".into(),
            metrics_json: "{}".into(),
            anomaly_flags: "[]".into(),
            error_summary: None,
            freshness: None,
            hashes: None,
        }
    }

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, "read the source", "it fails")
    }

    /// Every kind there is, and whether the same request goes on with a run that it ended.
    const KINDS: [(ErrorKind, bool); 13] = [
        (ErrorKind::Config, true),
        (ErrorKind::Mapping, false),
        (ErrorKind::Plugin, true),
        (ErrorKind::Source, false),
        (ErrorKind::Auth, true),
        (ErrorKind::Store, true),
        (ErrorKind::Refused, true),
        (ErrorKind::ReadOnly, true),
        (ErrorKind::Busy, true),
        (ErrorKind::NotFound, false),
        (ErrorKind::Cancelled, true),
        (ErrorKind::Forbidden, false),
        (ErrorKind::Invariant, false),
    ];

    #[test]
    fn every_kind_of_error_leaves_a_run_so() {
        for (kind, resumable) in KINDS {
            // A new kind does not compile until somebody has decided about it above.
            let status = match kind {
                ErrorKind::Cancelled => RunStatus::Cancelled,
                ErrorKind::Config
                | ErrorKind::Mapping
                | ErrorKind::Plugin
                | ErrorKind::Source
                | ErrorKind::Auth
                | ErrorKind::Store
                | ErrorKind::Refused
                | ErrorKind::ReadOnly
                | ErrorKind::Busy
                | ErrorKind::NotFound
                | ErrorKind::Forbidden
                | ErrorKind::Invariant => RunStatus::Failed,
            };
            let ending = after(&error(kind), None, &run());
            assert_eq!((ending.status, ending.resumable), (status, resumable), "{kind:?}");
        }
        // What passes by itself is told by the status, not by the kind.
        assert!(after(&error(ErrorKind::Source).temporary(), None, &run()).resumable);
    }

    #[test]
    fn every_error_of_a_plugin_leaves_a_run_so() {
        use importer_plugin::ErrorKind as P;
        for (kind, resumable) in [
            (P::Config, true),
            (P::Auth, true),
            (P::RateLimited, true),
            (P::Transient, true),
            (P::Data, false),
            (P::Bug, true),
            (P::Cancelled, true),
        ] {
            let error = importer_plugin::Error::new(kind, "it fails");
            let error = Error::from_plugin("crm", "read the source", error);
            assert_eq!(after(&error, None, &run()).resumable, resumable, "{kind:?}");
        }
    }

    #[test]
    fn what_was_asked_of_a_run_counts_when_it_stopped_for_that() {
        for (asked, status, resumable) in [
            (StopRequest::Pause, RunStatus::Paused, true),
            (StopRequest::Cancel, RunStatus::Cancelled, false),
        ] {
            let ending = after(&error(ErrorKind::Cancelled), Some(asked), &run());
            assert_eq!((ending.status, ending.resumable), (status, resumable));
            // It failed before it heard.
            let ending = after(&error(ErrorKind::Store), Some(asked), &run());
            assert_eq!((ending.status, ending.resumable), (RunStatus::Failed, true));
        }
    }

    #[test]
    fn a_run_without_a_place_to_go_on_at_is_over() {
        let correction = stored(&RunRequest::new("corrections"), true);
        let mut dry = run();
        dry.new.dry_run = true;
        let mut corrected = run();
        corrected.new.request_json = correction;
        for over in [dry, corrected, RunRecord { cursor: None, ..run() }] {
            for (kind, _) in KINDS {
                assert!(!after(&error(kind), None, &over).resumable, "{kind:?}");
            }
            let ending = after(&error(ErrorKind::Cancelled), Some(StopRequest::Pause), &over);
            assert_eq!(ending.status, RunStatus::Cancelled, "nobody resumes it");
        }
        for goes_on in [
            RunRecord { cursor: None, rows_read: 0, ..run() },
            RunRecord { cursor: None, phase: Phase::Load, ..run() },
        ] {
            assert!(after(&error(ErrorKind::Store), None, &goes_on).resumable);
        }
    }
}
