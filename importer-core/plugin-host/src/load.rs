use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::candidate::PluginCandidate;
use super::entry;
use super::inspect::judge;
use super::isolation::{IsolatedPlugin, Isolation};
use super::loaded::LoadedPlugin;
use super::metadata::read_metadata;
use super::place::library_of;
use super::private_copy::{PrivateCopy, no_exec_hint};
use super::sidecar::{Sidecar, sidecars_of};
use super::signature::check_beside;
use super::trust::TrustPolicy;
use super::way::Way;
use importer_core::plugins::FileHash;
use importer_core::{Error, ErrorKind, Result};

/// Every plugin of this process, by the hash of its file. The same bytes loaded twice would be two plugins with two
/// sets of statics.
static LOADED: LazyLock<Mutex<HashMap<FileHash, Arc<LoadedPlugin>>>> = LazyLock::new(Mutex::default);

/// Loads a plugin from a library, or from the library a sidecar names.
///
/// The file is read once; these bytes are hashed, compared with the signature beside the file, checked and loaded, so it
/// does not matter when the file changes meanwhile or later. A plugin must be one file: libraries that lie beside it are not found from the private copy.
///
/// ```
/// use importer_plugin_host::{TrustPolicy, load_file};
/// let error = load_file("/nowhere/libcsv.so".as_ref(), &TrustPolicy::default()).unwrap_err();
/// assert!(error.to_string().contains("/nowhere/libcsv.so"));
/// ```
///
/// # Errors
/// When the file is no plugin for this program, is damaged, is not trusted, or breaks a promise while it is loaded.
pub fn load_file(path: &Path, policy: &TrustPolicy) -> Result<Arc<LoadedPlugin>> {
    let library = library_of(path).map_err(|why| refused(path, why))?;
    load(&library, policy, &Isolation::default(), None)
}

/// Loads a file, into a process of its own where that is wanted.
pub(super) fn load_file_with(
    path: &Path,
    policy: &TrustPolicy,
    isolation: &Isolation,
) -> Result<Arc<LoadedPlugin>> {
    let library = library_of(path).map_err(|why| refused(path, why))?;
    load(&library, policy, isolation, None)
}

/// Loads what [`Discovery`](super::Discovery) found, and nothing else that took its place since.
pub(super) fn load_candidate(
    candidate: &PluginCandidate,
    policy: &TrustPolicy,
    isolation: &Isolation,
) -> Result<Arc<LoadedPlugin>> {
    load(&candidate.file, policy, isolation, candidate.sha256.as_ref())
}

fn load(
    file: &Path,
    policy: &TrustPolicy,
    isolation: &Isolation,
    expected: Option<&FileHash>,
) -> Result<Arc<LoadedPlugin>> {
    // Links are followed once: what is read and what the policy is asked about must be the same file.
    let unreadable =
        |error: std::io::Error| refused(file, format!("it cannot be read: {error}")).caused_by(error);
    let real = file.canonicalize().map_err(unreadable)?;
    let bytes = read(&real).map_err(unreadable)?;
    let sha256 = FileHash::of(&bytes);
    if expected.is_some_and(|expected| *expected != sha256) {
        return Err(refused(file, "it changed after it was found").temporary().hint("try again"));
    }
    let embedded = read_metadata(&bytes).map_err(|why| refused(file, why.to_string()))?;
    let signature = check_beside(&policy.keys, file, &embedded.id, &bytes);
    let objection = signature.objection().map(str::to_owned);
    let sidecars = sidecars_of(file);
    let refused_plugin = |why: String| refused(file, why).at("plugin", &embedded.id);
    let verification =
        judge(&real, &embedded, &sha256, &sidecars, signature, policy).map_err(refused_plugin)?;
    let wish = sidecars.iter().any(Sidecar::asks_for_process);
    if let Some(worker) = isolation.worker_of(&embedded.id, wish).map_err(refused_plugin)? {
        let name = file.file_name().unwrap_or(OsStr::new("plugin"));
        let quarantine = policy.quarantine.clone();
        let (plugin, started) =
            IsolatedPlugin::running_or_new(&bytes, name, &embedded, sha256, worker, quarantine)?
                .map_err(refused_plugin)?;
        let plugin = LoadedPlugin::new(
            Way::Apart(Arc::new(plugin)),
            embedded.clone(),
            sha256,
            file.into(),
            verification,
        );
        if started {
            warn(&plugin, objection.as_deref());
        }
        return Ok(Arc::new(plugin));
    }

    // Held while loading: two threads that want the same plugin must not load it twice.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = loaded.get(&sha256) {
        if known.file() == file && known.verification() == verification {
            return Ok(Arc::clone(known));
        }
        let seen = Arc::new(known.seen_as(file.into(), verification));
        loaded.insert(sha256, Arc::clone(&seen));
        return Ok(seen);
    }
    // Code of a library runs as soon as it is loaded, so this is a moment at which it can take the program along.
    let in_use = match &policy.quarantine {
        Some(quarantine) => quarantine.mark(&sha256, &embedded.id, &embedded.version, "loading it")?,
        None => None,
    };
    let copy = PrivateCopy::write(&bytes, file.file_name().unwrap_or(OsStr::new("plugin")))?;
    let code = entry::load(copy.path(), &embedded).map_err(|why| {
        // What a `noexec` mount looks like to the loader of glibc.
        let no_exec = why.contains("failed to map segment");
        let error = refused(file, why).at("plugin", &embedded.id);
        if no_exec { error.hint(no_exec_hint()) } else { error }
    });
    // Also after an error: the library may be loaded and broken.
    copy.release();
    drop(in_use);
    let plugin =
        Arc::new(LoadedPlugin::new(Way::Here(Box::new(code?)), embedded, sha256, file.into(), verification));
    loaded.insert(sha256, Arc::clone(&plugin));
    warn(&plugin, objection.as_deref());
    Ok(plugin)
}

fn warn(plugin: &LoadedPlugin, objection: Option<&str>) {
    let file = plugin.file().display();
    if !plugin.verification().verified() {
        tracing::warn!(plugin = plugin.id(), %file, "a plugin nobody approved was loaded");
    }
    if let Some(why) = objection {
        tracing::warn!(plugin = plugin.id(), %file, why, "the signature of a plugin is not accepted");
    }
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    // Opening a pipe would wait for ever.
    if !std::fs::metadata(file)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    std::fs::read(file)
}

fn refused(file: &Path, why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Plugin, "load a plugin", why).at("file", file.display())
}
