//! Plugins that were built with an SDK of another version than this host.

use super::made::{Build, kept};
use super::{judges_and_compares, load, read};

const SDK: (&str, &str, &str) = ("Cargo.toml", "version = \"0.1.0\"", "version = \"0.9.0\"");
const ABI: &str = "importer-core/plugin/abi/Cargo.toml";

#[test]
fn a_plugin_of_a_newer_sdk_is_loaded_and_used() {
    let newer = Build {
        sources: "newer",
        edits: &[
            SDK,
            (ABI, "version = \"1.0.0\"", "version = \"1.1.0\""),
            // What a newer SDK may say of a plugin and this host has never heard of.
            (
                "importer-core/plugin/src/source_facts.rs",
                "pub enum AdapterCapability {",
                "pub enum AdapterCapability {\n    /// It hands over changes as they happen.\n    Streaming,",
            ),
            (
                "importer-core/plugin/src/rule.rs",
                "pub enum Category {",
                "pub enum Category {\n    /// Consent must be given.\n    Consent,",
            ),
            (
                "importer-core/plugin/src/option_spec.rs",
                "    /// The path of a file.\n    File,",
                "    /// The path of a file.\n    File,\n    /// A day.\n    Date,",
            ),
            (
                "importer-core/plugin/src/option_spec.rs",
                "OptionKind::Text | OptionKind::File",
                "OptionKind::Text | OptionKind::Date | OptionKind::File",
            ),
            (
                "importer-core/plugin/src/option_spec.rs",
                "OptionKind::Text => \"text\"",
                "OptionKind::Text | OptionKind::Date => \"text\"",
            ),
            (
                "tests/compat/first-plugin/src/adapter.rs",
                ".can(AdapterCapability::Fields)",
                ".can(AdapterCapability::Streaming)\n            .can(AdapterCapability::Fields)\n            \
                 .with_option(OptionSpec::new(importer_plugin::OptionKind::Date, \"day\", \"The day\"))",
            ),
            ("tests/compat/first-plugin/src/rule.rs", "Category::Format", "Category::Consent"),
        ],
        ..Build::default()
    };
    let (_directory, library) = kept(&newer.library());
    let plugin = load(&library).unwrap();
    assert_eq!(plugin.embedded().sdk, "0.9.0");
    judges_and_compares(&plugin);
    let adapter = plugin.adapter("first-people").unwrap();
    assert_eq!(read(&*adapter, 5).1[0].batch().rows(), 5);
    let meta = adapter.meta();
    assert!(meta.capabilities.contains(&importer_plugin::AdapterCapability::Fields));
    assert_eq!(meta.options[1].name, "day");
}

#[test]
fn a_plugin_of_another_binary_interface_is_refused_with_what_to_do() {
    let incompatible = Build {
        sources: "incompatible",
        edits: &[
            SDK,
            ("Cargo.toml", "abi\", version = \"1\"", "abi\", version = \"2\""),
            (ABI, "version = \"1.0.0\"", "version = \"2.0.0\""),
        ],
        ..Build::default()
    };
    let (_directory, library) = kept(&incompatible.library());
    let error = load(&library).unwrap_err().to_string();
    let says = "its binary interface differs from that of this program; build it with the importer-plugin of this program";
    assert!(error.contains(says), "{error}");
    assert!(error.contains("2.0.0") && error.contains("1.0.0"), "{error}");
    assert!(error.len() < 1_500, "{error}");
}
