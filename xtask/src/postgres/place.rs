//! Where servers live: a directory each, locked while it is in use, and swept away when nobody holds the lock.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account::Account;
use crate::failure::Failure;

/// The longest path a socket can have everywhere is 103 bytes; its own name and the directory's need some of them.
const LONGEST: usize = 70;

/// A directory of our own for one server.
pub(super) struct Place {
    base: PathBuf,
    path: PathBuf,
    /// Held until we end, however that happens: who gets the lock knows that the owner is gone.
    _lock: Lock,
}

impl Place {
    /// Claims a directory below `preferred` or, if the server could not work there, below `/tmp`.
    /// What dead owners have left there is handed to `clear`, then removed.
    pub(super) fn claim(preferred: &Path, account: &Account, clear: impl Fn(&Path)) -> Result<Self, Failure> {
        let user = rustix::process::geteuid().as_raw();
        let fallback = PathBuf::from(format!("/tmp/importer-pg-{user}"));
        let mut refused = Vec::new();
        for base in [preferred, &fallback] {
            match Self::claim_below(base, account, &clear) {
                Ok(place) => return Ok(place),
                Err(e) => refused.push(format!("{}: {e}", base.display())),
            }
        }
        Err(format!("there is no place for a Postgres server.\n  {}", refused.join("\n  ")).into())
    }

    fn claim_below(base: &Path, account: &Account, clear: &impl Fn(&Path)) -> io::Result<Self> {
        if !suits_a_socket(base) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidFilename,
                "too long or too odd a path for a socket",
            ));
        }
        DirBuilder::new().recursive(true).create(base)?;
        // In `/tmp` somebody else may have been here first, with a link to what we must not sweep.
        let found = fs::symlink_metadata(base)?;
        if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not a directory of ours"));
        }
        fs::set_permissions(base, Permissions::from_mode(0o755))?;
        let base = base.canonicalize()?;
        let _turn = take_turn(&base)?;
        sweep(&base, clear)?;
        for number in 1_u32.. {
            let path = base.join(number.to_string());
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(e),
            }
            let claimed = File::create(lock_of(&path)).and_then(|file| {
                file.try_lock()?;
                let lock = Lock(file);
                account.hand_over(&path)?;
                Ok(lock)
            });
            return match claimed {
                Ok(lock) => Ok(Self { base, path, _lock: lock }),
                Err(e) => {
                    let _ = fs::remove_dir_all(&path);
                    Err(e)
                }
            };
        }
        unreachable!("the numbers do not run out")
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the directory and all that is in it.
    pub(super) fn remove(self) -> Result<(), Failure> {
        let gone = take_turn(&self.base).and_then(|_turn| fs::remove_dir_all(&self.path));
        Ok(gone.map_err(|e| format!("cannot remove {}: {e}", self.path.display()))?)
    }
}

/// A locked file. Dropping it unlocks: closing alone would leave it to whatever process is just being started, which has a copy of
/// the open file until it runs its own program.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // If that fails, closing frees it, only later.
        let _ = self.0.unlock();
    }
}

/// Whether a socket's path and a line of Postgres's configuration can hold this path.
fn suits_a_socket(base: &Path) -> bool {
    base.as_os_str().len() <= LONGEST
        && base.to_str().is_some_and(|p| p.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+ ".contains(c)))
}

/// Waits until nobody else claims, sweeps or removes a directory below `base`.
fn take_turn(base: &Path) -> io::Result<Lock> {
    let turn = File::create(base.join("lock"))?;
    turn.lock()?;
    Ok(Lock(turn))
}

/// Removes the directories whose owners are gone.
fn sweep(base: &Path, clear: &impl Fn(&Path)) -> io::Result<()> {
    for entry in base.read_dir()? {
        let entry = entry?;
        let numbered = entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok());
        if !numbered || !entry.file_type()?.is_dir() {
            continue;
        }
        let path = entry.path();
        // A directory without a lock was left by an owner who died before taking it: turns keep everybody else out.
        let lock = File::open(lock_of(&path));
        if lock.as_ref().is_ok_and(|lock| lock.try_lock().is_err()) {
            continue;
        }
        let _lock = lock.map(Lock);
        clear(&path);
        fs::remove_dir_all(&path)?;
    }
    Ok(())
}

fn lock_of(path: &Path) -> PathBuf {
    path.join("lock")
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A short path, gone when dropped, also when the test fails.
    fn base() -> tempfile::TempDir {
        tempfile::Builder::new().prefix("importer-pg-").tempdir_in("/tmp").expect("a directory")
    }

    #[test]
    fn a_place_in_use_is_kept_and_an_abandoned_one_is_swept_away() {
        let base = base();
        let base = base.path();
        let claim = |cleared: &dyn Fn(&Path)| Place::claim(base, &Account::own(), cleared).expect("a place");

        let used = claim(&|_| panic!("there is nothing to clear"));
        let abandoned = claim(&|_| panic!("the other place is in use"));
        let left = abandoned.path().to_owned();
        fs::write(left.join("data"), "of a dead owner").expect("a file");
        drop(abandoned);
        fs::write(base.join("notes"), "not ours to remove").expect("a file");

        let seen = std::cell::RefCell::new(Vec::new());
        let next = claim(&|path| seen.borrow_mut().push(path.to_owned()));
        assert_eq!(seen.into_inner(), std::slice::from_ref(&left));
        assert!(used.path().is_dir());
        assert_eq!(next.path(), left);
        assert!(!left.join("data").exists());
        assert!(base.join("notes").exists());

        next.remove().expect("removed");
        assert!(!left.exists());
    }

    #[test]
    fn a_place_is_abandoned_though_a_process_that_is_being_started_has_a_copy_of_its_lock() {
        let base = base();
        let claim = || Place::claim(base.path(), &Account::own(), |_| {}).expect("a place");
        let place = claim();
        let path = place.path().to_owned();
        let _copy = place._lock.0.try_clone().expect("a copy");
        drop(place);
        assert_eq!(claim().path(), path, "it was swept away and is claimed again");
    }

    #[test]
    fn an_abandoned_place_is_found_while_other_threads_start_processes() {
        let base = base();
        let claim = || Place::claim(base.path(), &Account::own(), |_| {}).expect("a place");
        let starting = AtomicU32::new(2);
        let start = || {
            for _ in 0..300 {
                Command::new("true").status().expect("a process");
            }
            starting.fetch_sub(1, Ordering::Relaxed);
        };
        let left = std::thread::scope(|scope| {
            scope.spawn(start);
            scope.spawn(start);
            let mut left = 0;
            while starting.load(Ordering::Relaxed) > 0 {
                left += u32::from(!claim().path().ends_with("1"));
            }
            left
        });
        assert_eq!(left, 0, "a place was not swept away");
    }

    #[test]
    fn a_path_that_no_socket_could_have_is_refused() {
        assert!(suits_a_socket(Path::new("/home/ann/my project/target/pg")));
        assert!(!suits_a_socket(Path::new("/home/ann/it's/target/pg")));
        assert!(!suits_a_socket(Path::new(&format!("/home/{}", "x".repeat(80)))));
    }
}
