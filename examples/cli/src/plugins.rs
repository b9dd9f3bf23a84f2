use std::process::ExitCode;

use importer::plugin_host::{
    AllowedPlugin, Discovery, FileHash, PluginCandidate, PluginSet, QuarantinedPlugin, Verification,
    append_allowed, read_metadata,
};
use importer::{Error, ErrorKind, Result};

use crate::count::counted;
use crate::shared_args::{PluginPlaces, PluginsArgs, PluginsCommand, QuarantineFile};
use crate::{describe, out, plugins_new, say, setup};

pub(crate) fn plugins(args: &PluginsArgs) -> Result<ExitCode> {
    match &args.command {
        PluginsCommand::New(args) => plugins_new::new(args),
        PluginsCommand::List { places, json } => list(places, *json),
        PluginsCommand::Verify { file, places } => verify(file, places),
        PluginsCommand::Describe { plugin, places, json, schema } => {
            describe::describe(plugin, places, *json, *schema)
        }
        PluginsCommand::Fields(args) => describe::fields(args),
        PluginsCommand::Health(args) => describe::health(args),
        PluginsCommand::Allow { file, allow_list, note } => allow(file, allow_list, note.clone()),
        PluginsCommand::Quarantine { quarantine, json } => held(quarantine, *json),
        PluginsCommand::Release { plugin, quarantine } => release(plugin, quarantine),
        PluginsCommand::Hold { id, reason, places } => hold(id, reason, places),
    }
}

fn list(places: &PluginPlaces, json: bool) -> Result<ExitCode> {
    let found = setup::discovery(places)?.list();
    if json {
        out::as_is(serde_json::to_string(&found).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        say!(
            "No plugins were found. Plugins are searched beside the program, in --plugin and in IMPORTER_PLUGIN_PATH."
        );
    }
    found.iter().for_each(show);
    Ok(ExitCode::SUCCESS)
}

/// A file, and what speaks for and against it.
fn show(candidate: &PluginCandidate) {
    let version = candidate.version.as_deref().unwrap_or("?");
    say!("{} {version}  {}", name(candidate), candidate.file.display());
    say!("    sha256 {}", candidate.sha256.as_ref().map_or_else(|| "unknown".into(), ToString::to_string));
    match (candidate.refusal(), candidate.verification) {
        (Some(why), _) => say!("    refused: {why}"),
        (None, _) if !candidate.usable() => {
            say!("    hidden by a plugin of the same name that is found earlier");
        }
        (None, Some(Verification::AllowListed)) => say!("    usable, on the allow-list"),
        (None, Some(Verification::Signed(key))) => say!("    usable, signed by the pinned key {key}"),
        (None, _) => say!("    usable, but not on an allow-list and not signed by a pinned key"),
    }
    if let (None, Some(why)) = (candidate.refusal(), &candidate.signature_problem) {
        say!("    its signature is not accepted: {why}");
    }
}

fn name(candidate: &PluginCandidate) -> &str {
    candidate.id.as_deref().unwrap_or("(unknown)")
}

fn verify(file: &std::path::Path, places: &PluginPlaces) -> Result<ExitCode> {
    let places = setup::discovery(places)?;
    // What speaks for it is told also when that is not enough.
    Discovery::new(places.policy().clone()).file(file).list().iter().for_each(show);
    let plugin = PluginSet::new(places).load_file(file)?;
    let description = plugin.description();
    say!("{} {} is sound.", description.id, description.version);
    for adapter in &description.adapters {
        say!("  adapter {}: {}", adapter.name, adapter.summary);
        for option in &adapter.options {
            let required = if option.required { " (required)" } else { "" };
            say!("      {}{required}: {}", option.name, option.help);
        }
    }
    for rule in &description.rules {
        say!("  rule {}: {}", rule.code, rule.title);
    }
    for rule in &description.set_rules {
        say!("  set-level rule {}: {}", rule.code, rule.title);
    }
    for feature in &description.features {
        say!("  match feature {}: {}", feature.name, feature.summary);
    }
    Ok(ExitCode::SUCCESS)
}

fn allow(file: &std::path::Path, allow_list: &std::path::Path, note: Option<String>) -> Result<ExitCode> {
    let refused = |why: String| {
        Error::new(ErrorKind::Plugin, "allow the plugin", why)
            .at("file", file.display())
            .hint("give the library of a plugin; the list was not changed")
    };
    let bytes = std::fs::read(file).map_err(|e| refused(format!("it cannot be read: {e}")))?;
    // A hash allows whatever has it, so it should be the hash of what was meant.
    let plugin = read_metadata(&bytes).map_err(|e| refused(e.to_string()))?;
    let hash = FileHash::of(&bytes);
    append_allowed(allow_list, &AllowedPlugin { sha256: hash, id: Some(plugin.id.clone()), note })?;
    say!(
        "{} ({} {}) may be loaded as it is now ({hash}); listed in {}.",
        file.display(),
        plugin.id,
        plugin.version,
        allow_list.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn held(quarantine: &QuarantineFile, json: bool) -> Result<ExitCode> {
    let quarantine = setup::quarantine(quarantine);
    let found = quarantine.list()?;
    if json {
        out::as_is(serde_json::to_string(&found).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        say!("No plugin failed, and none is held back, says {}.", quarantine.path().display());
    }
    for plugin in &found {
        say!("{}", line(plugin));
        let failures = match plugin.strikes {
            0 => "by hand".into(),
            strikes => format!("after {}", counted(strikes, "failure", "failures")),
        };
        let state = if plugin.held { "held back" } else { "not held back yet" };
        say!(
            "    {state}, {failures}, since {}: {}",
            plugin.since.format("%Y-%m-%dT%H:%M:%SZ"),
            plugin.reason
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn line(plugin: &QuarantinedPlugin) -> String {
    format!("{} {}  sha256 {}", plugin.id, plugin.version, plugin.sha256)
}

fn release(plugin: &str, quarantine: &QuarantineFile) -> Result<ExitCode> {
    let quarantine = setup::quarantine(quarantine);
    let released = quarantine.lift(plugin)?;
    if released.is_empty() {
        let why = format!("there is nothing under `{plugin}`");
        return Err(Error::new(ErrorKind::NotFound, "release the plugin", why)
            .at("file", quarantine.path().display())
            .hint("`importer plugins quarantine` lists what is there; give an id or a whole sha256"));
    }
    released.iter().for_each(|plugin| say!("{} is not held back any more.", line(plugin)));
    Ok(ExitCode::SUCCESS)
}

fn hold(id: &str, reason: &str, places: &PluginPlaces) -> Result<ExitCode> {
    let quarantine = setup::quarantine(&places.quarantine);
    let mut done: Vec<FileHash> = Vec::new();
    // All of them: the next file with the same id would take the place of the one that is held.
    for candidate in setup::discovery(places)?.list().iter().filter(|found| found.id.as_deref() == Some(id)) {
        let Some(sha256) = candidate.sha256.filter(|sha256| !done.contains(sha256)) else { continue };
        let version = candidate.version.as_deref().unwrap_or("?");
        let held = quarantine.hold(&sha256, id, version, reason)?;
        say!("{} is held back until `importer plugins release {id}`.", line(&held));
        done.push(sha256);
    }
    if done.is_empty() {
        let why = format!("no plugin `{id}` is found");
        return Err(Error::new(ErrorKind::NotFound, "hold the plugin back", why)
            .hint("give its file with --plugin; `importer plugins list` shows what is found"));
    }
    Ok(ExitCode::SUCCESS)
}
