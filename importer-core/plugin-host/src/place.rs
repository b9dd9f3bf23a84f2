use std::collections::BTreeSet;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fmt;
use std::path::{Path, PathBuf};

use super::candidate::PluginCandidate;
use super::inspect::{Inspected, inspect};
use super::metadata::MetadataError;
use super::sidecar::{Sidecar, is_sidecar, sidecars_in, sidecars_of};
use super::trust::TrustPolicy;

/// Where plugins are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SearchPlace {
    /// A library or a sidecar, given by name.
    File(PathBuf),
    /// A directory the host gives.
    Directory(PathBuf),
    /// A directory from the search path of the environment.
    SearchPath(PathBuf),
}

impl fmt::Display for SearchPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Directory(path) => write!(f, "directory {}", path.display()),
            Self::SearchPath(path) => write!(f, "directory {} of the search path", path.display()),
        }
    }
}

/// What is in a place.
#[derive(Default)]
pub(super) struct Visit {
    /// Plugins, good and bad, in the order in which they count.
    pub(super) candidates: Vec<PluginCandidate>,
    /// How many libraries without plugin metadata lie there.
    pub(super) other_libraries: usize,
    /// Why the place as a whole is of no use.
    pub(super) problem: Option<String>,
}

impl SearchPlace {
    /// Looks at everything in it. With `wanted`, plugins of another id are refused.
    pub(super) fn visit(&self, policy: &TrustPolicy, wanted: Option<&str>) -> Visit {
        match self {
            Self::File(path) => {
                let candidates = vec![look_at_file(path, policy, wanted)];
                Visit { candidates, ..Visit::default() }
            }
            Self::SearchPath(path) if !path.is_absolute() => {
                // A relative entry means another directory for every caller, often the current one.
                Visit { problem: Some("passed over, because it is not absolute".into()), ..Visit::default() }
            }
            Self::Directory(path) | Self::SearchPath(path) => {
                look_into(path, policy, wanted).unwrap_or_else(|error| Visit {
                    problem: Some(format!("it cannot be read: {error}")),
                    ..Visit::default()
                })
            }
        }
    }
}

/// Nobody names a file by accident, so one that is no plugin is told of.
fn look_at_file(path: &Path, policy: &TrustPolicy, wanted: Option<&str>) -> PluginCandidate {
    let library = match library_of(path) {
        Ok(library) => library,
        Err(why) => return PluginCandidate::refused(path, why),
    };
    match inspect(&library, &sidecars_of(&library), policy, wanted) {
        Inspected::PluginCandidate(candidate) => *candidate,
        Inspected::OtherLibrary => PluginCandidate::refused(&library, MetadataError::Missing.to_string()),
    }
}

/// The library a path given by a person means: itself, or that of a sidecar.
pub(super) fn library_of(path: &Path) -> Result<PathBuf, String> {
    if is_sidecar(path) { Sidecar::read(path)?.library(path) } else { Ok(path.into()) }
}

fn look_into(directory: &Path, policy: &TrustPolicy, wanted: Option<&str>) -> std::io::Result<Visit> {
    let mut visit = Visit::default();
    let mut libraries = BTreeSet::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if has_library_name(&path) && !path.is_dir() {
            libraries.insert(path);
        }
    }
    let mut sidecars = Vec::new();
    for (path, sidecar) in sidecars_in(directory)? {
        match sidecar.and_then(|sidecar| Ok((sidecar.library(&path)?, sidecar))) {
            Ok((library, sidecar)) => {
                libraries.insert(library);
                sidecars.push(sidecar);
            }
            Err(why) => visit.candidates.push(PluginCandidate::refused(&path, why)),
        }
    }
    for library in libraries {
        let own: Vec<Sidecar> = sidecars.iter().filter(|sidecar| sidecar.names(&library)).cloned().collect();
        match inspect(&library, &own, policy, wanted) {
            Inspected::PluginCandidate(candidate) => visit.candidates.push(*candidate),
            Inspected::OtherLibrary => visit.other_libraries += 1,
        }
    }
    Ok(visit)
}

fn has_library_name(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.len() > DLL_PREFIX.len() + DLL_SUFFIX.len()
        && name.starts_with(DLL_PREFIX)
        && name.ends_with(DLL_SUFFIX)
}
