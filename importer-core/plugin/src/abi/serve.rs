//! The plugin's side of the boundary: plain traits behind C functions.

use abi_stable::std_types::{RResult, RString, RVec};

use super::guard::{Guarded, guard};
use super::{
    CreateResult, FlatBatch, FlatError, FlatExtract, FlatFinding, FlatHost, FlatOpen, FlatRule, FlatSource,
    NextResult, OpenResult,
};
use crate::{Error, Extract, Findings, Host, Options, Plugin, Rule, Severity, Source};

/// Answers `describe`; a panic leaves an empty text, which the host refuses.
pub fn describe(plugin: fn() -> Plugin) -> RString {
    guard(|| {
        serde_json::to_string(&plugin().describe())
            .map_err(|e| Error::bug(format!("the description cannot be written as JSON: {e}")))
    })
    .unwrap_or_default()
    .into()
}

/// Answers `open`.
pub fn open(plugin: fn() -> Plugin, name: &str, request: FlatOpen, host: FlatHost) -> OpenResult {
    let opened = guard(|| {
        let adapter = plugin()
            .find_adapter(name)
            .ok_or_else(|| Error::config(format!("there is no adapter `{name}` here")))?;
        let host = Host::from(host);
        let source = adapter.open(&request.into_request()?, &host)?;
        let columns = source.columns();
        Ok(FlatSource {
            columns: columns.iter().map(|c| RString::from(c.as_str())).collect(),
            handle: Guarded::<Reading>::into_handle(Box::new(Reading { source, width: columns.len() })),
            next,
            close: close_source,
        })
    });
    opened.map_err(FlatError::from).into()
}

struct Reading {
    source: Box<dyn Source>,
    width: usize,
}

extern "C" fn next(handle: *mut ()) -> NextResult {
    // SAFETY: the host gives back the handle of `open`, one call at a time, and never after `close`.
    let extract = unsafe {
        Guarded::<Reading>::call(handle, |reading| {
            let mut out = Extract::new(reading.width);
            reading.source.next(&mut out)?;
            Ok(FlatExtract::new(out, reading.source.cursor()))
        })
    };
    extract.map_err(FlatError::from).into()
}

extern "C" fn close_source(handle: *mut ()) {
    // SAFETY: as in `next`; the host closes once.
    unsafe { Guarded::<Reading>::close(handle) }
}

/// Answers `create`.
pub fn create(plugin: fn() -> Plugin, code: &str, options: RString, host: FlatHost) -> CreateResult {
    let created = guard(|| {
        let mut rule = plugin()
            .find_rule(code)
            .ok_or_else(|| Error::config(format!("there is no rule `{code}` here")))?;
        rule.configure(&Options::from_json(&options)?, &Host::from(host))?;
        let meta = rule.meta();
        let columns = (0..meta.columns.len()).collect();
        let checking = Checking { rule, code: meta.code.into_owned(), columns };
        Ok(FlatRule {
            handle: Guarded::<Checking>::into_handle(Box::new(checking)),
            check,
            close: close_rule,
        })
    });
    created.map_err(FlatError::from).into()
}

struct Checking {
    rule: Box<dyn Rule>,
    code: String,
    columns: Vec<usize>,
}

extern "C" fn check(
    handle: *mut (),
    batch: FlatBatch,
    severity: u8,
) -> RResult<RVec<FlatFinding>, FlatError> {
    // SAFETY: the host gives back the handle of `create`, one call at a time, and never after `close`.
    let findings = unsafe {
        Guarded::<Checking>::call(handle, |checking| {
            let batch = batch.into_batch()?;
            let severity = match severity {
                0 => Severity::Info,
                1 => Severity::Warning,
                _ => Severity::Error,
            };
            let mut findings = Findings::new();
            findings.of(&checking.code, severity);
            checking.rule.check_batch(&batch, &checking.columns, &mut findings)?;
            Ok(findings.take().into_iter().map(FlatFinding::from).collect::<RVec<_>>())
        })
    };
    findings.map_err(FlatError::from).into()
}

extern "C" fn close_rule(handle: *mut ()) {
    // SAFETY: as in `check`; the host closes once.
    unsafe { Guarded::<Checking>::close(handle) }
}

const PARTS: [&str; 4] = [
    r#"{"id":""#,
    r#"","version":""#,
    concat!(r#"","sdk":""#, env!("CARGO_PKG_VERSION"), r#"","panic":""#),
    r#""}"#,
];

/// The length of the metadata text.
pub const fn meta_len(id: &str, version: &str, panic: &str) -> usize {
    PARTS[0].len() + id.len() + PARTS[1].len() + version.len() + PARTS[2].len() + panic.len() + PARTS[3].len()
}

/// The metadata text, put together at compile time because it has to be a static of the file.
pub const fn meta_bytes<const N: usize>(id: &str, version: &str, panic: &str) -> [u8; N] {
    let texts = [PARTS[0], id, PARTS[1], version, PARTS[2], panic, PARTS[3]];
    let mut out = [0; N];
    let (mut at, mut text) = (0, 0);
    while text < texts.len() {
        let bytes = texts[text].as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            assert!(bytes[i] != b'"' || text % 2 == 0, "an id or version holds a quotation mark");
            out[at] = bytes[i];
            at += 1;
            i += 1;
        }
        text += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_metadata_is_json() {
        const LENGTH: usize = meta_len("csv", "1.2.3", "unwind");
        let bytes = meta_bytes::<LENGTH>("csv", "1.2.3", "unwind");
        let meta: crate::EmbeddedMeta = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            (meta.id.as_str(), meta.version.as_str(), meta.panic.as_str()),
            ("csv", "1.2.3", "unwind")
        );
    }
}
