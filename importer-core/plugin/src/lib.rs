//! The contract between the importer and what plugs into it.
//!
//! An **adapter** turns a source (a file, an API, a sheet) into batches of text cells. A **rule** looks at one
//! normalised row and reports findings, a **set-level rule** at all rows of a run together. A **match feature** says how
//! alike two records are. All are plain Rust traits: the same trait serves the built-in ones, those a host links
//! statically and those that are loaded from a `.so`, `.dylib` or `.dll` at run time.
//!
//! A plugin is a `cdylib` crate that depends on this crate alone:
//!
//! ```
//! use importer_plugin::{
//!     Adapter, AdapterMeta, Batch, Error, Extract, Host, OpenRequest, Plugin, PluginMeta, Source,
//! };
//!
//! struct Greetings;
//!
//! impl Adapter for Greetings {
//!     fn meta(&self) -> AdapterMeta {
//!         AdapterMeta::new("greetings", "A source of one friendly row")
//!     }
//!     fn open(&self, _request: &OpenRequest, _host: &Host) -> Result<Box<dyn Source>, Error> {
//!         Ok(Box::new(OneRow { done: false }))
//!     }
//! }
//!
//! struct OneRow { done: bool }
//!
//! impl Source for OneRow {
//!     fn columns(&self) -> Vec<String> {
//!         vec!["first_name".into(), "email".into()]
//!     }
//!     fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
//!         if !self.done {
//!             out.push_row(1, [Some("Ada"), Some("ada@example.org")])?;
//!             self.done = true;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! /// What a host calls to link this plugin statically.
//! pub fn plugin() -> Plugin {
//!     Plugin::new(META).adapter(|| Box::new(Greetings))
//! }
//!
//! const META: PluginMeta = PluginMeta::new("greetings", "0.1.0");
//!
//! # let host = Host::detached();
//! # let mut source = plugin().adapters()[0].open(&OpenRequest::default(), &host).unwrap();
//! # let mut out = Extract::new(2);
//! # source.next(&mut out).unwrap();
//! # assert_eq!(out.batch().get(0, 0), Some("Ada"));
//! ```
//!
//! Adding [`export!`] makes the same crate loadable at run time.

mod adapter;
mod batch;
mod error;
#[cfg(feature = "abi")]
mod export;
mod feature;
mod finding;
mod host;
mod meta;
mod option_spec;
mod options;
mod plugin;
mod rule;
mod set_rule;
mod source_facts;
pub mod spreadsheet;

#[cfg(feature = "abi")]
#[doc(hidden)]
pub mod abi;

pub use adapter::{Adapter, AdapterMeta, Extract, OpenRequest, Source};
pub use batch::{Batch, Row};
pub use error::{Error, ErrorKind};
pub use feature::{Feature, FeatureMeta, level_of_score};
pub use finding::{Finding, Severity};
pub use host::{Host, HostCalls, LogLevel};
pub use meta::{Description, EmbeddedMeta, META_SECTION, PluginMeta};
pub use option_spec::{OptionKind, OptionSpec, check_options, options_schema};
pub use options::Options;
pub use plugin::Plugin;
pub use rule::{Category, Findings, Rule, RuleExample, RuleMeta, RuleRow};
pub use set_rule::{SetFinding, SetFindings, SetRule};
pub use source_facts::{AdapterCapability, Health, HealthStatus, SourceField};

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The examples of the guide are compiled and run with those of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/plugin-guide.md")]
struct Guide;
