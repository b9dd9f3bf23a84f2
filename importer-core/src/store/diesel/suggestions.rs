use std::collections::HashMap;

use super::bulk::{Bulk, Column, Conflict, plain, real, time};
use super::session::DieselSession;
use super::sql::{Cell, TextRow};
use crate::contracts::Contract;
use crate::ports::{
    CoreId, CoreRecord, CoreStore, Moment, RunId, RunRecord, Suggested, Suggestion, SuggestionDecision,
    SuggestionFilter, SuggestionKind, SuggestionRow, SuggestionStore, SuggestionVerdict, fingerprint,
    moment_text, parse_moment,
};
use crate::{Error, ErrorKind, Result};

const READ: &str = "read suggestions";
const WRITE: &str = "write suggestions";
const DECIDE: &str = "record a decision";

/// How many suggestions are compared with what is stored at a time.
const AT_A_TIME: usize = 500;

const SUGGESTIONS: [Column; 13] = [
    plain("run_id").shared(),
    plain("entity_type").shared(),
    plain("staging_id"),
    plain("left_id"),
    plain("right_id"),
    plain("original_left_id"),
    plain("original_right_id"),
    plain("kind"),
    real("score"),
    plain("features_json"),
    plain("decision").shared(),
    plain("own_decision").shared(),
    time("created_at").shared(),
];

