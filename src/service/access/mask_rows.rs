//! Rows in quarantine, what is wrong with them and what would change, without what a role does not see.

use importer_core::contracts::{Contract, PiiClass};
use importer_core::ports::QuarantineEntry;
use importer_dedupe::history::{PlannedField, Undone};
use serde_json::{Map, Value};

use super::columns::{Columns, class_of};
use super::mask::{MASKED, MASKED_MESSAGE, Mask, quotes_hidden};
use crate::service::quarantine::{BulkRow, FindingView, RowDetail, RowSummary};

impl Mask {
    /// The cells of a landed row that are hidden, for texts that may quote them.
    fn hidden_cells(self, columns: &Columns, payload: &str) -> Vec<String> {
        let cells: Value = serde_json::from_str(payload).unwrap_or_default();
        let mut hidden = Vec::new();
        self.cells(&cells, |column| columns.class(column), &mut hidden);
        hidden
    }

    /// The name of a row in its source, as the role sees it.
    pub(crate) fn row_name(self, columns: &Columns, entry: &QuarantineEntry) -> String {
        let hidden = self.hidden_cells(columns, &entry.payload_json);
        if self.hides_name(&entry.external_id, &hidden) { MASKED.into() } else { entry.external_id.clone() }
    }

    /// A line of the list of rows in quarantine.
    pub(crate) fn row_summary(self, columns: &Columns, entry: &QuarantineEntry) -> RowSummary {
        let mut row = RowSummary::from(entry);
        if !self.shows_all() {
            self.summary(&mut row, &self.hidden_cells(columns, &entry.payload_json));
        }
        row
    }

    fn summary(self, row: &mut RowSummary, hidden: &[String]) {
        if self.hides_name(&row.external_id, hidden) {
            row.external_id = MASKED.into();
        }
        // People quote what they correct.
        if row.reason.as_deref().is_some_and(|reason| quotes_hidden(reason, hidden)) {
            row.reason = Some(MASKED_MESSAGE.into());
        }
    }

    /// Everything about a row in quarantine.
    pub(crate) fn row_detail(self, contract: &Contract, columns: &Columns, detail: &mut RowDetail) {
        if self.shows_all() {
            return;
        }
        let mut hidden = Vec::new();
        let raw = Value::Object(std::mem::take(&mut detail.raw));
        detail.raw = self.cells(&raw, |column| columns.class(column), &mut hidden);
        let normalised = Value::Object(std::mem::take(&mut detail.normalised));
        detail.normalised = self.normalised(Some(contract), &normalised, &mut hidden);
        self.hide_in_findings(contract, &hidden, &mut detail.findings);
        self.summary(&mut detail.summary, &hidden);
    }

    /// What the rules say about a row with these cells.
    pub(crate) fn findings(
        self,
        contract: &Contract,
        columns: &Columns,
        cells: &Map<String, Value>,
        findings: &mut [FindingView],
    ) {
        if self.shows_all() {
            return;
        }
        let mut hidden = Vec::new();
        self.cells(&Value::Object(cells.clone()), |column| columns.class(column), &mut hidden);
        self.hide_in_findings(contract, &hidden, findings);
    }

    fn hide_in_findings(self, contract: &Contract, hidden: &[String], findings: &mut [FindingView]) {
        for finding in findings {
            // A finding about a row as a whole suggests nothing; if one ever does, it could be about anything.
            let class = if finding.field.is_empty() {
                PiiClass::Sensitive
            } else {
                class_of(contract, &finding.field)
            };
            if self.hides(class)
                || finding.suggestion.as_deref().is_some_and(|text| quotes_hidden(text, hidden))
            {
                finding.suggestion = finding.suggestion.take().map(|_| MASKED.into());
            }
            let about_hidden = !finding.field.is_empty() && self.hides(class);
            self.message(&finding.rule, about_hidden, hidden, &mut finding.message);
        }
    }

    /// What would become of a row.
    pub(crate) fn bulk_row(self, columns: &Columns, payload: &str, row: &mut BulkRow) {
        if self.shows_all() {
            return;
        }
        let mut hidden = self.hidden_cells(columns, payload);
        for cell in row.cells.iter_mut().filter(|cell| self.hides(columns.class(&cell.column))) {
            for value in [&mut cell.before, &mut cell.after] {
                hidden.extend(value.as_deref().map(str::to_lowercase));
                *value = value.take().map(|_| MASKED.into());
            }
        }
        if self.hides_name(&row.external_id, &hidden) {
            row.external_id = MASKED.into();
        }
    }

    /// What would become of a field in a merge. Why a value survives tells whether the values agree, so it is hidden with them.
    pub(crate) fn planned(self, contract: &Contract, field: &mut PlannedField) {
        if !self.hides(class_of(contract, &field.field)) {
            return;
        }
        let values = field.values.iter_mut().map(|(_, value)| value);
        for value in values.chain([&mut field.value]) {
            *value = value.take().map(|_| MASKED.into());
        }
        (field.from, field.why) = (None, MASKED.into());
    }

    /// What an undo came to; names of records in their sources may be addresses.
    pub(crate) fn undone(self, mut undone_merge: Undone) -> Undone {
        for (_, name, _) in &mut undone_merge.settled {
            if self.hides_name(name, &[]) {
                *name = MASKED.into();
            }
        }
        undone_merge
    }

    /// A cell of a landed row for a file; none where one is that the role does not see.
    pub(crate) fn exported(self, class: PiiClass, cell: &str) -> Option<&str> {
        if cell.is_empty() || !self.hides(class) { Some(cell) } else { None }
    }
}

#[cfg(test)]
#[path = "mask_rows_laws.rs"]
mod laws;
