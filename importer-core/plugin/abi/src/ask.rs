//! `import.adapter.fields/1` and `import.adapter.health/1`: questions that are asked rarely and answered in JSON.

use abi_stable::StableAbi;
use abi_stable::library::RootModuleResult;
use abi_stable::std_types::{RResult, RStr, RString};

use crate::root::{erase, root_module};
use crate::{FlatError, FlatHost, FlatOpen};

/// The name of the capability of telling which fields a source has.
pub const FIELDS_V1: &str = "import.adapter.fields/1";
/// The name of the capability of telling how a source is.
pub const HEALTH_V1: &str = "import.adapter.health/1";

/// An answer as JSON.
pub type AskResult = RResult<RString, FlatError>;

/// The module of both capabilities.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = AskV1Ref, prefix_fields = AskV1Prefix)))]
pub struct AskV1 {
    /// Asks the named adapter.
    #[sabi(last_prefix_field)]
    pub ask: extern "C" fn(RStr<'_>, FlatOpen, FlatHost) -> AskResult,
}

root_module!(AskV1Ref, "import.ask/1", ask_header);

/// A module of questions, erased.
pub fn ask_v1(ask: extern "C" fn(RStr<'_>, FlatOpen, FlatHost) -> AskResult) -> RootModuleResult {
    erase(AskV1 { ask })
}
