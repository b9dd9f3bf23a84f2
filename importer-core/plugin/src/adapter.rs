use serde::{Deserialize, Serialize};

#[cfg(feature = "abi")]
use crate::batch::copied;
use crate::{
    AdapterCapability, Batch, Error, Finding, Health, Host, OptionKind, OptionSpec, Options, Severity,
    SourceField,
};

/// What an adapter says of itself.
///
/// ```
/// use importer_plugin::AdapterMeta;
/// let meta = AdapterMeta::new("csv", "Delimited text files").option("file", "The file to read", true);
/// assert_eq!(meta.options[0].name, "file");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterMeta {
    /// The name a run asks for (`--source NAME`).
    pub name: String,
    /// What it reads, in a sentence.
    pub summary: String,
    /// Its options.
    pub options: Vec<OptionSpec>,
    /// What it can do beside reading rows.
    #[serde(default)]
    pub capabilities: Vec<AdapterCapability>,
}

impl AdapterMeta {
    /// An adapter without options.
    pub fn new(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self { name: name.into(), summary: summary.into(), options: Vec::new(), capabilities: Vec::new() }
    }

    /// Adds an option that holds text.
    #[must_use]
    pub fn option(self, name: &str, help: &str, required: bool) -> Self {
        self.with_option(OptionSpec { required, ..OptionSpec::new(OptionKind::Text, name, help) })
    }

    /// Adds an option.
    #[must_use]
    pub fn with_option(mut self, option: OptionSpec) -> Self {
        self.options.push(option);
        self
    }

    /// Says what it can do beside reading rows.
    #[must_use]
    pub fn can(mut self, capability: AdapterCapability) -> Self {
        self.capabilities.push(capability);
        self
    }
}

/// What a run asks of an adapter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OpenRequest {
    /// The adapter's own options.
    pub options: Options,
    /// Where an interrupted run stopped: what [`Source::cursor`] said after the last batch that was stored.
    pub cursor: Option<String>,
    /// Only rows changed at or after this moment are wanted (RFC 3339, UTC). An adapter that cannot filter ignores it;
    /// the host filters again.
    pub since: Option<String>,
}

/// Opens sources of one kind. It is created anew for every run and holds no state of a run itself.
pub trait Adapter: Send + Sync {
    /// What it is and which options it takes.
    fn meta(&self) -> AdapterMeta;

    /// Opens the source: checks options, connects, reads what is needed to know the columns.
    ///
    /// # Errors
    /// Anything that keeps the run from starting; the message says what to do about it.
    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error>;

    /// Which fields the source has; only asked when the metadata says [`AdapterCapability::Fields`].
    ///
    /// # Errors
    /// When the source cannot be asked.
    fn fields(&self, _request: &OpenRequest, _host: &Host) -> Result<Vec<SourceField>, Error> {
        Err(cannot("tell which fields a source has"))
    }

    /// How the source is; only asked when the metadata says [`AdapterCapability::Health`]. What is wrong with the source
    /// is an answer, not an error.
    ///
    /// # Errors
    /// When the question itself makes no sense, as with wrong options.
    fn health(&self, _request: &OpenRequest, _host: &Host) -> Result<Health, Error> {
        Err(cannot("tell how a source is"))
    }

    /// Opens a source with one column `external_id`: records that were deleted since the moment of the request; only
    /// asked when the metadata says [`AdapterCapability::Deletions`].
    ///
    /// # Errors
    /// As [`Adapter::open`].
    fn deletions(&self, _request: &OpenRequest, _host: &Host) -> Result<Box<dyn Source>, Error> {
        Err(cannot("tell which records were deleted"))
    }
}

fn cannot(what: &str) -> Error {
    Error::config(format!("this adapter cannot {what}"))
}

/// An open source: columns by name, then batch after batch.
pub trait Source: Send {
    /// The names of the columns, in the order of the cells. They do not change while the source is open.
    fn columns(&self) -> Vec<String>;

