//! What became of people: whose rows and values a record holds, and what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use importer::service::{Actor, ScanRequest};
use importer::{AutoMerge, ReportStatus, RunRequest};
use importer_core::normalise::fold;

use super::rows::{Row, Sheet, TRUTH};
use crate::support::{self, Database};

/// How far people are merged without a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// As imports do it unless somebody asks for more.
    Usual,
    /// By probability as well.
    Full,
    /// As usual, and then all that is obvious: at once, and again after a scan.
    Obvious,
}

impl Mode {
    pub(super) const ALL: [Self; 3] = [Self::Usual, Self::Full, Self::Obvious];
}

/// What became of all rows.
pub(super) struct Told {
    /// Whose rows a record holds, and how many of each.
    pub(super) records: BTreeMap<i64, BTreeMap<usize, usize>>,
    /// The records that hold a value which none of their people has, and somebody else has; with the column.
    pub(super) strayed: Vec<(i64, String)>,
    /// The people who are several records, of which not all are told: by a suggestion between them, or with their rows.
    pub(super) untold: BTreeSet<usize>,
    /// The suggested households, by their records.
    pub(super) households: Vec<(i64, i64)>,
    /// Which rows are together.
    pub(super) parts: BTreeSet<BTreeSet<String>>,
    /// How many rows a file lost, because its run was held or because its rows were.
    pub(super) not_loaded: usize,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mixed {:?}, strayed {:?}, untold {:?}", self.mixed(), self.strayed, self.untold)
    }
}

impl Told {
    /// The people of each record that holds rows of several.
    pub(super) fn mixed(&self) -> Vec<BTreeSet<usize>> {
        let people = self.records.values().map(|people| people.keys().copied().collect::<BTreeSet<_>>());
        people.filter(|people| people.len() > 1).collect()
    }

    /// How many pairs of rows of one person are in one record.
    pub(super) fn together(&self) -> usize {
        self.records.values().flat_map(BTreeMap::values).map(|rows| pairs_of(*rows)).sum()
    }

    /// The people who are several records.
    pub(super) fn apart(&self) -> BTreeMap<usize, BTreeSet<i64>> {
        let mut of: BTreeMap<usize, BTreeSet<i64>> = BTreeMap::new();
        for (record, people) in &self.records {
            people.keys().for_each(|person| _ = of.entry(*person).or_default().insert(*record));
        }
        of.retain(|_, records| records.len() > 1);
        of
    }

    /// Whether nobody's rows or values reached another person.
    pub(super) fn is_safe(&self) -> bool {
        self.mixed().is_empty() && self.strayed.is_empty()
    }
}

fn pairs_of(rows: usize) -> usize {
    rows * rows.saturating_sub(1) / 2
}

/// How many pairs of rows of one person there are, loaded or not.
pub(super) fn pairs_of_rows(sheets: &[Sheet]) -> usize {
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    sheets.iter().flat_map(|sheet| &sheet.rows).for_each(|row| *rows.entry(row.person).or_default() += 1);
    rows.into_values().map(pairs_of).sum()
}

/// A row as the database tells it: its person, its record and why.
struct Landed {
    person: usize,
    record: Option<i64>,
    reason: String,
    name: String,
}

/// Imports the files one after the other and merges as the mode says.
pub(super) fn live(db: &Database, sheets: &[Sheet], mode: Mode) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let importer = db.importer();
    let way = if mode == Mode::Full { AutoMerge::Full } else { AutoMerge::Deterministic };
    let mut read = 0;
    for (number, sheet) in sheets.iter().enumerate() {
        let file = support::file(folder.path(), &format!("{number}.csv"), sheet.text());
        let request = RunRequest::new("csv").file(file).external_system(sheet.system).auto_merge(way);
        let mut report = importer.run(&request).unwrap();
        if report.status == ReportStatus::Held {
            // Somebody lets it in although its ids have moved, which is when it matters who is who.
            report = importer.desk(Actor::admin("ann")).approve(report.run_id, "all the same").unwrap();
        }
        assert_eq!(report.status, ReportStatus::Succeeded, "{report:?}");
        read += sheet.rows.len();
    }
    if mode == Mode::Obvious {
        let desk = importer.desk(Actor::admin("ann"));
        desk.merge_obvious("volunteer", "beyond doubt").unwrap();
        desk.scan(&ScanRequest::new("volunteer"), "once more").unwrap();
        desk.merge_obvious("volunteer", "beyond doubt").unwrap();
    }
    told(db, sheets, read)
}

