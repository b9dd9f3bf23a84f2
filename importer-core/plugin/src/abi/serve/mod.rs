//! The plugin's side of the boundary: plain traits behind C functions.

mod adapter;
mod feature;
mod rule;
mod set_rule;

use importer_plugin_abi::{FlatError, RResult, RString};

use super::guard::guard;
use crate::{Error, Plugin};

pub use adapter::{deletions, fields, health, open};
pub use feature::create_feature;
pub use rule::create_rule;
pub use set_rule::create_set_rule;

/// Answers `describe`; a panic leaves an empty text, which the host refuses.
pub fn describe(plugin: fn() -> Plugin) -> RString {
    guard(|| json(&plugin().describe())).unwrap_or_default().into()
}

fn json<T: serde::Serialize>(answer: &T) -> Result<String, Error> {
    serde_json::to_string(answer).map_err(|e| Error::bug(format!("an answer cannot be written as JSON: {e}")))
}

/// Runs a call of the host; a panic becomes an error.
fn answer<T>(call: impl FnOnce() -> Result<T, Error>) -> RResult<T, FlatError> {
    flat(guard(call))
}

fn flat<T>(result: Result<T, Error>) -> RResult<T, FlatError> {
    result.map_err(FlatError::from).into()
}
