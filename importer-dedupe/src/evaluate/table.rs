//! Rows of text with their columns and lines.

use std::fmt;

/// Rows as they came: cells of text under named columns, each row with its line in the file.
///
/// ```
/// use importer_dedupe::evaluate::Table;
/// let mut people = Table::new(["id", "name"]);
/// people.push(2, [Some("7"), Some("Ada Lovelace")]);
/// assert_eq!(people.cell(0, 1), Some("Ada Lovelace"));
/// ```
#[derive(Clone, Default)]
pub struct Table {
    columns: Vec<String>,
    /// All cells, one behind the other.
    text: String,
    /// Where each cell ends.
    ends: Vec<usize>,
    lines: Vec<u64>,
}

/// Shape alone: cells are personal.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} rows of {:?})", self.rows(), self.columns)
    }
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Takes a row; cells that it lacks are missing, and those it has too many are dropped.
    pub fn push<'a>(&mut self, line: u64, cells: impl IntoIterator<Item = Option<&'a str>>) {
        let mut cells = cells.into_iter();
        for _ in 0..self.columns.len() {
            self.text.push_str(cells.next().flatten().unwrap_or_default().trim());
            self.ends.push(self.text.len());
        }
        self.lines.push(line);
    }

    /// The names of its columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// A cell without blanks around it; nothing when it is empty.
    ///
    /// # Panics
    ///
    /// When there is no such row or column.
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        let place = row * self.columns.len() + column;
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        Some(&self.text[start..self.ends[place]]).filter(|cell| !cell.is_empty())
    }

    /// The line of a row in its file.
    pub fn line(&self, row: usize) -> u64 {
        self.lines[row]
    }

    /// The filled cells of a column.
    pub(super) fn filled(&self, column: usize) -> impl Iterator<Item = &str> {
        (0..self.rows()).filter_map(move |row| self.cell(row, column))
    }
}
