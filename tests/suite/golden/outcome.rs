//! What an import left behind, as JSON that people can read and compare.

use std::collections::BTreeMap;

use importer::RunReport;
use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{CoreRecord, RecordId, Store, ViolationFilter};
use importer_store::SqlStore;
use serde_json::{Map, Value, json};

use crate::support::Database;

/// The run's report and everything that is in the core after it.
pub(super) fn after(database: &Database, input: &str, report: &RunReport) -> Value {
    json!({
        "input": input,
        "status": report.status,
        "counts": report.counts,
        "dq": report.dq,
        "unmapped_fields": report.unmapped_fields,
        "people": people(database),
        "suggestions": suggestions(database),
        "violations": violations(database),
    })
}

/// Everything that a second run of the same file must leave as it is.
pub(crate) fn traces(database: &Database) -> Value {
    let changes = "SELECT core_id || ' ' || action || ' ' || COALESCE(field, '') || ' ' || COALESCE(new_value, '') AS t \
                   FROM change_log ORDER BY id";
    let quarantine =
        "SELECT external_id || ' ' || rule_codes || ' ' || status AS t FROM quarantine ORDER BY staging_id";
    let staged = "SELECT external_id AS t FROM staging_volunteers s WHERE NOT EXISTS \
                  (SELECT 1 FROM import_runs r WHERE r.id = s.run_id AND CAST(r.dry_run AS TEXT) IN ('1', 'true')) ORDER BY id";
    let watermarks = "SELECT source || ' ' || COALESCE(CAST(max_source_timestamp AS TEXT), '-') AS t FROM watermarks ORDER BY source";
    json!({
        "people": people(database),
        "suggestions": suggestions(database),
        "violations": violations(database),
        "changes": database.texts(changes),
        "quarantine": database.texts(quarantine),
        "staged": database.texts(staged),
        "watermarks": database.texts(watermarks),
    })
}

/// The people in the order of their ids. The ids themselves differ between databases: numbers may be left out.
fn people(database: &Database) -> Value {
    let store = SqlStore::open(&database.url).unwrap();
    store.migrate().unwrap();
    let ids = database.texts("SELECT id AS t FROM core_volunteers ORDER BY id");
    let ids: Vec<RecordId> = ids.iter().map(|id| id.parse().unwrap()).collect();
    let mut session = store.session().unwrap();
    let mut external = external_ids(database);
    let people = session.load(&VOLUNTEER, &ids).unwrap().into_iter().map(|person| {
        let mut out = Map::new();
        out.insert("external_ids".into(), json!(external.remove(&person.id.to_string()).unwrap_or_default()));
        for (place, field) in VOLUNTEER.columns() {
            if let Some(value) = person.record.get(place) {
                out.insert(field.name.into(), json!(value));
            }
        }
        out.insert("contacts".into(), json!(contacts(&person)));
        Value::Object(out)
    });
    people.collect()
}

fn contacts(person: &CoreRecord) -> Vec<String> {
    let of = |contact: &importer_core::ports::Contact| {
        let mut text = format!("{} {}", contact.kind.as_str(), contact.value);
        if let Some(extension) = &contact.extension {
            text.push_str(&format!(" x{extension}"));
        }
        if contact.primary {
            text.push_str(", primary");
        }
        if let Some(original) = &contact.original {
            text.push_str(&format!(", written {original}"));
        }
        text
    };
    person.contacts.iter().map(of).collect()
}

/// The sources' names of every record.
fn external_ids(database: &Database) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in database.texts(
        "SELECT core_id || '|' || external_id AS t FROM external_id_map ORDER BY staging_id, external_id",
    ) {
        let (id, external) = row.split_once('|').unwrap();
        found.entry(id.into()).or_default().push(external.into());
    }
    found
}

/// Pairs, by the first external id of both.
fn suggestions(database: &Database) -> Value {
    let external = external_ids(database);
    let sql = "SELECT kind || '|' || decision || '|' || left_id || '|' || right_id AS t FROM dedupe_suggestions \
               ORDER BY left_id, right_id";
    let pairs = database.texts(sql).into_iter().map(|row| {
        let parts: Vec<&str> = row.split('|').collect();
        let name = |id: &str| external.get(id).map_or("?", |names| names[0].as_str());
        json!(format!("{}, {}: {} and {}", parts[0], parts[1], name(parts[2]), name(parts[3])))
    });
    pairs.collect()
}

fn violations(database: &Database) -> Value {
    let found = database.importer().violations(&ViolationFilter::default()).unwrap();
    let lines = found.iter().map(|row| {
        let v = &row.violation;
        let field = if v.field.is_empty() { "the row" } else { &v.field };
        let text = format!(
            "{} at {}: {} in {field}: {}",
            v.record_key,
            row.position,
            v.rule_code,
            v.severity.as_str()
        );
        json!(format!("{text}, {}", row.status))
    });
    lines.collect()
}

/// Where two values differ first, for a message that fits a screen.
pub(super) fn first_difference(expected: &Value, actual: &Value, path: &str) -> Option<String> {
    match (expected, actual) {
        (Value::Object(e), Value::Object(a)) => {
            let keys = e.keys().chain(a.keys().filter(|key| !e.contains_key(*key)));
            let missing = Value::Null;
            let pair = |key: &String| {
                (e.get(key).unwrap_or(&missing).clone(), a.get(key).unwrap_or(&missing).clone())
            };
            keys.into_iter().find_map(|key| {
                let (e, a) = pair(key);
                first_difference(&e, &a, &format!("{path}.{key}"))
            })
        }
        (Value::Array(e), Value::Array(a)) => {
            let differs = e.iter().zip(a).enumerate();
            let differs = differs.map(|(at, (e, a))| first_difference(e, a, &format!("{path}[{at}]")));
            let length = || {
                let (more, of) =
                    if e.len() > a.len() { ("missing", &e[a.len()..]) } else { ("too much", &a[e.len()..]) };
                (e.len() != a.len()).then(|| format!("{path}: {more}: {}", json!(of)))
            };
            differs.flatten().next().or_else(length)
        }
        _ => (expected != actual).then(|| format!("{path}: expected {expected}, got {actual}")),
    }
}
