//! The binary form of the contract. Plugin authors never see it: [`export!`](crate::export) and the host use it.
//!
//! One frozen [`Entry`] says who the plugin is and hands out capabilities by name; each capability is a small module
//! whose layout is checked on its own. A shipped capability is never edited: a change is a new one (`…/2`), so an old
//! plugin keeps working in a new host and the other way round.
#![allow(unsafe_code)]

mod data;
mod entry;
mod guard;
mod host;
mod serve;

pub use abi_stable::library::{LibHeader, RootModule, RootModuleResult};
pub use abi_stable::std_types::{ROption, RResult, RStr, RString, RVec};
pub use data::{FlatBatch, FlatError, FlatExtract, FlatFinding, FlatOpen};
pub use entry::{
    ADAPTER_V1, AdapterV1, AdapterV1Ref, Capability, CreateResult, Entry, EntryRef, FlatRule, FlatSource,
    NextResult, OpenResult, RULE_V1, RuleV1, RuleV1Ref, adapter_header, adapter_v1, entry, entry_header,
    query, rule_header, rule_v1,
};
pub use host::FlatHost;
pub use serve::{create, describe, meta_bytes, meta_len, open};
