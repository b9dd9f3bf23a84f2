//! `import.set-rule/1`: rules about all rows of a run together.

use abi_stable::StableAbi;
use abi_stable::library::RootModuleResult;
use abi_stable::std_types::{RResult, RStr, RString, RVec};

use crate::root::{erase, root_module};
use crate::{FlatBatch, FlatError, FlatFinding, FlatHost};

/// The name of the capability.
pub const SET_RULE_V1: &str = "import.set-rule/1";
/// The row of a finding about the run as a whole.
pub const THE_WHOLE: u64 = u64::MAX;

/// The answer to making a rule.
pub type CreateSetRuleResult = RResult<FlatSetRule, FlatError>;
/// The answer to showing rows: how many were taken, which is all of them.
pub type ObserveResult = RResult<u64, FlatError>;

/// `import.set-rule/1`.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = SetRuleV1Ref, prefix_fields = SetRuleV1Prefix)))]
pub struct SetRuleV1 {
    /// Makes the rule with this code, configured with these options (JSON).
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(RStr<'_>, RString, FlatHost) -> CreateSetRuleResult,
}

/// A configured rule with the state of one run.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatSetRule {
    /// The object; given to the functions below, by one caller at a time.
    pub handle: *mut (),
    /// Takes a batch of the rule's columns.
    pub observe: extern "C" fn(*mut (), FlatBatch) -> ObserveResult,
    /// Findings after all rows, with the given default severity. A row is counted over all batches, from 0;
    /// [`THE_WHOLE`] means none of them.
    pub finish: extern "C" fn(*mut (), u8) -> RResult<RVec<FlatFinding>, FlatError>,
    /// Gives the object back; called once.
    pub close: extern "C" fn(*mut ()),
}

root_module!(SetRuleV1Ref, "import.set-rule/1", set_rule_header);

/// The set-rule module, erased.
pub fn set_rule_v1(
    create: extern "C" fn(RStr<'_>, RString, FlatHost) -> CreateSetRuleResult,
) -> RootModuleResult {
    erase(SetRuleV1 { create })
}
