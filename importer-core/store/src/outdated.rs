//! Suggestions that a scan has closed because they are too unlikely. In the database they are superseded, by nothing but the
//! scan: as what was said about them stays `open`, merges and their undoing settle them like any other.

use super::cell::Cell;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{RecordId, RunId, RunRecord, Suggestion, SuggestionId};

const CLOSE: &str = "close suggestions";
const OPEN: &str = "open suggestions again";

/// Whether a scan has closed it, and nobody else has said anything since.
pub(super) const IS_OUTDATED: &str =
    "(decision = 'superseded' AND own_decision = 'open' AND outdated_in_run_id IS NOT NULL)";

impl SqlSession {
    pub(super) fn close_outdated(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        suggestions: &[Suggestion],
    ) -> Result<u64> {
        let mut closed = 0;
        for suggestion in suggestions {
            closed += self.connection.run(
                CLOSE,
                "UPDATE dedupe_suggestions SET score = ?real, features_json = ?, decision = 'superseded', \
                 outdated_in_run_id = ? WHERE entity_type = ? AND left_id = ? AND right_id = ? AND decision = 'open'",
                &[
                    suggestion.score.map_or(Cell::Null, Cell::Real),
                    Cell::Text(&suggestion.features_json),
                    Cell::id(run.id),
                    Cell::Text(contract.entity),
                    Cell::id(suggestion.left),
                    Cell::id(suggestion.right),
                ],
            )? as u64;
        }
        Ok(closed)
    }

    /// Withdraws what was suggested as a household and nobody has decided about; it opens again when the run is taken back.
    pub(super) fn withdraw_households(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        pairs: &[(RecordId, RecordId)],
    ) -> Result<()> {
        for (left, right) in pairs {
            self.connection.run(
                CLOSE,
                "UPDATE dedupe_suggestions SET decision = 'superseded', outdated_in_run_id = ? WHERE entity_type = ? \
                 AND left_id = ? AND right_id = ? AND kind = 'household' AND decision = 'open'",
                &[Cell::id(run.id), Cell::Text(contract.entity), Cell::id(*left), Cell::id(*right)],
            )?;
        }
        Ok(())
    }

    /// Opens suggestions about people again that scans have closed since a run began: they looked at who these were then.
    pub(super) fn open_outdated_since(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        run: RunId,
    ) -> Result<()> {
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        let sql = format!(
            "UPDATE dedupe_suggestions SET outdated_in_run_id = NULL WHERE entity_type = ? AND outdated_in_run_id > ? \
             AND own_decision = 'open' AND (left_id {elements} OR right_id {elements})"
        );
        let list = Cell::Text(&list);
        let binds = [Cell::Text(contract.entity), Cell::id(run), list, list];
        // Whether one of them stands is for the merges to say.
        if self.connection.run(OPEN, &sql, &binds)? > 0 {
            self.settle_pairs(contract, people)
        } else {
            Ok(())
        }
    }

    /// Opens what a scan has closed that is taken back.
    pub(super) fn open_outdated_by(&mut self, contract: &Contract, scan: RunId) -> Result<()> {
        let sql = "UPDATE dedupe_suggestions SET outdated_in_run_id = NULL WHERE outdated_in_run_id = ? \
                   RETURNING left_id, right_id";
        let rows = self.connection.rows(OPEN, sql, &[Cell::id(scan)])?;
        let people: Vec<RecordId> = rows.iter().flat_map(|row| [row.id(0), row.id(1)]).collect();
        if people.is_empty() { Ok(()) } else { self.settle_pairs(contract, &people) }
    }

    /// Suggestions about people that nobody has decided about, with the scan that has closed each.
    pub(super) fn undecided_about(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
    ) -> Result<Vec<(SuggestionId, Option<RunId>)>> {
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        let sql = format!(
            "SELECT id, outdated_in_run_id FROM dedupe_suggestions \
             WHERE entity_type = ? AND own_decision = 'open' AND (left_id {elements} OR right_id {elements}) ORDER BY id"
        );
        let list = Cell::Text(&list);
        let rows = self.connection.rows(CLOSE, &sql, &[Cell::Text(contract.entity), list, list])?;
        Ok(rows.iter().map(|row| (row.id(0), row.optional_id(1))).collect())
    }

    /// Lets suggestions that nobody has decided about be as closed as they were.
    pub(super) fn close_as_before(&mut self, were: &[(SuggestionId, Option<RunId>)]) -> Result<()> {
        for (id, scan) in were {
            let sql = "UPDATE dedupe_suggestions SET outdated_in_run_id = ?int WHERE id = ? AND own_decision = 'open'";
            self.connection.run(OPEN, sql, &[Cell::optional_id(*scan), Cell::id(*id)])?;
        }
        Ok(())
    }
}
