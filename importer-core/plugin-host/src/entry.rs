//! From a file to checked modules; the one place that loads code.

use std::path::Path;

use abi_stable::library::{AbiHeaderRef, LibraryError, ROOT_MODULE_LOADER_NAME_WITH_NUL, RootModule};
use importer_plugin::abi::{
    ADAPTER_V1, AdapterV1Ref, AskV1Ref, DELETIONS_V1, EntryRef, FEATURE_V1, FIELDS_V1, FeatureV1Ref,
    HEALTH_V1, RStr, RULE_V1, RuleV1Ref, SET_RULE_V1, SetRuleV1Ref,
};
use importer_plugin::{AdapterCapability, Description, EmbeddedMeta};
use libloading::Library;

const NO_ENTRY: &str =
    "it does not export the entry of a plugin; it was built without `importer_plugin::export!`";
/// The longest part of a layout error that helps anybody.
const MOST_LINES: usize = 12;

/// What a loaded file offers; modules of a library that is never unloaded.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) entry: EntryRef,
    pub(super) description: Description,
    pub(super) adapter: Option<AdapterModules>,
    pub(super) rule: Option<RuleV1Ref>,
    pub(super) set_rule: Option<SetRuleV1Ref>,
    pub(super) feature: Option<FeatureV1Ref>,
}

/// The modules behind adapters; all but the first are there when an adapter says so.
#[derive(Clone, Copy)]
pub(super) struct AdapterModules {
    pub(super) open: AdapterV1Ref,
    pub(super) deletions: Option<AdapterV1Ref>,
    pub(super) fields: Option<AskV1Ref>,
    pub(super) health: Option<AskV1Ref>,
}

/// Loads the file at `path` for good and checks all that it promised in its metadata.
#[allow(unsafe_code)]
pub(super) fn load(path: &Path, meta: &EmbeddedMeta) -> Result<Code, String> {
    // SAFETY: its initialisers run, as of every library. Who may be loaded was decided before, by the trust policy.
    let library = unsafe { open(path) }.map_err(|error| not_loaded(&error, path))?;
    // Never unloaded: threads, thread-locals and handed-out functions of the plugin may outlive every handle of ours.
    let library: &'static Library = Box::leak(Box::new(library));
    // SAFETY: a symbol of this name is an `AbiHeaderRef` in every library that exports it: abi_stable made up the name for that.
    let header = unsafe { library.get::<AbiHeaderRef>(ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes()) }
        .map_err(|_| NO_ENTRY)?;
    // It checks whether the header is of this version of abi_stable before anything else of it is looked at.
    let header = header.upgrade().map_err(explain)?;
    // Not `EntryRef::load_from_file`: that keeps one module per type, and the second plugin would be the first.
    let entry = header.init_root_module::<EntryRef>().map_err(explain)?;
    let description = describe(&entry.describe()(), meta)?;
    let modules = Modules { entry };
    let can = |what| description.adapters.iter().any(|adapter| adapter.capabilities.contains(&what));
    let adapter =
        match modules.get::<AdapterV1Ref>(!description.adapters.is_empty(), ADAPTER_V1, "adapters")? {
            None => None,
            Some(open) => Some(AdapterModules {
                open,
                deletions: modules.get(
                    can(AdapterCapability::Deletions),
                    DELETIONS_V1,
                    "news of deletions",
                )?,
                fields: modules.get(can(AdapterCapability::Fields), FIELDS_V1, "lists of fields")?,
                health: modules.get(can(AdapterCapability::Health), HEALTH_V1, "news of its health")?,
            }),
        };
    let rule = modules.get(!description.rules.is_empty(), RULE_V1, "rules")?;
    let set_rule = modules.get(!description.set_rules.is_empty(), SET_RULE_V1, "set-level rules")?;
    let feature = modules.get(!description.features.is_empty(), FEATURE_V1, "match features")?;
    Ok(Code { entry, description, adapter, rule, set_rule, feature })
}

