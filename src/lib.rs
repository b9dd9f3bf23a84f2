//! An embeddable import platform: messy volunteer data in, a clean, deduplicated core database out.
//!
//! Every row is kept, every decision explained, every change recorded. A host gives a database and gets a pipeline:
//!
//! ```
//! use importer::{Importer, RunRequest};
//! # let folder = tempfile::tempdir().unwrap();
//! # let file = folder.path().join("people.csv");
//! # std::fs::write(&file, "id,first name,last name,e-mail\n1,ADA,LOVELACE,Ada@Example.org\n").unwrap();
//! # let url = format!("sqlite://{}/app.db", folder.path().display());
//!
//! let importer = Importer::builder()
//!     .database(&url)
//!     .plugin(importer_adapter_csv::plugin()) // linked statically; a `.so` is found by name
//!     .build()?;
//! let report = importer.run(&RunRequest::new("csv").file(&file))?;
//! assert_eq!((report.counts.read, report.counts.inserted), (1, 1));
//!
//! // The same file again changes nothing.
//! let again = importer.run(&RunRequest::new("csv").file(&file))?;
//! assert_eq!((again.counts.inserted, again.counts.updated, again.counts.unchanged), (0, 0, 1));
//! # Ok::<(), importer::Error>(())
//! ```
//!
//! [`Builder`] assembles an [`Importer`]. Its methods are for the host's own code and mask nothing. People act through
//! a [`Desk`](service::Desk), which checks their role, masks its answers and writes the audit log. Both offer
//! everything a user interface or a command line needs as plain data in and out; see the modules of [`service`].

mod builder;
mod request;
pub mod service;

pub use builder::{Builder, Importer};
pub use importer_core::pipeline::{
    Anomaly, CONTACT_OF_ANOTHER, Cancel, Counts, Durations, GateMode, GatePolicy, MergeSample, Observer,
    PluginReport, Progress, ReportStatus, RetryPolicy, RunReport, ScanPhase, ScanProgress, Secrets, Unmapped,
    Waiting,
};
pub use importer_core::plugins::PluginInfo;
pub use importer_core::ports::{
    AuditFilter, AuditOutcome, AuditRow, AutoMerge, ChangeFilter, ChangeRow, Clock, Contact, ContactKind,
    CoreRecord, FixedClock, HostReference, HostRows, Household, LONGEST_NAME, LONGEST_REASON, MatchFilter,
    MergeFilter, MergeId, MergeRow, Moment, NewRun, Origin, Phase, QuarantineFilter, QuarantineStatus,
    Record, RecordCursor, RecordFilter, RecordId, RecordOrder, Reference, Rejected, RollbackItem, RowId,
    RunFilter, RunId, RunRecord, RunStatus, Scope, StopRequest, SuggestionDecision, SuggestionFilter,
    SuggestionId, SuggestionKind, SuggestionRow, SystemClock, Traces, Violation, ViolationFilter,
    ViolationRow, moment_text, parse_moment,
};
pub use importer_core::{Error, ErrorKind, ErrorStatus, Result};
/// The SDK with which plugins are written; it has a contract and versions of its own.
pub use importer_plugin as plugin;
pub use request::{Documents, RunRequest};

/// Contracts: the entities, described as data.
pub mod contracts {
    pub use importer_core::contracts::{
        CONTRACTS, Contract, Contracts, Field, FieldKind, PiiClass, VOLUNTEER, find,
    };
}

/// Mappings: from the columns of a source to the fields of an entity.
pub mod mapping {
    pub use importer_core::mapping::Mapping;
}

/// Matching and survivorship: which records are one person, and which value a record keeps.
pub mod matching {
    #[cfg(feature = "evaluate")]
    pub use importer_dedupe::evaluate;
    pub use importer_dedupe::history::{PlannedField, Undone};
    pub use importer_dedupe::matching::model::{Explanation, ModelDocument, Objection, PairVerdict};
    pub use importer_dedupe::{DEFAULT_POLICY, MatchModel, Policy, Thresholds};
}

/// Why something was decided: codes, and what they say to people.
pub mod reasons {
    pub use importer_core::reasons::{Part, Place, Reason, codes, explain, parts};
}

/// Retention policies: how long which data are kept.
pub mod retention {
    pub use importer_core::retention::{
        DEFAULT_RETENTION, Days, OpenEntries, RetentionDays, RetentionPolicy,
    };
}

/// Rules and suites: what rows must be like.
pub mod rules {
    pub use importer_dq::{
        CatalogueEntry, Mode, Preview, RuleCount, SuiteDocument, VOLUNTEER_SUITE, catalogue, set_catalogue,
    };
}

/// Plugin files: finding, trusting, loading and isolating them.
#[cfg(feature = "plugins")]
pub mod plugin_host {
    pub use importer_plugin_host::{
        AllowList, AllowedPlugin, Discovery, Evidence, FileHash, Isolation, KeyId, LoadedPlugin, MinisignKey,
        PLUGIN_PATH_VARIABLE, PinnedKey, PluginCandidate, PluginQuarantine, PluginSet, QuarantinedPlugin,
        SIDECAR_SUFFIX, SIGNATURE_SUFFIX, Sidecar, SidecarFile, SignatureCheck, Status, TrustPolicy,
        Unverified, Verification, WorkerCommand, WorkerLimits, append_allowed, current_target, hash_file,
        load_allow_list, load_file, load_minisign_keys, nearest_option, read_metadata, run_worker_if_asked,
        search_path_from_env, serve_worker,
    };
}

/// The parts behind the facade, for hosts that replace one. **Nothing here is promised**: names and shapes change from
/// version to version without notice.
pub mod internals {
    pub use importer_core as core;
    pub use importer_dedupe as dedupe;
    pub use importer_dq as dq;
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub use importer_store as store;
}
