use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Batch, Error, Finding, Host, OptionSpec, Options, Row, Severity};

/// The family of a rule, as the specification groups them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Something must be there (`REQ-…`).
    Required,
    /// A value must have a form (`FMT-…`).
    Format,
    /// A value must make sense (`DOM-…`).
    Domain,
    /// Fields must fit each other (`XFLD-…`).
    CrossField,
    /// A value must refer to something that exists (`REF-…`).
    Reference,
    /// The rows together must make sense (`SET-…`).
    SetLevel,
    /// What an adapter reports about the shape of its source.
    Source,
    /// A family that a newer SDK has and this one does not: nobody makes one, reading a newer plugin's metadata does.
    #[serde(other)]
    Unknown,
}

type Text = Cow<'static, str>;

/// One row that a rule accepts or reports, as documentation and as a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleExample {
    /// The cells by column; all others are missing.
    pub cells: Vec<(Text, Text)>,
    /// True when the rule reports it.
    pub reported: bool,
}

impl RuleExample {
    /// A row the rule accepts.
    ///
    /// ```
    /// use importer_plugin::RuleExample;
    /// let example = RuleExample::accepted(&[("first_name", "Ada")]);
    /// assert!(!example.reported);
    /// ```
    pub fn accepted(cells: &[(&'static str, &'static str)]) -> Self {
        Self::new(cells, false)
    }

    /// A row the rule reports.
    pub fn reported(cells: &[(&'static str, &'static str)]) -> Self {
        Self::new(cells, true)
    }

    fn new(cells: &[(&'static str, &'static str)], reported: bool) -> Self {
        Self { cells: cells.iter().map(|&(column, value)| (column.into(), value.into())).collect(), reported }
    }
}

/// What a rule says of itself: all that a settings page, a quarantine inbox and the reference need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMeta {
    /// Its code, such as `FMT-101`.
    pub code: Text,
    /// The entity it is for, such as `volunteer`.
    pub entity: Text,
    /// What it demands, in a sentence.
    pub title: Text,
    /// Why, and how exactly.
    pub doc: Text,
    /// What a steward does about a finding.
    pub hint: Text,
    /// Its family.
    pub category: Category,
    /// How bad a finding is unless the suite says otherwise.
    #[serde(deserialize_with = "severity_or_worst")]
    pub severity: Severity,
    /// Who decides about exceptions.
    pub owner: Text,
    /// True when the importer can repair the value without a person.
    pub auto_fix: bool,
    /// The columns it looks at, in the order of the cells it is given. `<field>` is the normalised value,
    /// `<field>.original` what the source said.
    pub columns: Vec<Text>,
    /// It keeps silent on a row that one of these rules sends to quarantine already.
    pub yields_to: Vec<Text>,
    /// True when a value it warns about is left out of the core record (it stays in the landed row).
    pub withholds: bool,
    /// Rows it accepts and rows it reports.
    pub examples: Vec<RuleExample>,
    /// Its options.
    #[serde(default)]
    pub options: Vec<OptionSpec>,
}

/// An unknown severity of a newer SDK is taken as the worst: uncertainty goes to quarantine.
fn severity_or_worst<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    let name = String::deserialize(deserializer)?;
    let known = [Severity::Info, Severity::Warning, Severity::Error];
    Ok(known.into_iter().find(|severity| severity.as_str() == name).unwrap_or(Severity::Error))
}

impl RuleMeta {
    /// A rule for volunteers with the usual answers: an error, owned by data stewards, without auto-fix.
    pub fn new(
        code: &'static str,
        category: Category,
        title: &'static str,
        columns: &[&'static str],
    ) -> Self {
        Self {
            code: code.into(),
            entity: "volunteer".into(),
            title: title.into(),
            doc: "".into(),
            hint: "".into(),
            category,
            severity: Severity::Error,
            owner: "data steward".into(),
            auto_fix: false,
            columns: columns.iter().map(|&c| c.into()).collect(),
            yields_to: Vec::new(),
            withholds: false,
            examples: Vec::new(),
            options: Vec::new(),
        }
    }
}

/// A rule: looks at one normalised row, reports findings, changes nothing.
///
/// It does no I/O, reads no clock (today comes as an option) and gives the same answer for the same row.
pub trait Rule: Send + Sync {
    /// What it is.
    fn meta(&self) -> RuleMeta;

