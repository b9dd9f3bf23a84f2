use std::collections::HashMap;

use super::bulk::{Bulk, Column, Conflict, plain, real, time};
use super::cell::Cell;
use super::outdated::IS_OUTDATED;
use super::row::Row;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{
    CoreRecord, CoreStore, Moment, RecordId, Rejected, RunId, RunRecord, Suggested, Suggestion,
    SuggestionDecision, SuggestionFilter, SuggestionId, SuggestionKind, SuggestionRow, SuggestionStore,
    SuggestionVerdict, moment_text, parse_moment,
};
use importer_core::{Error, ErrorKind, Result};

const READ: &str = "read suggestions";
const WRITE: &str = "write suggestions";
const DECIDE: &str = "record a decision";

/// How many suggestions are compared with what is stored at a time.
const AT_A_TIME: usize = 500;

/// How a suggestion stands.
const DECISION: &str = "CASE WHEN decision = 'superseded' AND own_decision = 'open' AND outdated_in_run_id IS NOT NULL \
    THEN 'outdated' ELSE decision END AS decision";

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

impl SuggestionStore for SqlSession {
    fn records_after(
        &mut self,
        contract: &Contract,
        after: RecordId,
        limit: usize,
    ) -> Result<Vec<CoreRecord>> {
        let sql = format!("SELECT id FROM {} WHERE id > ? ORDER BY id LIMIT ?", contract.core_table());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.connection.rows("read records", &sql, &[Cell::id(after), Cell::Int(limit)])?;
        let ids: Vec<RecordId> = rows.iter().map(|row| row.id(0)).collect();
        self.load(contract, &ids)
    }

