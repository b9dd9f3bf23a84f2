//! Corrections that make a value unreadable: they are refused, because the value would be lost without anybody noticing.

use importer_core::plugin::Finding;
use importer_core::{Error, ErrorKind, Result};

use super::OPERATION;
use super::revalidator::{Draft, Judged, Revalidator};

/// A field whose value could be read before a correction, and cannot any more.
pub(super) struct ValueRegression {
    /// The column that holds what cannot be read.
    pub(super) column: String,
    pub(super) field: &'static str,
    /// The rule that found it.
    pub(super) rule: String,
    /// What a value of the field looks like.
    pub(super) example: &'static str,
}

impl ValueRegression {
    /// What is wrong, and what to do about it.
    pub(super) fn why(&self) -> String {
        format!("{}; {}", self.what(), self.advice())
    }

    fn what(&self) -> String {
        format!("the value now in `{}` cannot be read as {} ({})", self.column, self.field, self.rule)
    }

    fn advice(&self) -> String {
        let like = match self.example {
            "" => String::new(),
            example => format!("write it like {example}, or "),
        };
        format!("{like}leave the cell empty if there is no such value")
    }

    pub(super) fn error(&self) -> Error {
        Error::new(ErrorKind::Config, OPERATION, self.what()).at("field", self.field).hint(self.advice())
    }
}

impl Revalidator {
    /// The first value that a correction made unreadable. An empty cell is a value that was taken out on purpose.
    ///
    /// # Errors
    /// When a rule itself failed.
    pub(super) fn value_regression(
        &self,
        before: &Draft,
        after: &Draft,
        judged: &Judged,
    ) -> Result<Option<ValueRegression>> {
        let suspects: Vec<(usize, usize, &Finding)> = judged
            .findings
            .iter()
            .filter_map(|finding| self.suspect(before, after, judged, finding))
            .collect();
        if suspects.is_empty() {
            return Ok(None);
        }
        let before = self.judge(std::slice::from_ref(before))?.pop();
        let readable = before.map(|before| before.readable).unwrap_or_default();
        let value_regression = suspects.into_iter().find(|(place, ..)| readable.get(*place) == Some(&true));
        Ok(value_regression.and_then(|(place, column, finding)| {
            let field = self.contract.fields.get(place)?;
            Some(ValueRegression {
                column: self.columns.get(column)?.clone(),
                field: field.name,
                rule: finding.code.clone(),
                example: field.example,
            })
        }))
    }

    /// The field of a finding and the column of it that was changed, if its value cannot be read now.
    fn suspect<'a>(
        &self,
        before: &Draft,
        after: &Draft,
        judged: &Judged,
        finding: &'a Finding,
    ) -> Option<(usize, usize, &'a Finding)> {
        let place = self.contract.index(&finding.column).filter(|place| !judged.readable[*place])?;
        let typed = |at: &usize| {
            let cell = after.cells.get(*at);
            cell != before.cells.get(*at)
                && cell.is_some_and(|cell| cell.as_deref().is_some_and(|cell| !cell.trim().is_empty()))
        };
        let column = self.columns_of(&finding.column).into_iter().find(typed)?;
        Some((place, column, finding))
    }
}
