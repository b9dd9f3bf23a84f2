//! What is said rarely, in JSON.

use std::path::PathBuf;

use importer_plugin::{EmbeddedMeta, OpenRequest, Options};
use serde::{Deserialize, Serialize};

use importer_core::plugins::FileHash;

/// The plugin to load.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Load {
    pub(super) file: PathBuf,
    pub(super) sha256: FileHash,
    pub(super) meta: EmbeddedMeta,
    pub(super) memory: Option<u64>,
}

/// What is wanted of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Question {
    /// A source of rows.
    Rows,
    /// A source of deletions.
    Deletions,
    /// Its fields.
    Fields,
    /// How it is.
    Health,
}

/// A question to an adapter.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) object: u64,
    pub(super) adapter: String,
    pub(super) question: Question,
    pub(super) options: String,
    pub(super) cursor: Option<String>,
    pub(super) since: Option<String>,
}

impl Ask {
    pub(super) fn request(&self) -> Result<OpenRequest, importer_plugin::Error> {
        Ok(OpenRequest {
            options: Options::from_json(&self.options)?,
            cursor: self.cursor.clone(),
            since: self.since.clone(),
        })
    }
}

/// What is made and configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Sort {
    Rule,
    SetRule,
    Feature,
}

/// An object to make.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Create {
    pub(super) object: u64,
    pub(super) sort: Sort,
    pub(super) name: String,
    pub(super) options: String,
}
