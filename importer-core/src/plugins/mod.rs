//! Plugins as the pipeline sees them: what is linked into the host, what reports say of a plugin, and whether options and
//! secrets fit what a plugin declares. Plugin files are found and loaded by the crate `importer-plugin-host`.

mod declared;
mod file_hash;
mod info;
mod linked;

pub use declared::{at_option, check_declared, check_secrets, nearest_option};
pub use file_hash::{FileHash, hash_file, stream_hash};
pub use info::PluginInfo;
pub use linked::LinkedPlugins;
