//! From arguments and environment to an importer.

use std::path::PathBuf;

use importer::plugin_host::{
    Discovery, Isolation, MinisignKey, PinnedKey, PluginQuarantine, TrustPolicy, Unverified, WorkerCommand,
    load_allow_list, load_minisign_keys, search_path_from_env,
};
use importer::{Builder, Error, ErrorKind, Importer, Result};

use crate::environment;
use crate::policy::PolicyFile;
use crate::secrets::FromEnvironment;
use crate::shared_args::{Database, PluginPlaces, QuarantineFile};

/// An importer on a database that exists, without plugins.
pub(crate) fn on(database: &Database) -> Result<Importer> {
    there(database)?;
    Importer::builder().database(&database.db).build()
}

/// The same with a policy for whoever is merged.
pub(crate) fn merging_on(database: &Database, policy: &PolicyFile) -> Result<Importer> {
    there(database)?;
    policy.apply(Importer::builder().database(&database.db))?.build()
}

fn there(database: &Database) -> Result<()> {
    // Looking must not make what it looks for.
    if let Some(path) =
        database.db.strip_prefix("sqlite://").filter(|path| !std::path::Path::new(path).exists())
    {
        return Err(Error::new(ErrorKind::NotFound, "open the database", "there is no such file")
            .at("database", path)
            .hint("name it with --db; a run makes it"));
    }
    Ok(())
}

/// Says that the audit log tells nothing of what was done, where that is so.
pub(crate) fn tell_if_not_audited(importer: &Importer, what: &str) {
    if let Err(error) = importer.may_write()
        && error.kind() == ErrorKind::ReadOnly
    {
        crate::out::complain(&format!("note: the audit log does not record {what}: {}", error.message()));
    }
}

/// Where plugins are looked for, without a database.
pub(crate) fn discovery(places: &PluginPlaces) -> Result<Discovery> {
    let own = own_directories();
    let mut trust = TrustPolicy::default()
        .unverified(unverified(places, &own))
        .require_signature(places.require_signature)
        .quarantine(quarantine(&places.quarantine).crash_marks(places.plugin_crash_marks));
    if let Some(file) = &places.allow_list {
        trust = trust.list(load_allow_list(file)?);
    }
    for key in places.keys.iter().map(|key| keys(key)) {
        trust = key?.into_iter().fold(trust, TrustPolicy::pin);
    }
    let mut discovery = Discovery::new(trust).isolation(isolation(&places.isolate)?);
    for file in &places.files {
        discovery = discovery.file(file);
    }
    for directory in own {
        discovery = discovery.directory(directory);
    }
    Ok(discovery.search_path(search_path_from_env()))
}

/// This program is its own worker.
fn isolation(wanted: &[String]) -> Result<Isolation> {
    let isolation = Isolation::process(WorkerCommand::this_program()?);
    Ok(wanted.iter().map(|id| id.trim()).fold(isolation, |isolation, id| match id {
        "all" => isolation.isolate_all(),
        id => isolation.isolate(id),
    }))
}

/// The plugins that are held back.
pub(crate) fn quarantine(file: &QuarantineFile) -> PluginQuarantine {
    PluginQuarantine::new(&file.path)
}

/// A key as it is, or all keys of a file.
fn keys(given: &str) -> Result<Vec<PinnedKey>> {
    match given.parse::<MinisignKey>() {
        Ok(key) => Ok(vec![PinnedKey::new(key)]),
        // A slip in a key looks like the name of a file that is not there, and the error shows it.
        Err(_) => load_minisign_keys(given.trim().as_ref()),
    }
}

/// Gives an importer the places plugins come from.
pub(crate) fn with_plugins(builder: Builder, places: &PluginPlaces) -> Result<Builder> {
    let discovery = discovery(places)?;
    // An installed program has no folder of plugins beside it. What it was built with reads CSV files, unless a file does.
    let linked = places.isolate.is_empty()
        && own_directories().is_empty()
        && !discovery.list().iter().any(|found| found.id.as_deref() == Some("csv"));
    let builder = builder.discovery(discovery).secrets(std::sync::Arc::new(FromEnvironment));
    Ok(if linked { builder.plugin(importer_adapter_csv::plugin()) } else { builder })
}

/// The folders of a cargo build come first: plugins built beside this program are trusted as much as the program
/// itself, since whoever can write there can replace both.
fn unverified(places: &PluginPlaces, own: &[PathBuf]) -> Unverified {
    if places.allow_unverified { Unverified::Yes } else { Unverified::UnderDirectories(own.to_vec()) }
}

/// `plugins` beside the program, and in a cargo tree `deps` before the folder above: cargo refreshes the former always,
/// the latter not.
fn own_directories() -> Vec<PathBuf> {
    let Ok(program) = std::env::current_exe() else { return Vec::new() };
    let Some(folder) = program.parent() else { return Vec::new() };
    let mut found = vec![folder.join("plugins")];
    if folder.file_name().is_some_and(|name| name == "examples")
        && let Some(profile) = folder.parent()
    {
        found.extend([profile.join("deps"), profile.to_owned()]);
    }
    found.retain(|folder| folder.is_dir());
    found
}

/// The two sides of KEY=VALUE.
pub(crate) fn key_and_value<'a>(argument: &str, given: &'a str) -> Result<(&'a str, &'a str)> {
    given.split_once('=').ok_or_else(|| {
        Error::new(ErrorKind::Config, "read the arguments", format!("`{argument}` takes KEY=VALUE"))
            .at("given", given)
    })
}

/// Refuses what the environment has switched off.
pub(crate) fn check_enabled(source: &str) -> Result<()> {
    let refuse = |why: String| Err(Error::new(ErrorKind::Config, "start a run", why));
    if let Some(value) = environment::variable("IMPORTER_ENABLED") {
        match value.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => {}
            "0" | "false" | "no" | "off" => {
                return refuse(format!("the importer is switched off (IMPORTER_ENABLED is {value})"));
            }
            _ => {
                return refuse(format!(
                    "the switch IMPORTER_ENABLED is {value}, which is neither true nor false"
                ));
            }
        }
    }
    if let Some(adapters) = environment::variable("IMPORTER_ADAPTERS")
        && !adapters.split(',').any(|name| name.trim() == source)
    {
        return refuse(format!("the adapter `{source}` is not among IMPORTER_ADAPTERS={adapters}"));
    }
    Ok(())
}
