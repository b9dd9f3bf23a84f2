//! The engine of the importer: contracts, ports, mapping, normalisation and the pipeline. It opens no database and loads no
//! plugin file; the crates `importer-store` and `importer-plugin-host` do.
//!
//! Hosts use the facade crate `importer`; this crate is for those who replace a part.

pub use importer_plugin as plugin;

pub mod contracts;
mod error;
pub mod file_lock;
pub mod mapping;
pub mod normalise;
pub mod pipeline;
pub mod plugins;
pub mod ports;
pub mod reasons;
pub mod retention;

pub use error::{Error, ErrorKind, ErrorStatus, Result};