impl SuggestionStore for DieselSession {
    fn records_after(&mut self, contract: &Contract, after: CoreId, limit: usize) -> Result<Vec<CoreRecord>> {
        let sql = format!(
            "SELECT CAST(id AS TEXT) AS i FROM {} WHERE id > ? ORDER BY id LIMIT ?",
            contract.core_table()
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.connection.rows("read records", &sql, &[Cell::Int(after), Cell::Int(limit)])?;
        let ids: Vec<CoreId> = rows.iter().map(|row| row.int(0)).collect();
        self.load(contract, &ids)
    }

    fn changed_since(&mut self, contract: &Contract, since: Moment) -> Result<Vec<CoreId>> {
        let sql = format!(
            "SELECT CAST(id AS TEXT) AS i FROM {} WHERE updated_at >= ?time ORDER BY id",
            contract.core_table()
        );
        let rows = self.connection.rows("read records", &sql, &[Cell::Text(&moment_text(since))])?;
        Ok(rows.iter().map(|row| row.int(0)).collect())
    }

    fn suggest(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        suggestions: &[Suggestion],
        now: Moment,
    ) -> Result<Suggested> {
        let mut all = Suggested::default();
        for some in suggestions.chunks(AT_A_TIME) {
            all.add(&self.suggest_some(contract, run, some, now)?);
        }
        Ok(all)
    }

    fn has_rejections(&mut self, contract: &Contract) -> Result<bool> {
        let any = "SELECT CAST(id AS TEXT) AS i FROM not_duplicates WHERE entity_type = ? LIMIT 1";
        Ok(!self.connection.rows(READ, any, &[Cell::Text(contract.entity)])?.is_empty())
    }

    fn rejected_as(
        &mut self,
        contract: &Contract,
        prints: &[i64],
    ) -> Result<Vec<(i64, CoreId, Option<i64>)>> {
        if prints.is_empty() {
            return Ok(Vec::new());
        }
        let mut prints = prints.to_vec();
        prints.sort_unstable();
        prints.dedup();
        let found = self.not_duplicates(contract, "n.fingerprint", prints)?;
        Ok(found.into_iter().filter_map(|f| Some((f.one.1?, f.other.0, f.other.1))).collect())
    }

    fn suggestions(&mut self, filter: &SuggestionFilter) -> Result<Vec<SuggestionRow>> {
        let mut conditions = String::from("id > ?");
        let mut binds = vec![Cell::Int(filter.after)];
        let waiting_at = filter.waiting_at.map(moment_text);
        if let Some(entity) = &filter.entity {
            conditions.push_str(" AND entity_type = ?");
            binds.push(Cell::Text(entity));
        }
        if let Some(at) = &waiting_at {
            conditions.push_str(
                " AND (decision = 'open' OR (decision = 'deferred' AND (deferred_until IS NULL OR deferred_until <= ?time)))",
            );
            binds.push(Cell::Text(at));
        }
        if let Some(decision) = filter.decision {
            conditions.push_str(" AND decision = ?");
            binds.push(Cell::Text(decision.as_str()));
        }
        if let Some(kind) = filter.kind {
            conditions.push_str(" AND kind = ?");
            binds.push(Cell::Text(kind.as_str()));
        }
        if let Some(run) = filter.run {
            conditions.push_str(" AND run_id = ?");
            binds.push(Cell::Int(run));
        }
        for (score, condition) in
            [(filter.score_from, " AND score >= ?real"), (filter.score_below, " AND score < ?real")]
        {
            if let Some(score) = score {
                conditions.push_str(condition);
                binds.push(Cell::Real(score));
            }
        }
        conditions.push_str(" ORDER BY id LIMIT ?");
        binds.push(Cell::Int(if filter.limit > 0 { filter.limit } else { i64::MAX }));
        self.stored(&conditions, &binds)
    }

    fn suggestion(&mut self, id: i64) -> Result<Option<SuggestionRow>> {
        Ok(self.stored("id = ?", &[Cell::Int(id)])?.pop())
    }

    fn suggestion_of(
        &mut self,
        contract: &Contract,
        left: CoreId,
        right: CoreId,
    ) -> Result<Option<SuggestionRow>> {
        let binds = [Cell::Text(contract.entity), Cell::Int(left.min(right)), Cell::Int(left.max(right))];
        Ok(self.stored("entity_type = ? AND left_id = ? AND right_id = ?", &binds)?.pop())
    }

    fn decide(&mut self, contract: &Contract, verdict: &SuggestionVerdict, now: Moment) -> Result<()> {
        let Some(row) = self.suggestion(verdict.id)? else {
            let message = format!("there is no suggestion {}", verdict.id);
            return Err(Error::new(ErrorKind::NotFound, DECIDE, message));
        };
        let (now, until) = (moment_text(now), verdict.deferred_until.map(moment_text));
        // What is open again waits for whoever decides; who opened it is in the log of decisions.
        let decided = verdict.decision != SuggestionDecision::Open;
        self.connection.run(
            DECIDE,
            "UPDATE dedupe_suggestions SET decision = ?, own_decision = ?, decided_by = ?, decided_at = ?time, deferred_until = ?time \
             WHERE id = ?",
            &[
                Cell::Text(verdict.decision.as_str()),
                Cell::Text(verdict.decision.as_str()),
                decided.then_some(verdict.actor.as_str()).into(),
                decided.then_some(now.as_str()).into(),
                until.as_deref().into(),
                Cell::Int(verdict.id),
            ],
        )?;
        self.connection.run(
            DECIDE,
            "INSERT INTO suggestion_decisions (suggestion_id, decision, actor, reason, decided_at) \
             VALUES (?, ?, ?, ?, ?time)",
            &[
                Cell::Int(verdict.id),
                Cell::Text(verdict.decision.as_str()),
                Cell::Text(&verdict.actor),
                Cell::Text(&verdict.reason),
                Cell::Text(&now),
            ],
        )?;
        // A rejection of two who are merged all the same says nothing while they are, and is there again when they are parted.
        let merged =
            matches!(verdict.decision, SuggestionDecision::Accepted | SuggestionDecision::AutoMerged)
                && row.kind != SuggestionKind::Household;
        if !merged {
            let sql = "DELETE FROM not_duplicates WHERE suggestion_id = ?";
            self.connection.run(DECIDE, sql, &[Cell::Int(verdict.id)])?;
        }
        if verdict.decision == SuggestionDecision::Rejected {
            let prints = self.fingerprints(contract, &[row.left, row.right])?;
            let print = |id| prints.get(&id).map_or(Cell::Null, |print| Cell::Int(*print));
            let (left, right) = self.sides(contract, verdict.id)?;
            for (of_left, one, other) in [(1, left, right), (0, right, left)] {
                self.connection.run(
                    DECIDE,
                    "INSERT INTO not_duplicates \
                     (entity_type, suggestion_id, of_left, core_id, fingerprint, other_core_id, other_fingerprint) \
                     VALUES (?, ?, ?, ?, ?int, ?, ?int)",
                    &[
                        Cell::Text(contract.entity),
                        Cell::Int(verdict.id),
                        Cell::Int(of_left),
                        Cell::Int(one),
                        print(one),
                        Cell::Int(other),
                        print(other),
                    ],
                )?;
            }
        }
        Ok(())
    }
}

/// One side of a rejected pair, and the other.
struct NotDuplicate {
    one: (CoreId, Option<i64>),
    other: (CoreId, Option<i64>),
}

/// What is stored about a pair.
struct Stored {
    id: i64,
    decision: SuggestionDecision,
    score: Option<f64>,
    features_json: String,
}

impl DieselSession {
    /// Writes suggestions of an import: a pair that is known stays as it is.
    pub(super) fn write_suggestions(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        suggestions: &[Suggestion],
        now: &str,
    ) -> Result<()> {
        if suggestions.is_empty() {
            return Ok(());
        }
        let rejected = self.rejected_before(contract, suggestions)?;
        let wanted = suggestions.iter().zip(rejected).filter(|(_, rejected)| !rejected).map(|(s, _)| s);
        self.insert_suggestions(contract, run.id, wanted, now)
    }

