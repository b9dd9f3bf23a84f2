use importer_plugin_abi::{AskResult, FlatHost, FlatOpen, FlatSource, NextResult, OpenResult, RString};

use super::{answer, flat, json};
use crate::abi::convert::{flat_extract, open_request};
use crate::abi::guard::Guarded;
use crate::{Adapter, Error, Extract, Host, Plugin, Source};

/// Answers `open` of `import.adapter/1`.
pub fn open(plugin: fn() -> Plugin, name: &str, request: FlatOpen, host: FlatHost) -> OpenResult {
    answer(|| {
        let source = find(plugin, name)?.open(&open_request(request)?, &Host::from(host))?;
        Ok(opened(source))
    })
}

/// Answers `open` of `import.adapter.deletions/1`.
pub fn deletions(plugin: fn() -> Plugin, name: &str, request: FlatOpen, host: FlatHost) -> OpenResult {
    answer(|| {
        let source = find(plugin, name)?.deletions(&open_request(request)?, &Host::from(host))?;
        Ok(opened(source))
    })
}

/// Answers `ask` of `import.adapter.fields/1`.
pub fn fields(plugin: fn() -> Plugin, name: &str, request: FlatOpen, host: FlatHost) -> AskResult {
    answer(|| {
        let fields = find(plugin, name)?.fields(&open_request(request)?, &Host::from(host))?;
        json(&fields).map(RString::from)
    })
}

/// Answers `ask` of `import.adapter.health/1`.
pub fn health(plugin: fn() -> Plugin, name: &str, request: FlatOpen, host: FlatHost) -> AskResult {
    answer(|| {
        let health = find(plugin, name)?.health(&open_request(request)?, &Host::from(host))?;
        json(&health).map(RString::from)
    })
}

fn find(plugin: fn() -> Plugin, name: &str) -> Result<Box<dyn Adapter>, Error> {
    plugin().find_adapter(name).ok_or_else(|| Error::config(format!("there is no adapter `{name}` here")))
}

fn opened(source: Box<dyn Source>) -> FlatSource {
    let columns = source.columns();
    FlatSource {
        columns: columns.iter().map(|c| RString::from(c.as_str())).collect(),
        handle: Guarded::<Reading>::into_handle(Box::new(Reading {
            source,
            width: columns.len(),
            rows: 0,
            text: 0,
        })),
        next,
        close,
    }
}

struct Reading {
    source: Box<dyn Source>,
    width: usize,
    /// The size of the last batch: the next one is about as large, and need not grow from nothing.
    rows: usize,
    text: usize,
}

extern "C" fn next(handle: *mut ()) -> NextResult {
    // SAFETY: the host gives back the handle of `opened`, one call at a time, and never after `close`.
    flat(unsafe {
        Guarded::<Reading>::call(handle, |reading| {
            // A little more, since hardly any batch is as large as the last one to the byte.
            let text = reading.text + reading.text / 16;
            let mut out = Extract::with_capacity(reading.width, reading.rows, text);
            reading.source.next(&mut out)?;
            (reading.rows, reading.text) = (out.batch().rows(), out.batch().text_bytes());
            Ok(flat_extract(out, reading.source.cursor()))
        })
    })
}

extern "C" fn close(handle: *mut ()) {
    // SAFETY: as in `next`; the host closes once.
    unsafe { Guarded::<Reading>::close(handle) }
}
