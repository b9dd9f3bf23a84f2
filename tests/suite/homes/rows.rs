//! What sources say about people, and who is meant.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The column that says who is meant. No mapping uses it.
pub(super) const TRUTH: &str = "truth";

/// The columns of every file, in their order.
const COLUMNS: [&str; 18] = [
    "id",
    "first name",
    "middle name",
    "last name",
    "suffix",
    "gender",
    "email",
    "phone",
    "dob",
    "street",
    "city",
    "state",
    "postal code",
    "school",
    "graduation year",
    "photo release",
    "background_check_status",
    TRUTH,
];

/// What one row says, and about whom.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Who is meant.
    pub(super) person: usize,
    /// With whom they live; nobody's where it is 0.
    pub(super) household: usize,
    cells: BTreeMap<&'static str, String>,
}

impl Row {
    pub(super) fn of(person: usize) -> Self {
        Self { person, household: 0, cells: BTreeMap::new() }
    }

    pub(super) fn get(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// The same with another cell.
    pub(super) fn with(mut self, column: &'static str, value: impl Into<String>) -> Self {
        assert!(COLUMNS.contains(&column), "{column}");
        self.cells.insert(column, value.into());
        self
    }

    /// The same without some cells.
    pub(super) fn without(mut self, columns: &[&str]) -> Self {
        self.cells.retain(|column, _| !columns.contains(column));
        self
    }

    /// The columns that say something.
    pub(super) fn columns(&self) -> Vec<&'static str> {
        self.cells.iter().filter(|(_, value)| !value.is_empty()).map(|(column, _)| *column).collect()
    }
}

/// A file of a system.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    pub(super) system: &'static str,
    pub(super) rows: Vec<Row>,
}

impl Sheet {
    /// As CSV. No cell holds anything that needs quotes.
    pub(super) fn text(&self) -> String {
        let mut text = COLUMNS.join(",") + "\n";
        for row in &self.rows {
            for column in COLUMNS {
                let cell = if column == TRUTH { row.person.to_string() } else { row.get(column).to_owned() };
                assert!(!cell.contains([',', '"', '\n']), "{cell}");
                write!(text, "{cell}{}", if column == TRUTH { "\n" } else { "," }).unwrap();
            }
        }
        text
    }

    /// For people: only the columns that say something, one row a line.
    pub(super) fn told(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<String> = COLUMNS
                .iter()
                .filter(|column| !row.get(column).is_empty())
                .map(|column| format!("{column}={}", row.get(column)))
                .collect();
            writeln!(text, "    {} says of person {}: {}", self.system, row.person, cells.join(", "))
                .unwrap();
        }
        text
    }
}

/// The files of all sources: the first export of one system, a later one of the same, and that of another system.
#[derive(Debug, Clone, Default)]
pub(super) struct Home {
    pub(super) first: Vec<Row>,
    pub(super) again: Vec<Row>,
    pub(super) other: Vec<Row>,
}

impl Home {
    /// Everybody who is in one file only, in the order of the rows.
    pub(super) fn in_one_file(rows: Vec<Row>) -> Self {
        Self { first: rows, ..Self::default() }
    }

    /// The files that hold anything.
    pub(super) fn sheets(homes: &[Self]) -> Vec<Sheet> {
        let part = |system, of: fn(&Self) -> &Vec<Row>| Sheet {
            system,
            rows: homes.iter().flat_map(|home| of(home).iter().cloned()).collect(),
        };
        let parts = [
            part("members", |home| &home.first),
            part("members", |home| &home.again),
            part("shop", |home| &home.other),
        ];
        parts.into_iter().filter(|sheet| !sheet.rows.is_empty()).collect()
    }
}