    fn insert_suggestions<'a>(
        &mut self,
        contract: &Contract,
        run: RunId,
        suggestions: impl Iterator<Item = &'a Suggestion>,
        now: &str,
    ) -> Result<()> {
        // A pair that somebody has decided about stays decided.
        let mut rows = Bulk::new("dedupe_suggestions", &SUGGESTIONS).on_conflict(Conflict::Keep);
        for suggestion in suggestions {
            rows.row([
                Cell::Int(run),
                Cell::Text(contract.entity),
                Cell::Int(suggestion.row),
                Cell::Int(suggestion.left),
                Cell::Int(suggestion.right),
                Cell::Int(suggestion.left),
                Cell::Int(suggestion.right),
                Cell::Text(suggestion.kind.as_str()),
                suggestion.score.map_or(Cell::Null, Cell::Real),
                Cell::Text(&suggestion.features_json),
                Cell::Text("open"),
                Cell::Text("open"),
                Cell::Text(now),
            ]);
        }
        rows.insert(&mut self.connection, WRITE)
    }

    fn suggest_some(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        suggestions: &[Suggestion],
        now: Moment,
    ) -> Result<Suggested> {
        let known = self.known_pairs(contract, suggestions)?;
        let (mut told, mut new) = (Suggested::default(), Vec::new());
        for suggestion in suggestions {
            let Some(stored) = known.get(&(suggestion.left, suggestion.right)) else {
                new.push(suggestion.clone());
                continue;
            };
            if stored.decision != SuggestionDecision::Open {
                told.decided += 1;
            } else if near(stored.score, suggestion.score) && stored.features_json == suggestion.features_json
            {
                told.unchanged += 1;
            } else {
                told.rescored += 1;
                self.connection.run(
                    WRITE,
                    "UPDATE dedupe_suggestions SET score = ?real, features_json = ? WHERE id = ?",
                    &[
                        suggestion.score.map_or(Cell::Null, Cell::Real),
                        Cell::Text(&suggestion.features_json),
                        Cell::Int(stored.id),
                    ],
                )?;
            }
        }
        let rejected = self.rejected_before(contract, &new)?;
        told.rejected_before = rejected.iter().filter(|rejected| **rejected).count() as u64;
        told.added = new.len() as u64 - told.rejected_before;
        let wanted = new.iter().zip(rejected).filter(|(_, rejected)| !rejected).map(|(s, _)| s);
        self.insert_suggestions(contract, run.id, wanted, &moment_text(now))?;
        Ok(told)
    }

    fn known_pairs(
        &mut self,
        contract: &Contract,
        suggestions: &[Suggestion],
    ) -> Result<HashMap<(CoreId, CoreId), Stored>> {
        let mut left: Vec<CoreId> = suggestions.iter().map(|s| s.left).collect();
        left.sort_unstable();
        left.dedup();
        let list = serde_json::Value::from(left).to_string();
        let sql = format!(
            "SELECT CAST(d.id AS TEXT) AS i, CAST(d.left_id AS TEXT) AS l, CAST(d.right_id AS TEXT) AS r, d.decision, \
             CAST(d.score AS TEXT) AS s, d.features_json {} AND d.entity_type = ?",
            self.connection.listed_in("dedupe_suggestions d", "d.left_id", true)
        );
        let rows = self.connection.rows(READ, &sql, &[Cell::Text(&list), Cell::Text(contract.entity)])?;
        let mut known = HashMap::new();
        for mut row in rows {
            let stored = Stored {
                id: row.int(0),
                decision: decision(&row, 3)?,
                score: row.get(4).and_then(|score| score.parse().ok()),
                features_json: row.text(5),
            };
            known.insert((row.int(1), row.int(2)), stored);
        }
        Ok(known)
    }