fn told(db: &Database, sheets: &[Sheet], read: usize) -> Told {
    let gone: BTreeMap<i64, i64> = pairs(db.texts(
        "SELECT m.retired_id || ' ' || l.survivor_id AS t FROM merge_members m JOIN merge_log l ON l.id = m.merge_id \
         WHERE l.undone_at IS NULL",
    ))
    .into_iter()
    .collect();
    let last = |mut record: i64| {
        while let Some(survivor) = gone.get(&record) {
            record = *survivor;
        }
        record
    };
    let landed = landed(db, last);
    let mut records: BTreeMap<i64, BTreeMap<usize, usize>> = BTreeMap::new();
    let mut parts: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let mut with_a_finding = BTreeSet::new();
    for row in &landed {
        let Some(record) = row.record else { continue };
        *records.entry(record).or_default().entry(row.person).or_default() += 1;
        parts.entry(record).or_default().insert(row.name.clone());
        if row.reason.contains("external_id_reassigned") {
            with_a_finding.insert(record);
        }
    }
    // Whoever has no contact but a function's is not known again, and each of the rows says so.
    let nobodys = "SELECT DISTINCT CAST(o.core_id AS TEXT) AS t FROM row_outcomes o \
                   JOIN dq_violations v ON v.staging_id = o.staging_id \
                   WHERE v.rule_code = 'DOM-204' AND o.core_id IS NOT NULL";
    with_a_finding.extend(db.texts(nobodys).iter().map(|id| last(id.parse().unwrap())));
    let not_loaded = read - landed.iter().filter(|row| row.record.is_some()).count();
    let told = pairs(
        db.texts("SELECT left_id || ' ' || right_id AS t FROM dedupe_suggestions WHERE decision = 'open'"),
    );
    let told: Vec<(i64, i64)> = told.into_iter().map(|(one, other)| (last(one), last(other))).collect();
    let households = "SELECT left_id || ' ' || right_id AS t FROM dedupe_suggestions WHERE kind = 'household' AND decision = 'open'";
    let mut found = Told {
        strayed: strayed(db, sheets, &records),
        households: pairs(db.texts(households))
            .into_iter()
            .map(|(one, other)| (last(one), last(other)))
            .collect(),
        parts: parts.into_values().collect(),
        untold: BTreeSet::new(),
        records,
        not_loaded,
    };
    let apart = found.apart();
    let untold = apart.into_iter().filter(|(_, records)| !are_told(records, &told, &with_a_finding));
    found.untold = untold.map(|(person, _)| person).collect();
    found
}

/// Whether suggestions connect these records; one that a finding is about needs none.
fn are_told(records: &BTreeSet<i64>, suggested: &[(i64, i64)], with_a_finding: &BTreeSet<i64>) -> bool {
    let mut open: BTreeSet<i64> = records.difference(with_a_finding).copied().collect();
    let mut next: Vec<i64> = match records.intersection(with_a_finding).count() {
        0 => open.pop_first().into_iter().collect(),
        _ => records.intersection(with_a_finding).copied().collect(),
    };
    while let Some(record) = next.pop() {
        let near = suggested.iter().filter_map(|(one, other)| match record {
            record if record == *one => Some(*other),
            record if record == *other => Some(*one),
            _ => None,
        });
        next.extend(near.filter(|other| open.remove(other)).collect::<Vec<_>>());
    }
    open.is_empty()
}

fn landed(db: &Database, last: impl Fn(i64) -> i64) -> Vec<Landed> {
    let rows = db.texts(
        "SELECT COALESCE(o.core_id, 0) || ' ' || s.external_system || ' ' || s.external_id || ' ' || s.run_id || '\t' || \
         COALESCE(o.reason, '') || '\t' || s.payload_json AS t \
         FROM row_outcomes o JOIN staging_volunteers s ON s.id = o.staging_id ORDER BY o.id",
    );
    rows.iter()
        .map(|row| {
            let mut cells = row.splitn(3, '\t');
            let (place, reason, payload) =
                (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
            let (record, name) = place.split_once(' ').unwrap();
            let payload: serde_json::Value = serde_json::from_str(payload).unwrap();
            let truth = payload[TRUTH].as_str().unwrap_or_else(|| panic!("no truth in {payload}"));
            Landed {
                person: truth.parse().unwrap(),
                record: Some(record.parse().unwrap()).filter(|record| *record != 0).map(&last),
                reason: reason.into(),
                name: format!("{name} of {truth}"),
            }
        })
        .collect()
}

/// The words of a value as they are compared: without case, accents and punctuation.
fn words(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(|word| {
        let mut folded = String::new();
        fold(word, &mut folded);
        folded
    });
    words.filter(|word| word.chars().count() > 2).collect()
}

/// What of a core record is somebody's own.
const OWN: [&str; 10] = [
    "first_name",
    "middle_name",
    "last_name",
    "dob",
    "street",
    "city",
    "postal_code",
    "school_affiliation",
    "email_normalized",
    "phone_e164",
];

/// The records with a value that nobody of theirs has ever said, and somebody else has.
fn strayed(
    db: &Database,
    sheets: &[Sheet],
    records: &BTreeMap<i64, BTreeMap<usize, usize>>,
) -> Vec<(i64, String)> {
    let mut said: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for row in sheets.iter().flat_map(|sheet| &sheet.rows) {
        for word in said_by(row) {
            said.entry(word).or_default().insert(row.person);
        }
    }
    let mut wrong = Vec::new();
    for column in OWN {
        let values = db.texts(&format!(
            "SELECT id || '\t' || {column} AS t FROM core_volunteers WHERE {column} IS NOT NULL"
        ));
        for value in values {
            let (record, value) = value.split_once('\t').unwrap();
            let record: i64 = record.parse().unwrap();
            // Whoever has no row here went with a run that was held.
            let Some(people) = records.get(&record) else { continue };
            let strange = |word: &String| {
                said.get(word).is_some_and(|by| by.iter().all(|person| !people.contains_key(person)))
            };
            if spoken(column, value).iter().any(strange) {
                wrong.push((record, column.to_owned()));
            }
        }
    }
    wrong
}

fn spoken(column: &str, value: &str) -> Vec<String> {
    if column.starts_with("phone") {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        return vec![digits[digits.len().saturating_sub(10)..].to_owned()];
    }
    words(value)
}

fn said_by(row: &Row) -> Vec<String> {
    let said = |column: &&str| spoken(column, row.get(column).split(" x").next().unwrap_or_default());
    row.columns().iter().filter(|column| **column != "id").flat_map(said).collect()
}

fn pairs(rows: Vec<String>) -> Vec<(i64, i64)> {
    let pair = |row: String| {
        let (one, other) = row.split_once(' ').unwrap();
        (one.parse().unwrap(), other.parse().unwrap())
    };
    rows.into_iter().map(pair).collect()
}
