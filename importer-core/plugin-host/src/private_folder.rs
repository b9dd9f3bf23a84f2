//! Folders in the temporary directory that nobody else can enter, and that do not outlive their process for long.
//!
//! A folder is locked while it is in use. A process that is killed leaves its folders behind without their locks; whoever makes
//! the next one takes them away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use importer_core::file_lock::FileLock;

/// How often a folder is made anew that somebody took away before it was locked.
const TRIES: u32 = 10;

/// A folder of our own, gone when dropped.
pub(super) struct PrivateFolder {
    // Dropped before the lock: whoever gets the lock must not find the folder half gone.
    folder: TempDir,
    /// None where folders cannot be locked; nobody takes such a one away.
    _lock: Option<FileLock>,
}

impl PrivateFolder {
    /// Makes one, once those are gone that begin like it and were left behind.
    pub(super) fn new(prefix: &str) -> io::Result<Self> {
        Self::below(&std::env::temp_dir(), prefix)
    }

    fn below(base: &Path, prefix: &str) -> io::Result<Self> {
        for left in left_behind(base, prefix) {
            // Somebody else may be at it, too.
            if let Err(error) = left.remove() {
                tracing::debug!(%error, "a folder that a killed process left cannot be removed");
            }
        }
        for _ in 0..TRIES {
            let mut builder = tempfile::Builder::new();
            builder.prefix(prefix);
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
            let folder = builder.tempdir_in(base)?;
            let lock = match lock(folder.path()) {
                // Somebody took it for one that was left behind.
                Ok(None) => continue,
                Ok(lock) => lock,
                Err(_) => None,
            };
            if folder.path().exists() {
                return Ok(Self { folder, _lock: lock });
            }
        }
        Err(io::Error::other("it was taken away each time it was made"))
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes it away, and says when that cannot be done.
    pub(super) fn close(self) -> io::Result<()> {
        self.folder.close()
    }

    /// Leaves it where it is.
    #[cfg(windows)]
    pub(super) fn keep(self) {
        let _ = self.folder.keep();
    }
}

/// A folder that nobody holds any more.
struct LeftBehind {
    path: PathBuf,
    _lock: FileLock,
}

impl LeftBehind {
    fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(&self.path)
    }
}

fn left_behind(base: &Path, prefix: &str) -> Vec<LeftBehind> {
    let Ok(entries) = base.read_dir() else { return Vec::new() };
    let ours = entries.flatten().filter(|entry| {
        entry.file_name().to_string_lossy().starts_with(prefix)
            // Not what a link leads to.
            && fs::symlink_metadata(entry.path()).is_ok_and(|found| found.is_dir() && is_mine(&found))
    });
    let found = ours.filter_map(|entry| {
        let path = entry.path();
        Some(LeftBehind { _lock: lock(&path).ok()??, path })
    });
    found.collect()
}

fn lock(folder: &Path) -> io::Result<Option<FileLock>> {
    FileLock::try_take(fs::File::open(folder)?)
}

#[cfg(unix)]
fn is_mine(found: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(found) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_mine(_: &fs::Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn names(base: &Path) -> usize {
        base.read_dir().expect("a folder").count()
    }

    #[test]
    fn a_folder_goes_with_its_owner_and_one_that_was_left_goes_with_the_next() {
        let base = tempfile::tempdir().unwrap();
        let make = || PrivateFolder::below(base.path(), "kept-").unwrap();
        let used = make();
        fs::write(used.path().join("data"), "in use").unwrap();
        // As a killed process leaves it: there, and not locked.
        let left = base.path().join("kept-of-somebody");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("data"), "left").unwrap();
        let other = base.path().join("other-folder");
        fs::create_dir(&other).unwrap();
        fs::write(base.path().join("kept-file"), "no folder").unwrap();
        let linked = base.path().join("kept-link");
        std::os::unix::fs::symlink(&other, &linked).unwrap();

        let next = make();
        assert!(!left.exists());
        assert!(used.path().join("data").exists() && other.exists() && linked.exists());
        assert_eq!(names(base.path()), 5);
        drop((used, next));
        assert_eq!(names(base.path()), 3);
    }

    #[test]
    fn many_at_once_take_nothing_away_from_each_other() {
        let base = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let folder = PrivateFolder::below(base.path(), "kept-").unwrap();
                        fs::write(folder.path().join("data"), "in use").unwrap();
                        assert!(folder.path().join("data").exists());
                        folder.close().unwrap();
                    }
                });
            }
        });
        assert_eq!(names(base.path()), 0);
    }
}
