use std::fmt;

use importer_core::ports::QuarantineEntry;
use importer_core::{Error, ErrorKind, Result};

use super::OPERATION;
use super::revalidator::{Draft, Revalidator};
use crate::service::access::{Action, Note};

/// The change that many rows in quarantine get at once.
///
/// Its `Debug` text holds no cells, because cells are personal data.
///
/// ```
/// use importer::service::BulkChange;
///
/// let change = BulkChange::Replace { field: "email".into(), find: "@gmial.com".into(), replace: "@gmail.com".into() };
/// assert_eq!(format!("{change:?}"), "Replace(email)");
/// ```
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkChange {
    /// Replaces a text wherever it stands in a column of the source, or in the columns that are read into a field.
    Replace {
        /// The column or field.
        field: String,
        /// The text to replace, letter for letter.
        find: String,
        /// The text that takes its place.
        replace: String,
    },
    /// Writes the value that a rule suggests.
    AutoFix {
        /// The code of the rule.
        rule: String,
    },
    /// Exempts the rows from rules.
    Exempt {
        /// The codes of the rules.
        rules: Vec<String>,
    },
    /// Changes nothing: the rules of today judge the rows again.
    Nothing,
}

impl fmt::Debug for BulkChange {
    // A pattern may be somebody's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replace { field, .. } => write!(f, "Replace({field})"),
            Self::AutoFix { rule } => write!(f, "AutoFix({rule})"),
            Self::Exempt { rules } => write!(f, "Exempt({rules:?})"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

/// A row after a change.
pub(super) struct Applied {
    pub(super) draft: Draft,
    /// The columns that changed, with what they held before.
    pub(super) cells: Vec<(usize, Option<String>)>,
}

impl BulkChange {
    pub(super) fn action(&self) -> Action {
        match self {
            Self::Exempt { .. } => Action::SuppressRows,
            _ => Action::FixRows,
        }
    }

    /// # Errors
    /// When it could change nothing anywhere.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Exempt { rules } if rules.is_empty() => Err(Error::new(
                ErrorKind::Config,
                OPERATION,
                "no rule is named that the rows are exempt from",
            )
            .hint("name each of the rules that hold them back, such as REQ-001")),
            Self::Replace { field, find, .. } if find.is_empty() => {
                Err(Error::new(ErrorKind::Config, OPERATION, "there is no text to replace")
                    .at("field", field)
                    .hint("give the text that is to be replaced"))
            }
            Self::AutoFix { rule } if !importer_dq::can_autofix(rule) => {
                Err(Error::new(ErrorKind::Config, OPERATION, "this rule suggests nothing")
                    .at("rule", rule)
                    .hint("the reference of rules says which of them have an auto-fix"))
            }
            _ => Ok(()),
        }
    }

    /// The rules that it exempts from.
    pub(super) fn rules(&self) -> &[String] {
        if let Self::Exempt { rules } = self { rules } else { &[] }
    }

    /// For the audit log, which holds no values.
    pub(super) fn describe(&self, note: &mut Note) {
        match self {
            Self::Replace { field, .. } => {
                note.detail("change", "replace");
                note.detail("field", field.as_str());
            }
            Self::AutoFix { rule } => {
                note.detail("change", "auto_fix");
                note.detail("rule", rule.as_str());
            }
            Self::Exempt { rules } => {
                note.detail("change", "exempt");
                note.detail("rules", rules.clone());
            }
            Self::Nothing => note.detail("change", "none"),
        }
    }

    /// The row after the change.
    ///
    /// # Errors
    /// When its bytes are not what was written.
    pub(super) fn apply(&self, revalidator: &Revalidator, entry: &QuarantineEntry) -> Result<Applied> {
        let mut draft = revalidator.draft(entry, self.rules())?;
        let mut writes: Vec<(usize, String)> = Vec::new();
        match self {
            Self::Replace { field, find, replace } => {
                for column in revalidator.sought(field) {
                    if let Some(Some(cell)) = draft
                        .cells
                        .get(column)
                        .filter(|c| c.as_deref().is_some_and(|c| c.contains(find.as_str())))
                    {
                        writes.push((column, cell.replace(find.as_str(), replace)));
                    }
                }
            }
            Self::AutoFix { rule } if entry.rules.iter().any(|code| code == rule) => {
                for field in importer_dq::autofixed_fields(rule) {
                    for column in revalidator.columns_of(field) {
                        let Some(Some(cell)) = draft.cells.get(column) else { continue };
                        if let Some(better) = importer_dq::autofix(rule, field, cell, revalidator.country()) {
                            writes.push((column, better));
                        }
                    }
                }
            }
            _ => {}
        }
        let mut cells = Vec::with_capacity(writes.len());
        for (column, value) in writes {
            let before = draft.cells.get(column).cloned().flatten();
            if before.as_deref() != Some(value.as_str()) {
                revalidator.set(&mut draft, column, Some(value))?;
                cells.push((column, before));
            }
        }
        Ok(Applied { draft, cells })
    }
}
