//! Reads whole files through the adapter, as a host does.

use std::sync::{Arc, Mutex};

use importer_adapter_csv::plugin;
use importer_plugin::{Error, Extract, Host, HostCalls, LogLevel, OpenRequest, Options, Severity, Source};

/// A file as it was read.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// With the surplus column at the end.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
    pub(crate) lines: Vec<u64>,
    /// Line and code.
    pub(crate) findings: Vec<(u64, String, Severity)>,
    pub(crate) messages: Vec<String>,
    pub(crate) log: Vec<(LogLevel, String)>,
    pub(crate) progress: Vec<(u64, u64)>,
}

impl Table {
    /// The cells without the surplus column; a missing one reads `∅`.
    pub(crate) fn cells(&self) -> Vec<Vec<&str>> {
        let width = self.columns.len() - 1;
        self.rows
            .iter()
            .map(|row| row[..width].iter().map(|c| c.as_deref().unwrap_or("∅")).collect())
            .collect()
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.columns[..self.columns.len() - 1].iter().map(String::as_str).collect()
    }

    pub(crate) fn codes(&self) -> Vec<(u64, &str)> {
        self.findings.iter().map(|(line, code, _)| (*line, code.as_str())).collect()
    }
}

/// A host that remembers what it is told.
#[derive(Default)]
pub(crate) struct Listener {
    pub(crate) log: Mutex<Vec<(LogLevel, String)>>,
    pub(crate) progress: Mutex<Vec<(u64, u64)>>,
    pub(crate) cancelled: bool,
}

impl HostCalls for Listener {
    fn log(&self, level: LogLevel, message: &str) {
        self.log.lock().unwrap().push((level, message.into()));
    }
    fn progress(&self, done: u64, total: u64) {
        self.progress.lock().unwrap().push((done, total));
    }
    fn cancelled(&self) -> bool {
        self.cancelled
    }
    fn secret(&self, _: &str) -> Option<String> {
        None
    }
}

pub(crate) fn open(options: Options, cursor: Option<String>, host: &Host) -> Result<Box<dyn Source>, Error> {
    let adapter = plugin().find_adapter("csv").unwrap();
    adapter.open(&OpenRequest { options, cursor, since: None }, host)
}

/// Reads a file to its end.
pub(crate) fn read_file(path: &str, options: &[(&str, &str)]) -> Result<Table, Error> {
    let listener = Arc::new(Listener::default());
    let host = Host::new(listener.clone());
    let options = options.iter().fold(Options::default().with("file", path), |o, &(k, v)| o.with(k, v));
    let mut source = open(options, None, &host)?;
    let mut table = Table { columns: source.columns(), ..Table::default() };
    let mut out = Extract::new(table.columns.len());
    loop {
        out.reset(table.columns.len());
        source.next(&mut out)?;
        if out.batch().is_empty() {
            break;
        }
        for row in 0..out.batch().rows() {
            table.rows.push(out.batch().row(row).cells().map(|c| c.map(String::from)).collect());
            table.lines.push(out.position(row));
        }
        for finding in out.findings() {
            table.findings.push((out.position(finding.row), finding.code.clone(), finding.severity));
            table.messages.push(finding.message.clone());
        }
    }
    table.log = std::mem::take(&mut listener.log.lock().unwrap());
    table.progress = std::mem::take(&mut listener.progress.lock().unwrap());
    Ok(table)
}

/// Reads these bytes as a file of their own.
pub(crate) fn read(bytes: impl AsRef<[u8]>, options: &[(&str, &str)]) -> Result<Table, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, bytes).unwrap();
    read_file(path.to_str().unwrap(), options)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