    /// Fills `out` with the next rows; leaving it without rows means the end.
    ///
    /// A row that is odd is handed over with a finding ([`Extract::report`]): a row never fails a run.
    ///
    /// # Errors
    /// When the source as a whole cannot go on.
    fn next(&mut self, out: &mut Extract) -> Result<(), Error>;

    /// Where to go on after the rows handed over so far; `None` when the source must be read from its start again.
    fn cursor(&self) -> Option<String> {
        None
    }
}

/// The rows of one call of [`Source::next`]: cells, their positions in the source, and what the adapter found odd.
///
/// ```
/// use importer_plugin::{Extract, Severity};
/// let mut out = Extract::new(2);
/// out.push_row(7, [Some("Ada"), None]).unwrap();
/// out.report("CSV-001", Severity::Warning, "the row has 1 cell where the header has 2; the rest is taken as missing");
/// assert_eq!(out.position(0), 7);
/// assert_eq!(out.findings()[0].row, 0);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Extract {
    batch: Batch,
    positions: Vec<u64>,
    findings: Vec<Finding>,
}

impl Extract {
    /// Room for rows of `columns` cells.
    pub fn new(columns: usize) -> Self {
        Self { batch: Batch::new(columns), ..Self::default() }
    }

    /// Room for rows like those of the last batch: `rows` of them, with `text` bytes.
    #[cfg(feature = "abi")]
    pub(crate) fn with_capacity(columns: usize, rows: usize, text: usize) -> Self {
        Self {
            batch: Batch::with_capacity(columns, rows, text),
            positions: Vec::with_capacity(rows),
            findings: Vec::new(),
        }
    }

    /// Appends a row. `position` is where a person finds it in the source: a line number, counted from 1; 0 when the
    /// source has none.
    ///
    /// # Errors
    /// As [`Batch::push_row`].
    pub fn push_row<'a>(
        &mut self,
        position: u64,
        cells: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<(), Error> {
        self.batch.push_row(cells)?;
        self.positions.push(position);
        Ok(())
    }

    /// Reports something odd about the row pushed last.
    pub fn report(&mut self, code: &str, severity: Severity, message: impl Into<String>) {
        let row = self.positions.len().saturating_sub(1);
        self.findings.push(Finding {
            row,
            code: code.into(),
            column: String::new(),
            severity,
            message: message.into(),
        });
    }

    /// True when it is time to return.
    pub fn is_full(&self) -> bool {
        self.batch.is_full()
    }

    /// Forgets the rows, keeps the memory.
    pub fn reset(&mut self, columns: usize) {
        self.batch.reset(columns);
        self.positions.clear();
        self.findings.clear();
    }

    /// The cells.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Where a row stands in the source; 0 when unknown.
    pub fn position(&self, row: usize) -> u64 {
        self.positions.get(row).copied().unwrap_or(0)
    }

    /// What the adapter found, in the order of the rows.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    #[doc(hidden)]
    pub fn into_parts(self) -> (Batch, Vec<u64>, Vec<Finding>) {
        (self.batch, self.positions, self.findings)
    }

    #[doc(hidden)]
    pub fn from_parts(batch: Batch, positions: Vec<u64>, findings: Vec<Finding>) -> Result<Self, Error> {
        if positions.len() != batch.rows() || findings.iter().any(|f| f.row >= positions.len()) {
            return Err(Error::bug(
                "the plugin handed over a batch whose rows, positions and findings do not fit",
            ));
        }
        Ok(Self { batch, positions, findings })
    }

    /// As [`Extract::from_parts`], but copies the parts into the memory this extract has. After an error it has no rows.
    #[cfg(feature = "abi")]
    pub(crate) fn refill(
        &mut self,
        positions: &[u64],
        findings: Vec<Finding>,
        batch: impl FnOnce(&mut Batch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Self { batch: mut rows, positions: old_positions, .. } = std::mem::take(self);
        batch(&mut rows)?;
        *self = Self::from_parts(rows, copied(positions, old_positions), findings)?;
        Ok(())
    }
}
