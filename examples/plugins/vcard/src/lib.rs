//! vCard files as a source of rows: one row for each card, in versions 2.1, 3.0 and 4.0.
//!
//! Folded lines, quoted-printable text, escapes, groups (`item1.EMAIL`), preferred addresses and cards in cards are
//! read as the versions of the format want them; pictures, sounds and keys are left out. The columns have names that the
//! importer recognises, so that no mapping is needed.
//!
//! An odd card is handed over with a finding and never fails a run:
//!
//! | code | severity | what |
//! |---|---|---|
//! | `SRC-101` | error | the card is not ended |
//! | `SRC-102` | warning | a text is not in the charset it should be in |
//! | `SRC-103` | warning | a line has no colon and is left out |
//! | `SRC-104` | info | a birthday has no year and is left out |
//!
//! ```no_run
//! use importer_plugin::{Extract, Host, OpenRequest, Options};
//!
//! let adapter = importer_sample_vcard::plugin().find_adapter("vcard").unwrap();
//! let request = OpenRequest { options: Options::default().with("file", "people.vcf"), ..OpenRequest::default() };
//! let mut source = adapter.open(&request, &Host::detached())?;
//! let mut rows = Extract::new(source.columns().len());
//! source.next(&mut rows)?;
//! # Ok::<(), importer_plugin::Error>(())
//! ```

mod adapter;
mod card;
mod cursor;
mod line;
mod lines;
mod source;
mod text;

use importer_plugin::{Plugin, PluginMeta};

const META: PluginMeta = PluginMeta::new("vcard", env!("CARGO_PKG_VERSION"));

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    Plugin::new(META).adapter(|| Box::new(adapter::VCard))
}

#[cfg(feature = "loadable")]
importer_plugin::export!(plugin: crate::plugin, id: "vcard", version: env!("CARGO_PKG_VERSION"));
