use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use importer_plugin::EmbeddedMeta;
use object::ReadCache;

use super::image;

/// Why a file is no plugin that this host can use; completes the sentence "the file was refused: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// It cannot be opened or read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It has no bytes.
    #[error("it is empty")]
    Empty,
    /// It is text, an archive, a program or anything else.
    #[error("it is not a dynamic library")]
    NotALibrary,
    /// It began as a library and does not hold together.
    #[error("it is damaged or cut off: {0}")]
    Damaged(String),
    /// It is a library of another system or processor.
    #[error("it is built for {found}, and this program runs on {here}")]
    OtherPlatform {
        /// What it is built for.
        found: String,
        /// What this host is.
        here: String,
    },
    /// It is a library without the section every plugin has.
    #[error("it holds no plugin metadata, so it is another kind of library")]
    Missing,
    /// The section is there and says nothing sensible.
    #[error("its plugin metadata cannot be read: {0}")]
    Malformed(String),
    /// A panic in it would end the host.
    #[error(
        "it is built with panic = \"{0}\", so a fault in it would end this program; build it with panic = \"unwind\""
    )]
    Aborts(String),
}

/// Reads who a plugin is from the bytes of its file, without loading it.
///
/// ```
/// use importer_plugin_host::{MetadataError, read_metadata};
/// assert_eq!(read_metadata(b"#!/bin/sh"), Err(MetadataError::NotALibrary));
/// ```
///
/// # Errors
/// When the bytes are no plugin for this platform, or one that would end the host with its first panic.
pub fn read_metadata(bytes: &[u8]) -> Result<EmbeddedMeta, MetadataError> {
    parse(&image::section(bytes)?)
}

/// Reads the metadata of a file without reading the whole file: a directory may hold many large libraries.
pub(super) fn peek(path: &Path) -> Result<EmbeddedMeta, MetadataError> {
    let unreadable = |error: std::io::Error| MetadataError::Unreadable(error.to_string());
    // Opening a pipe would wait for ever.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(MetadataError::Unreadable("it is not a regular file".into()));
    }
    let cache = ReadCache::new(BufReader::new(File::open(path).map_err(unreadable)?));
    parse(&image::section(&cache)?)
}

fn parse(section: &[u8]) -> Result<EmbeddedMeta, MetadataError> {
    // Sections are padded on some platforms.
    let end = section.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let mut texts = serde_json::Deserializer::from_slice(&section[..end]).into_iter::<EmbeddedMeta>();
    let meta = match texts.next() {
        Some(Ok(meta)) => meta,
        Some(Err(error)) => return Err(MetadataError::Malformed(error.to_string())),
        None => return Err(MetadataError::Malformed("it is empty".into())),
    };
    if texts.next().is_some() {
        return Err(MetadataError::Malformed(
            "it describes more than one plugin; switch off the `export` feature of the plugins it links"
                .into(),
        ));
    }
    check(meta)
}

fn check(meta: EmbeddedMeta) -> Result<EmbeddedMeta, MetadataError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if meta.id.is_empty() || meta.id.len() > 64 || !meta.id.chars().all(allowed) {
        return Err(MetadataError::Malformed(format!(
            "the id {:?} is not made of lower-case letters, digits and hyphens",
            meta.id
        )));
    }
    if meta.version.is_empty() {
        return Err(MetadataError::Malformed("the version is empty".into()));
    }
    if meta.panic != "unwind" {
        return Err(MetadataError::Aborts(meta.panic));
    }
    Ok(meta)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id":"csv","version":"1.2.3","sdk":"0.1.0","panic":"unwind"}"#;

    #[test]
    fn padding_is_ignored() {
        let meta = parse(format!("{GOOD}\0\0\0").as_bytes()).unwrap();
        assert_eq!((meta.id.as_str(), meta.version.as_str()), ("csv", "1.2.3"));
    }

    #[test]
    fn a_plugin_that_aborts_is_refused() {
        let error = parse(GOOD.replace("unwind", "abort").as_bytes()).unwrap_err();
        assert_eq!(error, MetadataError::Aborts("abort".into()));
    }

    #[test]
    fn broken_texts_are_refused() {
        let cases = [
            (String::new(), "it is empty"),
            ("\0\0".into(), "it is empty"),
            ("{".into(), "EOF"),
            ("\u{7f}ELF".into(), "expected value"),
            (format!("{GOOD}{GOOD}"), "more than one plugin"),
            (GOOD.replace("csv", "../csv"), "lower-case letters"),
            (GOOD.replace("csv", ""), "lower-case letters"),
            (GOOD.replace("1.2.3", ""), "version is empty"),
        ];
        for (text, why) in cases {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }
}
