//! The locale of a server as hosts have them: the system's own, or one that is made for the server alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::in_path;
use super::kind::{GERMAN, Kind};
use crate::failure::Failure;

/// Where Debian's package `locales` has what locales are made of.
const SOURCE: &str = "/usr/share/i18n/locales/de_DE";

/// Whether the locale is there or can be made.
pub(crate) fn german_can_be_had() -> bool {
    system_has_german() || (in_path("localedef") && Path::new(SOURCE).is_file())
}

/// What a server's programs have to be told so that they find their locale.
pub(super) struct Locale {
    /// The folder of the locale that was made.
    made: Option<PathBuf>,
}

impl Locale {
    /// Sees to it that a server of this kind finds its locale; what has to be made for that is made in `directory`.
    pub(super) fn prepare(kind: Kind, account: &Account, directory: &Path) -> Result<Self, Failure> {
        if kind == Kind::Defaults || system_has_german() {
            return Ok(Self { made: None });
        }
        let folder = directory.join("locales");
        let output = account
            .command("mkdir")
            .arg(&folder)
            .status()
            .and_then(|_| {
                let made = ["--no-archive", "--inputfile=de_DE", "--charmap=UTF-8"];
                account.command("localedef").args(made).arg(folder.join(GERMAN)).output()
            })
            .map_err(|e| format!("cannot run `localedef`, which makes the locale {GERMAN}: {e}"))?;
        // It warns of much and says by its exit code that it did.
        if folder.join(GERMAN).join("LC_CTYPE").is_file() {
            return Ok(Self { made: Some(folder) });
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("`localedef` did not make the locale {GERMAN}:\n{}", said.trim_end()).into())
    }

    /// Tells one of the server's programs.
    pub(super) fn announce(&self, command: &mut Command) {
        // It would be asked before the server's own setting.
        command.env_remove("LANGUAGE");
        if let Some(folder) = &self.made {
            command.env("LOCPATH", folder);
        }
    }
}

/// Whether the system's own list has it; some write `utf8`.
fn system_has_german() -> bool {
    let Ok(output) = Command::new("locale").arg("-a").output() else {
        return false;
    };
    String::from_utf8_lossy(&output.stdout).lines().any(|name| is_german(name.trim()))
}

fn is_german(name: &str) -> bool {
    name.split_once('.').is_some_and(|(language, charset)| {
        language == "de_DE" && charset.replace('-', "").eq_ignore_ascii_case("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_known_however_its_charset_is_written() {
        assert!(is_german("de_DE.UTF-8") && is_german("de_DE.utf8"));
        assert!(!is_german("de_DE") && !is_german("de_AT.utf8") && !is_german("de_DE.iso88591"));
    }
}
