//! The form of a mapping document, before it is checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_saphyr::{DefaultMessageFormatter, Location, MessageFormatter, Spanned};

use super::refuse::DocumentPlace;
use crate::Result;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) mapping: Spanned<String>,
    pub(super) version: Spanned<u32>,
    pub(super) entity: Spanned<String>,
    pub(super) contract: Option<Spanned<String>>,
    // A key without a value, as it remains when all lines below it are commented out, is no mistake.
    pub(super) defaults: Option<Defaults>,
    pub(super) fields: Option<Vec<Spanned<Line>>>,
    pub(super) ignore: Option<Vec<Spanned<String>>>,
    #[serde(default = "yes")]
    pub(super) match_headers: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Defaults {
    #[serde(deserialize_with = "given")]
    pub(super) country: Option<Spanned<Option<String>>>,
    pub(super) date_format: Option<Spanned<String>>,
    pub(super) timestamp_format: Option<Spanned<String>>,
    pub(super) timezone: Option<Spanned<String>>,
    pub(super) strip_email_tags: Option<bool>,
    pub(super) auto_merge: Option<Spanned<String>>,
    pub(super) full_export: Option<bool>,
    pub(super) role_addresses_identify: Option<bool>,
}

/// The texts of a `map` and what they become; `None` is blank.
pub(super) type Values = BTreeMap<String, Option<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) source: Option<Spanned<String>>,
    pub(super) field: Spanned<String>,
    pub(super) transform: Option<Spanned<String>>,
    pub(super) format: Option<Spanned<String>>,
    pub(super) separator: Option<Spanned<String>>,
    pub(super) values: Option<Spanned<Values>>,
    #[serde(default)]
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) suffix: String,
    #[serde(default)]
    pub(super) blank: Vec<String>,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default, deserialize_with = "given")]
    pub(super) default: Option<Spanned<Option<String>>>,
    pub(super) notes: Option<String>,
}

fn yes() -> bool {
    true
}

/// Tells `default: null` from a line without a default.
fn given<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Spanned<Option<String>>>, D::Error> {
    Spanned::deserialize(deserializer).map(Some)
}

/// Reads the form of a document.
pub(super) fn read(text: &str, file: &str) -> Result<Document> {
    serde_saphyr::from_str(text).map_err(|error| {
        let message = DefaultMessageFormatter.format_message(error.without_snippet()).into_owned();
        let place = error.location().as_ref().map_or(DocumentPlace::START, place);
        place.refuse(file, format!("the document is not a mapping: {message}"))
    })
}

/// Where a value stands.
pub(super) fn place(location: &Location) -> DocumentPlace {
    DocumentPlace { line: location.line(), column: location.column() }
}
