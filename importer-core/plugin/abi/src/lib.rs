//! The binary form of the contract between the importer and its plugins. Authors and hosts use `importer-plugin`; this
//! crate holds nothing but what crosses the boundary, so that its version can stand still.
//!
//! One frozen [`Entry`] says who the plugin is and hands out capabilities by name; each capability is a small module
//! whose layout is checked on its own. **A shipped type is never edited**: a change is a new capability (`…/2`), so an
//! old plugin keeps working in a new host and the other way round.
#![allow(unsafe_code)]

mod ask;
mod data;
mod entry;
mod feature;
mod host;
mod root;
mod rule;
mod set_rule;
mod source;

pub use abi_stable::library::{LibHeader, RootModule, RootModuleResult};
pub use abi_stable::std_types::{ROption, RResult, RStr, RString, RVec};
pub use ask::{AskResult, AskV1, AskV1Ref, FIELDS_V1, HEALTH_V1, ask_header, ask_v1};
pub use data::{FlatBatch, FlatError, FlatExtract, FlatFinding, FlatOpen};
pub use entry::{Capability, Entry, EntryRef, entry, entry_header};
pub use feature::{
    CompareResult, CreateFeatureResult, FEATURE_V1, FeatureV1, FeatureV1Ref, FlatFeature, NEUTRAL,
    feature_header, feature_v1,
};
pub use host::FlatHost;
pub use rule::{CheckResult, CreateRuleResult, FlatRule, RULE_V1, RuleV1, RuleV1Ref, rule_header, rule_v1};
pub use set_rule::{
    CreateSetRuleResult, FlatSetRule, ObserveResult, SET_RULE_V1, SetRuleV1, SetRuleV1Ref, THE_WHOLE,
    set_rule_header, set_rule_v1,
};
pub use source::{
    ADAPTER_V1, AdapterV1, AdapterV1Ref, DELETIONS_V1, FlatSource, NextResult, OpenResult, adapter_header,
    adapter_v1,
};
