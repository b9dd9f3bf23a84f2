//! Whom suggestions are about while people are merged. What was suggested, and what was said about it, stays as it was; whom
//! it is about now, and whether another pair stands for it, follows from the merges that stand.

use importer_core::ports::SuggestionId;
use std::collections::{BTreeMap, BTreeSet};

use super::cell::Cell;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::RecordId;

const SETTLE: &str = "move suggestions";

/// A stored suggestion.
struct Pair {
    id: SuggestionId,
    stored: (RecordId, RecordId),
    decision: String,
    original: (RecordId, RecordId),
    own_decision: String,
    household: bool,
    /// A scan has closed it.
    outdated: bool,
}

impl Pair {
    /// Whom it is about by now.
    fn now(&self, merged: &BTreeMap<RecordId, RecordId>) -> (RecordId, RecordId) {
        let (one, other) = self.sides(merged);
        (one.min(other), one.max(other))
    }

    /// Who the two sides are by now.
    fn sides(&self, merged: &BTreeMap<RecordId, RecordId>) -> (RecordId, RecordId) {
        let now = |id: RecordId| merged.get(&id).copied().unwrap_or(id);
        (now(self.original.0), now(self.original.1))
    }

    /// Whether a scan has closed it, and nobody has said anything about it.
    fn is_outdated(&self) -> bool {
        self.outdated && self.own_decision == "open"
    }

    /// Whether it waits for somebody to decide, wherever it lies.
    fn waits(&self) -> bool {
        matches!(self.own_decision.as_str(), "open" | "deferred") && !self.outdated
    }

    /// Whether it led to a merge.
    fn merged(&self) -> bool {
        self.own_decision == "auto_merged" || (self.own_decision == "accepted" && !self.household)
    }
}

