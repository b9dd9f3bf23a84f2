//! Notes that a process is at work with a plugin, to see afterwards that it did not come back.
//!
//! A note is a file that its process keeps locked. The system frees the lock when the process ends, however it ends, so a
//! note that can be locked has lost its process. Nothing depends on process numbers, which are used again.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::plugin_quarantine::{PluginQuarantine, now};
use importer_core::Result;
use importer_core::file_lock::FileLock;
use importer_core::plugins::FileHash;

const DIRECTORY: &str = ".in-use";
const NEW: &str = ".new";
const NOTE: &str = "note";

#[derive(Serialize, Deserialize)]
struct Note {
    sha256: FileHash,
    id: String,
    version: String,
    doing: String,
    process: u32,
    since: DateTime<Utc>,
    /// Changes with every start of the machine, where the system tells.
    boot: Option<String>,
}

/// A note that this process is at work with a plugin; dropping it takes the note back.
///
/// Made by [`PluginQuarantine::mark`].
#[derive(Debug)]
pub struct InUse {
    path: PathBuf,
    _lock: FileLock,
}

impl Drop for InUse {
    fn drop(&mut self) {
        // Before the lock goes: whoever gets the lock and still sees the file may count it.
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "the note that a plugin is in use cannot be taken back");
        }
    }
}

pub(super) fn write(
    quarantine: &PluginQuarantine,
    sha256: &FileHash,
    id: &str,
    version: &str,
    doing: &str,
) -> Result<InUse> {
    let failed = |why: String| quarantine.fault("note that a plugin is in use", why);
    let note = Note {
        sha256: *sha256,
        id: id.into(),
        version: version.into(),
        doing: doing.into(),
        process: std::process::id(),
        since: now(),
        boot: boot(),
    };
    let text = toml::to_string(&note).map_err(|error| failed(error.to_string()))?;
    (|| {
        let directory = quarantine.beside(DIRECTORY);
        std::fs::create_dir_all(&directory)?;
        // Under another name until it is locked and whole, or somebody would take it for one without its process.
        let new = tempfile::Builder::new().suffix(NEW).tempfile_in(directory)?;
        let lock = FileLock::wait(new.as_file().try_clone()?)?;
        std::io::Write::write_all(&mut new.as_file(), text.as_bytes())?;
        let path = new.path().with_extension(NOTE);
        new.persist_noclobber(&path).map_err(|error| error.error)?;
        Ok(InUse { path, _lock: lock })
    })()
    .map_err(|error: std::io::Error| failed(error.to_string()).caused_by(error))
}

/// Turns every note that has lost its process into a failure of its plugin.
pub(super) fn collect(quarantine: &PluginQuarantine) -> Result<()> {
    let failed = |error: std::io::Error| {
        quarantine.fault("look for plugins that ended their program", error.to_string()).caused_by(error)
    };
    let entries = match std::fs::read_dir(quarantine.beside(DIRECTORY)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == NOTE) {
            look_at(quarantine, &path).map_err(failed)??;
        }
    }
    Ok(())
}

fn look_at(quarantine: &PluginQuarantine, path: &Path) -> std::io::Result<Result<()>> {
    // Its process may take it back at any moment.
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Ok(())),
        Err(error) => return Err(error),
    };
    // Nobody else counts it while this looks. What cannot be locked has its process, or is looked at.
    let Some(_lock) = FileLock::try_take(file)? else { return Ok(Ok(())) };
    if !path.exists() {
        return Ok(Ok(()));
    }
    let text = std::fs::read_to_string(path)?;
    let recorded = match toml::from_str::<Note>(&text) {
        // The machine went down and took everybody along.
        Ok(note) if note.boot.is_some() && note.boot != boot() => Ok(()),
        Ok(note) => quarantine.record(&note.sha256, &note.id, &note.version, &reason(&note)).map(drop),
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "a note that a plugin is in use cannot be read");
            Ok(())
        }
    };
    if recorded.is_ok() {
        std::fs::remove_file(path)?;
    }
    Ok(recorded)
}

fn reason(note: &Note) -> String {
    format!(
        "the program ended while this plugin was at work ({}, process {}, since {})",
        note.doing,
        note.process,
        note.since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    )
}

fn boot() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarantine() -> (tempfile::TempDir, PluginQuarantine) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("held.toml");
        (directory, PluginQuarantine::new(path).crash_marks(true))
    }

    fn mark(quarantine: &PluginQuarantine) -> InUse {
        quarantine.mark(&FileHash::of(b"a"), "csv", "1.0.0", "import of people").unwrap().unwrap()
    }

    /// Leaves a note as a process does that is gone.
    fn abandon(mark: InUse) -> PathBuf {
        let (path, kept) = (mark.path.clone(), mark.path.with_extension("kept"));
        std::fs::copy(&path, &kept).unwrap();
        drop(mark);
        std::fs::rename(kept, &path).unwrap();
        path
    }

    #[test]
    fn a_note_that_is_taken_back_is_no_failure() {
        let (_directory, quarantine) = quarantine();
        for _ in 0..3 {
            drop(mark(&quarantine));
            assert_eq!(quarantine.list().unwrap(), []);
        }
    }

    #[test]
    fn a_note_of_a_living_process_is_no_failure() {
        let (_directory, quarantine) = quarantine();
        let (first, second) = (mark(&quarantine), mark(&quarantine));
        assert_eq!(quarantine.list().unwrap(), []);
        assert!(first.path.exists() && second.path.exists());
    }

    #[test]
    fn two_notes_without_their_process_hold_the_plugin() {
        let (_directory, quarantine) = quarantine();
        let hash = FileHash::of(b"a");
        let path = abandon(mark(&quarantine));
        assert!(quarantine.is_held(&hash).unwrap().is_none(), "once can be an operator");
        assert!(!path.exists(), "each note counts once");
        assert_eq!(quarantine.list().unwrap()[0].strikes, 1);
        abandon(mark(&quarantine));
        let why = quarantine.is_held(&hash).unwrap().unwrap().refusal(quarantine.path());
        let says =
            "after 2 failures: the program ended while this plugin was at work (import of people, process ";
        assert!(why.contains(says), "{why}");
    }

    #[test]
    fn an_end_of_the_machine_is_nobodys_failure() {
        let (_directory, quarantine) = quarantine();
        let path = abandon(mark(&quarantine));
        if let Some(boot) = boot() {
            let text = std::fs::read_to_string(&path).unwrap().replace(&boot, "another");
            std::fs::write(&path, text).unwrap();
            assert_eq!(quarantine.list().unwrap(), []);
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_note_that_cannot_be_read_is_nobodys_failure() {
        let (_directory, quarantine) = quarantine();
        let path = abandon(mark(&quarantine));
        std::fs::write(&path, "half a no").unwrap();
        assert_eq!(quarantine.list().unwrap(), []);
        assert!(!path.exists());
    }

    #[test]
    fn without_crash_marks_nothing_is_counted() {
        let (_directory, quarantine) = quarantine();
        let path = abandon(mark(&quarantine));
        let off = quarantine.crash_marks(false);
        assert_eq!(off.list().unwrap(), []);
        assert!(path.exists());
    }
}
