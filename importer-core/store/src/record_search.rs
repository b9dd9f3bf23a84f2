use super::cell::{Cell, quoted};
use super::core::contact_owner;
use super::missing_people::missing;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{RecordCursor, RecordOrder, RecordSearch, RecordSearchStore};

const FIND: &str = "find records";

impl RecordSearchStore for SqlSession {
    fn find_records(&mut self, contract: &Contract, search: RecordSearch<'_>) -> Result<Vec<RecordCursor>> {
        let filter = search.filter;
        let (conditions, mut binds) = self.found(contract, search);
        let (comes, direction) = if filter.descending { ("<", "DESC") } else { (">", "ASC") };
        let key = self.key(&filter.order);
        let mut sql = format!(
            "SELECT c.id, {} AS k FROM {} c WHERE {conditions}",
            key.as_deref().unwrap_or("NULL"),
            contract.core_table()
        );
        if let Some(after) = &filter.after {
            match &key {
                Some(key) => {
                    sql.push_str(&format!(" AND ({key}, c.id) {comes} (?, ?)"));
                    binds.push(Cell::Text(after.key.as_deref().unwrap_or_default()));
                }
                None => sql.push_str(&format!(" AND c.id {comes} ?")),
            }
            binds.push(Cell::id(after.id));
        }
        if let Some(key) = &key {
            sql.push_str(&format!(" ORDER BY {key} {direction}, c.id {direction} LIMIT ?"));
        } else {
            sql.push_str(&format!(" ORDER BY c.id {direction} LIMIT ?"));
        }
        binds.push(Cell::Int(i64::try_from(filter.limit).unwrap_or(i64::MAX)));
        let rows = self.connection.rows(FIND, &sql, &binds)?;
        Ok(rows.into_iter().map(|mut row| RecordCursor { id: row.id(0), key: row.optional(1) }).collect())
    }

    fn count_records(&mut self, contract: &Contract, search: RecordSearch<'_>, most: i64) -> Result<i64> {
        let (conditions, mut binds) = self.found(contract, search);
        let sql = format!(
            "SELECT COUNT(*) AS n FROM (SELECT 1 FROM {} c WHERE {conditions} LIMIT ?) found",
            contract.core_table()
        );
        binds.push(Cell::Int(most));
        Ok(self.connection.rows(FIND, &sql, &binds)?.first().map_or(0, |row| row.int(0)))
    }
}

impl SqlSession {
    /// What records are listed by. Both databases compare byte by byte, so that a list has one order.
    fn key(&self, order: &RecordOrder) -> Option<String> {
        let text = match order {
            RecordOrder::Field(field) => format!("COALESCE(LOWER(CAST(c.{} AS TEXT)), '')", quoted(field)),
            RecordOrder::Updated => "CAST(c.updated_at AS TEXT)".to_owned(),
            _ => return None,
        };
        Some(if self.connection.is_postgres() { format!("({text} COLLATE \"C\")") } else { text })
    }

    /// The conditions of a search, with what is bound to them.
    fn found<'a>(&self, contract: &Contract, search: RecordSearch<'a>) -> (String, Vec<Cell<'a>>) {
        let (filter, mut binds) = (search.filter, Vec::new());
        let mut conditions = vec!["1 = 1".to_owned()];
        let holds = |field: &str| self.connection.holds_text(&format!("CAST(c.{} AS TEXT)", quoted(field)));
        let of_contacts = format!(
            "EXISTS (SELECT 1 FROM core_{}_contacts x WHERE x.{} = c.id AND {})",
            contract.entity,
            contact_owner(contract),
            self.connection.holds_text("x.value")
        );
        if let Some(text) = &filter.text {
            let mut any: Vec<String> = search.fields.iter().map(|field| holds(field)).collect();
            any.extend(search.contacts.then(|| of_contacts.clone()));
            binds.extend(any.iter().map(|_| Cell::Text(text)));
            conditions.push(if any.is_empty() { "1 = 0".into() } else { format!("({})", any.join(" OR ")) });
        }
        for (field, text) in &filter.fields {
            conditions.push(holds(field));
            binds.push(Cell::Text(text));
        }
        if let Some(text) = &filter.contact {
            conditions.push(of_contacts);
            binds.push(Cell::Text(text));
        }
        if filter.external_id.is_some() || filter.external_system.is_some() {
            let mut sql =
                "c.id IN (SELECT m.core_id FROM external_id_map m WHERE m.entity_type = ?".to_owned();
            binds.push(Cell::Text(contract.entity));
            if let Some(id) = &filter.external_id {
                sql.push_str(&format!(" AND {}", self.connection.is_id("m", "?")));
                binds.extend([Cell::Text(id), Cell::Text(id)]);
            }
            if let Some(system) = &filter.external_system {
                sql.push_str(" AND m.external_system = ?");
                binds.push(Cell::Text(system));
            }
            conditions.push(format!("{sql})"));
        }
        if let Some(run) = filter.missing_since {
            let system = "(SELECT r.external_system FROM import_runs r WHERE r.id = ?)";
            conditions.push(format!("c.id IN (SELECT y.core_id FROM ({}) y)", missing(system)));
            binds.push(Cell::Text(contract.entity));
            binds.extend([Cell::id(run), Cell::id(run), Cell::id(run), Cell::id(run)]);
        }
        (conditions.join(" AND "), binds)
    }
}
