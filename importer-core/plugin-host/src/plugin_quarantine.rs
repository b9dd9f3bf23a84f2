use std::fs::File;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::crash_mark;
use super::replace::replace;
use super::sidecar::one_line;
use importer_core::file_lock::FileLock;
use importer_core::plugins::FileHash;
use importer_core::ports::{Clock, SystemClock};
use importer_core::{Error, ErrorKind, Result};

const STRIKES: u32 = 2;
/// A reason may come from a plugin, and a plugin may talk for ever.
const LONGEST_REASON: usize = 500;

/// Plugins that are not loaded because they failed before, or because somebody said so: a TOML file the host names.
///
/// A file is held by the sha256 of its bytes, so another build of the same plugin is not held. Every change is written
/// beside the file and renamed, one process at a time; a file that is not there holds nothing.
///
/// ```
/// use importer_plugin_host::{FileHash, PluginQuarantine};
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("held.toml");
/// let quarantine = PluginQuarantine::new(path).strikes(2);
/// let hash = FileHash::of(b"the bytes of the plugin");
/// quarantine.record(&hash, "sheets", "1.2.0", "its process ended with signal 11")?;
/// assert!(quarantine.is_held(&hash)?.is_none(), "once is bad luck");
/// quarantine.record(&hash, "sheets", "1.2.0", "its process ended with signal 11")?;
/// assert!(quarantine.is_held(&hash)?.is_some());
/// quarantine.lift("sheets")?;
/// assert!(quarantine.is_held(&hash)?.is_none());
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginQuarantine {
    path: PathBuf,
    strikes: u32,
    crash_marks: bool,
}

/// A plugin that failed, and whether it is held back for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuarantinedPlugin {
    /// What its bytes hash to.
    pub sha256: FileHash,
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What happened last, in one line.
    pub reason: String,
    /// When that was.
    pub since: DateTime<Utc>,
    /// How often it failed.
    pub strikes: u32,
    /// True when it is not loaded any more. It stays so, also where more strikes are allowed later.
    pub held: bool,
}

impl QuarantinedPlugin {
    /// Completes the sentence "the file was refused: …".
    pub(super) fn refusal(&self, quarantine: &Path) -> String {
        let after = match self.strikes {
            0 => String::new(),
            1 => ", after 1 failure".into(),
            strikes => format!(", after {strikes} failures"),
        };
        format!(
            "it has been held back since {}{after}: {}; find out why, then release `{}` from the quarantine of plugins, or use \
             another build (quarantine: {})",
            self.since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            self.reason,
            self.id,
            quarantine.display()
        )
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default, rename = "plugin")]
    plugins: Vec<QuarantinedPlugin>,
}

