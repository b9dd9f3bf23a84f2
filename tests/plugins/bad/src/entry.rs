//! The exported entry, by hand, as `export!` writes it: so that its promises can be broken too.

use importer_plugin::abi;
use importer_plugin::abi::{
    AskResult, Capability, CreateFeatureResult, CreateRuleResult, CreateSetRuleResult, FlatHost, FlatOpen,
    LibHeader, NextResult, OpenResult, ROption, RResult, RStr, RString, RootModuleResult,
};

use crate::{VERSION, bad, plugin};

const LENGTH: usize = abi::meta_len("bad", VERSION, "unwind");

// SAFETY: the section holds plain bytes and is only ever read as such.
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__importer"))]
#[cfg_attr(windows, unsafe(link_section = ".imprtr"))]
#[cfg_attr(not(any(target_os = "macos", windows)), unsafe(link_section = ".importer.plugin"))]
#[used]
static META: [u8; LENGTH] = abi::meta_bytes::<LENGTH>("bad", VERSION, "unwind");

extern "C" fn describe() -> RString {
    abi::describe(plugin)
}

extern "C" fn query(id: RStr<'_>) -> ROption<Capability> {
    let known: [(&str, Capability); 7] = [
        (abi::ADAPTER_V1, &ADAPTER),
        (abi::DELETIONS_V1, &DELETIONS),
        (abi::FIELDS_V1, &FIELDS),
        (abi::HEALTH_V1, &HEALTH),
        (abi::RULE_V1, &RULE),
        (abi::SET_RULE_V1, &SET_RULE),
        (abi::FEATURE_V1, &FEATURE),
    ];
    match abi::query(&id, &known) {
        ROption::RNone if bad("any-capability") => ROption::RSome(&ADAPTER),
        answer => answer,
    }
}

extern "C" fn open(name: RStr<'_>, asked: FlatOpen, host: FlatHost) -> OpenResult {
    let mut opened = abi::open(plugin, &name, asked, host);
    if bad("not-utf8")
        && let RResult::ROk(source) = &mut opened
    {
        source.next = not_utf8;
    }
    opened
}

extern "C" fn not_utf8(_: *mut ()) -> NextResult {
    RResult::ROk(abi::FlatExtract {
        batch: abi::FlatBatch {
            columns: 1,
            text: vec![0xff].into(),
            offsets: vec![1].into(),
            valid: vec![1].into(),
        },
        positions: vec![1].into(),
        findings: Vec::new().into(),
        cursor: ROption::RNone,
    })
}

extern "C" fn deletions(name: RStr<'_>, asked: FlatOpen, host: FlatHost) -> OpenResult {
    abi::deletions(plugin, &name, asked, host)
}
extern "C" fn fields(name: RStr<'_>, asked: FlatOpen, host: FlatHost) -> AskResult {
    abi::fields(plugin, &name, asked, host)
}
extern "C" fn health(name: RStr<'_>, asked: FlatOpen, host: FlatHost) -> AskResult {
    abi::health(plugin, &name, asked, host)
}
extern "C" fn create_rule(code: RStr<'_>, options: RString, host: FlatHost) -> CreateRuleResult {
    let code = if bad("any-name") { "FMT-950" } else { code.as_str() };
    abi::create_rule(plugin, code, options, host)
}
extern "C" fn create_set_rule(code: RStr<'_>, options: RString, host: FlatHost) -> CreateSetRuleResult {
    abi::create_set_rule(plugin, &code, options, host)
}
extern "C" fn create_feature(name: RStr<'_>, options: RString, host: FlatHost) -> CreateFeatureResult {
    abi::create_feature(plugin, &name, options, host)
}

extern "C" fn entry() -> RootModuleResult {
    abi::first_entry(describe, query)
}
extern "C" fn adapter() -> RootModuleResult {
    abi::adapter_v1(open)
}
extern "C" fn deletions_module() -> RootModuleResult {
    abi::adapter_v1(deletions)
}
extern "C" fn fields_module() -> RootModuleResult {
    abi::ask_v1(fields)
}
extern "C" fn health_module() -> RootModuleResult {
    abi::ask_v1(health)
}
extern "C" fn rule() -> RootModuleResult {
    abi::rule_v1(create_rule)
}
extern "C" fn set_rule() -> RootModuleResult {
    abi::set_rule_v1(create_set_rule)
}
extern "C" fn feature() -> RootModuleResult {
    abi::feature_v1(create_feature)
}

// SAFETY: the constructor returns an erased `EntryRef`, as `entry_header` demands.
#[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
#[allow(unreachable_pub, reason = "the loader reaches it by its exported name")]
pub static ENTRY: LibHeader = unsafe { abi::entry_header(entry) };
// SAFETY: the constructor returns an erased `AdapterV1Ref`.
static ADAPTER: LibHeader = unsafe { abi::adapter_header(adapter) };
// SAFETY: the constructor returns an erased `AdapterV1Ref`.
static DELETIONS: LibHeader = unsafe { abi::adapter_header(deletions_module) };
// SAFETY: the constructor returns an erased `AskV1Ref`.
static FIELDS: LibHeader = unsafe { abi::ask_header(fields_module) };
// SAFETY: the constructor returns an erased `AskV1Ref`.
static HEALTH: LibHeader = unsafe { abi::ask_header(health_module) };
// SAFETY: the constructor returns an erased `RuleV1Ref`.
static RULE: LibHeader = unsafe { abi::rule_header(rule) };
// SAFETY: the constructor returns an erased `SetRuleV1Ref`.
static SET_RULE: LibHeader = unsafe { abi::set_rule_header(set_rule) };
// SAFETY: the constructor returns an erased `FeatureV1Ref`.
static FEATURE: LibHeader = unsafe { abi::feature_header(feature) };
