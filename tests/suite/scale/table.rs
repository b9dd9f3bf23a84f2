//! A table of any cells, as a file and as what must be in staging.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::support::Database;

/// A CSV file: a header, and rows that may be shorter or longer than it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) header: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

impl Table {
    /// Every cell quoted, so that any text is possible.
    pub(super) fn csv(&self) -> String {
        let line =
            |cells: &mut dyn Iterator<Item = &str>| cells.map(quoted).collect::<Vec<_>>().join(",") + "\n";
        let mut text = line(&mut self.header.iter().copied());
        for row in &self.rows {
            text += &line(&mut row.iter().map(String::as_str));
        }
        text
    }

    /// The rows as received: those of nothing but white space are no rows, missing cells are missing, and cells beyond
    /// the header are kept together in a column of their own.
    pub(super) fn expected(&self) -> Vec<Map<String, Value>> {
        let rows = self.rows.iter().filter(|row| !row.iter().all(|cell| cell.trim().is_empty()));
        rows.map(|row| {
            let mut raw: Map<String, Value> = self
                .header
                .iter()
                .zip(row)
                .map(|(name, cell)| ((*name).into(), cell.as_str().into()))
                .collect();
            let surplus: Vec<&str> = row.iter().skip(self.header.len()).map(String::as_str).collect();
            if surplus.iter().any(|cell| !cell.trim().is_empty()) {
                raw.insert("(surplus)".into(), serde_json::json!(surplus).to_string().into());
            }
            raw
        })
        .collect()
    }
}

/// The rows of a run as they lie in staging, in their order, by way of what is stored about each row.
pub(super) fn staged(db: &Database, run: i64) -> Vec<Map<String, Value>> {
    let sql = format!(
        "SELECT s.payload_json AS t FROM row_outcomes o JOIN staging_volunteers s ON s.id = o.staging_id \
         WHERE o.run_id = {run} ORDER BY o.id"
    );
    db.texts(&sql).iter().map(|row| serde_json::from_str(row).unwrap()).collect()
}

/// Everything in the core's tables, times included.
pub(super) fn core(db: &Database) -> BTreeMap<&'static str, Vec<String>> {
    let tables = [
        (
            "core_volunteers",
            "id first_name middle_name last_name name_suffix email_normalized phone_e164 phone_extension dob gender \
             street city state_code postal_code country_code notes source_updated_at created_at updated_at \
             origin_source origin_verified_at field_origins",
        ),
        ("core_volunteer_contacts", "volunteer_id kind value original extension is_primary source"),
        ("match_keys", "entity_type key_kind key_hash core_id"),
        ("change_log", "id run_id core_id staging_id action field old_value new_value reason changed_at"),
        ("dedupe_suggestions", "id run_id left_id right_id kind decision created_at"),
        ("quarantine", "staging_id run_id external_id row_hash rule_codes status first_seen_at"),
        ("dq_violations", "id run_id staging_id rule_code field message status created_at"),
        ("staging_volunteers", "id run_id external_id payload_json row_hash"),
    ];
    let read = |(table, columns): (&'static str, &str)| {
        let cells: Vec<String> = columns
            .split_whitespace()
            .map(|column| format!("COALESCE(CAST({column} AS TEXT), '(null)')"))
            .collect();
        let mut rows = db.texts(&format!("SELECT {} AS t FROM {table}", cells.join(" || ' | ' || ")));
        rows.sort_unstable();
        (table, rows)
    };
    tables.into_iter().map(read).collect()
}
