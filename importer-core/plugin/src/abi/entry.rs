//! The frozen entry and the capabilities of version 1.

use abi_stable::StableAbi;
use abi_stable::library::{CheckTypeLayout, LibHeader, RootModule, RootModuleResult};
use abi_stable::marker_type::ErasedPrefix;
use abi_stable::prefix_type::{PrefixRefTrait, PrefixTypeTrait};
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{ROption, RResult, RStr, RString, RVec};

use super::{FlatBatch, FlatError, FlatExtract, FlatFinding, FlatHost, FlatOpen};

/// The name of the adapter capability.
pub const ADAPTER_V1: &str = "import.adapter/1";
/// The name of the rule capability.
pub const RULE_V1: &str = "import.rule/1";

/// A capability's module behind its own header, so that its layout is checked on its own.
pub type Capability = &'static LibHeader;
/// The answer to opening a source.
pub type OpenResult = RResult<FlatSource, FlatError>;
/// The answer to asking a source for rows.
pub type NextResult = RResult<FlatExtract, FlatError>;
/// The answer to making a rule.
pub type CreateResult = RResult<FlatRule, FlatError>;

/// What every plugin exports; frozen.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = EntryRef, prefix_fields = EntryPrefix)))]
pub struct Entry {
    /// A [`Description`](crate::Description) as JSON.
    pub describe: extern "C" fn() -> RString,
    /// A capability by name; none when the plugin does not have it.
    #[sabi(last_prefix_field)]
    pub query: extern "C" fn(RStr<'_>) -> ROption<Capability>,
}

/// `import.adapter/1`.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = AdapterV1Ref, prefix_fields = AdapterV1Prefix)))]
pub struct AdapterV1 {
    /// Opens a source of the named adapter.
    #[sabi(last_prefix_field)]
    pub open: extern "C" fn(RStr<'_>, FlatOpen, FlatHost) -> OpenResult,
}

/// An open source.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatSource {
    /// The object; given to the functions below, by one caller at a time.
    pub handle: *mut (),
    /// The names of its columns.
    pub columns: RVec<RString>,
    /// The next rows; none means the end.
    pub next: extern "C" fn(*mut ()) -> NextResult,
    /// Gives the object back; called once.
    pub close: extern "C" fn(*mut ()),
}

/// `import.rule/1`.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = RuleV1Ref, prefix_fields = RuleV1Prefix)))]
pub struct RuleV1 {
    /// Makes the rule with this code, configured with these options (JSON).
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(RStr<'_>, RString, FlatHost) -> CreateResult,
}

/// A configured rule.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatRule {
    /// The object; given to the functions below, by one caller at a time.
    pub handle: *mut (),
    /// Findings about a batch of the rule's columns, with the given default severity.
    pub check: extern "C" fn(*mut (), FlatBatch, u8) -> RResult<RVec<FlatFinding>, FlatError>,
    /// Gives the object back; called once.
    pub close: extern "C" fn(*mut ()),
}

macro_rules! root_module {
    ($module:ty, $name:literal) => {
        impl RootModule for $module {
            abi_stable::declare_root_module_statics! {$module}
            const BASE_NAME: &'static str = $name;
            const NAME: &'static str = $name;
            const VERSION_STRINGS: VersionStrings = VersionStrings::new("1.0.0");
        }
    };
}

root_module!(EntryRef, "importer-plugin entry");
root_module!(AdapterV1Ref, "import.adapter/1");
root_module!(RuleV1Ref, "import.rule/1");

/// Answers `query`.
pub fn query(id: &str, adapter: Capability, rule: Capability) -> ROption<Capability> {
    match id {
        ADAPTER_V1 => ROption::RSome(adapter),
        RULE_V1 => ROption::RSome(rule),
        _ => ROption::RNone,
    }
}

/// The entry module, erased. The first call in a loaded plugin, so it also sets the plugin's panic hook.
pub fn entry(
    describe: extern "C" fn() -> RString,
    query: extern "C" fn(RStr<'_>) -> ROption<Capability>,
) -> RootModuleResult {
    super::guard::remember_places();
    erase(Entry { describe, query }.leak_into_prefix())
}

/// The adapter module, erased.
pub fn adapter_v1(open: extern "C" fn(RStr<'_>, FlatOpen, FlatHost) -> OpenResult) -> RootModuleResult {
    erase(AdapterV1 { open }.leak_into_prefix())
}

/// The rule module, erased.
pub fn rule_v1(create: extern "C" fn(RStr<'_>, RString, FlatHost) -> CreateResult) -> RootModuleResult {
    erase(RuleV1 { create }.leak_into_prefix())
}

// A plugin is never unloaded, so its modules live for ever; each is made once.
fn erase<M: PrefixRefTrait>(module: M) -> RootModuleResult {
    // SAFETY: the header's type parameter names the module again before anybody reads it.
    RResult::ROk(unsafe { module.to_prefix_ref().cast::<ErasedPrefix>() })
}

/// The header of [`EntryRef`].
///
/// # Safety
/// `constructor` returns what [`entry`] returned.
pub const unsafe fn entry_header(constructor: extern "C" fn() -> RootModuleResult) -> LibHeader {
    // SAFETY: the caller's promise.
    unsafe { LibHeader::from_constructor::<EntryRef>(constructor, CheckTypeLayout::Yes) }
}

/// The header of [`AdapterV1Ref`].
///
/// # Safety
/// `constructor` returns what [`adapter_v1`] returned.
pub const unsafe fn adapter_header(constructor: extern "C" fn() -> RootModuleResult) -> LibHeader {
    // SAFETY: the caller's promise.
    unsafe { LibHeader::from_constructor::<AdapterV1Ref>(constructor, CheckTypeLayout::Yes) }
}

/// The header of [`RuleV1Ref`].
///
/// # Safety
/// `constructor` returns what [`rule_v1`] returned.
pub const unsafe fn rule_header(constructor: extern "C" fn() -> RootModuleResult) -> LibHeader {
    // SAFETY: the caller's promise.
    unsafe { LibHeader::from_constructor::<RuleV1Ref>(constructor, CheckTypeLayout::Yes) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_exported_symbol_is_the_one_the_loader_looks_for() {
        // `export!` needs a literal; this keeps it equal to the library's constant.
        assert_eq!(abi_stable::library::ROOT_MODULE_LOADER_NAME, "_1as_0lib_1header_0root_bmodule_bloader");
    }
}
