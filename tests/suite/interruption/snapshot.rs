//! Everything a run leaves behind, comparable between databases.

use std::collections::BTreeMap;

use crate::support::Database;

/// Rows by table, sorted; without the columns that tell the time of day.
pub(crate) type Snapshot = BTreeMap<&'static str, Vec<String>>;

/// Table, and its columns. `{name}` is a column that holds the id of a core record.
const TABLES: [(&str, &str); 12] = [
    (
        "core_volunteers",
        "{id} first_name middle_name last_name name_suffix email_normalized phone_e164 phone_extension dob gender \
         race_ethnicity street city state_code postal_code country_code employer school_affiliation student_flag \
         grad_year consent_required consent_signed_at background_check_status background_check_date photo_release \
         notes source_updated_at ingest_version origin_source origin_verified_at field_origins",
    ),
    ("core_volunteer_contacts", "{volunteer_id} kind value original extension is_primary source"),
    (
        "external_id_map",
        "entity_type external_system external_id {core_id} row_hash other_hashes staging_id last_run_id",
    ),
    ("match_keys", "entity_type key_kind key_hash {core_id}"),
    ("change_log", "run_id {core_id} staging_id action field old_value new_value actor reason"),
    ("dedupe_suggestions", "run_id staging_id {left_id} {right_id} kind score features_json decision"),
    ("quarantine", "staging_id run_id external_system external_id row_hash rule_codes status"),
    ("dq_violations", "run_id staging_id record_key rule_code severity field message details_json status"),
    ("row_outcomes", "id run_id staging_id outcome {core_id} reason"),
    (
        "staging_volunteers",
        "id run_id source external_system external_id payload_json row_hash source_position",
    ),
    ("clean_volunteers", "staging_id run_id external_id payload_json checksum"),
    (
        "import_runs",
        "id status phase rows_read loaded_through counts_json anomaly_flags freshness_max_timestamp hashes",
    ),
];

/// Reads a database. On SQLite ids of core records are compared as they are. On Postgres they may have gaps, because a
/// sequence does not take back what a killed process drew: there an id is told by the least external id it belongs to.
pub(crate) fn take(db: &Database) -> Snapshot {
    if db.backend == "postgres" {
        // Tables that grew by an import look empty to the planner, which would join them row by row.
        db.execute("ANALYZE");
    }
    TABLES.iter().map(|&(table, columns)| (table, rows(db, table, columns))).collect()
}

fn rows(db: &Database, table: &str, columns: &str) -> Vec<String> {
    let (mut cells, mut joins) = (Vec::new(), String::new());
    for (number, column) in columns.split_whitespace().enumerate() {
        let id = column.strip_prefix('{').and_then(|c| c.strip_suffix('}'));
        let cell = match (id, db.backend) {
            (None, _) => format!("y.{column}"),
            (Some(id), "sqlite") => format!("y.{id}"),
            (Some(id), _) => {
                joins += &format!(
                    " LEFT JOIN (SELECT core_id AS i, MIN(external_id) AS e FROM external_id_map GROUP BY core_id) m{number} \
                     ON m{number}.i = y.{id}"
                );
                format!("m{number}.e")
            }
        };
        cells.push(format!("COALESCE(CAST({cell} AS TEXT), '(null)')"));
    }
    let mut rows = db.texts(&format!("SELECT {} AS t FROM {table} y{joins}", cells.join(" || ' | ' || ")));
    rows.sort_unstable();
    rows
}

/// Asserts that two databases hold the same, and says where they first do not.
#[track_caller]
pub(crate) fn assert_same(expected: &Snapshot, got: &Snapshot) {
    for (table, expected) in expected {
        let got = &got[table];
        if let Some(place) = (0..expected.len().max(got.len())).find(|&n| expected.get(n) != got.get(n)) {
            panic!(
                "{table}: {} rows, and {} after interruptions; the first that differ:\n  {:?}\n  {:?}",
                expected.len(),
                got.len(),
                expected.get(place),
                got.get(place)
            );
        }
    }
}
