//! What all modules share: a header each, and the way into it.

use abi_stable::library::RootModuleResult;
use abi_stable::marker_type::ErasedPrefix;
use abi_stable::prefix_type::{PrefixRefTrait, PrefixTypeTrait};
use abi_stable::std_types::RResult;

/// Makes a module one that is checked on its own, and gives it a constructor and a header.
macro_rules! root_module {
    ($module:ty, $name:literal, $header:ident) => {
        impl abi_stable::library::RootModule for $module {
            abi_stable::declare_root_module_statics! {$module}
            const BASE_NAME: &'static str = $name;
            const NAME: &'static str = $name;
            const VERSION_STRINGS: abi_stable::sabi_types::VersionStrings =
                abi_stable::sabi_types::VersionStrings::new("1.0.0");
        }

        /// The header of the module.
        ///
        /// # Safety
        /// `constructor` returns what the constructor of the same module in this crate returned.
        pub const unsafe fn $header(
            constructor: extern "C" fn() -> abi_stable::library::RootModuleResult,
        ) -> abi_stable::library::LibHeader {
            // SAFETY: the caller's promise.
            unsafe {
                abi_stable::library::LibHeader::from_constructor::<$module>(
                    constructor,
                    abi_stable::library::CheckTypeLayout::Yes,
                )
            }
        }
    };
}
pub(crate) use root_module;

/// A module without its type; its header names the type again.
// A plugin is never unloaded, so its modules live for ever; each is made once.
pub(crate) fn erase<M>(module: M) -> RootModuleResult
where
    M: PrefixTypeTrait,
    M::PrefixRef: PrefixRefTrait,
{
    // SAFETY: the header's type parameter names the module again before anybody reads it.
    RResult::ROk(unsafe { module.leak_into_prefix().to_prefix_ref().cast::<ErasedPrefix>() })
}
