//! `import.rule/1`: rules about single rows.

use abi_stable::StableAbi;
use abi_stable::library::RootModuleResult;
use abi_stable::std_types::{RResult, RStr, RString, RVec};

use crate::root::{erase, root_module};
use crate::{FlatBatch, FlatError, FlatFinding, FlatHost};

/// The name of the rule capability.
pub const RULE_V1: &str = "import.rule/1";

/// The answer to making a rule.
pub type CreateRuleResult = RResult<FlatRule, FlatError>;
/// Findings about a batch.
pub type CheckResult = RResult<RVec<FlatFinding>, FlatError>;

/// `import.rule/1`.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = RuleV1Ref, prefix_fields = RuleV1Prefix)))]
pub struct RuleV1 {
    /// Makes the rule with this code, configured with these options (JSON).
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(RStr<'_>, RString, FlatHost) -> CreateRuleResult,
}

/// A configured rule.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatRule {
    /// The object; given to the functions below, by one caller at a time.
    pub handle: *mut (),
    /// Findings about a batch of the rule's columns, with the given default severity.
    pub check: extern "C" fn(*mut (), FlatBatch, u8) -> CheckResult,
    /// Gives the object back; called once.
    pub close: extern "C" fn(*mut ()),
}

root_module!(RuleV1Ref, "import.rule/1", rule_header);

/// The rule module, erased.
pub fn rule_v1(create: extern "C" fn(RStr<'_>, RString, FlatHost) -> CreateRuleResult) -> RootModuleResult {
    erase(RuleV1 { create })
}
