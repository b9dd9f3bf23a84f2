use crate::{Batch, Error, Host, Options, RuleMeta, Severity};

/// One thing that was found about the rows of a run together.
///
/// The message explains the fault without repeating values: values are personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFinding {
    /// The row it is about, counted over all rows shown, from 0; `None` when it is about the run as a whole.
    pub row: Option<u64>,
    /// The code of the rule, such as `SET-401`.
    pub code: String,
    /// The column it is about; empty when it is about no single one.
    pub column: String,
    /// How bad it is. An error about the run as a whole can hold the run before anything reaches the core.
    pub severity: Severity,
    /// What is wrong, in a sentence without values.
    pub message: String,
}

/// Collects what a set-level rule finds.
///
/// ```
/// use importer_plugin::{SetFindings, Severity};
/// let mut findings = SetFindings::new("SET-401", Severity::Warning);
/// findings.report("email_normalized", "three quarters of all rows have no email");
/// findings.report_row(17, "email_normalized", "the same address as in an earlier row");
/// assert_eq!(findings.take()[1].row, Some(17));
/// ```
#[derive(Debug, Clone)]
pub struct SetFindings {
    code: String,
    severity: Severity,
    found: Vec<SetFinding>,
}

impl SetFindings {
    /// Findings of a rule, as bad as this unless the rule says otherwise.
    pub fn new(code: &str, severity: Severity) -> Self {
        Self { code: code.into(), severity, found: Vec::new() }
    }

    /// Reports the run as a whole.
    pub fn report(&mut self, column: &str, message: impl Into<String>) {
        self.add(None, self.severity, column, message.into());
    }

    /// Reports the run as a whole with another severity than the rule's own.
    pub fn report_as(&mut self, severity: Severity, column: &str, message: impl Into<String>) {
        self.add(None, severity, column, message.into());
    }

    /// Reports one row, counted over all rows shown, from 0.
    pub fn report_row(&mut self, row: u64, column: &str, message: impl Into<String>) {
        self.add(Some(row), self.severity, column, message.into());
    }

    /// Takes what was found.
    pub fn take(&mut self) -> Vec<SetFinding> {
        std::mem::take(&mut self.found)
    }

    fn add(&mut self, row: Option<u64>, severity: Severity, column: &str, message: String) {
        self.found.push(SetFinding {
            row,
            code: self.code.clone(),
            column: column.into(),
            severity,
            message,
        });
    }
}

/// A rule about all rows of a run together: is shown them batch by batch, and reports at the end.
///
/// It keeps what it needs to know, not the rows: a run may have millions. It is made anew for every run and shown all
/// rows of it that passed the rules about single rows, also when the run was interrupted in between.
///
/// ```
/// use importer_plugin::{Batch, Category, Error, RuleMeta, SetFindings, SetRule};
///
/// #[derive(Default)]
/// struct MostHaveEmail { rows: u64, without: u64 }
///
/// impl SetRule for MostHaveEmail {
///     fn meta(&self) -> RuleMeta {
///         RuleMeta::new("SET-450", Category::SetLevel, "Most rows have an email", &["email_normalized"])
///     }
///     fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
///         self.rows += rows.rows() as u64;
///         self.without += (0..rows.rows()).filter(|&row| rows.get(row, 0).is_none()).count() as u64;
///         Ok(())
///     }
///     fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
///         if self.without * 2 > self.rows {
///             findings.report("email_normalized", format!("{} of {} rows have no email", self.without, self.rows));
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait SetRule: Send {
    /// What it is; `examples`, `auto_fix`, `yields_to` and `withholds` mean nothing here.
    fn meta(&self) -> RuleMeta;

    /// Takes the options of the suite.
    ///
    /// # Errors
    /// When an option is unknown or wrong. By default what the metadata declares is checked.
    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        crate::check_options(&self.meta().options, options)
    }

    /// Takes rows: exactly the rule's columns, in order.
    ///
    /// # Errors
    /// When the rule itself failed; never because of a row.
    fn observe(&mut self, rows: &Batch) -> Result<(), Error>;

    /// Reports, after all rows.
    ///
    /// # Errors
    /// When the rule itself failed.
    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error>;
}