impl SqlSession {
    /// Lets suggestions be about whom they are about by now, after merges of these people, or after these were taken back. Of
    /// several about the same two, the one that was about them from the beginning stands, else a rejected one, else the oldest;
    /// the others are superseded.
    pub(super) fn settle_pairs(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()> {
        let about = self.gone_into(contract, people)?;
        let pairs = self.pairs_about(contract, &about.into_iter().collect::<Vec<_>>())?;
        let sides: Vec<RecordId> = pairs.iter().flat_map(|pair| [pair.original.0, pair.original.1]).collect();
        let standing = self.standing(contract, &sides)?;
        let mut order: Vec<&Pair> = pairs.iter().collect();
        order.sort_by_key(|pair| {
            let now = pair.now(&standing);
            (now != pair.original, pair.own_decision != "rejected", pair.is_outdated(), pair.id)
        });
        // What a scan has closed about two of them is open as long as another pair, which waits, is about the same two.
        let waiting: BTreeSet<(RecordId, RecordId)> =
            pairs.iter().filter(|pair| pair.waits()).map(|pair| pair.now(&standing)).collect();
        let (mut taken, mut settled) = (BTreeSet::new(), Vec::new());
        for pair in order {
            let now = pair.now(&standing);
            let (place, decision) = match () {
                () if now.0 == now.1 && pair.merged() => (pair.original, pair.own_decision.as_str()),
                () if now.0 != now.1 && taken.insert(now) => {
                    match pair.is_outdated() && !waiting.contains(&now) {
                        true => (now, "superseded"),
                        false => (now, pair.own_decision.as_str()),
                    }
                }
                () => (pair.original, "superseded"),
            };
            if pair.stored != place || pair.decision != decision {
                settled.push((pair, place, decision));
            }
        }
        // Two are never about the same people, not even in between: first each is what it was.
        let sql = "UPDATE dedupe_suggestions SET left_id = original_left_id, right_id = original_right_id WHERE id = ?";
        for (pair, _, _) in settled.iter().filter(|(pair, _, _)| pair.stored != pair.original) {
            self.connection.run(SETTLE, sql, &[Cell::Int(pair.id.0)])?;
        }
        let sql = "UPDATE dedupe_suggestions SET left_id = ?, right_id = ?, decision = ? WHERE id = ?";
        for (pair, (left, right), decision) in settled {
            let binds = [Cell::id(left), Cell::id(right), Cell::Text(decision), Cell::Int(pair.id.0)];
            self.connection.run(SETTLE, sql, &binds)?;
        }
        for pair in &pairs {
            self.settle_said(pair, pair.sides(&standing))?;
        }
        Ok(())
    }

    /// Lets what was said about a suggestion be about whom its sides are by now.
    fn settle_said(&mut self, pair: &Pair, (left, right): (RecordId, RecordId)) -> Result<()> {
        if pair.own_decision == "rejected" {
            for (of_left, one, other) in [(1, left, right), (0, right, left)] {
                let sql = "UPDATE not_duplicates SET core_id = ?, other_core_id = ? WHERE suggestion_id = ? AND of_left = ?";
                self.connection.run(
                    SETTLE,
                    sql,
                    &[Cell::id(one), Cell::id(other), Cell::id(pair.id), Cell::Int(of_left)],
                )?;
            }
        }
        if pair.household && pair.own_decision == "accepted" {
            let sql = "UPDATE household_links SET one_id = ?, other_id = ? WHERE suggestion_id = ?";
            self.connection.run(SETTLE, sql, &[Cell::id(left), Cell::id(right), Cell::id(pair.id)])?;
        }
        Ok(())
    }

    /// Who the two sides of a suggestion, as it was made, are by now.
    pub(super) fn sides(
        &mut self,
        contract: &Contract,
        suggestion: SuggestionId,
    ) -> Result<(RecordId, RecordId)> {
        let sql = "SELECT original_left_id, original_right_id \
                   FROM dedupe_suggestions WHERE id = ?";
        let rows = self.connection.rows("read suggestions", sql, &[Cell::Int(suggestion.0)])?;
        let (left, right) = rows.first().map_or((0, 0), |row| (row.int(0), row.int(1)));
        let standing = self.standing(contract, &[RecordId(left), RecordId(right)])?;
        let now = |id: RecordId| standing.get(&id).copied().unwrap_or(id);
        Ok((now(RecordId(left)), now(RecordId(right))))
    }

    /// Who was merged and is parted again, two by two, under the ids that they have by now.
    pub(super) fn parted_pairs(&mut self, contract: &Contract) -> Result<Vec<(RecordId, RecordId)>> {
        let sql = "SELECT l.id, l.survivor_id, m.retired_id FROM merge_log l \
                   JOIN merge_members m ON m.merge_id = l.id AND m.entity_type = l.entity_type \
                   WHERE l.entity_type = ? AND l.undone_at IS NOT NULL AND l.redone_by IS NULL ORDER BY l.id";
        let rows = self.connection.rows("read merges", sql, &[Cell::Text(contract.entity)])?;
        let mut merges: BTreeMap<i64, Vec<RecordId>> = BTreeMap::new();
        for row in &rows {
            merges.entry(row.int(0)).or_insert_with(|| vec![row.id(1)]).push(row.id(2));
        }
        let mut people: Vec<RecordId> = merges.values().flatten().copied().collect();
        people.sort_unstable();
        people.dedup();
        let standing = self.standing(contract, &people)?;
        let now = |id: &RecordId| standing.get(id).copied().unwrap_or(*id);
        let mut parted = BTreeSet::new();
        for members in merges.values() {
            for (place, one) in members.iter().enumerate() {
                let others = members[place + 1..].iter().map(|other| (now(one), now(other)));
                parted.extend(others.filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b))));
            }
        }
        Ok(parted.into_iter().collect())
    }

    fn pairs_about(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Pair>> {
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        // One that is superseded lies under the people whom it was about from the beginning.
        let sql = format!(
            "SELECT id, left_id, right_id, decision, \
             original_left_id, original_right_id, own_decision, kind, \
             outdated_in_run_id \
             FROM dedupe_suggestions WHERE entity_type = ? AND (left_id {elements} OR right_id {elements}) \
             ORDER BY id"
        );
        let binds = [Cell::Text(contract.entity), Cell::Text(&list), Cell::Text(&list)];
        let rows = self.connection.rows("read suggestions", &sql, &binds)?;
        Ok(rows
            .into_iter()
            .map(|mut row| Pair {
                id: SuggestionId(row.int(0)),
                stored: (row.id(1), row.id(2)),
                original: (row.id(4), row.id(5)),
                household: row.get(7) == Some("household"),
                outdated: !row.is_null(8),
                decision: row.text(3),
                own_decision: row.text(6),
            })
            .collect())
    }

    /// These, and everybody who went into one of them, over as many merges as stand.
    pub(super) fn gone_into(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
    ) -> Result<BTreeSet<RecordId>> {
        let mut found: BTreeSet<RecordId> = people.iter().copied().collect();
        let mut new: Vec<RecordId> = people.to_vec();
        while !new.is_empty() {
            let went = self.standing_members(contract, "l.survivor_id", &new)?;
            new = went.into_iter().map(|(id, _)| id).filter(|id| found.insert(*id)).collect();
        }
        Ok(found)
    }

    /// Who of these went into somebody, and into whom in the end.
    fn standing(&mut self, contract: &Contract, ids: &[RecordId]) -> Result<BTreeMap<RecordId, RecordId>> {
        let mut went: BTreeMap<RecordId, RecordId> = BTreeMap::new();
        let mut new: Vec<RecordId> = ids.to_vec();
        while !new.is_empty() {
            let steps = self.standing_members(contract, "m.retired_id", &new)?;
            new = steps.iter().map(|(_, into)| *into).filter(|into| !went.contains_key(into)).collect();
            went.extend(steps);
        }
        let end = |id: &RecordId| {
            let mut id = *id;
            while let Some(into) = went.get(&id) {
                id = *into;
            }
            id
        };
        Ok(went.keys().map(|id| (*id, end(id))).collect())
    }

    /// Who went into whom with a merge that stands.
    fn standing_members(
        &mut self,
        contract: &Contract,
        column: &str,
        ids: &[RecordId],
    ) -> Result<Vec<(RecordId, RecordId)>> {
        let list = serde_json::Value::from(ids).to_string();
        let sql = format!(
            "SELECT m.retired_id, l.survivor_id FROM merge_members m \
             JOIN merge_log l ON l.id = m.merge_id \
             WHERE l.entity_type = ? AND m.entity_type = ? AND l.undone_at IS NULL AND {column} {}",
            self.connection.among(true)
        );
        let binds = [Cell::Text(contract.entity), Cell::Text(contract.entity), Cell::Text(&list)];
        let rows = self.connection.rows("read merges", &sql, &binds)?;
        Ok(rows.iter().map(|row| (row.id(0), row.id(1))).collect())
    }
}
