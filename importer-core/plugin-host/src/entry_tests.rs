use abi_stable::library::LibHeader;
use importer_plugin::abi::{self, CreateRuleResult, FlatHost, RString, RootModuleResult};

use super::*;

fn meta() -> EmbeddedMeta {
    EmbeddedMeta { id: "a".into(), version: "1".into(), sdk: "0.1.0".into(), panic: "unwind".into() }
}

fn adapter(name: &str) -> String {
    format!(r#"{{"name":"{name}","summary":"","options":[]}}"#)
}

#[test]
fn a_description_must_fit_the_metadata() {
    assert!(describe(r#"{"id":"a","version":"1"}"#, &meta()).is_ok());
    let two = format!(r#"{{"id":"a","version":"1","adapters":[{0},{0}]}}"#, adapter("x"));
    let cases = [
        ("", "panicked"),
        ("no", "cannot be read"),
        (r#"{"id":"b","version":"1"}"#, "must agree"),
        (r#"{"id":"a","version":"2"}"#, "must agree"),
        (two.as_str(), "two adapters named `x`"),
    ];
    for (json, why) in cases {
        let error = describe(json, &meta()).unwrap_err();
        assert!(error.contains(why), "{json}: {error}");
    }
}

extern "C" fn create(_: RStr<'_>, _: RString, _: FlatHost) -> CreateRuleResult {
    importer_plugin::abi::RResult::RErr(importer_plugin::Error::bug("never called").into())
}

extern "C" fn rules() -> RootModuleResult {
    abi::rule_v1(create)
}

#[test]
fn another_layout_is_told_in_a_few_words() {
    // SAFETY: the constructor returns an erased `RuleV1Ref`.
    #[allow(unsafe_code)]
    static RULES: LibHeader = unsafe { abi::rule_header(rules) };
    let error = RULES.init_root_module::<AdapterV1Ref>().err().unwrap();
    assert!(error.to_string().lines().count() > 50, "the whole report is long");
    let text = explain(error);
    assert!(text.contains("binary interface differs"), "{text}");
    assert!(text.len() < 1_000 && !text.contains('\n'), "{text}");
}

#[test]
fn the_private_copy_is_not_mentioned() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "no library").unwrap();
    let error = load(file.path(), &meta()).err().unwrap();
    assert!(error.contains("cannot load it"), "{error}");
    assert!(!error.contains(&*file.path().to_string_lossy()), "{error}");
}
