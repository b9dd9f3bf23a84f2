//! Finding what is installed of Postgres.

use std::env;
use std::path::{Path, PathBuf};

/// The directory that has the server's programs: `PG_BIN` if set, then one of `PATH`, then the newest of Debian's.
pub(crate) fn server_directory() -> Option<PathBuf> {
    let complete =
        |directory: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|p| directory.join(p).is_file());
    if let Some(named) = env::var_os("PG_BIN").filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named)).filter(complete);
    }
    path().into_iter().chain(debian_directories()).find(complete)
}

/// Whether a program of this name is in `PATH`.
pub(crate) fn in_path(program: &str) -> bool {
    path().iter().any(|directory| directory.join(program).is_file())
}

fn path() -> Vec<PathBuf> {
    env::var_os("PATH").map_or_else(Vec::new, |path| env::split_paths(&path).collect())
}

/// `/usr/lib/postgresql/VERSION/bin`, the highest version first.
fn debian_directories() -> Vec<PathBuf> {
    let Ok(entries) = Path::new("/usr/lib/postgresql").read_dir() else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, directory)| directory).collect()
}
