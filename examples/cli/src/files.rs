//! Documents that people give by name.

use importer::{Error, ErrorKind, Result};

pub(crate) fn read(file: &std::path::Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|e| {
        Error::new(ErrorKind::Config, "read a document", e.to_string())
            .at("file", file.display())
            .hint("check the path and that the file is UTF-8 text")
    })
}
