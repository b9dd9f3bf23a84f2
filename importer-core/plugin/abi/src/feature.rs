//! `import.feature/1`: match features, which say how alike two records are.

use abi_stable::StableAbi;
use abi_stable::library::RootModuleResult;
use abi_stable::std_types::{RResult, RStr, RString, RVec};

use crate::root::{erase, root_module};
use crate::{FlatBatch, FlatError, FlatHost};

/// The name of the capability.
pub const FEATURE_V1: &str = "import.feature/1";
/// The level of a pair about which the feature has nothing to say.
pub const NEUTRAL: i16 = -1;

/// The answer to making a feature.
pub type CreateFeatureResult = RResult<FlatFeature, FlatError>;
/// A level per pair.
pub type CompareResult = RResult<RVec<i16>, FlatError>;

/// `import.feature/1`.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = FeatureV1Ref, prefix_fields = FeatureV1Prefix)))]
pub struct FeatureV1 {
    /// Makes the feature with this name, configured with these options (JSON).
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(RStr<'_>, RString, FlatHost) -> CreateFeatureResult,
}

/// A configured feature.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatFeature {
    /// The object; given to the functions below, by one caller at a time.
    pub handle: *mut (),
    /// Compares row by row two batches of the feature's columns, which have equally many rows. The answer is a level per
    /// pair: 0 for the strongest agreement, or [`NEUTRAL`].
    pub compare: extern "C" fn(*mut (), FlatBatch, FlatBatch) -> CompareResult,
    /// Gives the object back; called once.
    pub close: extern "C" fn(*mut ()),
}

root_module!(FeatureV1Ref, "import.feature/1", feature_header);

/// The feature module, erased.
pub fn feature_v1(
    create: extern "C" fn(RStr<'_>, RString, FlatHost) -> CreateFeatureResult,
) -> RootModuleResult {
    erase(FeatureV1 { create })
}