impl PluginQuarantine {
    /// A quarantine in this file, which need not be there yet; its directory must be.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), strikes: STRIKES, crash_marks: false }
    }

    /// Sets how many failures in a row hold a plugin back; 2 unless set, and at least 1.
    #[must_use]
    pub fn strikes(mut self, strikes: u32) -> Self {
        self.strikes = strikes.max(1);
        self
    }

    /// Sets whether a process that ends while a plugin is at work in it counts as a failure of that plugin. Off unless set.
    ///
    /// A crash of a plugin, a `kill -9` of an operator and a lack of memory look the same afterwards, so this is for
    /// services that nobody kills by hand, and not for command lines. See [`PluginQuarantine::mark`].
    #[must_use]
    pub fn crash_marks(mut self, on: bool) -> Self {
        self.crash_marks = on;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes a failure of a plugin, which is held back when it was one too many. The reason must hold no values of rows;
    /// it is cut to one short line.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn record(
        &self,
        sha256: &FileHash,
        id: &str,
        version: &str,
        reason: &str,
    ) -> Result<QuarantinedPlugin> {
        let entry = self.entry(sha256, id, version, reason);
        self.change(|plugins| {
            let strikes =
                plugins.iter().find(|known| known.sha256 == *sha256).map_or(0, |known| known.strikes) + 1;
            let held = strikes >= self.strikes;
            put(plugins, QuarantinedPlugin { strikes, held, ..entry })
        })
    }

    /// Holds a plugin back at once, because somebody says so.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn hold(
        &self,
        sha256: &FileHash,
        id: &str,
        version: &str,
        reason: &str,
    ) -> Result<QuarantinedPlugin> {
        let entry = self.entry(sha256, id, version, reason);
        self.change(|plugins| put(plugins, entry))
    }

    /// The entry that holds the plugin with this hash back, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read. A quarantine that cannot be read must not pass for an empty one.
    pub fn is_held(&self, sha256: &FileHash) -> Result<Option<QuarantinedPlugin>> {
        if self.crash_marks {
            crash_mark::collect(self)?;
        }
        Ok(self.read()?.into_iter().find(|known| known.held && known.sha256 == *sha256))
    }

    /// Everything that failed, held back or not yet.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<QuarantinedPlugin>> {
        if self.crash_marks {
            crash_mark::collect(self)?;
        }
        self.read()
    }

    /// Forgets all entries with this id or this sha256, and returns them.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn lift(&self, id_or_sha256: &str) -> Result<Vec<QuarantinedPlugin>> {
        let hash: Option<FileHash> = id_or_sha256.parse().ok();
        let meant = |entry: &QuarantinedPlugin| entry.id == id_or_sha256 || Some(entry.sha256) == hash;
        self.forget(meant)
    }

    /// Notes that a run with this plugin came to a regular end: failures that did not lead to a hold are forgotten, so that
    /// only failures in a row count.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn passed(&self, sha256: &FileHash) -> Result<()> {
        self.forget(|entry| !entry.held && entry.sha256 == *sha256).map(drop)
    }

    /// Writes down that this process is about to work with a plugin; nothing when [`PluginQuarantine::crash_marks`] are off.
    ///
    /// Dropping what is returned takes the note back. When the process ends without that, the next look into the quarantine
    /// finds the note without its process and records a failure. `doing` says what the plugin was needed for.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn mark(
        &self,
        sha256: &FileHash,
        id: &str,
        version: &str,
        doing: &str,
    ) -> Result<Option<crash_mark::InUse>> {
        if self.crash_marks {
            crash_mark::write(self, sha256, id, version, doing).map(Some)
        } else {
            Ok(None)
        }
    }

    fn entry(&self, sha256: &FileHash, id: &str, version: &str, reason: &str) -> QuarantinedPlugin {
        // It may come from a plugin, and ends in a terminal.
        let plain = reason.replace(char::is_control, " ");
        let reason: String = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        QuarantinedPlugin {
            sha256: *sha256,
            id: id.into(),
            version: version.into(),
            reason: reason.chars().take(LONGEST_REASON).collect(),
            since: now(),
            strikes: 0,
            held: true,
        }
    }

    /// Nothing is written, and no lock is taken, where there is nothing to forget.
    fn forget(&self, meant: impl Fn(&QuarantinedPlugin) -> bool) -> Result<Vec<QuarantinedPlugin>> {
        if !self.read()?.iter().any(&meant) {
            return Ok(Vec::new());
        }
        self.change(|plugins| {
            let (gone, kept) = std::mem::take(plugins).into_iter().partition(&meant);
            *plugins = kept;
            gone
        })
    }

    fn read(&self) -> Result<Vec<QuarantinedPlugin>> {
        const OPERATION: &str = "read the quarantine of plugins";
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.fault(OPERATION, error.to_string()).caused_by(error)),
        };
        let document: Document =
            toml::from_str(&text).map_err(|error| self.fault(OPERATION, one_line(&error)))?;
        Ok(document.plugins)
    }

    /// Reads, changes and writes while no other process does.
    fn change<T>(&self, change: impl FnOnce(&mut Vec<QuarantinedPlugin>) -> T) -> Result<T> {
        const OPERATION: &str = "write the quarantine of plugins";
        let failed = |error: std::io::Error| self.fault(OPERATION, error.to_string()).caused_by(error);
        // Not the file itself: it is replaced, and a lock stays with what was replaced.
        let _lock = File::create(self.beside(".lock")).and_then(FileLock::wait).map_err(failed)?;
        let mut document = Document { plugins: self.read()? };
        let changed = change(&mut document.plugins);
        let text = toml::to_string(&document).map_err(|error| self.fault(OPERATION, error.to_string()))?;
        replace(&self.path, &text).map_err(failed)?;
        Ok(changed)
    }

    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    pub(super) fn fault(&self, operation: &'static str, why: String) -> Error {
        Error::new(ErrorKind::Config, operation, why)
            .at("file", self.path.display())
            .hint("repair it, or remove it to hold nothing back")
    }
}

/// Replaces the entry of the same bytes; what is held stays held, with all its failures.
fn put(plugins: &mut Vec<QuarantinedPlugin>, mut entry: QuarantinedPlugin) -> QuarantinedPlugin {
    match plugins.iter_mut().find(|known| known.sha256 == entry.sha256) {
        Some(known) => {
            entry.held |= known.held;
            entry.strikes = entry.strikes.max(known.strikes);
            *known = entry.clone();
        }
        None => plugins.push(entry.clone()),
    }
    entry
}

