/// Makes a plugin loadable at run time: exports the frozen entry and writes the metadata section.
///
/// `plugin` is a function that returns a [`Plugin`](crate::Plugin); `id` and `version` are literals that match its
/// [`PluginMeta`](crate::PluginMeta).
///
/// ```
/// # mod hidden {
/// use importer_plugin::{Plugin, PluginMeta};
///
/// pub fn plugin() -> Plugin {
///     Plugin::new(PluginMeta::new("greetings", "0.1.0"))
/// }
///
/// importer_plugin::export!(plugin: plugin, id: "greetings", version: "0.1.0");
/// # }
/// ```
///
/// # Linking plugins into a host
///
/// Every plugin exports its entry under the same name, because that is where a host looks for it. So one program has room
/// for one call of this macro: with two crates that export, the linker stops at a symbol defined twice, or takes one of
/// the two. A host that links plugins needs no entry; it calls their `plugin()`. Put the macro behind a cargo feature:
///
/// ```toml
/// [lib]
/// crate-type = ["cdylib", "rlib"]
///
/// [features]
/// default = ["export"]
/// export = []
/// ```
///
/// ```
/// # mod hidden {
/// # use importer_plugin::{Plugin, PluginMeta};
/// # pub fn plugin() -> Plugin { Plugin::new(PluginMeta::new("greetings", "0.1.0")) }
/// #[cfg(feature = "export")]
/// importer_plugin::export!(plugin: crate::plugin, id: "greetings", version: "0.1.0");
/// # }
/// ```
///
/// A host then depends on all of them but one with `default-features = false`, and hands them to its builder:
/// `Importer::builder().plugin(csv::plugin()).plugin(greetings::plugin())`. Cargo unites features over a whole build: if
/// another crate of it asks for the default features of the same plugin, its entry is back.
#[macro_export]
macro_rules! export {
    (plugin: $plugin:path, id: $id:expr, version: $version:expr $(,)?) => {
        #[doc(hidden)]
        fn __importer_plugin() -> $crate::Plugin {
            $plugin()
        }

        #[doc(hidden)]
        #[allow(unsafe_code)]
        mod __importer_plugin_export {
            const PANIC: &str = if cfg!(panic = "abort") { "abort" } else { "unwind" };
            const LENGTH: usize = $crate::abi::meta_len($id, $version, PANIC);

            // SAFETY: the section holds plain bytes and is only ever read as such.
            #[unsafe(link_section = $crate::__section!())]
            #[used]
            static META: [u8; LENGTH] = $crate::abi::meta_bytes::<LENGTH>($id, $version, PANIC);

            extern "C" fn describe() -> $crate::abi::RString {
                $crate::abi::describe(super::__importer_plugin)
            }

            extern "C" fn query(id: $crate::abi::RStr<'_>) -> $crate::abi::ROption<$crate::abi::Capability> {
                $crate::abi::query(
                    &id,
                    &[
                        ($crate::abi::ADAPTER_V1, &ADAPTER),
                        ($crate::abi::DELETIONS_V1, &DELETIONS),
                        ($crate::abi::FIELDS_V1, &FIELDS),
                        ($crate::abi::HEALTH_V1, &HEALTH),
                        ($crate::abi::RULE_V1, &RULE),
                        ($crate::abi::SET_RULE_V1, &SET_RULE),
                        ($crate::abi::FEATURE_V1, &FEATURE),
                    ],
                )
            }

            // Each call of the host, with this plugin in front.
            $crate::__call!(open(FlatOpen) -> OpenResult);
            $crate::__call!(deletions(FlatOpen) -> OpenResult);
            $crate::__call!(fields(FlatOpen) -> AskResult);
            $crate::__call!(health(FlatOpen) -> AskResult);
            $crate::__call!(create_rule(RString) -> CreateRuleResult);
            $crate::__call!(create_set_rule(RString) -> CreateSetRuleResult);
            $crate::__call!(create_feature(RString) -> CreateFeatureResult);

            extern "C" fn entry() -> $crate::abi::RootModuleResult {
                $crate::abi::first_entry(describe, query)
            }
            extern "C" fn adapter() -> $crate::abi::RootModuleResult {
                $crate::abi::adapter_v1(open)
            }
            extern "C" fn deletions_module() -> $crate::abi::RootModuleResult {
                $crate::abi::adapter_v1(deletions)
            }
            extern "C" fn fields_module() -> $crate::abi::RootModuleResult {
                $crate::abi::ask_v1(fields)
            }
            extern "C" fn health_module() -> $crate::abi::RootModuleResult {
                $crate::abi::ask_v1(health)
            }
            extern "C" fn rule() -> $crate::abi::RootModuleResult {
                $crate::abi::rule_v1(create_rule)
            }
            extern "C" fn set_rule() -> $crate::abi::RootModuleResult {
                $crate::abi::set_rule_v1(create_set_rule)
            }
            extern "C" fn feature() -> $crate::abi::RootModuleResult {
                $crate::abi::feature_v1(create_feature)
            }

            // SAFETY: the constructor returns an erased `EntryRef`, as `entry_header` demands.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static ENTRY: $crate::abi::LibHeader = unsafe { $crate::abi::entry_header(entry) };
            // SAFETY: the constructor returns an erased `AdapterV1Ref`.
            static ADAPTER: $crate::abi::LibHeader = unsafe { $crate::abi::adapter_header(adapter) };
            // SAFETY: the constructor returns an erased `AdapterV1Ref`.
            static DELETIONS: $crate::abi::LibHeader =
                unsafe { $crate::abi::adapter_header(deletions_module) };
            // SAFETY: the constructor returns an erased `AskV1Ref`.
            static FIELDS: $crate::abi::LibHeader = unsafe { $crate::abi::ask_header(fields_module) };
            // SAFETY: the constructor returns an erased `AskV1Ref`.
            static HEALTH: $crate::abi::LibHeader = unsafe { $crate::abi::ask_header(health_module) };
            // SAFETY: the constructor returns an erased `RuleV1Ref`.
            static RULE: $crate::abi::LibHeader = unsafe { $crate::abi::rule_header(rule) };
            // SAFETY: the constructor returns an erased `SetRuleV1Ref`.
            static SET_RULE: $crate::abi::LibHeader = unsafe { $crate::abi::set_rule_header(set_rule) };
            // SAFETY: the constructor returns an erased `FeatureV1Ref`.
            static FEATURE: $crate::abi::LibHeader = unsafe { $crate::abi::feature_header(feature) };
        }
    };
}

/// A C function that answers one call: the name of the thing, what is asked, and the host.
#[doc(hidden)]
#[macro_export]
macro_rules! __call {
    ($call:ident($asked:ident) -> $answer:ident) => {
        extern "C" fn $call(
            name: $crate::abi::RStr<'_>,
            asked: $crate::abi::$asked,
            host: $crate::abi::FlatHost,
        ) -> $crate::abi::$answer {
            $crate::abi::$call(super::__importer_plugin, &name, asked, host)
        }
    };
}

#[doc(hidden)]
#[macro_export]
#[cfg(target_os = "macos")]
macro_rules! __section {
    () => {
        "__DATA,__importer"
    };
}

#[doc(hidden)]
#[macro_export]
#[cfg(windows)]
macro_rules! __section {
    () => {
        ".imprtr"
    };
}

#[doc(hidden)]
#[macro_export]
#[cfg(not(any(target_os = "macos", windows)))]
macro_rules! __section {
    () => {
        ".importer.plugin"
    };
}
