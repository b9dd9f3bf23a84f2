//! Finding, checking and loading plugins: dynamic libraries built with [`importer_plugin`].
//!
//! The way of a plugin, each step in a file of its own:
//!
//! 1. [`Discovery`] looks for it: files given by name, then directories of the host, then `IMPORTER_PLUGIN_PATH`; never
//!    the current directory. It runs no code of what it finds.
//! 2. [`read_metadata`] reads who it is from a section of the file, because code of a library runs as soon as it is
//!    loaded.
//! 3. [`TrustPolicy`] decides by sha256 or signature whether it may be loaded. Nothing may, unless the host says so; what is
//!    in the [`PluginQuarantine`] may not, whatever speaks for it.
//! 4. [`load_file`] loads exactly the bytes that were hashed, and never unloads them.
//! 5. [`LoadedPlugin`] hands out its adapters and rules behind the same traits the built-in ones have.
//!
//! [`PluginSet`] is all of that in one object, together with the plugins that are linked statically.
//!
//! **A plugin in this process has all the rights of this process.** Checks before loading tell a good file from a
//! damaged or an unknown one; nothing can hold back code once it runs. [`Isolation`] puts a plugin into a process of its own, so
//! that its crash or hang fails one run and leaves the host alone.
//!
//! ```
//! use importer_plugin_host::{Discovery, PluginSet, TrustPolicy};
//!
//! let discovery = Discovery::new(TrustPolicy::default()).directory("/usr/lib/importer/plugins");
//! let plugins = PluginSet::new(discovery);
//! let error = plugins.adapter("salesforce").err().unwrap();
//! assert!(error.to_string().contains("/usr/lib/importer/plugins"), "it says where it looked");
//! ```

mod allow_list;
mod candidate;
mod crash_mark;
mod discovery;
mod entry;
mod far_error;
mod image;
mod in_use;
mod inspect;
mod isolation;
mod load;
mod loaded;
mod metadata;
mod origin;
mod place;
mod plugin_quarantine;
mod private_copy;
mod private_folder;
mod probe;
mod remote_adapter;
mod remote_feature;
mod remote_rule;
mod remote_set_rule;
mod replace;
mod set;
mod sidecar;
mod signature;
mod signing_key;
#[cfg(test)]
mod test_image;
#[cfg(test)]
mod test_signer;
mod trust;
mod way;

pub use allow_list::{AllowList, append_allowed, load_allow_list};
pub use candidate::{PluginCandidate, Status};
pub use crash_mark::InUse;
pub use discovery::{Discovery, PLUGIN_PATH_VARIABLE, search_path_from_env};
pub use importer_core::plugins::{FileHash, PluginInfo, hash_file, nearest_option};
pub use in_use::PluginsInUse;
pub use isolation::{Isolation, WorkerCommand, WorkerLimits, run_worker_if_asked, serve_worker};
pub use load::load_file;
pub use loaded::LoadedPlugin;
pub use metadata::{MetadataError, read_metadata};
pub use origin::Origin;
pub use plugin_quarantine::{PluginQuarantine, QuarantinedPlugin};
pub use set::PluginSet;
pub use sidecar::{SIDECAR_SUFFIX, Sidecar, SidecarFile, current_target};
pub use signature::{SIGNATURE_SUFFIX, SignatureCheck};
pub use signing_key::{KeyId, MinisignKey, PinnedKey, load_minisign_keys};
pub use trust::{AllowedPlugin, Evidence, TrustPolicy, Unverified, Verification};
