//! Delimited text files as a source of rows.
//!
//! Reads comma, semicolon, tab and pipe separated files in UTF-8, UTF-16 or any declared encoding, plain or gzipped,
//! with memory that does not grow with the file. What the file leaves open (encoding, delimiter) is detected; what
//! cannot be detected safely is refused with the option that settles it, because a wrong guess is garbage in every row.
//!
//! Odd rows are handed over with a finding and never fail a run:
//!
//! | code | severity | what |
//! |---|---|---|
//! | `SRC-001` | warning | fewer cells than the header; the rest is missing |
//! | `SRC-002` | error | more cells than the header; they are kept in the column [`SURPLUS_COLUMN`] |
//! | `SRC-003` | error | the file ends inside a quoted cell |
//! | `SRC-004` | error | a cell holds a NUL character |
//!
//! ```no_run
//! use importer_plugin::{Extract, Host, OpenRequest, Options};
//!
//! let adapter = importer_adapter_csv::plugin().find_adapter("csv").unwrap();
//! let request = OpenRequest { options: Options::default().with("file", "people.csv"), ..OpenRequest::default() };
//! let mut source = adapter.open(&request, &Host::detached())?;
//! let mut rows = Extract::new(source.columns().len());
//! source.next(&mut rows)?;
//! # Ok::<(), importer_plugin::Error>(())
//! ```

mod adapter;
mod charset;
mod cursor;
mod decode;
mod delimiter;
mod dialect;
mod header;
mod identity;
mod input;
mod magic;
mod options;
mod records;
mod source;

use importer_plugin::{Plugin, PluginMeta};

pub use header::SURPLUS_COLUMN;

const META: PluginMeta = PluginMeta::new("csv", env!("CARGO_PKG_VERSION"));

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    Plugin::new(META).adapter(|| Box::new(adapter::Csv))
}

#[cfg(feature = "export")]
importer_plugin::export!(plugin: crate::plugin, id: "csv", version: env!("CARGO_PKG_VERSION"));