    /// For each pair, whether somebody has rejected it: these two records, or others with their data.
    fn rejected_before(&mut self, contract: &Contract, suggestions: &[Suggestion]) -> Result<Vec<bool>> {
        let none = vec![false; suggestions.len()];
        if suggestions.is_empty() || !self.has_rejections(contract)? {
            return Ok(none);
        }
        let mut ids: Vec<CoreId> = suggestions.iter().flat_map(|s| [s.left, s.right]).collect();
        ids.sort_unstable();
        ids.dedup();
        let prints = self.fingerprints(contract, &ids)?;
        let mut hashes: Vec<i64> = prints.values().copied().collect();
        hashes.sort_unstable();
        let (mut by_id, mut by_print): (HashMap<CoreId, Vec<_>>, HashMap<i64, Vec<_>>) = Default::default();
        for (column, list) in [("n.core_id", ids), ("n.fingerprint", hashes)] {
            for found in self.not_duplicates(contract, column, list)? {
                by_id.entry(found.one.0).or_default().push(found.other);
                if let Some(print) = found.one.1 {
                    by_print.entry(print).or_default().push(found.other);
                }
            }
        }
        let rejected = |suggestion: &Suggestion| {
            let (one, other) = (suggestion.left, suggestion.right);
            let other_print = prints.get(&other).copied();
            let of_id = by_id.get(&one).into_iter().flatten();
            let of_print = prints.get(&one).and_then(|print| by_print.get(print)).into_iter().flatten();
            of_id.chain(of_print).any(|&(id, print)| id == other || (print.is_some() && print == other_print))
        };
        Ok(suggestions.iter().map(rejected).collect())
    }

    /// Rejections; one whose two people were merged all the same says nothing as long as they are.
    fn not_duplicates(
        &mut self,
        contract: &Contract,
        column: &str,
        list: Vec<i64>,
    ) -> Result<Vec<NotDuplicate>> {
        let list = serde_json::Value::from(list).to_string();
        let sql = format!(
            "SELECT CAST(n.core_id AS TEXT) AS c, CAST(n.fingerprint AS TEXT) AS f, \
             CAST(n.other_core_id AS TEXT) AS oc, CAST(n.other_fingerprint AS TEXT) AS o {} AND n.entity_type = ? \
             AND n.core_id <> n.other_core_id",
            self.connection.listed_in("not_duplicates n", column, true)
        );
        let rows = self.connection.rows(READ, &sql, &[Cell::Text(&list), Cell::Text(contract.entity)])?;
        let pair = |row: TextRow| NotDuplicate {
            one: (row.int(0), row.optional_int(1)),
            other: (row.int(2), row.optional_int(3)),
        };
        Ok(rows.into_iter().map(pair).collect())
    }

    pub(super) fn fingerprints(
        &mut self,
        contract: &Contract,
        ids: &[CoreId],
    ) -> Result<HashMap<CoreId, i64>> {
        let people = self.load(contract, ids)?;
        Ok(people.iter().filter_map(|p| Some((p.id, fingerprint(contract, p)?))).collect())
    }

    fn stored(&mut self, conditions: &str, binds: &[Cell<'_>]) -> Result<Vec<SuggestionRow>> {
        let time = |column| self.connection.time_text(column);
        let sql = format!(
            "SELECT CAST(id AS TEXT) AS i, CAST(run_id AS TEXT) AS r, entity_type, CAST(staging_id AS TEXT) AS s, \
             CAST(left_id AS TEXT) AS a, CAST(right_id AS TEXT) AS b, kind, CAST(score AS TEXT) AS p, features_json, \
             decision, decided_by, {} AS d, {} AS u, {} AS c FROM dedupe_suggestions WHERE {conditions}",
            time("decided_at"),
            time("deferred_until"),
            time("created_at"),
        );
        self.connection.rows(READ, &sql, binds)?.into_iter().map(suggestion_row).collect()
    }
}

fn suggestion_row(mut row: TextRow) -> Result<SuggestionRow> {
    let time = |row: &TextRow, column| row.get(column).and_then(parse_moment);
    Ok(SuggestionRow {
        id: row.int(0),
        run_id: row.int(1),
        row: row.int(3),
        left: row.int(4),
        right: row.int(5),
        kind: row.get(6).and_then(SuggestionKind::parse).ok_or_else(|| unreadable("kind"))?,
        score: row.get(7).and_then(|score| score.parse().ok()),
        decision: decision(&row, 9)?,
        decided_at: time(&row, 11),
        deferred_until: time(&row, 12),
        created_at: time(&row, 13).ok_or_else(|| unreadable("moment"))?,
        entity: row.text(2),
        features_json: row.text(8),
        decided_by: row.optional(10),
    })
}

fn decision(row: &TextRow, column: usize) -> Result<SuggestionDecision> {
    row.get(column).and_then(SuggestionDecision::parse).ok_or_else(|| unreadable("decision"))
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::Store, READ, format!("the {what} of one is not one this version knows"))
}

/// A database's text of a fraction may lack its last digits.
fn near(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (None, None) => true,
        _ => false,
    }
}
