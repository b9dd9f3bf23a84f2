//! What people are told about a corrected file.

use importer_core::ports::RowId;
use serde::Serialize;

use super::view::FindingView;

/// So many problems are told one by one; the others are counted.
const PROBLEMS: usize = 1_000;

/// Why a row of the file did not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileProblem {
    /// The row of the file as spreadsheets count them, the names of the columns being the first; 0 for several rows.
    pub number: u64,
    /// The line of the file on which it begins; 0 for several rows.
    pub line: u64,
    /// The row.
    pub row: RowId,
    /// The rules that hold it back still, or what else is the matter.
    pub why: String,
    /// What these rules found, with what they advise; masked.
    pub findings: Vec<FindingView>,
}

impl FileProblem {
    pub(super) fn new(number: u64, line: u64, row: RowId, why: String) -> Self {
        Self { number, line, row, why, findings: Vec::new() }
    }
}

/// What the rules warn of about a row of the file that went in: a value of it may not have been taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileWarning {
    /// The row of the file as spreadsheets count them.
    pub number: u64,
    /// The line of the file on which it begins.
    pub line: u64,
    /// The row.
    pub row: RowId,
    /// What the rules found, with what they advise; masked.
    pub findings: Vec<FindingView>,
}

/// What became of the rows of a corrected file.
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
    /// Rows with a value that is not taken: of a cell that the role does not see, of a column that their source does not have,
    /// or one that cannot be read where one stood that could be. They stay in quarantine as they are.
    pub not_taken: u64,
    /// Rows that the database refused; they stay in quarantine.
    pub skipped: u64,
    /// How many runs of corrections took them in.
    pub runs: u64,
    /// The first rows that did not go in although somebody changed them.
    pub problems: Vec<FileProblem>,
    /// The first rows that went in with a warning.
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
