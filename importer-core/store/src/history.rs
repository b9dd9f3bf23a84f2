use std::collections::{BTreeMap, BTreeSet};

use super::bulk::{Bulk, Column, Conflict, plain, time};
use super::cell::Cell;
use super::connection::Connection;
use super::core::{columns_with, contact_owner, json_list};
use super::row::Row;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{
    Cause, Change, CoreRecord, CoreWrite, Dated, HistoryStore, HostReference, MapImage, MatchKey,
    MergeFilter, MergeId, MergeRow, Moment, MovedReferences, MovedSuggestion, NewMerge, RecordId, Reference,
    Rejection, RowId, SourceRow, moment_text, parse_moment,
};
use importer_core::{Error, ErrorKind, Result};

const MAP_ENTRY: [Column; 12] = [
    plain("id"),
    plain("entity_type").shared(),
    plain("external_system"),
    plain("external_id"),
    plain("core_id"),
    plain("row_hash"),
    plain("other_hashes"),
    plain("staging_id"),
    time("first_seen_at").shared(),
    time("last_seen_at").shared(),
    plain("last_run_id"),
    plain("id_hash"),
];

const MERGE: &str = "keep a merge";
const READ: &str = "read merges";
const PEOPLE: &str = "change records";

impl HistoryStore for SqlSession {
    fn last_change(&mut self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(id), 0) AS i FROM change_log";
        Ok(self.connection.rows("read the change log", sql, &[])?.first().map_or(0, |row| row.int(0)))
    }

    fn log_merge(&mut self, contract: &Contract, merge: &NewMerge, now: Moment) -> Result<MergeId> {
        let id = self.id_of_new("merge_log")?;
        let sql = format!(
            "INSERT INTO merge_log (id, entity_type, survivor_id, run_id, suggestion_id, change_mark, before_json, \
             decisions_json, actor, reason, merged_at) VALUES ({id}, ?, ?, ?int, ?int, ?, ?, ?, ?, ?, ?time) \
             RETURNING id"
        );
        let rows = self.connection.rows(
            MERGE,
            &sql,
            &[
                Cell::Text(contract.entity),
                Cell::id(merge.survivor),
                Cell::optional_id(merge.run),
                Cell::optional_id(merge.suggestion),
                Cell::Int(merge.change_mark),
                Cell::Text(&merge.before_json),
                Cell::Text(&merge.decisions_json),
                Cell::Text(&merge.actor),
                Cell::Text(&merge.reason),
                Cell::Text(&moment_text(now)),
            ],
        )?;
        let id = rows.first().and_then(|row| row.optional_int(0));
        let id = id.ok_or_else(|| Error::new(ErrorKind::Store, MERGE, "the database gave it no id"))?;
        for &retired in &merge.retired {
            let sql = "INSERT INTO merge_members (merge_id, entity_type, retired_id) VALUES (?, ?, ?)";
            let binds = [Cell::Int(id), Cell::Text(contract.entity), Cell::id(retired)];
            self.connection.run(MERGE, sql, &binds)?;
        }
        Ok(MergeId(id))
    }

    fn set_merge_before(&mut self, id: MergeId, before_json: &str) -> Result<()> {
        let sql = "UPDATE merge_log SET before_json = ? WHERE id = ?";
        self.connection.run(MERGE, sql, &[Cell::Text(before_json), Cell::Int(id.0)])?;
        Ok(())
    }

    fn end_merge(&mut self, id: MergeId, actor: &str, reason: &str, now: Moment) -> Result<()> {
        let sql =
            "UPDATE merge_log SET undone_at = ?time, undone_by = ?, undo_reason = ?, retold = ? WHERE id = ?";
        let now = moment_text(now);
        let binds =
            [Cell::Text(&now), Cell::Text(actor), Cell::Text(reason), Cell::Flag(true), Cell::Int(id.0)];
        self.connection.run("take a merge back", sql, &binds)?;
        Ok(())
    }

    fn set_redone(&mut self, id: MergeId, by: MergeId) -> Result<()> {
        let sql = "UPDATE merge_log SET redone_by = ? WHERE id = ?";
        self.connection.run(MERGE, sql, &[Cell::Int(by.0), Cell::Int(id.0)])?;
        Ok(())
    }

    fn merges(&mut self, contract: &Contract, filter: &MergeFilter) -> Result<Vec<MergeRow>> {
        let mut conditions = String::from("entity_type = ? AND id > ?");
        let mut binds = vec![Cell::Text(contract.entity), Cell::id(filter.after)];
        let list = serde_json::Value::from(filter.people.as_slice()).to_string();
        if !filter.people.is_empty() {
            let elements = self.connection.among(true);
            conditions.push_str(&format!(
                " AND (survivor_id {elements} OR id IN \
                 (SELECT m.merge_id FROM merge_members m WHERE m.entity_type = ? AND m.retired_id {elements}))"
            ));
            binds.extend([Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(&list)]);
        }
        if filter.standing {
            conditions.push_str(" AND undone_at IS NULL");
        }
        if let Some(run) = filter.run {
            conditions.push_str(" AND run_id = ?");
            binds.push(Cell::id(run));
        }
        conditions.push_str(if filter.newest_first {
            " ORDER BY id DESC LIMIT ?"
        } else {
            " ORDER BY id LIMIT ?"
        });
        binds.push(Cell::Int(if filter.limit > 0 { filter.limit } else { i64::MAX }));
        self.stored_merges(&conditions, &binds)
    }

    fn merge(&mut self, id: MergeId) -> Result<Option<MergeRow>> {
        Ok(self.stored_merges("id = ?", &[Cell::Int(id.0)])?.pop())
    }

    fn survivor_of(&mut self, contract: &Contract, id: RecordId) -> Result<Option<(RecordId, MergeId)>> {
        let sql = "SELECT l.survivor_id, l.id FROM merge_members m \
                   JOIN merge_log l ON l.id = m.merge_id \
                   WHERE m.retired_id = ? AND m.entity_type = ? AND l.undone_at IS NULL ORDER BY l.id DESC LIMIT 1";
        let (mut found, mut id) = (None, id);
        // Each step goes to a later merge, so this comes to an end.
        while let Some(row) =
            self.connection.rows(READ, sql, &[Cell::id(id), Cell::Text(contract.entity)])?.first()
        {
            id = row.id(0);
            found = Some((id, row.id(1)));
        }
        Ok(found)
    }

    fn map_of(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<MapImage>> {
        let list = serde_json::Value::from(people).to_string();
        let sql = format!(
            "SELECT {MAP_IMAGE} {} AND m.entity_type = ? ORDER BY m.id",
            self.connection.listed_in("external_id_map m", "m.core_id", true)
        );
        let binds = [Cell::Text(&list), Cell::Text(contract.entity)];
        let rows = self.connection.rows("read the id map", &sql, &binds)?;
        Ok(rows.into_iter().map(map_image).collect())
    }

    fn give_map(&mut self, entry: i64, to: RecordId) -> Result<()> {
        let sql = "UPDATE external_id_map SET core_id = ? WHERE id = ?";
        self.connection.run("change the id map", sql, &[Cell::id(to), Cell::Int(entry)])?;
        Ok(())
    }

    fn put_map(&mut self, contract: &Contract, entries: &[MapImage], now: Moment) -> Result<()> {
        let now = moment_text(now);
        let overwrite = Conflict::Overwrite(
            " ON CONFLICT (id) DO UPDATE SET core_id = excluded.core_id, row_hash = excluded.row_hash, \
             other_hashes = excluded.other_hashes, staging_id = excluded.staging_id, last_run_id = excluded.last_run_id",
        );
        let others: Vec<Option<String>> = entries.iter().map(|entry| json_list(&entry.other_rows)).collect();
        let mut rows = Bulk::new("external_id_map", &MAP_ENTRY).room(entries.len()).on_conflict(overwrite);
        for (entry, others) in entries.iter().zip(&others) {
            rows.row([
                Cell::Int(entry.id),
                Cell::Text(contract.entity),
                Cell::Text(&entry.system),
                Cell::Text(&entry.external_id),
                Cell::id(entry.core_id),
                Cell::Int(entry.row_hash),
                others.as_deref().into(),
                Cell::id(entry.staging_id),
                Cell::Text(&now),
                Cell::Text(&now),
                Cell::id(entry.last_run),
                self.connection.hash_cell(&entry.external_id),
            ]);
        }
        rows.insert(&mut self.connection, "change the id map")
    }

    fn remove_map(&mut self, entries: &[i64]) -> Result<()> {
        let list = serde_json::Value::from(entries).to_string();
        let sql = format!("DELETE FROM external_id_map WHERE id {}", self.connection.among(true));
        self.connection.run("change the id map", &sql, &[Cell::Text(&list)])?;
        Ok(())
    }

    fn born(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Dated>> {
        self.dated(contract, people, "created_at")
    }

    fn changed(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Dated>> {
        self.dated(contract, people, "updated_at")
    }

    fn parted(&mut self, contract: &Contract) -> Result<Vec<(RecordId, RecordId)>> {
        self.parted_pairs(contract)
    }

    fn put_records(&mut self, contract: &Contract, people: &[CoreRecord], now: Moment) -> Result<()> {
        self.keep_referred_values(contract, people)?;
        let overwrite = super::core::overwrite(contract);
        self.remove_contacts(contract, &people.iter().map(|p| p.id).collect::<Vec<_>>())?;
        self.write_records(contract, people, &moment_text(now), Conflict::Overwrite(&overwrite))?;
        self.write_contacts(contract, &CoreWrite { inserts: people.to_vec(), ..CoreWrite::default() })
    }

    fn set_born(&mut self, contract: &Contract, people: &[Dated]) -> Result<()> {
        let sql = format!("UPDATE {} SET created_at = ?time WHERE id = ?", contract.core_table());
        for born in people {
            self.connection.run(PEOPLE, &sql, &[Cell::Text(&moment_text(born.at)), Cell::id(born.id)])?;
        }
        Ok(())
    }

    fn remove_records(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()> {
        self.keep_referred(contract, people)?;
        self.remove_contacts(contract, people)?;
        let list = serde_json::Value::from(people).to_string();
        let sql = format!("DELETE FROM {} WHERE id {}", contract.core_table(), self.connection.among(true));
        self.connection.run(PEOPLE, &sql, &[Cell::Text(&list)])?;
        Ok(())
    }

    fn change_keys(
        &mut self,
        contract: &Contract,
        remove: &[(MatchKey, RecordId)],
        add: &[(MatchKey, RecordId)],
    ) -> Result<()> {
        if !remove.is_empty() {
            self.remove_keys(contract, remove)?;
        }
        self.write_keys(contract, &CoreWrite { keys: add.to_vec(), ..CoreWrite::default() })
    }

    fn guard_references(&mut self, on: bool) -> Result<()> {
        if self.connection.is_postgres() {
            return Ok(());
        }
        let sql = if on { "PRAGMA foreign_keys = ON" } else { "PRAGMA foreign_keys = OFF" };
        self.connection.execute("guard references", sql)
    }

    fn host_references(
        &mut self,
        contract: &Contract,
        references: &[Reference],
    ) -> Result<Vec<HostReference>> {
        self.references_of_host(contract, references)
    }

    fn move_references(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        survivor: RecordId,
        retired: &[RecordId],
    ) -> Result<MovedReferences> {
        let mut moved =
            MovedReferences { map: self.map_of(contract, retired)?, ..MovedReferences::default() };
        for entry in &moved.map {
            self.give_map(entry.id, survivor)?;
        }
        moved.rejections_through = self.last_rejection()?;
        moved.suggestions = self.suggestions_about(contract, retired)?;
        let people = [&[survivor], retired].concat();
        moved.undecided = self.undecided_about(contract, &people)?;
        moved.households = self.households_near(contract, &people)?;
        self.settle_suggestions(contract, &people, &[])?;
        self.move_host_rows(contract, references, survivor, retired, &mut moved)?;
        Ok(moved)
    }

    fn move_back(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        survivor: RecordId,
        moved: &MovedReferences,
    ) -> Result<()> {
        const BACK: &str = "move references back";
        for MovedSuggestion { id, decision, decided_by, decided_at, deferred_until } in &moved.suggestions {
            // What was rejected, deferred or linked since stays so.
            let sql = "UPDATE dedupe_suggestions SET own_decision = ?, decided_by = ?, decided_at = ?time, deferred_until = ?time \
                       WHERE id = ? AND (own_decision = 'auto_merged' OR (own_decision = 'accepted' AND kind <> 'household'))";
            let binds = [
                Cell::Text(decision),
                decided_by.as_deref().into(),
                decided_at.as_deref().into(),
                deferred_until.as_deref().into(),
                Cell::id(*id),
            ];
            self.connection.run(BACK, sql, &binds)?;
        }
        // A scan that has looked since has looked at somebody who is there no more.
        self.close_as_before(&moved.undecided)?;
        self.move_host_rows_back(contract, references, survivor, moved)
    }

    fn settle_suggestions(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        households: &[(RecordId, i64)],
    ) -> Result<()> {
        self.settle_pairs(contract, people)?;
        let near = people.iter().chain(households.iter().map(|(who, _)| who)).copied().collect::<Vec<_>>();
        self.regroup(contract, &near, &households.iter().copied().collect())
    }

    fn last_rejection(&mut self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(id), 0) AS i FROM not_duplicates";
        Ok(self.connection.rows("read rejections", sql, &[])?.first().map_or(0, |row| row.int(0)))
    }

    fn rejections_since(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        after: i64,
    ) -> Result<Vec<Rejection>> {
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        let sql = format!(
            "SELECT id, core_id, other_core_id FROM not_duplicates \
             WHERE entity_type = ? AND id > ? AND (core_id {elements} OR other_core_id {elements}) ORDER BY id"
        );
        let binds = [Cell::Text(contract.entity), Cell::Int(after), Cell::Text(&list), Cell::Text(&list)];
        let rows = self.connection.rows("read rejections", &sql, &binds)?;
        let rejection = |row: &Row| Rejection { id: row.id(0), one: row.id(1), other: row.id(2) };
        Ok(rows.iter().map(rejection).collect())
    }

    fn print_rejection(&mut self, id: i64, one: Option<i64>, other: Option<i64>) -> Result<()> {
        let sql = "UPDATE not_duplicates SET fingerprint = COALESCE(?int, fingerprint), \
                   other_fingerprint = COALESCE(?int, other_fingerprint) WHERE id = ?";
        let print = |print: Option<i64>| Cell::optional_id(print);
        self.connection.run("change a rejection", sql, &[print(one), print(other), Cell::Int(id)])?;
        Ok(())
    }

    fn referred_to(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        people: &[RecordId],
    ) -> Result<BTreeMap<RecordId, u64>> {
        let mut found = BTreeMap::new();
        for (_, person, rows) in self.host_rows_of(contract, references, people)? {
            *found.entry(person).or_default() += rows;
        }
        Ok(found)
    }

    fn referred_values(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
    ) -> Result<BTreeMap<RecordId, BTreeSet<String>>> {
        self.values_of_host(contract, people)
    }

    fn source_rows(&mut self, contract: &Contract, rows: &[RowId]) -> Result<Vec<SourceRow>> {
        let list = serde_json::Value::from(rows).to_string();
        let sql = format!(
            "SELECT s.id, s.external_system, s.external_id, \
             (SELECT k.payload_json FROM {} k WHERE k.staging_id = s.id) AS p {} ORDER BY s.id",
            contract.clean_table(),
            self.connection.listed_in(&format!("{} s", contract.staging_table()), "s.id", true)
        );
        let rows = self.connection.rows("read landed rows", &sql, &[Cell::Text(&list)])?;
        let found = rows.into_iter().map(|mut row| SourceRow {
            row: row.id(0),
            system: row.text(1),
            external_id: row.text(2),
            payload_json: row.optional(3),
        });
        Ok(found.collect())
    }

    fn log_changes(
        &mut self,
        contract: &Contract,
        changes: &[Change],
        cause: Cause,
        actor: &str,
        now: Moment,
    ) -> Result<()> {
        let columns = match cause {
            Cause::Merge(_) => columns_with("merge_id"),
            Cause::Rollback(_) => columns_with("rollback_id"),
        };
        let (Cause::Merge(MergeId(id)) | Cause::Rollback(id)) = cause;
        self.write_lines(contract, &columns, None, Some(id), actor, changes, &moment_text(now))
    }
}

impl SqlSession {
    fn dated(&mut self, contract: &Contract, people: &[RecordId], column: &str) -> Result<Vec<Dated>> {
        let list = serde_json::Value::from(people).to_string();
        let sql = format!(
            "SELECT id, {column} AS t FROM {} WHERE id {} ORDER BY id",
            contract.core_table(),
            self.connection.among(true)
        );
        let rows = self.connection.rows("read records", &sql, &[Cell::Text(&list)])?;
        Ok(rows.iter().filter_map(|r| Some(Dated { id: r.id(0), at: parse_moment(r.get(1)?)? })).collect())
    }

    fn stored_merges(&mut self, conditions: &str, binds: &[Cell<'_>]) -> Result<Vec<MergeRow>> {
        let members = if self.connection.is_postgres() {
            "(SELECT CAST(json_agg(m.retired_id ORDER BY m.retired_id) AS TEXT) FROM merge_members m WHERE m.merge_id = merge_log.id)"
        } else {
            "(SELECT json_group_array(m.retired_id) FROM (SELECT retired_id FROM merge_members \
             WHERE merge_id = merge_log.id ORDER BY retired_id) m)"
        };
        let sql = format!(
            "SELECT id, entity_type, survivor_id, run_id, \
             suggestion_id, change_mark, before_json, decisions_json, actor, \
             reason, merged_at AS m, undone_at AS u, undone_by, undo_reason, redone_by, {members} AS x, retold \
             FROM merge_log WHERE {conditions}"
        );
        let rows = self.connection.rows(READ, &sql, binds)?;
        Ok(rows.into_iter().map(merge_row).collect())
    }

    fn remove_contacts(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()> {
        let list = serde_json::Value::from(people).to_string();
        let sql = format!(
            "DELETE FROM core_{}_contacts WHERE {} {}",
            contract.entity,
            contact_owner(contract),
            self.connection.among(true)
        );
        self.connection.run(PEOPLE, &sql, &[Cell::Text(&list)])?;
        Ok(())
    }

    /// Pairs about those who go, as they stand.
    fn suggestions_about(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
    ) -> Result<Vec<MovedSuggestion>> {
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        let sql = format!(
            "SELECT id, own_decision, decided_by, decided_at AS d, deferred_until AS u FROM dedupe_suggestions \
             WHERE entity_type = ? AND (left_id {elements} OR right_id {elements}) ORDER BY id"
        );
        let binds = [Cell::Text(contract.entity), Cell::Text(&list), Cell::Text(&list)];
        let rows = self.connection.rows("read suggestions", &sql, &binds)?;
        let moved = |mut row: Row| MovedSuggestion {
            id: row.id(0),
            decision: row.text(1),
            decided_by: row.optional(2),
            decided_at: row.optional(3),
            deferred_until: row.optional(4),
        };
        Ok(rows.into_iter().map(moved).collect())
    }
}

/// What [`map_image`] reads, of a table `m`.
pub(super) const MAP_IMAGE: &str = "m.id, m.external_system, m.external_id, \
    m.core_id, m.row_hash, m.other_hashes, m.staging_id, \
    m.last_run_id";

pub(super) fn map_image(mut row: Row) -> MapImage {
    MapImage {
        id: row.int(0),
        core_id: row.id(3),
        row_hash: row.int(4),
        other_rows: row.get(5).and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default(),
        staging_id: row.id(6),
        last_run: row.id(7),
        system: row.text(1),
        external_id: row.text(2),
    }
}

fn merge_row(mut row: Row) -> MergeRow {
    let undone = row.get(11).and_then(parse_moment);
    MergeRow {
        id: row.id(0),
        merged_at: row.get(10).and_then(parse_moment).unwrap_or_default(),
        redone_by: row.optional_id(14),
        retold: row.flag(16),
        entity: row.text(1),
        merge: NewMerge {
            survivor: row.id(2),
            retired: row.get(15).and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default(),
            run: row.optional_id(3),
            suggestion: row.optional_id(4),
            change_mark: row.int(5),
            before_json: row.text(6),
            decisions_json: row.text(7),
            actor: row.text(8),
            reason: row.text(9),
        },
        undone: undone.map(|at| (at, row.text(12), row.text(13))),
    }
}

impl SqlSession {
    /// Takes keys away, all by one statement: Postgres is told arrays, SQLite walks one list.
    fn remove_keys(&mut self, contract: &Contract, keys: &[(MatchKey, RecordId)]) -> Result<()> {
        let json = |of: &dyn Fn(&(MatchKey, RecordId)) -> i64| {
            serde_json::Value::from(keys.iter().map(of).collect::<Vec<_>>()).to_string()
        };
        let lists = if self.connection.is_postgres() {
            vec![json(&|(key, _)| key.kind.into()), json(&|(key, _)| key.hash), json(&|(_, id)| id.0)]
        } else {
            let keys: Vec<(i16, i64, RecordId)> =
                keys.iter().map(|(key, id)| (key.kind, key.hash, *id)).collect();
            vec![serde_json::to_string(&keys).unwrap_or_default()]
        };
        let numbers = Connection::NUMBERS;
        let sql = if self.connection.is_postgres() {
            format!(
                "DELETE FROM match_keys k USING unnest({numbers}, {numbers}, {numbers}) AS x (kind, hash, id) \
                 WHERE k.key_hash = x.hash AND k.key_kind = x.kind AND k.core_id = x.id AND k.entity_type = ?"
            )
        } else {
            "DELETE FROM match_keys WHERE (key_kind, key_hash, core_id) IN (SELECT json_extract(value, '$[0]'), \
             json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?)) AND entity_type = ?"
                .to_owned()
        };
        let mut binds: Vec<Cell<'_>> = lists.iter().map(|list| Cell::Text(list)).collect();
        binds.push(Cell::Text(contract.entity));
        self.connection.run(PEOPLE, &sql, &binds).map(drop)
    }
}
