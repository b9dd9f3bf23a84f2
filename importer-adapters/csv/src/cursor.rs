use importer_plugin::Error;
use serde::{Deserialize, Serialize};

use crate::identity::Identity;

/// Where a run stopped, with enough about the file and how it was read to notice that either changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    #[serde(flatten)]
    pub(crate) file: Identity,
    /// Encoding, delimiter, quote and header line in one comparable text.
    pub(crate) dialect: String,
    /// Rows handed over.
    pub(crate) rows: u64,
    /// Rows without any content that were left out.
    pub(crate) blank: u64,
    /// Where the next record starts; absent when the text is unpacked or transcoded and must be read from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seek: Option<Place>,
}

/// A place to seek to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) line: u64,
}

impl Cursor {
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|e| {
            Error::config(format!("the stored position cannot be understood ({e}); start a new run"))
        })
    }

    pub(crate) fn write(&self) -> String {
        // A struct of numbers and texts always has a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Refuses to go on in a file, or with options, that are not those of the interrupted run.
    pub(crate) fn check(&self, file: &Identity, dialect: &str, path: &str) -> Result<(), Error> {
        if !self.file.may_be(file) {
            return Err(Error::config(format!(
                "`{path}` changed since the interrupted run; start a new run with it"
            ))
            .in_field("file"));
        }
        if self.dialect != dialect {
            return Err(Error::config(format!(
                "`{path}` would now be read as {dialect}, the interrupted run read it as {}; \
                 give the same options or start a new run",
                self.dialect
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        let seek = Some(Place { offset: 40, line: 3 });
        let file = Identity::made_up(80, "0f", Some(1_700_000_000_123_456_789));
        Cursor { file, dialect: "UTF-8".into(), rows: 2, blank: 0, seek }
    }

    #[test]
    fn a_cursor_survives_its_text_form() {
        assert_eq!(Cursor::read(&cursor().write()).unwrap(), cursor());
        assert!(Cursor::read("{}").unwrap_err().to_string().contains("start a new run"));
    }

    #[test]
    fn another_file_or_another_dialect_is_refused() {
        let same = cursor().file;
        let (resized, rewritten) = (Identity::made_up(81, "0f", None), Identity::made_up(80, "10", None));
        let touched = Identity::made_up(80, "0f", Some(1_700_000_000_123_456_790));
        assert!(cursor().check(&same, "UTF-8", "a.csv").is_ok());
        for (file, dialect) in [(resized, "UTF-8"), (rewritten, "UTF-8"), (touched, "UTF-8"), (same, "GBK")] {
            let error = cursor().check(&file, dialect, "a.csv").unwrap_err();
            assert!(error.to_string().contains("a new run"), "{error}");
        }
    }

    #[test]
    fn a_cursor_without_a_time_fits_a_file_with_one() {
        let old = r#"{"size":80,"head":"0f","dialect":"UTF-8","rows":2,"blank":0}"#;
        assert!(Cursor::read(old).unwrap().check(&cursor().file, "UTF-8", "a.csv").is_ok());
        assert!(cursor().check(&Identity::made_up(80, "0f", None), "UTF-8", "a.csv").is_ok());
    }
}
