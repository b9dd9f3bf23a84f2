//! The engine of the importer: contracts, ports, mapping, normalisation, pipeline, store and plugin host.
//!
//! Hosts use the facade crate `importer`; this crate is for those who replace a part.

pub use importer_plugin as plugin;

pub mod contracts;
mod error;
mod file_lock;
pub mod mapping;
pub mod normalise;
pub mod pipeline;
pub mod plugin_host;
pub mod ports;
pub mod retention;
#[cfg(feature = "store")]
pub mod store;

pub use error::{Error, ErrorKind, ErrorStatus, Result};
