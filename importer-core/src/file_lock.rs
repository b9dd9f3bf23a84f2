//! Locks on files that are free as soon as they are given back, and when their process ends.
//!
//! A lock belongs to the open file, and a process that is just being started has a copy of that until it runs its own program.
//! Whoever only closes a locked file while another thread starts a process leaves it locked for that moment. So a lock is given
//! back by unlocking, which frees the open file with all its copies.
//!
//! Nobody unlocks for a process that was killed. What it was just starting holds the lock for the same moment, and
//! [`FileLock::take_soon`] outlasts it. A host that forks without running another program keeps its locks in the child as well.

use std::fs::{File, TryLockError};
use std::io;

/// A file that nobody else can lock until this is dropped.
#[derive(Debug)]
pub struct FileLock(File);

impl FileLock {
    /// Locks the file as soon as nobody else has it locked.
    ///
    /// # Errors
    /// When the file cannot be locked.
    pub fn wait(file: File) -> io::Result<Self> {
        file.lock()?;
        Ok(Self(file))
    }

    /// Locks the file, or gives `None` when somebody else has it locked.
    ///
    /// # Errors
    /// When the file cannot be locked.
    pub fn try_take(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The same for a file that somebody may have locked for a moment only: to look whether anybody has, or because of a
    /// process that is just being started.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    pub fn take_soon(open: impl Fn() -> io::Result<File>) -> io::Result<Option<Self>> {
        const TRIES: u32 = 10;
        for _ in 1..TRIES {
            if let Some(lock) = Self::try_take(open()?)? {
                return Ok(Some(lock));
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Self::try_take(open()?)
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // If that fails, closing the file frees it, only later.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn open(path: &Path) -> File {
        File::options().create(true).truncate(false).write(true).open(path).unwrap()
    }

    fn take(path: &Path) -> Option<FileLock> {
        FileLock::try_take(open(path)).unwrap()
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = take(&path).unwrap();
        assert!(take(&path).is_none());
        drop(held);
        let held = FileLock::wait(open(&path)).unwrap();
        assert!(take(&path).is_none());
        drop(held);
        assert!(take(&path).is_some());
    }

    #[test]
    fn a_lock_that_is_given_back_is_free_though_somebody_has_a_copy_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let takes: [fn(&Path) -> FileLock; 2] =
            [|path| take(path).unwrap(), |path| FileLock::wait(open(path)).unwrap()];
        for take_so in takes {
            let lock = take_so(&path);
            // What a process that is just being started has.
            let _copy = lock.0.try_clone().unwrap();
            drop(lock);
            assert!(take(&path).is_some());
        }
    }

    #[test]
    fn a_lock_is_free_at_once_while_other_threads_start_processes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let starting = AtomicU32::new(2);
        let start = || {
            for _ in 0..100 {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.arg("--list").stdout(Stdio::null()).status().unwrap();
            }
            starting.fetch_sub(1, Ordering::Relaxed);
        };
        let refused = std::thread::scope(|scope| {
            scope.spawn(start);
            scope.spawn(start);
            let mut refused = 0;
            while starting.load(Ordering::Relaxed) > 0 {
                refused += u32::from(take(&path).is_none());
            }
            refused
        });
        assert_eq!(refused, 0);
    }

    #[test]
    fn who_holds_a_lock_longer_than_a_moment_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let take_soon = || FileLock::take_soon(|| Ok(open(&path))).unwrap();
        let held = take(&path).unwrap();
        assert!(take_soon().is_none());
        drop(held);
        assert!(take_soon().is_some());
    }
}
