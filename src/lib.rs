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
//! [`Importer`] offers everything a user interface or a command line needs as plain data in and out; see the modules
//! of [`service`].

mod builder;
pub mod service;

pub use builder::{Builder, Importer};
pub use importer_core::pipeline::{
    Anomaly, Cancel, Counts, GateMode, GatePolicy, Observer, Progress, ReportStatus, RetryPolicy, RunReport,
    RunRequest, ScanPhase, ScanProgress, Secrets, Waiting,
};
pub use importer_core::{
    Error, ErrorKind, ErrorStatus, Result, contracts, mapping, normalise, ports, retention,
};
pub use importer_dedupe as dedupe;
pub use importer_dq as dq;
pub use importer_plugin as plugin;
#[cfg(feature = "plugins")]
pub use importer_plugin_host as plugin_host;
