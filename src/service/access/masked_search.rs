//! Lists as a role may read them: a text is sought only in what the role sees, so that nobody finds out what a masked value is
//! by asking which rows hold it.

use std::collections::BTreeMap;

use importer_core::Result;
use importer_core::contracts::{Contract, Contracts};
use importer_core::ports::{
    QuarantineEntry, QuarantineFilter, RunId, Session, StewardSession, SuggestionFilter, SuggestionRow,
    ViolationFilter, ViolationRow,
};

use super::columns::{Columns, ColumnsOfRuns};
use super::mask::{MASKED_MESSAGE, Mask};

/// Gives suggestions whose records have changed the score that they have now.
pub(crate) type Rescore<'a> = &'a dyn Fn(&mut dyn StewardSession, &mut [SuggestionRow]) -> Result<()>;

/// How many rows are looked at between two that are found.
const PAGE: i64 = 1_000;

/// Reads for a role.
#[derive(Debug)]
pub(crate) struct MaskedSearch {
    mask: Mask,
    contracts: Contracts,
    columns: ColumnsOfRuns,
}

impl MaskedSearch {
    pub(crate) fn by(mask: Mask, contracts: &Contracts) -> Self {
        Self { mask, contracts: contracts.clone(), columns: ColumnsOfRuns::new(contracts) }
    }

    /// The columns of a run, which need not be known for a role that sees everything.
    pub(crate) fn columns(&mut self, session: &mut dyn Session, run: RunId) -> Result<&Columns> {
        self.columns.of(session, run)
    }

    /// Rows in quarantine in the order of their ids, not masked yet.
    pub(crate) fn rows(
        &mut self,
        session: &mut dyn Session,
        contract: &Contract,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantineEntry>> {
        let Some(text) = self.sought(filter.text.as_deref()) else {
            return session.quarantined(contract, filter);
        };
        let most = most(filter.limit);
        let mut filter = QuarantineFilter { limit: PAGE, ..filter.clone() };
        let mut found = Vec::new();
        loop {
            let page = session.quarantined(contract, &filter)?;
            let Some(last) = page.last() else { return Ok(found) };
            filter.after = last.row;
            for entry in page {
                let columns = self.columns.of(session, entry.run)?;
                let name = self.mask.row_name(columns, &entry);
                let cells = self.mask.received(columns, &entry.payload_json);
                if format!("{name} {cells}").to_lowercase().contains(&text) {
                    found.push(entry);
                    if found.len() >= most {
                        return Ok(found);
                    }
                }
            }
        }
    }

    /// How many rows in quarantine there are, whatever the limit, by run.
    pub(crate) fn tally(
        &mut self,
        session: &mut dyn Session,
        contract: &Contract,
        filter: &QuarantineFilter,
    ) -> Result<Vec<(RunId, i64)>> {
        if self.sought(filter.text.as_deref()).is_none() {
            return session.quarantine_runs(contract, filter);
        }
        let mut filter = QuarantineFilter { limit: PAGE, ..filter.clone() };
        let mut runs: BTreeMap<RunId, i64> = BTreeMap::new();
        loop {
            let page = self.rows(session, contract, &filter)?;
            let Some(last) = page.last() else { return Ok(runs.into_iter().collect()) };
            filter.after = last.row;
            for entry in &page {
                *runs.entry(entry.run).or_default() += 1;
            }
        }
    }

    /// Findings in the order of their ids, masked.
    pub(crate) fn violations(
        &mut self,
        session: &mut dyn Session,
        filter: &ViolationFilter,
    ) -> Result<Vec<ViolationRow>> {
        let Some(text) = self.sought(filter.text.as_deref()) else {
            let mut found = session.violations(filter)?;
            self.mask_violations(session, &mut found)?;
            return Ok(found);
        };
        let most = most(filter.limit);
        let mut filter = ViolationFilter { limit: PAGE, ..filter.clone() };
        let mut found = Vec::new();
        loop {
            let mut page = session.violations(&filter)?;
            let Some(last) = page.last() else { return Ok(found) };
            filter.after = last.id;
            self.mask_violations(session, &mut page)?;
            page.retain(|row| {
                let v = &row.violation;
                let message = if v.message == MASKED_MESSAGE { "" } else { v.message.as_str() };
                [&v.record_key, &v.field, message].iter().any(|part| part.to_lowercase().contains(&text))
            });
            found.extend(page);
            if found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
        }
    }

    /// Suggestions in the order of their ids, masked. Where terms are hidden, the score is of the others alone, and it is by that
    /// score that they are sought: else one would find out how the hidden ones compare by asking often enough.
    pub(crate) fn suggestions(
        &self,
        session: &mut dyn StewardSession,
        filter: &SuggestionFilter,
        rescore: Rescore<'_>,
    ) -> Result<Vec<SuggestionRow>> {
        let (from, below) = (filter.score_from, filter.score_below);
        // The order of whole scores would tell of terms that are hidden.
        let likeliest_first = filter.likeliest_first && self.mask.shows_all();
        let filter = SuggestionFilter { likeliest_first, ..filter.clone() };
        if from.is_none() && below.is_none() {
            let mut found = session.suggestions(&filter)?;
            rescore(session, &mut found)?;
            found.iter_mut().for_each(|row| self.mask_suggestion(row));
            return Ok(found);
        }
        let most = most(filter.limit);
        let mut filter = SuggestionFilter { score_from: None, score_below: None, limit: PAGE, ..filter };
        let mut found = Vec::new();
        loop {
            let mut page = session.suggestions(&filter)?;
            rescore(session, &mut page)?;
            let Some(last) = page.last() else { return Ok(found) };
            filter.after = last.id;
            for mut row in page {
                self.mask_suggestion(&mut row);
                let score = row.score;
                let fits = score.is_some_and(|score| {
                    from.is_none_or(|from| score >= from) && below.is_none_or(|below| score < below)
                });
                if fits {
                    found.push(row);
                    if found.len() >= most {
                        return Ok(found);
                    }
                }
            }
        }
    }

    /// Masks findings by the mappings of their runs.
    pub(crate) fn mask_violations(
        &mut self,
        session: &mut dyn Session,
        found: &mut [ViolationRow],
    ) -> Result<()> {
        if self.mask.shows_all() {
            return Ok(());
        }
        for row in found {
            let columns = self.columns.of(session, row.run_id)?;
            self.mask.violation(self.contracts.find(&row.entity), columns, row);
        }
        Ok(())
    }

    fn mask_suggestion(&self, row: &mut SuggestionRow) {
        self.mask.suggestion(self.contracts.find(&row.entity), row);
    }

    /// A text that has to be sought here, since the store would look at everything.
    fn sought(&self, text: Option<&str>) -> Option<String> {
        text.filter(|_| !self.mask.shows_all()).map(str::to_lowercase)
    }
}

fn most(limit: i64) -> usize {
    usize::try_from(limit).ok().filter(|most| *most > 0).unwrap_or(usize::MAX)
}
