//! Who was told apart: rejected pairs, known by the ids of both and by their data.

use std::collections::{BTreeMap, HashMap};

use super::cell::Cell;
use super::row::Row;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{
    CoreStore, RecordId, Rejected, Suggestion, SuggestionId, SuggestionStore, fingerprint, parse_moment,
};
use importer_core::{Error, ErrorKind, Result};

const READ: &str = "read rejections";

/// One side of a rejected pair, and the other; each with the fingerprint it had then.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotDuplicate {
    suggestion: SuggestionId,
    /// That the two do not live together is all that was said.
    household: bool,
    pub(super) one: (RecordId, Option<i64>),
    pub(super) other: (RecordId, Option<i64>),
}

impl NotDuplicate {
    /// Whether the other side is somebody with this id or with this data.
    fn is_about(&self, id: RecordId, print: Option<i64>) -> bool {
        self.other.0 == id || (print.is_some() && self.other.1 == print)
    }
}

/// Everything that was rejected about some people.
struct Rejections {
    prints: HashMap<RecordId, i64>,
    by_id: HashMap<RecordId, Vec<NotDuplicate>>,
    by_print: HashMap<i64, Vec<NotDuplicate>>,
}

impl Rejections {
    /// What was rejected about somebody, or about others with the same data.
    fn of(&self, id: RecordId) -> impl Iterator<Item = &NotDuplicate> {
        let of_print = self.prints.get(&id).and_then(|print| self.by_print.get(print));
        self.by_id.get(&id).into_iter().flatten().chain(of_print.into_iter().flatten())
    }

    fn between(&self, one: RecordId, other: RecordId) -> impl Iterator<Item = &NotDuplicate> {
        let print = self.prints.get(&other).copied();
        self.of(one).filter(move |rejection| rejection.is_about(other, print))
    }
}

impl SqlSession {
    /// For each suggestion, whether somebody has rejected it: these two records, or others with their data.
    pub(super) fn rejected_before(
        &mut self,
        contract: &Contract,
        suggestions: &[Suggestion],
    ) -> Result<Vec<bool>> {
        let ids: Vec<RecordId> = suggestions.iter().flat_map(|s| [s.left, s.right]).collect();
        let Some(known) = self.rejections_about(contract, ids)? else {
            return Ok(vec![false; suggestions.len()]);
        };
        Ok(suggestions.iter().map(|s| known.between(s.left, s.right).next().is_some()).collect())
    }

    /// For each pair, whether somebody has said that they are no duplicates.
    pub(super) fn rejected_pairs(
        &mut self,
        contract: &Contract,
        pairs: &[(RecordId, RecordId)],
    ) -> Result<Vec<bool>> {
        let ids: Vec<RecordId> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
        let Some(known) = self.rejections_about(contract, ids)? else { return Ok(vec![false; pairs.len()]) };
        let rejected = |&(one, other): &(RecordId, RecordId)| known.between(one, other).any(|r| !r.household);
        Ok(pairs.iter().map(rejected).collect())
    }

    /// Which two of these people somebody has said are no duplicates.
    pub(super) fn rejected_of(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Rejected>> {
        let Some(known) = self.rejections_about(contract, people.to_vec())? else { return Ok(Vec::new()) };
        let mut found: BTreeMap<(RecordId, RecordId), i64> = BTreeMap::new();
        for &one in people {
            for rejection in known.of(one).filter(|rejection| !rejection.household) {
                let others = people.iter().filter(|other| {
                    **other != one && rejection.is_about(**other, known.prints.get(*other).copied())
                });
                for &other in others {
                    found.entry((one.min(other), one.max(other))).or_insert(rejection.suggestion.0);
                }
            }
        }
        found.into_iter().map(|((one, other), id)| self.rejection(one, other, SuggestionId(id))).collect()
    }

    /// Who rejected a suggestion, when and why.
    fn rejection(&mut self, one: RecordId, other: RecordId, suggestion: SuggestionId) -> Result<Rejected> {
        let sql = "SELECT actor, reason, decided_at AS t FROM suggestion_decisions WHERE suggestion_id = ? AND decision = 'rejected' \
             ORDER BY id DESC LIMIT 1";
        let row = self.connection.rows(READ, sql, &[Cell::Int(suggestion.0)])?.pop();
        let unreadable = || {
            Error::new(ErrorKind::Store, READ, "a rejection has no decision that led to it")
                .at("suggestion", suggestion)
        };
        let mut row = row.ok_or_else(unreadable)?;
        let at = row.get(2).and_then(parse_moment).ok_or_else(unreadable)?;
        Ok(Rejected { one, other, suggestion, by: row.text(0), at, reason: row.text(1) })
    }

    /// Everything that was rejected about people; none where nobody has ever rejected anything.
    fn rejections_about(
        &mut self,
        contract: &Contract,
        mut ids: Vec<RecordId>,
    ) -> Result<Option<Rejections>> {
        if ids.is_empty() || !self.has_rejections(contract)? {
            return Ok(None);
        }
        ids.sort_unstable();
        ids.dedup();
        let prints = self.fingerprints(contract, &ids)?;
        let mut hashes: Vec<i64> = prints.values().copied().collect();
        hashes.sort_unstable();
        hashes.dedup();
        let mut known = Rejections { prints, by_id: HashMap::new(), by_print: HashMap::new() };
        for found in self.not_duplicates(contract, "n.core_id", ids)? {
            known.by_id.entry(found.one.0).or_default().push(found);
        }
        for found in self.not_duplicates(contract, "n.fingerprint", hashes)? {
            if let Some(print) = found.one.1 {
                known.by_print.entry(print).or_default().push(found);
            }
        }
        Ok(Some(known))
    }

    /// Rejections; one whose two people were merged all the same says nothing as long as they are.
    pub(super) fn not_duplicates(
        &mut self,
        contract: &Contract,
        column: &str,
        list: Vec<impl Into<serde_json::Value>>,
    ) -> Result<Vec<NotDuplicate>> {
        let list = serde_json::Value::from(list).to_string();
        let sql = format!(
            "SELECT n.core_id, n.fingerprint, \
             n.other_core_id, n.other_fingerprint, \
             n.suggestion_id, \
             (SELECT d.kind FROM dedupe_suggestions d WHERE d.id = n.suggestion_id) AS k {} AND n.entity_type = ? \
             AND n.core_id <> n.other_core_id",
            self.connection.listed_in("not_duplicates n", column, true)
        );
        let rows = self.connection.rows(READ, &sql, &[Cell::Text(&list), Cell::Text(contract.entity)])?;
        let pair = |row: Row| NotDuplicate {
            suggestion: row.id(4),
            household: row.get(5) == Some("household"),
            one: (row.id(0), row.optional_int(1)),
            other: (row.id(2), row.optional_int(3)),
        };
        Ok(rows.into_iter().map(pair).collect())
    }

    pub(super) fn fingerprints(
        &mut self,
        contract: &Contract,
        ids: &[RecordId],
    ) -> Result<HashMap<RecordId, i64>> {
        let people = self.load(contract, ids)?;
        Ok(people.iter().filter_map(|p| Some((p.id, fingerprint(contract, p)?))).collect())
    }
}
