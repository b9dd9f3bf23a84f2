//! Matches that imports made: rows that were taken for somebody known by another id.

use std::collections::{BTreeMap, HashMap};

use importer_core::Result;
use importer_core::ports::{MatchFilter, RecordId, RowId, RunId, moment_text};
use serde::Serialize;

use super::access::{Action, Desk, MASKED};

/// A match in the list that [`Desk::matches`] returns.
///
/// ```
/// use importer::RunRequest;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let fair = folder.path().join("fair.csv");
/// # let rows = "id,first_name,last_name,email,city\n7,Ann,Lee,ann@example.org,Liberty\n";
/// # std::fs::write(&fair, rows).unwrap();
/// importer.run(&RunRequest::new("csv").external_system("fair").file(&fair))?;
/// let found = desk.matches("volunteer", &Default::default())?.remove(0);
/// assert_eq!((found.system.as_str(), found.external_id.as_str(), found.record.0), ("fair", "7", 1));
/// assert!(found.reason.starts_with("same_email_and_name") && found.stands);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MatchLine {
    /// The row that was matched.
    pub row: RowId,
    /// The run that read it.
    pub run: RunId,
    /// The moment at which the run began, in UTC, such as `2025-06-01T08:00:00Z`.
    pub matched_at: String,
    /// The external system. With the external id it names the match for [`Desk::undo_match`].
    pub system: String,
    /// The external id; a row without an id of its own has one that was made of its content. It is masked if it tells a
    /// value that the role does not see.
    pub external_id: String,
    /// The record that the row was matched with, or the one in which that record has gone since.
    pub record: RecordId,
    /// The reason, as it is stored; [`explain`](crate::reasons::explain) puts it into words. What tells of a field that
    /// the role does not see is left out.
    pub reason: String,
    /// False when the match was undone, or the id belongs to somebody else by now.
    pub stands: bool,
}

impl Desk<'_> {
    /// Returns matches that imports made, in the order of their rows: rows that were joined to a person who was known
    /// under another id. [`Desk::undo_match`] undoes one of them.
    ///
    /// To page, set [`MatchFilter::after`] to the row of the last match. Any role may call it.
    ///
    /// ```
    /// use importer::{MatchFilter, RunRequest};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let fair = folder.path().join("fair.csv");
    /// # let rows = "id,first_name,last_name,email,city\n7,Ann,Lee,ann@example.org,Liberty\n";
    /// # std::fs::write(&fair, rows).unwrap();
    /// importer.run(&RunRequest::new("csv").external_system("fair").file(&fair))?;
    /// let of_ann = MatchFilter { record: Some(1.into()), ..MatchFilter::default() };
    /// let found = desk.matches("volunteer", &of_ann)?.remove(0);
    /// desk.undo_match("volunteer", &found.system, &found.external_id, "her mother")?;
    /// assert!(!desk.matches("volunteer", &of_ann)?[0].stands);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see them, there is no such entity, or the database fails.
    pub fn matches(&self, entity: &str, filter: &MatchFilter) -> Result<Vec<MatchLine>> {
        let contract = self.importer.contract(entity)?;
        self.query(Action::ViewSuggestions, "matches", |session| {
            let found = session.matches(contract, filter)?;
            let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for row in &found {
                names.entry(&row.system).or_default().push(&row.external_id);
            }
            let mut owners: HashMap<(String, String), RecordId> = HashMap::new();
            for (system, names) in names {
                let known = session.map_named(contract, system, &names)?;
                owners.extend(
                    known.into_iter().map(|entry| ((entry.system, entry.external_id), entry.core_id)),
                );
            }
            let mut lines = Vec::with_capacity(found.len());
            for row in found {
                let record = session.survivor_of(contract, row.record)?.map_or(row.record, |(id, _)| id);
                let name = (row.system, row.external_id);
                let stands = owners.get(&name) == Some(&record);
                let (system, mut external_id) = name;
                if self.mask().hides_name(&external_id, &[]) {
                    external_id = MASKED.into();
                }
                let reason = self.mask().decision(contract, &row.reason);
                let (row, run, matched_at) = (row.row, row.run, moment_text(row.at));
                lines.push(MatchLine { row, run, matched_at, system, external_id, record, reason, stands });
            }
            Ok(lines)
        })
    }
}
