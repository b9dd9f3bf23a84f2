//! Whose turn it is to write to a SQLite database.
//!
//! SQLite lets one connection write at a time, and whoever waits for it cannot tell an importer that will be done in a while
//! from a program that has forgotten its transaction. So importers take turns on a file of their own: for each other they
//! wait as long as it takes, for others only as long as SQLite does.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::lock::beside;
use importer_core::{Error, ErrorKind, Result};

/// How long an importer waits for others: the longest transaction is one that takes a whole run back for show.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it looks whether it may.
const LOOK_AGAIN: Duration = Duration::from_micros(500);

/// The right to write, which dies with whoever has it.
pub(super) struct WriteTurn {
    path: PathBuf,
    /// Opened when it is needed first.
    file: Option<File>,
    taken: bool,
}

impl WriteTurn {
    pub(super) fn of(database: &Path) -> Self {
        Self { path: beside(database, "writing.lock"), file: None, taken: false }
    }

    /// Waits until it is our turn.
    pub(super) fn take(&mut self) -> Result<()> {
        if self.file.is_none() {
            let file = File::options().create(true).truncate(false).write(true).open(&self.path);
            // Where no file can be made, the database cannot be written either, and says so better.
            self.file = file.ok();
        }
        let Some(file) = self.file.as_ref().filter(|_| !self.taken) else { return Ok(()) };
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => self.taken = true,
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(LOOK_AGAIN);
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    let why = "another import keeps the database to itself";
                    return Err(Error::new(ErrorKind::Busy, "begin a transaction", why)
                        .hint("wait until it is done, and try again"));
                }
                // A file system without locks: then SQLite alone keeps writers apart.
                Err(TryLockError::Error(_)) => {}
            }
            return Ok(());
        }
    }

    /// Lets the next one write.
    pub(super) fn pass(&mut self) {
        if let Some(file) = self.file.as_ref().filter(|_| self.taken) {
            // What cannot be unlocked is unlocked by closing it.
            if file.unlock().is_err() {
                self.file = None;
            }
        }
        self.taken = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_at_a_time_and_whoever_is_gone_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let (mut first, mut second) = (WriteTurn::of(&database), WriteTurn::of(&database));
        first.take().unwrap();
        first.take().unwrap();
        let waits = std::thread::spawn(move || {
            second.take().unwrap();
            second
        });
        assert!(!waits.is_finished());
        first.pass();
        let second = waits.join().unwrap();
        drop(second);
        first.take().unwrap();
    }

    #[test]
    fn without_a_place_for_the_file_nobody_waits() {
        let mut turn = WriteTurn::of(Path::new("/nowhere/at/all/a.db"));
        turn.take().unwrap();
        turn.pass();
    }
}