struct Modules {
    entry: EntryRef,
}

impl Modules {
    /// The module of a capability that the plugin says it has.
    fn get<M: RootModule>(&self, wanted: bool, id: &str, brings: &str) -> Result<Option<M>, String> {
        if !wanted {
            return Ok(None);
        }
        let header = self.entry.query()(RStr::from(id)).into_option().ok_or_else(|| {
            format!("it brings {brings} and does not speak `{id}`, the way this program talks to {brings}")
        })?;
        header.init_root_module::<M>().map(Some).map_err(explain)
    }
}

/// Reads what a plugin says of itself and checks it against what its file said.
pub(super) fn describe(json: &str, meta: &EmbeddedMeta) -> Result<Description, String> {
    if json.is_empty() {
        return Err("it panicked when it was asked to describe itself".into());
    }
    let description: Description =
        serde_json::from_str(json).map_err(|error| format!("its description cannot be read: {error}"))?;
    if (&description.id, &description.version) != (&meta.id, &meta.version) {
        return Err(format!(
            "it calls itself `{}` {}, and its file says `{}` {}; `export!` and `PluginMeta` must agree",
            description.id, description.version, meta.id, meta.version
        ));
    }
    let adapters = description.adapters.iter().map(|adapter| adapter.name.as_str());
    if let Some(name) = repeated(adapters) {
        return Err(format!("it brings two adapters named `{name}`"));
    }
    let all_rules = || description.rules.iter().chain(&description.set_rules);
    if let Some(code) = repeated(all_rules().map(|rule| &*rule.code)) {
        return Err(format!("it brings two rules with the code `{code}`"));
    }
    if let Some(name) = repeated(description.features.iter().map(|feature| feature.name.as_str())) {
        return Err(format!("it brings two match features named `{name}`"));
    }
    // Its rows would have no cells, so it would see no rows and never report anything.
    if let Some(rule) = all_rules().find(|rule| rule.columns.is_empty()) {
        return Err(format!("its rule `{}` asks for no column", rule.code));
    }
    if let Some(feature) = description.features.iter().find(|f| f.columns.is_empty() || f.levels.is_empty()) {
        return Err(format!("its match feature `{}` has no column or no level", feature.name));
    }
    Ok(description)
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// Opens a library so that all it needs is found now or the load fails, and so that no other library sees its symbols.
///
/// # Safety
/// The library's initialisers run.
#[allow(unsafe_code)]
unsafe fn open(path: &Path) -> Result<Library, libloading::Error> {
    #[cfg(unix)]
    {
        use libloading::os::unix::{Library as Unix, RTLD_LOCAL, RTLD_NOW};
        // SAFETY: what the caller promises.
        unsafe { Unix::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Library::from)
    }
    #[cfg(not(unix))]
    {
        // SAFETY: what the caller promises.
        unsafe { Library::new(path) }
    }
}

/// Why the system does not load a library. The path of the private copy means nothing to anybody.
fn not_loaded(error: &libloading::Error, path: &Path) -> String {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    format!("the system cannot load it: {}", cause.replace(&format!("{}: ", path.display()), ""))
}

fn explain(error: LibraryError) -> String {
    match error {
        LibraryError::InvalidAbiHeader(_) | LibraryError::InvalidCAbi { .. } => {
            "it was built with an incompatible version of abi_stable; build it with the importer-plugin of this program"
                .into()
        }
        LibraryError::AbiInstability(error) => format!(
            "its binary interface differs from that of this program; build it with the importer-plugin of this \
             program: {}",
            last_error(&error.to_string())
        ),
        other => last_error(&other.to_string()),
    }
}

/// The last `Error:` block of a report of a thousand lines; the blocks before it show the types around the fault.
fn last_error(report: &str) -> String {
    let block = report.rsplit_once("\nError:").map_or(report, |(_, block)| block);
    let lines: Vec<&str> =
        block.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST_LINES).collect();
    lines.join(" ")
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
