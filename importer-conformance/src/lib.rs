//! Checks whether a plugin keeps the promises of its contract: one [`Case`] per promise.
//!
//! Each case of a plugin file runs in a process of its own with a time limit, so that a crash or a hang is the finding of
//! that case and not the end of the check. **Checking a file runs its code**: check your own plugins, or those you trust.
//!
//! In a plugin's own tests:
//!
//! ```no_run
//! use importer_conformance::{Settings, check_file};
//!
//! // #[test]
//! fn my_plugin_keeps_its_promises() {
//!     let settings = Settings::default().option("file", "tests/data/people.xml");
//!     let report = check_file("target/debug/libmy_plugin.so".as_ref(), &settings).unwrap();
//!     assert!(report.passed(), "{report}");
//! }
//! ```
//!
//! The processes are the test program itself, started again for this one test; [`Settings::worker`] names another
//! program. A plugin that is linked is checked by [`check_plugin`], without the cases that need a file.

mod case;
mod cases;
mod check;
mod error;
mod listener;
mod reading;
mod reference;
mod report;
mod samples;
mod settings;
mod subject;
mod worker;

pub use case::{Area, Case};
pub use cases::CASES;
pub use check::{check_file, check_plugin};
pub use error::Error;
pub use reference::reference;
pub use report::{CaseReport, Outcome, Report};
pub use settings::Settings;
