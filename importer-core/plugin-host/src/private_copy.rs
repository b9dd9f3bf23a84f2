use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::private_folder::PrivateFolder;
use importer_core::{Error, ErrorKind, Result};

const TEMP_VARIABLE: &str = if cfg!(windows) { "TEMP" } else { "TMPDIR" };

/// The checked bytes of a plugin in a fresh file that nobody else can write.
///
/// The system loads libraries by path alone. Loading the file that was checked by its own path would load whatever lies
/// there by then.
pub(super) struct PrivateCopy {
    directory: PrivateFolder,
    path: PathBuf,
}

impl PrivateCopy {
    /// Writes the bytes; `name` shows in debuggers and in the list of loaded libraries.
    pub(super) fn write(bytes: &[u8], name: &OsStr) -> Result<Self> {
        let directory = PrivateFolder::new("importer-plugin-").map_err(no_room)?;
        let path = directory.path().join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(no_room)?;
        file.write_all(bytes).map_err(no_room)?;
        Ok(Self { directory, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file up once it is loaded. What is mapped stays valid without its name, except on Windows, where a
    /// loaded file cannot be deleted and stays for the cleanup of the temporary directory.
    pub(super) fn release(self) {
        #[cfg(windows)]
        self.directory.keep();
        #[cfg(not(windows))]
        if let Err(error) = self.directory.close() {
            tracing::warn!(%error, "the private copy of a plugin cannot be deleted");
        }
    }
}

fn no_room(error: std::io::Error) -> Error {
    let place = std::env::temp_dir();
    Error::new(ErrorKind::Plugin, "load a plugin", format!("its private copy cannot be written: {error}"))
        .at("directory", place.display())
        .hint(format!("let {TEMP_VARIABLE} name a directory with room that this program may write to"))
        .caused_by(error)
}

/// What to do when the system refuses to load from the temporary directory.
pub(super) fn no_exec_hint() -> String {
    format!(
        "plugins are loaded from a private copy in {}; let {TEMP_VARIABLE} name a directory on a file system that is \
         not mounted `noexec`",
        std::env::temp_dir().display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_reach_the_copy_and_it_goes_away() {
        use std::os::unix::fs::PermissionsExt;
        let copy = PrivateCopy::write(b"bytes", OsStr::new("liba.so")).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(copy.directory.path()), mode(copy.path())), (0o700, 0o600));
        assert_eq!(std::fs::read(copy.path()).unwrap(), b"bytes");
        let directory = copy.directory.path().to_owned();
        copy.release();
        assert!(!directory.exists());
    }

    #[test]
    fn an_unusable_temporary_directory_is_named() {
        let error = no_room(std::io::ErrorKind::PermissionDenied.into());
        assert!(error.to_string().contains(TEMP_VARIABLE), "{error}");
        assert!(error.to_string().contains(&*std::env::temp_dir().to_string_lossy()), "{error}");
    }
}