pub(super) fn now() -> DateTime<Utc> {
    SystemClock.now().trunc_subsecs(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarantine() -> (tempfile::TempDir, PluginQuarantine) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("held.toml");
        (directory, PluginQuarantine::new(path))
    }

    #[test]
    fn two_failures_hold_and_the_refusal_says_why_and_what_to_do() {
        let (_directory, quarantine) = quarantine();
        let hash = FileHash::of(b"a");
        assert!(!quarantine.record(&hash, "csv", "1.0.0", "it\ncrashed").unwrap().held);
        assert!(quarantine.is_held(&hash).unwrap().is_none());
        assert!(quarantine.record(&hash, "csv", "1.0.0", "it crashed\n  \u{1b}again").unwrap().held);
        let why = quarantine.is_held(&hash).unwrap().unwrap().refusal(quarantine.path());
        for part in [
            "held back since 20",
            "after 2 failures: it crashed again;",
            "release `csv` from the quarantine of plugins",
        ] {
            assert!(why.contains(part), "{part} is missing in: {why}");
        }
        assert!(
            quarantine.is_held(&FileHash::of(b"b")).unwrap().is_none(),
            "another build is another plugin"
        );
    }

    #[test]
    fn a_regular_end_forgets_failures_and_no_hold() {
        let (_directory, quarantine) = quarantine();
        let hash = FileHash::of(b"a");
        for _ in 0..5 {
            quarantine.record(&hash, "csv", "1", "crash").unwrap();
            quarantine.passed(&hash).unwrap();
        }
        assert_eq!(quarantine.list().unwrap(), []);
        quarantine.hold(&hash, "csv", "1", "said so").unwrap();
        quarantine.passed(&hash).unwrap();
        assert!(quarantine.is_held(&hash).unwrap().is_some());
        // More patience later does not set free what is held.
        assert!(quarantine.clone().strikes(9).record(&hash, "csv", "1", "crash").unwrap().held);
    }

    #[test]
    fn one_strike_can_be_enough() {
        let (_directory, quarantine) = quarantine();
        let strict = quarantine.strikes(0);
        assert!(strict.record(&FileHash::of(b"a"), "csv", "1", &"long ".repeat(500)).unwrap().held);
        assert_eq!(strict.list().unwrap()[0].reason.chars().count(), LONGEST_REASON);
    }

    #[test]
    fn entries_are_lifted_by_id_or_by_hash() {
        let (_directory, quarantine) = quarantine();
        let hashes = [b"a", b"b", b"c"].map(|bytes| FileHash::of(bytes));
        for (hash, id) in hashes.iter().zip(["csv", "csv", "xml"]) {
            quarantine.hold(hash, id, "1", "said so").unwrap();
        }
        assert_eq!(quarantine.lift("sheets").unwrap(), []);
        assert_eq!(quarantine.lift(&hashes[2].to_string().to_uppercase()).unwrap()[0].id, "xml");
        assert_eq!(quarantine.lift("csv").unwrap().len(), 2);
        assert_eq!(quarantine.list().unwrap(), []);
    }

    #[test]
    fn nothing_is_written_where_nothing_happened() {
        let (directory, quarantine) = quarantine();
        let hash = FileHash::of(b"a");
        quarantine.passed(&hash).unwrap();
        quarantine.lift("csv").unwrap();
        assert!(quarantine.mark(&hash, "csv", "1", "import").unwrap().is_none());
        assert!(quarantine.is_held(&hash).unwrap().is_none());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_broken_file_is_told_and_not_overwritten() {
        let (_directory, quarantine) = quarantine();
        std::fs::write(quarantine.path(), "[[plugin]]\nid = 'csv'\n").unwrap();
        let hash = FileHash::of(b"a");
        for error in [
            quarantine.is_held(&hash).unwrap_err(),
            quarantine.record(&hash, "csv", "1", "crash").unwrap_err(),
            quarantine.lift("csv").unwrap_err(),
        ] {
            let error = error.to_string();
            for part in
                ["cannot read the quarantine of plugins", "sha256", "held.toml", "repair it, or remove it"]
            {
                assert!(error.contains(part), "{part} is missing in: {error}");
            }
        }
        assert_eq!(std::fs::read_to_string(quarantine.path()).unwrap(), "[[plugin]]\nid = 'csv'\n");
    }

    #[test]
    fn no_failure_is_lost_when_many_write_at_once() {
        let (_directory, quarantine) = quarantine();
        let quarantine = quarantine.strikes(100);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        quarantine.record(&FileHash::of(b"a"), "csv", "1", "crash").unwrap();
                    }
                });
            }
        });
        assert_eq!(quarantine.list().unwrap()[0].strikes, 20);
    }
}
