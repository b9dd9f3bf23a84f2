//! How long texts may be that people and options give. Names are keys, with others in one entry of an index, where Postgres
//! has room for about 2,700 bytes; and all of them stand in lists and in lines of logs.

use super::NewRun;
use crate::{Error, ErrorKind, Result};

/// The longest name of an external system, a source or somebody who acts, and the longest label of a run, in characters.
pub const LONGEST_NAME: usize = 200;
/// The longest reason that somebody gives, in characters.
pub const LONGEST_REASON: usize = 2_000;

/// Nothing, if a text is no longer than that and can be stored.
///
/// # Errors
/// When it is not; the text itself is not told.
///
/// ```
/// use importer_core::ErrorKind;
/// use importer_core::ports::{LONGEST_NAME, within};
/// assert!(within(LONGEST_NAME, "start a run", "system", &"é".repeat(LONGEST_NAME)).is_ok());
/// let error = within(LONGEST_NAME, "start a run", "system", &"x".repeat(LONGEST_NAME + 1)).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Config);
/// ```
pub fn within(longest: usize, operation: &'static str, what: &str, text: &str) -> Result<()> {
    if text.contains('\0') {
        // Postgres has no such texts.
        let message = format!("the {what} holds a NUL character, which is kept nowhere");
        return Err(Error::new(ErrorKind::Config, operation, message).hint("leave it out"));
    }
    if text.len() <= longest {
        return Ok(());
    }
    let letters = text.chars().count();
    if letters <= longest {
        return Ok(());
    }
    let message = format!("the {what} has {letters} characters, and at most {longest} are kept");
    Err(Error::new(ErrorKind::Config, operation, message).hint("give a shorter one"))
}

/// Nothing, if the names of a run can be kept.
pub(crate) fn check_names(source: &str, system: &str, actor: &str, label: Option<&str>) -> Result<()> {
    let label = label.unwrap_or_default();
    let names = [("source", source), ("external system", system), ("actor", actor), ("label", label)];
    names.into_iter().try_for_each(|(what, name)| within(LONGEST_NAME, "start a run", what, name))
}

impl NewRun {
    /// Nothing, if the names of the run can be kept.
    ///
    /// # Errors
    /// When one of them is too long or cannot be stored.
    pub fn check_names(&self) -> Result<()> {
        check_names(&self.source, &self.external_system, &self.actor, self.label.as_deref())
    }
}
