//! Building the plugin of `tests/compat` in other ways, and with an SDK of another version.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::support::{profile_folder, root};

/// How a library is to be built.
#[derive(Default)]
pub(super) struct Build<'a> {
    /// The directory of its sources; builds with equal sources share one.
    pub(super) sources: &'a str,
    /// Features of the plugin, beside its default ones.
    pub(super) features: &'a str,
    /// More for the compiler of the plugin itself.
    pub(super) flags: &'a [&'a str],
    /// Changes of the sources: file, what is there, what is there instead.
    pub(super) edits: &'a [(&'a str, &'a str, &'a str)],
}

/// One directory for all builds, so one at a time.
static BUILDING: Mutex<()> = Mutex::new(());

impl Build<'_> {
    /// Builds the plugin and returns the bytes of its library.
    ///
    /// Plugin and SDK are copied first, so that the SDK can be made another version. Copies and what is built of them stay in
    /// cargo's target directory: only the first build takes long.
    pub(super) fn library(&self) -> Vec<u8> {
        let _one = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = profile_folder().join("compat");
        let place = folder.join(self.sources);
        for part in ["importer-core/plugin", "tests/compat/first-plugin"] {
            self.copy(Path::new(part), &place);
        }
        self.write(&place, Path::new("Cargo.toml"), workspace());
        let lock = place.join("Cargo.lock");
        if !lock.exists() {
            // The same versions as here, so that nothing has to be fetched.
            std::fs::copy(root().join("Cargo.lock"), lock).unwrap();
        }
        let output = Command::new(env!("CARGO"))
            .args(["rustc", "--offline", "--package", "first-plugin", "--lib", "--features", self.features])
            .arg("--target-dir")
            .arg(folder.join("target"))
            .args(["--crate-type", "cdylib", "--"])
            .args(self.flags)
            .current_dir(&place)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        std::fs::read(folder.join(format!("target/debug/{prefix}first_plugin{suffix}"))).unwrap()
    }

    fn copy(&self, from: &Path, place: &Path) {
        for entry in std::fs::read_dir(root().join(from)).unwrap() {
            let entry = entry.unwrap();
            let path = from.join(entry.file_name());
            let name = entry.file_name();
            if entry.file_type().unwrap().is_dir() {
                if name != "target" && name != "tests" {
                    self.copy(&path, place);
                }
            } else if name != "Cargo.lock" {
                let text = std::fs::read_to_string(root().join(&path)).unwrap();
                self.write(place, &path, text);
            }
        }
    }

    /// Writes a file unless it is as it should be: cargo builds anew what is newer.
    fn write(&self, place: &Path, path: &Path, mut text: String) {
        if path.ends_with("first-plugin/Cargo.toml") {
            text = text.replace("[workspace]\n", "");
        }
        for (file, old, new) in self.edits.iter().filter(|(file, ..)| path == Path::new(file)) {
            assert!(text.contains(old), "`{old}` is not in {file} any more");
            text = text.replace(old, new);
        }
        let path = place.join(path);
        if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return;
        }
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// What the members of the copied workspace inherit.
fn workspace() -> String {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let start = manifest.find("[workspace.package]").unwrap();
    let end = manifest.find("[profile.release]").unwrap();
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"tests/compat/first-plugin\"]\n\n{}\n\
         [profile.dev]\ndebug = false\n",
        &manifest[start..end]
    )
}

/// Where a library lies that was built in a test, gone when dropped.
pub(super) fn kept(library: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("plugin{}", std::env::consts::DLL_SUFFIX));
    std::fs::write(&path, library).unwrap();
    (directory, path)
}