    /// Takes the options of the suite.
    ///
    /// # Errors
    /// When an option is unknown or wrong. By default what the metadata declares is checked.
    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        crate::check_options(&self.meta().options, options)
    }

    /// Looks at one row.
    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings);

    /// Looks at all rows of a batch; `columns` says where the rule's columns are in it.
    ///
    /// # Errors
    /// When the rule itself failed (a plugin that panicked); never because of a row.
    fn check_batch(&self, batch: &Batch, columns: &[usize], findings: &mut Findings) -> Result<(), Error> {
        for row in 0..batch.rows() {
            findings.at(row);
            self.check(&RuleRow::through(batch.row(row), columns), findings);
        }
        Ok(())
    }
}

/// The cells a rule asked for: index 0 is the first of its `columns`.
#[derive(Clone, Copy, Debug)]
pub struct RuleRow<'a> {
    row: Row<'a>,
    columns: Option<&'a [usize]>,
}

impl<'a> RuleRow<'a> {
    /// A row whose cells already are the rule's columns, in order.
    pub fn direct(row: Row<'a>) -> Self {
        Self { row, columns: None }
    }

    /// A row of a wider batch; `columns` says where the rule's columns are.
    pub fn through(row: Row<'a>, columns: &'a [usize]) -> Self {
        Self { row, columns: Some(columns) }
    }

    /// The cell of the rule's `column`-th column; `None` when it is missing or blank.
    #[inline]
    pub fn get(&self, column: usize) -> Option<&'a str> {
        let at = match self.columns {
            None => column,
            Some(columns) => *columns.get(column)?,
        };
        self.row.get(at).filter(|cell| !cell.trim().is_empty())
    }
}

/// Collects what rules find about rows.
///
/// ```
/// use importer_plugin::{Findings, Severity};
/// let mut findings = Findings::new();
/// findings.of("FMT-101", Severity::Error);
/// findings.at(3);
/// findings.report("email_normalized", "there is no @");
/// assert_eq!((findings.as_slice()[0].row, findings.as_slice()[0].code.as_str()), (3, "FMT-101"));
/// ```
#[derive(Debug, Default, Clone)]
pub struct Findings {
    row: usize,
    code: String,
    severity: Option<Severity>,
    found: Vec<Finding>,
}

impl Findings {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whose findings come next, and how bad they are unless the rule says otherwise.
    pub fn of(&mut self, code: &str, severity: Severity) {
        self.code.clear();
        self.code.push_str(code);
        self.severity = Some(severity);
    }

    /// Says which row of the batch the next findings are about.
    pub fn at(&mut self, row: usize) {
        self.row = row;
    }

    /// Reports the row with the rule's own severity.
    pub fn report(&mut self, column: &str, message: impl Into<String>) {
        self.report_as(self.severity(), column, message);
    }

    /// Reports the row with another severity than the rule's own.
    pub fn report_as(&mut self, severity: Severity, column: &str, message: impl Into<String>) {
        self.found.push(Finding {
            row: self.row,
            code: self.code.clone(),
            column: column.into(),
            severity,
            message: message.into(),
        });
    }

    /// Takes a finding somebody else has written down; row and code are those of this collection.
    #[doc(hidden)]
    pub fn adopt(&mut self, mut finding: Finding) {
        finding.row = self.row;
        finding.code.clone_from(&self.code);
        self.found.push(finding);
    }

    /// How bad a finding is unless the rule says otherwise: what the suite has set.
    pub fn severity(&self) -> Severity {
        self.severity.unwrap_or(Severity::Error)
    }

    /// What was found so far.
    pub fn as_slice(&self) -> &[Finding] {
        &self.found
    }

    /// Takes what was found.
    pub fn take(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.found)
    }
}
