//! Which records rows of the host refer to, by their ids and by their values: these are not taken out, and those do not change.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::{Cell, quoted};
use super::host_sql::{at_column, list_of};
use super::host_tables::HostColumn;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{CoreRecord, CoreStore, RecordId, Reference};
use importer_core::{Error, ErrorKind, Result};

const COUNT: &str = "look up what refers to the people";
const KEEP: &str = "change records that rows of the host refer to";

impl SqlSession {
    /// How many rows of the host refer to each of these records, table by table.
    pub(super) fn host_rows_of(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        people: &[RecordId],
    ) -> Result<Vec<(String, RecordId, u64)>> {
        let columns = self.host_columns(contract, references)?;
        let keys = self.host_keys(contract)?;
        let mut found = Vec::new();
        if columns.is_empty() && keys.is_empty() {
            return Ok(found);
        }
        self.lock_records(contract, people)?;
        for column in &columns {
            let counts = self.count_rows(column, people).map_err(|e| at_column(e, column))?;
            found.extend(counts.into_iter().map(|(person, rows)| (column.table.clone(), person, rows)));
        }
        let list = list_of(people);
        for key in keys.iter().filter(|key| key.to_id().is_none()) {
            let sql = format!(
                "SELECT p.id, COUNT(*) AS n {} GROUP BY p.id",
                self.by_value(contract, &key.table.sql, &key.pairs)
            );
            let at_column = |error: Error| error.at("table", &key.table.name);
            for row in self.connection.rows(COUNT, &sql, &[Cell::Text(&list)]).map_err(at_column)? {
                found.push((key.table.name.clone(), row.id(0), row.int(1).unsigned_abs()));
            }
        }
        Ok(found)
    }

    pub(super) fn count_rows(
        &mut self,
        column: &HostColumn,
        people: &[RecordId],
    ) -> Result<Vec<(RecordId, u64)>> {
        let HostColumn { table_sql, column_sql, .. } = column;
        // A record that refers to itself does not stay because of that.
        let others = if column.of_core { format!(" AND {column_sql} <> id") } else { String::new() };
        let sql = format!(
            "SELECT CAST({column_sql} AS BIGINT) AS c, COUNT(*) AS n FROM {table_sql} \
             WHERE {column_sql} IN {}{others} GROUP BY {column_sql}",
            self.ids()
        );
        let rows = self.connection.rows(COUNT, &sql, &[Cell::Text(&list_of(people))])?;
        Ok(rows.iter().map(|row| (row.id(0), row.int(1).unsigned_abs())).collect())
    }

    /// Which columns of these records rows of the host refer to by value.
    pub(super) fn values_of_host(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
    ) -> Result<BTreeMap<RecordId, BTreeSet<String>>> {
        let mut found: BTreeMap<RecordId, BTreeSet<String>> = BTreeMap::new();
        let list = list_of(people);
        for key in self.host_keys(contract)?.iter().filter(|key| key.to_id().is_none() && !key.follows) {
            let sql = format!("SELECT DISTINCT p.id {}", self.by_value(contract, &key.table.sql, &key.pairs));
            let at_column = |error: Error| error.at("table", &key.table.name);
            for row in self.connection.rows(COUNT, &sql, &[Cell::Text(&list)]).map_err(at_column)? {
                found.entry(row.id(0)).or_default().extend(key.pairs.iter().map(|(_, to)| to.clone()));
            }
        }
        Ok(found)
    }

    /// Rows of the host joined with the records of a bound list that they refer to by value.
    fn by_value(&self, contract: &Contract, table: &str, pairs: &[(String, String)]) -> String {
        let on: Vec<String> =
            pairs.iter().map(|(own, to)| format!("h.{} = p.{}", quoted(own), quoted(to))).collect();
        format!(
            "FROM {} p JOIN {table} h ON {} WHERE p.id IN {}",
            contract.core_table(),
            on.join(" AND "),
            self.ids()
        )
    }

    /// Refuses to overwrite a value that rows of the host refer to.
    pub(super) fn keep_referred_values(&mut self, contract: &Contract, people: &[CoreRecord]) -> Result<()> {
        if self.host_keys(contract)?.iter().all(|key| key.to_id().is_some()) {
            return Ok(());
        }
        let ids: Vec<RecordId> = people.iter().map(|person| person.id).collect();
        let referred = self.values_of_host(contract, &ids)?;
        let changed: Vec<RecordId> = referred.keys().copied().collect();
        for now in self.load(contract, &changed)? {
            let Some(after) = people.iter().find(|person| person.id == now.id) else { continue };
            for column in referred.get(&now.id).into_iter().flatten() {
                let differs = |place| now.record.get(place) != after.record.get(place);
                if contract.index(column).is_some_and(differs) {
                    let why = format!("rows of the host refer to its `{column}`, which would change");
                    return Err(Error::new(ErrorKind::Refused, KEEP, why)
                        .at("record", now.id)
                        .at("table", self.table_by_value(contract, column)?)
                        .hint("let them refer to `id`, which never changes, or declare that they follow on update"));
                }
            }
        }
        Ok(())
    }

    fn table_by_value(&mut self, contract: &Contract, column: &str) -> Result<String> {
        let keys = self.host_keys(contract)?;
        let key =
            keys.iter().find(|key| key.to_id().is_none() && key.pairs.iter().any(|(_, to)| to == column));
        Ok(key.map_or_else(String::new, |key| key.table.name.clone()))
    }

    /// Refuses to take out records that rows of the host refer to.
    pub(super) fn keep_referred(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()> {
        let Some((table, person, rows)) = self.host_rows_of(contract, &[], people)?.into_iter().next() else {
            return Ok(());
        };
        let why = format!("{rows} of the host's rows refer to it, and cannot be moved");
        Err(Error::new(ErrorKind::Refused, KEEP, why)
            .at("record", person)
            .at("table", table)
            .hint("let them refer to `id` alone, or to another record, or to none; then do it again"))
    }
}
