//! Rows of the host that are told apart by whom else they refer to, such as two people who work together in a table without a
//! key. Other merges change those references, so a row is found again by who they are one with.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::{Cell, quoted};
use super::host_rows::BACK;
use super::host_sql::list_of;
use super::host_tables::HostColumn;
use super::row::Row;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{HostRows, RecordId, RowKey};

/// A row as it is now.
struct Now {
    /// Where it is.
    place: String,
    key: String,
    others: Vec<Option<RecordId>>,
}

/// Whom a row refers to in these columns, from the first of them on.
pub(super) fn others_of(row: &Row, first: usize, count: usize) -> Vec<Option<RecordId>> {
    (first..first + count).map(|column| row.optional_id(column)).collect()
}

impl SqlSession {
    /// Further columns of a statement, as numbers: a table of the host on SQLite may keep them in any form.
    pub(super) fn others_sql(&self, others: &[String]) -> String {
        others
            .iter()
            .enumerate()
            .map(|(n, name)| format!(", CAST({} AS BIGINT) AS other_{n}", quoted(name)))
            .collect()
    }

    /// Gives rows back that a merge has moved. Of those that are alike otherwise, the ones go back that refer to the same others
    /// as then, before those that refer to somebody with whom the others are or were one.
    pub(super) fn rows_with_others_back(
        &mut self,
        contract: &Contract,
        column: &HostColumn,
        moved: &HostRows,
        survivor: RecordId,
    ) -> Result<()> {
        let (RowKey::Primary(key) | RowKey::Whole(key)) = &moved.key else { return Ok(()) };
        let all = [&key[..], &moved.others[..]].concat();
        if !column.is_told_apart_by(&RowKey::Whole(all.clone())) {
            return Ok(());
        }
        let place = match (&moved.key, &column.handle) {
            (RowKey::Whole(_), Some(handle)) => handle.clone(),
            (RowKey::Whole(_), None) => return Ok(()),
            _ => self.key_sql(&RowKey::Primary(all))?,
        };
        let mut there = self.rows_there(column, moved, &place, survivor)?;
        let mut by_person: BTreeMap<RecordId, Vec<String>> = BTreeMap::new();
        let mut wanted: Vec<(&String, RecordId, &Vec<Option<RecordId>>)> = Vec::new();
        for ((key, was), others) in moved.rows.iter().zip(&moved.others_were) {
            match there.iter().position(|now| now.key == *key && now.others == *others) {
                Some(found) => by_person.entry(*was).or_default().push(there.swap_remove(found).place),
                None => wanted.push((key, *was, others)),
            }
        }
        if !wanted.is_empty() && !there.is_empty() {
            let people = wanted.iter().flat_map(|(_, _, others)| others.iter().flatten().copied()).collect();
            let one_with = self.ever_one_with(contract, people)?;
            let is = |was: &Option<RecordId>, now: &Option<RecordId>| match (was, now) {
                (Some(was), Some(now)) => {
                    was == now || one_with.get(was).is_some_and(|group| one_with.get(now) == Some(group))
                }
                _ => was == now,
            };
            for (key, was, others) in wanted {
                let same = |now: &Now| {
                    now.key == *key && others.iter().zip(&now.others).all(|(was, now)| is(was, now))
                };
                if let Some(found) = there.iter().position(same) {
                    by_person.entry(was).or_default().push(there.swap_remove(found).place);
                }
            }
        }
        let by_person =
            by_person.iter().map(|(was, which)| (*was, which.iter().map(String::as_str).collect()));
        self.give_rows(column, &place, by_person.collect(), survivor)
    }

    /// Rows that refer to the survivor and are like those that were moved, but for whom else they refer to.
    fn rows_there(
        &mut self,
        column: &HostColumn,
        moved: &HostRows,
        place: &str,
        survivor: RecordId,
    ) -> Result<Vec<Now>> {
        let HostColumn { table_sql, column_sql, .. } = column;
        let key_sql = self.key_sql(&moved.key)?;
        let keys: BTreeSet<&str> = moved.rows.iter().map(|(key, _)| key.as_str()).collect();
        let keys = serde_json::Value::from(keys.into_iter().collect::<Vec<_>>()).to_string();
        // On Postgres a row keeps its address only while nobody else changes it.
        let lock = if self.connection.is_postgres() { " FOR UPDATE" } else { "" };
        let sql = format!(
            "SELECT CAST({place} AS TEXT) AS h, {key_sql} AS k{} FROM {table_sql} WHERE {column_sql} = ? \
             AND {key_sql} IN {}{lock}",
            self.others_sql(&moved.others),
            self.connection.list(false)
        );
        let found = self.connection.rows(BACK, &sql, &[Cell::id(survivor), Cell::Text(&keys)])?;
        let count = moved.others.len();
        let now = |mut row: Row| {
            let others = others_of(&row, 2, count);
            Now { place: row.text(0), key: row.text(1), others }
        };
        Ok(found.into_iter().map(now).collect())
    }

    /// With whom people are or were one, as the lowest id of all these; whether the merges stand or not.
    fn ever_one_with(
        &mut self,
        contract: &Contract,
        mut people: BTreeSet<RecordId>,
    ) -> Result<BTreeMap<RecordId, RecordId>> {
        let sql = format!(
            "SELECT l.survivor_id, m.retired_id FROM merge_log l \
             JOIN merge_members m ON m.merge_id = l.id WHERE l.entity_type = ? \
             AND (l.survivor_id IN {0} OR m.retired_id IN {0})",
            self.connection.list(true)
        );
        loop {
            let list = list_of(&people.iter().copied().collect::<Vec<_>>());
            let binds = [Cell::Text(contract.entity), Cell::Text(&list), Cell::Text(&list)];
            let pairs: Vec<[RecordId; 2]> =
                self.connection.rows(BACK, &sql, &binds)?.iter().map(|row| [row.id(0), row.id(1)]).collect();
            let before = people.len();
            people.extend(pairs.as_flattened());
            if people.len() > before {
                continue;
            }
            let mut group: BTreeMap<RecordId, RecordId> = people.iter().map(|id| (*id, *id)).collect();
            // Until each has the lowest id of its group.
            let mut settled = false;
            while !settled {
                settled = true;
                for [one, other] in &pairs {
                    let [of_one, of_other] = [one, other].map(|id| group.get(id).copied().unwrap_or(*id));
                    settled &= of_one == of_other;
                    group.insert(*one, of_one.min(of_other));
                    group.insert(*other, of_one.min(of_other));
                }
            }
            return Ok(group);
        }
    }
}
