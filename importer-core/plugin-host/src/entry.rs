//! From a file to checked modules; the one place that loads code.

use std::path::Path;

use abi_stable::library::{LibraryError, RawLibrary, RootModule, lib_header_from_raw_library};
use importer_plugin::abi::{
    ADAPTER_V1, AdapterV1Ref, AskV1Ref, DELETIONS_V1, EntryRef, FEATURE_V1, FIELDS_V1, FeatureV1Ref,
    HEALTH_V1, RStr, RULE_V1, RuleV1Ref, SET_RULE_V1, SetRuleV1Ref,
};
use importer_plugin::{AdapterCapability, Description, EmbeddedMeta};

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
    let library = RawLibrary::load_at(path).map_err(|error| explain(error, path))?;
    // Never unloaded: threads, thread-locals and handed-out functions of the plugin may outlive every handle of ours.
    let library: &'static RawLibrary = Box::leak(Box::new(library));
    // SAFETY: the library is never dropped, so the header and all it refers to live for ever.
    let header = unsafe { lib_header_from_raw_library(library) }.map_err(|error| explain(error, path))?;
    // Not `EntryRef::load_from_file`: that keeps one module per type, and the second plugin would be the first.
    let entry = header.init_root_module::<EntryRef>().map_err(|error| explain(error, path))?;
    let description = describe(&entry.describe()(), meta)?;
    let modules = Modules { entry, path };
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

struct Modules<'a> {
    entry: EntryRef,
    path: &'a Path,
}

impl Modules<'_> {
    /// The module of a capability that the plugin says it has.
    fn get<M: RootModule>(&self, wanted: bool, id: &str, brings: &str) -> Result<Option<M>, String> {
        if !wanted {
            return Ok(None);
        }
        let header = self.entry.query()(RStr::from(id)).into_option().ok_or_else(|| {
            format!("it brings {brings} and does not speak `{id}`, the way this program talks to {brings}")
        })?;
        header.init_root_module::<M>().map(Some).map_err(|error| explain(error, self.path))
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

fn explain(error: LibraryError, path: &Path) -> String {
    match error {
        LibraryError::OpenError { err, .. } => {
            // The path of the private copy means nothing to anybody.
            let place = format!("{}: ", path.display());
            format!("the system cannot load it: {}", err.to_string().replace(&place, ""))
        }
        LibraryError::GetSymbolError { .. } => {
            "it does not export the entry of a plugin; it was built without `importer_plugin::export!`".into()
        }
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
