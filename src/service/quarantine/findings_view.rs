//! What people are told about a corrected row.

use importer_core::plugin::Finding;
use serde_json::{Map, Value};

use super::revalidator::{Draft, Revalidator};
use super::view::FindingView;
use crate::service::access::{Columns, Mask};

impl Revalidator {
    /// Findings about a row with what the rules advise, masked: messages and suggestions are about cells, of which the role
    /// may have seen but some.
    pub(super) fn findings_view(
        &self,
        mask: Mask,
        columns: &Columns,
        draft: &Draft,
        found: &[Finding],
    ) -> Vec<FindingView> {
        let raw = self.columns.iter().zip(&draft.cells);
        let raw: Map<String, Value> =
            raw.filter_map(|(column, cell)| Some((column.clone(), cell.clone()?.into()))).collect();
        let mut findings: Vec<FindingView> = found.iter().map(FindingView::found).collect();
        for finding in &mut findings {
            self.advise(finding, &raw);
        }
        mask.findings(self.contract, columns, &raw, &mut findings);
        findings
    }

    /// Adds what the rule advises, and what it would write instead.
    pub(super) fn advise(&self, finding: &mut FindingView, raw: &Map<String, Value>) {
        finding.hint = self.hint(&finding.rule).to_owned();
        let cells = self.columns_of(&finding.field).into_iter().filter_map(|at| self.columns.get(at));
        finding.suggestion = cells
            .filter_map(|column| raw.get(column)?.as_str())
            .find_map(|cell| importer_dq::autofix(&finding.rule, &finding.field, cell, self.country()));
    }
}
