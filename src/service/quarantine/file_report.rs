//! What people are told about a corrected file.

use importer_core::ports::RowId;
use serde::Serialize;

use super::view::FindingView;

/// So many problems are told one by one; the others are counted.
const PROBLEMS: usize = 1_000;

/// The reason why a row of a corrected file did not go in.
///
/// ```
/// use importer::service::FileFix;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let path = folder.path().join("rows.csv");
/// # let mut out = std::fs::File::create(&path).unwrap();
/// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
/// # drop(out);
/// let text = std::fs::read_to_string(&path).unwrap().replace("bob@@", "bob at ");
/// std::fs::write(&path, text).unwrap();
/// let fix = FileFix { reason: "back from the office".into(), ..FileFix::default() };
/// let problem = &desk.fix_file("volunteer", &path, &fix)?.problems[0];
/// assert_eq!((problem.number, problem.findings[0].rule.as_str()), (2, "FMT-101"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileProblem {
    /// The row of the file as spreadsheets count rows, the names of the columns being row 1; 0 for several rows.
    pub number: u64,
    /// The line of the file on which the row begins; 0 for several rows.
    pub line: u64,
    /// The id of the row in quarantine.
    pub row: RowId,
    /// The rules that still hold the row back, or what else is wrong.
    pub why: String,
    /// The findings of these rules, with what they advise; masked for the role.
    pub findings: Vec<FindingView>,
}

impl FileProblem {
    pub(super) fn new(number: u64, line: u64, row: RowId, why: String) -> Self {
        Self { number, line, row, why, findings: Vec::new() }
    }
}

/// The warnings about a row of a corrected file that went in: a value of it may not have been taken.
///
/// ```
/// use importer::service::FileFix;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n2,Bob,Ray,bob@@example.org,1800-01-01\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let path = folder.path().join("rows.csv");
/// # let mut out = std::fs::File::create(&path).unwrap();
/// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
/// # drop(out);
/// # let text = std::fs::read_to_string(&path).unwrap().replace("bob@@", "bob@");
/// # std::fs::write(&path, text).unwrap();
/// let fix = FileFix { reason: "back from the office".into(), ..FileFix::default() };
/// let report = desk.fix_file("volunteer", &path, &fix)?;
/// assert_eq!((report.loaded, report.warnings[0].findings[0].field.as_str()), (1, "dob"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileWarning {
    /// The row of the file as spreadsheets count rows, the names of the columns being row 1.
    pub number: u64,
    /// The line of the file on which the row begins.
    pub line: u64,
    /// The id of the row in quarantine.
    pub row: RowId,
    /// The findings of the rules, with what they advise; masked for the role.
    pub findings: Vec<FindingView>,
}

/// What became of the rows of a corrected file; [`Desk::fix_file`](crate::service::Desk::fix_file) returns it.
///
/// ```
/// use importer::service::FileFix;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let path = folder.path().join("rows.csv");
/// # let mut out = std::fs::File::create(&path).unwrap();
/// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
/// # drop(out);
/// let fix = FileFix { reason: "back from the office".into(), ..FileFix::default() };
/// let report = desk.fix_file("volunteer", &path, &fix)?;
/// assert_eq!((report.read, report.unchanged, report.loaded), (1, 1, 0), "nobody has corrected it");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileReport {
    /// Rows of the file.
    pub read: u64,
    /// Rows that are as they were received; nothing is done about them.
    pub unchanged: u64,
    /// Rows that went in.
    pub loaded: u64,
    /// Rows that the rules hold back all the same; nothing changes about them.
    pub still_held: u64,
    /// Rows that are not open any more, or never were in this quarantine.
    pub not_open: u64,
    /// Rows with a value that is not taken. It stands in a cell that the role does not see, in a column that the source
    /// of the row does not have, or it cannot be read although the value before it could. These rows stay in quarantine
    /// as they are.
    pub not_taken: u64,
    /// Rows that the database refused; they stay in quarantine.
    pub skipped: u64,
    /// The number of runs of corrections that loaded rows.
    pub runs: u64,
    /// The first 1,000 rows that did not go in although somebody changed them.
    pub problems: Vec<FileProblem>,
    /// The first 1,000 rows that went in with a warning.
    pub warnings: Vec<FileWarning>,
}

impl FileReport {
    pub(super) fn problem(&mut self, problem: FileProblem) {
        if self.has_room() {
            self.problems.push(problem);
        }
    }

    /// Whether a further problem would be told.
    pub(super) fn has_room(&self) -> bool {
        self.problems.len() < PROBLEMS
    }

    pub(super) fn has_room_to_warn(&self) -> bool {
        self.warnings.len() < PROBLEMS
    }

    /// Adds what became of the rows of a group.
    pub(super) fn add(&mut self, other: Self) {
        self.unchanged += other.unchanged;
        self.loaded += other.loaded;
        self.still_held += other.still_held;
        self.not_open += other.not_open;
        self.not_taken += other.not_taken;
        self.problems.extend(other.problems);
        self.warnings.extend(other.warnings);
        self.problems.truncate(PROBLEMS);
        self.warnings.truncate(PROBLEMS);
    }
}
