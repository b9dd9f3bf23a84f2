//! `import.adapter/1` and `import.adapter.deletions/1`: open something that hands over rows.

use abi_stable::StableAbi;
use abi_stable::library::RootModuleResult;
use abi_stable::std_types::{RResult, RStr, RString, RVec};

use crate::root::{erase, root_module};
use crate::{FlatError, FlatExtract, FlatHost, FlatOpen};

/// The name of the adapter capability.
pub const ADAPTER_V1: &str = "import.adapter/1";
/// The name of the capability of telling which records a source has deleted; the same module, whose source has the ids.
pub const DELETIONS_V1: &str = "import.adapter.deletions/1";

/// The answer to opening a source.
pub type OpenResult = RResult<FlatSource, FlatError>;
/// The answer to asking a source for rows.
pub type NextResult = RResult<FlatExtract, FlatError>;

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

root_module!(AdapterV1Ref, "import.adapter/1", adapter_header);

/// The adapter module, erased.
pub fn adapter_v1(open: extern "C" fn(RStr<'_>, FlatOpen, FlatHost) -> OpenResult) -> RootModuleResult {
    erase(AdapterV1 { open })
}