    fn changed_since(&mut self, contract: &Contract, since: Moment) -> Result<Vec<RecordId>> {
        let sql = format!("SELECT id FROM {} WHERE updated_at >= ?time ORDER BY id", contract.core_table());
        let rows = self.connection.rows("read records", &sql, &[Cell::Text(&moment_text(since))])?;
        Ok(rows.iter().map(|row| row.id(0)).collect())
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

    fn outdate(&mut self, contract: &Contract, run: &RunRecord, suggestions: &[Suggestion]) -> Result<u64> {
        self.close_outdated(contract, run, suggestions)
    }

    fn are_rejected(&mut self, contract: &Contract, pairs: &[(RecordId, RecordId)]) -> Result<Vec<bool>> {
        self.rejected_pairs(contract, pairs)
    }

    fn rejected_among(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Rejected>> {
        self.rejected_of(contract, people)
    }

    fn has_rejections(&mut self, contract: &Contract) -> Result<bool> {
        let any = "SELECT id FROM not_duplicates WHERE entity_type = ? LIMIT 1";
        Ok(!self.connection.rows(READ, any, &[Cell::Text(contract.entity)])?.is_empty())
    }

    fn rejected_as(
        &mut self,
        contract: &Contract,
        prints: &[i64],
    ) -> Result<Vec<(i64, RecordId, Option<i64>)>> {
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
        let order = if filter.likeliest_first { "COALESCE(score, -1) DESC, id" } else { "id" };
        let (mut conditions, mut binds) = match (filter.likeliest_first, filter.after) {
            (true, SuggestionId(0)) => ("1 = 1".to_owned(), Vec::new()),
            (true, after) => {
                let last = "(SELECT COALESCE(a.score, -1) FROM dedupe_suggestions a WHERE a.id = ?)";
                let behind =
                    format!("(COALESCE(score, -1) < {last} OR (COALESCE(score, -1) = {last} AND id > ?))");
                (behind, vec![Cell::id(after); 3])
            }
            (false, after) => ("id > ?".to_owned(), vec![Cell::id(after)]),
        };
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
        match filter.decision {
            Some(SuggestionDecision::Outdated) => conditions.push_str(&format!(" AND {IS_OUTDATED}")),
            Some(decision) => {
                conditions.push_str(&format!(" AND decision = ? AND NOT {IS_OUTDATED}"));
                binds.push(Cell::Text(decision.as_str()));
            }
            None => {}
        }
        if let Some(kind) = filter.kind {
            conditions.push_str(" AND kind = ?");
            binds.push(Cell::Text(kind.as_str()));
        }
        if filter.without_households {
            conditions.push_str(" AND kind <> 'household'");
        }
        for (column, of) in [("run_id", filter.run.map(Cell::id)), ("staging_id", filter.row.map(Cell::id))] {
            if let Some(cell) = of {
                conditions.push_str(&format!(" AND {column} = ?"));
                binds.push(cell);
            }
        }
        for (score, condition) in
            [(filter.score_from, " AND score >= ?real"), (filter.score_below, " AND score < ?real")]
        {
            if let Some(score) = score {
                conditions.push_str(condition);
                binds.push(Cell::Real(score));
            }
        }
        conditions.push_str(&format!(" ORDER BY {order} LIMIT ?"));
        binds.push(Cell::Int(if filter.limit > 0 { filter.limit } else { i64::MAX }));
        self.stored(&conditions, &binds)
    }

    fn suggestion(&mut self, id: SuggestionId) -> Result<Option<SuggestionRow>> {
        Ok(self.stored("id = ?", &[Cell::id(id)])?.pop())
    }

    fn suggestion_of(
        &mut self,
        contract: &Contract,
        left: RecordId,
        right: RecordId,
    ) -> Result<Option<SuggestionRow>> {
        let binds = [Cell::Text(contract.entity), Cell::Int(left.min(right).0), Cell::Int(left.max(right).0)];
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
            "UPDATE dedupe_suggestions SET decision = ?, own_decision = ?, decided_by = ?, decided_at = ?time, \
             deferred_until = ?time, outdated_in_run_id = NULL WHERE id = ?",
            &[
                Cell::Text(verdict.decision.as_str()),
                Cell::Text(verdict.decision.as_str()),
                decided.then_some(verdict.actor.as_str()).into(),
                decided.then_some(now.as_str()).into(),
                until.as_deref().into(),
                Cell::id(verdict.id),
            ],
        )?;
        let id = self.id_of_new("suggestion_decisions")?;
        self.connection.run(
            DECIDE,
            &format!(
                "INSERT INTO suggestion_decisions (id, suggestion_id, decision, actor, reason, decided_at) \
                 VALUES ({id}, ?, ?, ?, ?, ?time)"
            ),
            &[
                Cell::id(verdict.id),
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
            self.connection.run(DECIDE, sql, &[Cell::id(verdict.id)])?;
        }
        if verdict.decision == SuggestionDecision::Rejected {
            let prints = self.fingerprints(contract, &[row.left, row.right])?;
            let print = |id| prints.get(&id).map_or(Cell::Null, |print| Cell::Int(*print));
            let (left, right) = self.sides(contract, verdict.id)?;
            for (of_left, one, other) in [(1, left, right), (0, right, left)] {
                let id = self.id_of_new("not_duplicates")?;
                self.connection.run(
                    DECIDE,
                    &format!(
                        "INSERT INTO not_duplicates (id, entity_type, suggestion_id, of_left, core_id, fingerprint, \
                         other_core_id, other_fingerprint) VALUES ({id}, ?, ?, ?, ?, ?int, ?, ?int)"
                    ),
                    &[
                        Cell::Text(contract.entity),
                        Cell::id(verdict.id),
                        Cell::Int(of_left),
                        Cell::id(one),
                        print(one),
                        Cell::id(other),
                        print(other),
                    ],
                )?;
            }
        }
        Ok(())
    }
}

/// What is stored about a pair.
struct StoredPair {
    id: SuggestionId,
    decision: SuggestionDecision,
    score: Option<f64>,
    kind: SuggestionKind,
    features_json: String,
}

impl StoredPair {
    /// What it is now: who is rather one of two people of one household is merged with nobody, and the other way round.
    /// That several people fit equally well is for an import to say.
    fn kind_now(&self, found: SuggestionKind) -> SuggestionKind {
        let changes = (self.kind == SuggestionKind::Household) != (found == SuggestionKind::Household);
        if changes { found } else { self.kind }
    }
}

impl SqlSession {
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
                Cell::id(run),
                Cell::Text(contract.entity),
                Cell::id(suggestion.row),
                Cell::id(suggestion.left),
                Cell::id(suggestion.right),
                Cell::id(suggestion.left),
                Cell::id(suggestion.right),
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
        let (mut suggested, mut new) = (Suggested::default(), Vec::new());
        for suggestion in suggestions {
            let Some(stored) = known.get(&(suggestion.left, suggestion.right)) else {
                new.push(suggestion.clone());
                continue;
            };
            let kind = stored.kind_now(suggestion.kind);
            match stored.decision {
                SuggestionDecision::Open
                    if near(stored.score, suggestion.score)
                        && stored.kind == kind
                        && stored.features_json == suggestion.features_json =>
                {
                    suggested.unchanged += 1;
                    continue;
                }
                SuggestionDecision::Open => suggested.rescored += 1,
                // Somebody may have said meanwhile, about others with their data, that they are two.
                SuggestionDecision::Outdated
                    if self.rejected_before(contract, std::slice::from_ref(suggestion))?[0] =>
                {
                    suggested.rejected_before += 1;
                    continue;
                }
                SuggestionDecision::Outdated => suggested.reopened += 1,
                _ => {
                    suggested.decided += 1;
                    continue;
                }
            }
            self.connection.run(
                WRITE,
                "UPDATE dedupe_suggestions SET score = ?real, features_json = ?, kind = ?, decision = 'open', \
                 outdated_in_run_id = NULL WHERE id = ?",
                &[
                    suggestion.score.map_or(Cell::Null, Cell::Real),
                    Cell::Text(&suggestion.features_json),
                    Cell::Text(kind.as_str()),
                    Cell::Int(stored.id.0),
                ],
            )?;
        }
        let rejected = self.rejected_before(contract, &new)?;
        suggested.rejected_before += rejected.iter().filter(|rejected| **rejected).count() as u64;
        suggested.added = rejected.iter().filter(|rejected| !**rejected).count() as u64;
        let wanted = new.iter().zip(rejected).filter(|(_, rejected)| !rejected).map(|(s, _)| s);
        self.insert_suggestions(contract, run.id, wanted, &moment_text(now))?;
        Ok(suggested)
    }

    fn known_pairs(
        &mut self,
        contract: &Contract,
        suggestions: &[Suggestion],
    ) -> Result<HashMap<(RecordId, RecordId), StoredPair>> {
        let mut left: Vec<RecordId> = suggestions.iter().map(|s| s.left).collect();
        left.sort_unstable();
        left.dedup();
        let list = serde_json::Value::from(left).to_string();
        let sql = format!(
            "SELECT d.id, d.left_id, d.right_id, {DECISION}, \
             d.score, d.features_json, d.kind {} AND d.entity_type = ?",
            self.connection.listed_in("dedupe_suggestions d", "d.left_id", true)
        );
        let rows = self.connection.rows(READ, &sql, &[Cell::Text(&list), Cell::Text(contract.entity)])?;
        let mut known = HashMap::new();
        for mut row in rows {
            let stored = StoredPair {
                id: SuggestionId(row.int(0)),
                decision: decision(&row, 3)?,
                score: row.optional_real(4),
                kind: row.get(6).and_then(SuggestionKind::parse).ok_or_else(|| unreadable("kind"))?,
                features_json: row.text(5),
            };
            known.insert((row.id(1), row.id(2)), stored);
        }
        Ok(known)
    }

    fn stored(&mut self, conditions: &str, binds: &[Cell<'_>]) -> Result<Vec<SuggestionRow>> {
        let sql = format!(
            "SELECT id, run_id, entity_type, staging_id, \
             left_id, right_id, kind, score, features_json, \
             {DECISION}, decided_by, decided_at AS d, deferred_until AS u, created_at AS c FROM dedupe_suggestions \
             WHERE {conditions}"
        );
        self.connection.rows(READ, &sql, binds)?.into_iter().map(suggestion_row).collect()
    }
}

fn suggestion_row(mut row: Row) -> Result<SuggestionRow> {
    let time = |row: &Row, column| row.get(column).and_then(parse_moment);
    Ok(SuggestionRow {
        id: row.id(0),
        run_id: row.id(1),
        row: row.id(3),
        left: row.id(4),
        right: row.id(5),
        kind: row.get(6).and_then(SuggestionKind::parse).ok_or_else(|| unreadable("kind"))?,
        score: row.optional_real(7),
        decision: decision(&row, 9)?,
        decided_at: time(&row, 11),
        deferred_until: time(&row, 12),
        created_at: time(&row, 13).ok_or_else(|| unreadable("moment"))?,
        rescored: false,
        entity: row.text(2),
        features_json: row.text(8),
        decided_by: row.optional(10),
    })
}

fn decision(row: &Row, column: usize) -> Result<SuggestionDecision> {
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
