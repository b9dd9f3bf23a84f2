//! The one symbol that a plugin exports; frozen.

use abi_stable::StableAbi;
use abi_stable::library::{LibHeader, RootModuleResult};
use abi_stable::std_types::{ROption, RStr, RString};

use crate::root::{erase, root_module};

/// A capability's module behind its own header, so that its layout is checked on its own.
pub type Capability = &'static LibHeader;

/// What every plugin exports; frozen.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = EntryRef, prefix_fields = EntryPrefix)))]
pub struct Entry {
    /// What the plugin is and brings, as JSON.
    pub describe: extern "C" fn() -> RString,
    /// A capability by name; none when the plugin does not have it.
    #[sabi(last_prefix_field)]
    pub query: extern "C" fn(RStr<'_>) -> ROption<Capability>,
}

root_module!(EntryRef, "importer-plugin entry", entry_header);

/// The entry module, erased.
pub fn entry(
    describe: extern "C" fn() -> RString,
    query: extern "C" fn(RStr<'_>) -> ROption<Capability>,
) -> RootModuleResult {
    erase(Entry { describe, query })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_exported_symbol_is_the_one_the_loader_looks_for() {
        // `export!` needs a literal; this keeps it equal to the library's constant.
        assert_eq!(abi_stable::library::ROOT_MODULE_LOADER_NAME, "_1as_0lib_1header_0root_bmodule_bloader");
    }
}
