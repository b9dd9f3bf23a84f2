use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use importer_core::plugins::FileHash;

/// How the name of every sidecar ends.
pub const SIDECAR_SUFFIX: &str = ".plugin.toml";

/// The text file `<name>.plugin.toml` beside a plugin: which file is for which platform, and its sha256.
///
/// It shows damage and mix-ups. It is no reason to trust a file: whoever writes the plugin writes the sidecar too.
///
/// ```
/// use importer_plugin_host::Sidecar;
/// let sidecar = Sidecar::parse(r#"
///     id = "csv"
///     version = "1.0.0"
///     kinds = ["adapter"]
///     [files.x86_64-unknown-linux-gnu]
///     file = "libimporter_adapter_csv.so"
///     sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/// "#).unwrap();
/// assert_eq!(sidecar.files["x86_64-unknown-linux-gnu"].file, "libimporter_adapter_csv.so");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// The plugin's id.
    pub id: String,
    /// The plugin's version.
    pub version: String,
    /// What it brings, such as `adapter` and `rule`; for lists, which must not load code.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// How it wants to be kept apart from the host: `process`, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<String>,
    /// The file for each target, named as Rust names targets.
    pub files: BTreeMap<String, SidecarFile>,
}

/// One file of a [`Sidecar`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SidecarFile {
    /// Its name, in the directory of the sidecar.
    pub file: String,
    /// What its bytes hash to.
    pub sha256: FileHash,
}

impl Sidecar {
    /// Reads the text of a sidecar.
    ///
    /// # Errors
    /// Says where the text is no sidecar.
    pub fn parse(text: &str) -> Result<Self, String> {
        let sidecar: Self = toml::from_str(text).map_err(|error| one_line(&error))?;
        if let Some(other) =
            sidecar.isolation.as_deref().filter(|way| !matches!(*way, "process" | "in-process"))
        {
            return Err(format!("its `isolation` is `{other}`, and must be `process` or `in-process`"));
        }
        for file in sidecar.files.values() {
            let mut parts = Path::new(&file.file).components();
            let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
            if !plain || file.file.contains(['/', '\\']) {
                return Err(format!(
                    "`{}` is a path, and must be the name of a file beside the sidecar",
                    file.file
                ));
            }
        }
        Ok(sidecar)
    }

    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("it cannot be read: {error}"))?;
        Self::parse(&text).map_err(|why| format!("it is not a valid sidecar: {why}"))
    }

    pub(super) fn asks_for_process(&self) -> bool {
        self.isolation.as_deref() == Some("process")
    }

    /// The file for the platform of this program.
    pub fn file_here(&self) -> Option<&SidecarFile> {
        self.files.get(&current_target())
    }

    /// The file for this platform beside the sidecar at `path`, or why there is none.
    pub(super) fn library(&self, path: &Path) -> Result<PathBuf, String> {
        let Some(file) = self.file_here() else {
            let known: Vec<&str> = self.files.keys().map(String::as_str).collect();
            return Err(format!("it has no file for {}, only for {}", current_target(), known.join(", ")));
        };
        let library = path.with_file_name(&file.file);
        if library.is_file() { Ok(library) } else { Err(format!("its file `{}` is not there", file.file)) }
    }

    /// True when it speaks of the file with this name.
    pub(super) fn names(&self, library: &Path) -> bool {
        self.file_here()
            .is_some_and(|file| library.file_name().is_some_and(|name| name == file.file.as_str()))
    }
}

/// A sidecar as found in a directory, readable or not.
pub(super) type Found = (PathBuf, Result<Sidecar, String>);

/// All sidecars of a directory, by name. Fails when the directory cannot be read.
pub(super) fn sidecars_in(directory: &Path) -> std::io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if is_sidecar(&path) {
            let sidecar = Sidecar::read(&path);
            found.push((path, sidecar));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// The readable sidecars that speak of `library`, wherever that is.
pub(super) fn sidecars_of(library: &Path) -> Vec<Sidecar> {
    let directory =
        library.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A directory that can be entered and not listed holds the library all the same.
    let all = sidecars_in(directory).unwrap_or_default();
    all.into_iter().filter_map(|(_, sidecar)| sidecar.ok()).filter(|sidecar| sidecar.names(library)).collect()
}

pub(super) fn is_sidecar(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SIDECAR_SUFFIX))
}

/// The name Rust has for the platform of this program, such as `x86_64-unknown-linux-gnu`.
pub fn current_target() -> String {
    use std::env::consts::{ARCH, OS};
    let arch = if ARCH == "x86" { "i686" } else { ARCH };
    let env = [
        ("gnu", cfg!(target_env = "gnu")),
        ("musl", cfg!(target_env = "musl")),
        ("msvc", cfg!(target_env = "msvc")),
    ];
    let env = env.iter().find(|(_, here)| *here).map_or(String::new(), |(name, _)| format!("-{name}"));
    match OS {
        "macos" => format!("{arch}-apple-darwin"),
        "windows" => format!("{arch}-pc-windows{env}"),
        _ => format!("{arch}-unknown-{OS}{env}"),
    }
}

/// TOML's errors draw the line they are about; lists have one line for each reason.
pub(super) fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', "; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(file: &str) -> String {
        let hash = FileHash::of(b"");
        format!("id='a'\nversion='1'\n[files.{}]\nfile='{file}'\nsha256='{hash}'\n", current_target())
    }

    #[test]
    fn only_a_name_beside_the_sidecar_is_taken() {
        assert!(Sidecar::parse(&text("liba.so")).is_ok());
        for file in ["", "/lib/liba.so", "../liba.so", "sub/liba.so", "..", "sub\\\\liba.so"] {
            assert!(Sidecar::parse(&text(file)).is_err(), "{file}");
        }
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(Sidecar::parse("id='a'").unwrap_err().contains("version"));
        assert!(Sidecar::parse(&text("a").replace("sha256", "sha265")).unwrap_err().contains("sha265"));
        assert!(Sidecar::parse(&text("a").replace("e3b0", "e3")).unwrap_err().contains("64 hexadecimal"));
    }

    #[test]
    fn a_missing_platform_and_a_missing_file_are_told() {
        let sidecar = Sidecar::parse(&text("liba.so")).unwrap();
        let path = Path::new("/nowhere/a.plugin.toml");
        assert!(sidecar.library(path).unwrap_err().contains("`liba.so` is not there"));
        let other = Sidecar::parse(&text("liba.so").replace(&current_target(), "wasm")).unwrap();
        assert!(other.library(path).unwrap_err().contains("only for wasm"));
    }
}
