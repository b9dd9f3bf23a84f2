//! What a bulk fix would do, or did.

use importer_core::ports::RowId;
use serde::Serialize;

use super::effect::RecordEffect;
use super::view::CellChange;

/// What a bulk change would do to one row.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let change = importer::service::BulkChange::Replace {
/// #     field: "email".into(),
/// #     find: "@@".into(),
/// #     replace: "@".into(),
/// # };
/// # let fix = importer::service::BulkFix {
/// #     filter: Default::default(),
/// #     change,
/// #     reason: "a typo of the form".into(),
/// #     current_mapping: false,
/// # };
/// let row = &desk.preview_bulk("volunteer", &fix, 10)?.rows[0];
/// assert_eq!((row.external_id.as_str(), row.cells[0].column.as_str()), ("2", "email"));
/// assert!(row.still.is_empty(), "it would go in");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BulkRow {
    /// The id of the row.
    pub row: RowId,
    /// The external id of the row; masked if the role does not see it.
    pub external_id: String,
    /// The cells that change; what the role does not see is masked.
    pub cells: Vec<CellChange>,
    /// The rules that would hold the row back all the same, or whose value could not be read any more. Without any, the
    /// row would go in.
    pub still: Vec<String>,
    /// What the row would do to a record; `None` if it would not go in.
    pub effect: Option<RecordEffect>,
}

/// The counts of rows that a bulk change would touch, or has touched.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let change = importer::service::BulkChange::Replace {
/// #     field: "email".into(),
/// #     find: "@@".into(),
/// #     replace: "@".into(),
/// # };
/// # let fix = importer::service::BulkFix {
/// #     filter: Default::default(),
/// #     change,
/// #     reason: "a typo of the form".into(),
/// #     current_mapping: false,
/// # };
/// let done = desk.fix_bulk("volunteer", &fix)?;
/// assert_eq!((done.matched, done.changed, done.loaded, done.still_held), (1, 1, 1, 0));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BulkReport {
    /// Open rows that the filter finds.
    pub matched: u64,
    /// Rows among them whose source has no column that the change names; they are left as they are.
    pub without_column: u64,
    /// Rows among them that the change applies to.
    pub changed: u64,
    /// Rows that pass the rules after the change, and go in.
    pub loaded: u64,
    /// Rows that the rules hold back all the same; nothing changes about them.
    pub still_held: u64,
    /// Rows that pass the rules but that the database refused; they stay in quarantine.
    pub skipped: u64,
    /// The number of runs of corrections that loaded rows.
    pub runs: u64,
}

/// What a bulk change would do, with the first rows that it would change.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let change = importer::service::BulkChange::Replace {
/// #     field: "email".into(),
/// #     find: "@@".into(),
/// #     replace: "@".into(),
/// # };
/// # let fix = importer::service::BulkFix {
/// #     filter: Default::default(),
/// #     change,
/// #     reason: "a typo of the form".into(),
/// #     current_mapping: false,
/// # };
/// let preview = desk.preview_bulk("volunteer", &fix, 0)?;
/// assert_eq!((preview.counts.loaded, preview.rows.len()), (1, 0), "all rows are counted, none is listed");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BulkPreview {
    /// The counts of all rows.
    pub counts: BulkReport,
    /// The first rows that would change, with their cells.
    pub rows: Vec<BulkRow>,
}

impl BulkReport {
    /// Counts rows that the change leaves alone for want of a column.
    pub(super) fn leave(&mut self, rows: u64) {
        self.matched += rows;
        self.without_column += rows;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.matched += other.matched;
        self.changed += other.changed;
        self.loaded += other.loaded;
        self.still_held += other.still_held;
    }
}
