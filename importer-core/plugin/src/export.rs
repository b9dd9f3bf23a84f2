/// Makes a plugin loadable at run time: exports the frozen entry and writes the metadata section.
///
/// `plugin` is a function that returns a [`Plugin`](crate::Plugin); `id` and `version` are literals that match its
/// [`PluginMeta`](crate::PluginMeta). Put the call behind a cargo feature, so that a host can link two plugin crates
/// statically without a clash of exported names:
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
                $crate::abi::query(&id, &ADAPTER, &RULE)
            }

            extern "C" fn open(
                name: $crate::abi::RStr<'_>,
                request: $crate::abi::FlatOpen,
                host: $crate::abi::FlatHost,
            ) -> $crate::abi::OpenResult {
                $crate::abi::open(super::__importer_plugin, &name, request, host)
            }

            extern "C" fn create(
                code: $crate::abi::RStr<'_>,
                options: $crate::abi::RString,
                host: $crate::abi::FlatHost,
            ) -> $crate::abi::CreateResult {
                $crate::abi::create(super::__importer_plugin, &code, options, host)
            }

            extern "C" fn entry() -> $crate::abi::RootModuleResult {
                $crate::abi::entry(describe, query)
            }
            extern "C" fn adapter() -> $crate::abi::RootModuleResult {
                $crate::abi::adapter_v1(open)
            }
            extern "C" fn rule() -> $crate::abi::RootModuleResult {
                $crate::abi::rule_v1(create)
            }

            // SAFETY: the constructor returns an erased `EntryRef`, as `entry_header` demands.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            pub static ENTRY: $crate::abi::LibHeader = unsafe { $crate::abi::entry_header(entry) };
            // SAFETY: the constructor returns an erased `AdapterV1Ref`.
            static ADAPTER: $crate::abi::LibHeader = unsafe { $crate::abi::adapter_header(adapter) };
            // SAFETY: the constructor returns an erased `RuleV1Ref`.
            static RULE: $crate::abi::LibHeader = unsafe { $crate::abi::rule_header(rule) };
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
