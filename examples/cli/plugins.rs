use std::process::ExitCode;

use importer::Result;
use importer::plugin_host::{AllowedPlugin, Candidate, append_allowed, hash_file, load_file};

use crate::args::{PluginPlaces, PluginsArgs, PluginsCommand};
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
        println!("{}", serde_json::to_string(&found).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        println!(
            "No plugins were found. Plugins are searched beside the program, in --plugin and in IMPORTER_PLUGIN_PATH."
        );
    }
    for candidate in &found {
        println!(
            "{} {}  {}",
            name(candidate),
            candidate.version.as_deref().unwrap_or("?"),
            candidate.file.display()
        );
        println!(
            "    sha256 {}",
            candidate.sha256.as_ref().map_or_else(|| "unknown".into(), ToString::to_string)
        );
        match candidate.refusal() {
            Some(why) => println!("    refused: {why}"),
            None if candidate.usable() && candidate.verified => println!("    usable, on the allow-list"),
            None if candidate.usable() => println!("    usable, on no allow-list"),
            None => println!("    hidden by a plugin of the same name that is found earlier"),
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
    println!("{} {} is sound.", description.id, description.version);
    for adapter in &description.adapters {
        println!("  adapter {}: {}", adapter.name, adapter.summary);
        for option in &adapter.options {
            let required = if option.required { " (required)" } else { "" };
            println!("      {}{required}: {}", option.name, option.help);
        }
    }
    for rule in &description.rules {
        println!("  rule {}: {}", rule.code, rule.title);
    }
    Ok(ExitCode::SUCCESS)
}

fn allow(file: &std::path::Path, allow_list: &std::path::Path, note: Option<String>) -> Result<ExitCode> {
    let hash = hash_file(file)?;
    append_allowed(allow_list, &AllowedPlugin { sha256: hash, id: None, note })?;
    println!("{} may be loaded as it is now ({hash}); listed in {}.", file.display(), allow_list.display());
    Ok(ExitCode::SUCCESS)
}
