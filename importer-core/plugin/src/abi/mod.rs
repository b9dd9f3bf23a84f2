//! Both sides of the boundary. Plugin authors never see it: [`export!`](crate::export) and the host use it.
//!
//! What crosses is defined in `importer-plugin-abi`, whose version stands still; here is how the plain types become
//! that and back, and the functions that answer a host.
#![allow(unsafe_code)]

mod convert;
mod guard;
mod host;
mod meta;
mod serve;

pub use convert::{extract, flat_severity, set_finding};
pub use importer_plugin_abi::*;
pub use meta::{meta_bytes, meta_len};
pub use serve::{create_feature, create_rule, create_set_rule, deletions, describe, fields, health, open};

/// The entry module, erased. The first call in a loaded plugin, so it also sets the plugin's panic hook.
pub fn first_entry(
    describe: extern "C" fn() -> RString,
    query: extern "C" fn(RStr<'_>) -> ROption<Capability>,
) -> RootModuleResult {
    guard::remember_places();
    entry(describe, query)
}

/// Answers `query`.
pub fn query(id: &str, capabilities: &[(&str, Capability)]) -> ROption<Capability> {
    capabilities.iter().find(|(name, _)| *name == id).map(|(_, capability)| *capability).into()
}
