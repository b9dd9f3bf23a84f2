use std::process::ExitCode;

use importer::plugin_host::{AllowedPlugin, Candidate, FileHash, append_allowed, load_file, read_metadata};
use importer::{Error, ErrorKind, Result};

use crate::args::{PluginPlaces, PluginsArgs, PluginsCommand};
use crate::say;
use crate::setup;

pub(crate) fn plugins(args: &PluginsArgs) -> Result<ExitCode> {
    match &args.command {
        PluginsCommand::List { places, json } => list(places, *json),
        PluginsCommand::Verify { file, places } => verify(file, places),
        PluginsCommand::Allow { file, allow_list, note } => allow(file, allow_list, note.clone()),
    }
}

fn list(places: &PluginPlaces, json: bool) -> Result<ExitCode> {
    let found = setup::discovery(places)?.list();
    if json {
        say!("{}", serde_json::to_string(&found).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        say!(
            "No plugins were found. Plugins are searched beside the program, in --plugin and in IMPORTER_PLUGIN_PATH."
        );
    }
    for candidate in &found {
        say!(
            "{} {}  {}",
            name(candidate),
            candidate.version.as_deref().unwrap_or("?"),
            candidate.file.display()
        );
        say!(
            "    sha256 {}",
            candidate.sha256.as_ref().map_or_else(|| "unknown".into(), ToString::to_string)
        );
        match candidate.refusal() {
            Some(why) => say!("    refused: {why}"),
            None if candidate.usable() && candidate.verified => say!("    usable, on the allow-list"),
            None if candidate.usable() => say!("    usable, on no allow-list"),
            None => say!("    hidden by a plugin of the same name that is found earlier"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn name(candidate: &Candidate) -> &str {
    candidate.id.as_deref().unwrap_or("(unknown)")
}

fn verify(file: &std::path::Path, places: &PluginPlaces) -> Result<ExitCode> {
    let plugin = load_file(file, setup::discovery(places)?.policy())?;
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
