//! Who is who, as somebody knows it.

use std::collections::HashMap;

use importer_core::{Error, ErrorKind, Result};

use super::headers::folded;
use super::table::Table;

const OPERATION: &str = "evaluate the matching";

/// Where the truth about the records stands.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// In a table with two columns of record ids; each row is a pair of records of one person.
    Pairs(&'a Table),
    /// In a column of the records: equal values are one person, and an empty one is a person of its own.
    Column(&'a str),
}

/// More pairs of one person than any set of people has.
const MOST_PAIRS: u64 = 100_000_000;

/// The person of each record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Truth {
    /// By the first record of the same person.
    pub(super) person_of: Vec<u32>,
    /// Pairs of records of one person.
    pub(super) pairs: u64,
    /// Of them, those that follow from others and were not given.
    pub(super) implied: u64,
    /// Lines that say nothing: a record with itself, or a pair again.
    pub(super) repeated: u64,
}

impl Truth {
    pub(super) fn same(&self, a: u32, b: u32) -> bool {
        self.person_of[a as usize] == self.person_of[b as usize]
    }

    /// The records of each person that has several, in order.
    pub(super) fn people(&self) -> Vec<Vec<u32>> {
        groups(&self.person_of)
    }

    /// The truth about some of the records, in their order.
    pub(super) fn of_rows(&self, rows: &[usize]) -> Result<Self> {
        let mut first = HashMap::new();
        let person_of =
            (0..).zip(rows).map(|(place, row)| *first.entry(self.person_of[*row]).or_insert(place));
        Self::new(person_of.collect(), None, 0)
    }

    fn new(person_of: Vec<u32>, given: Option<u64>, repeated: u64) -> Result<Self> {
        let pairs = groups(&person_of).iter().map(|group| pairs_of(group.len() as u64)).sum();
        if pairs == 0 {
            return Err(wrong("the truth holds no pair").hint("at least two records must be one person"));
        }
        if pairs > MOST_PAIRS {
            return Err(wrong(format!("the truth makes {pairs} pairs of one person"))
                .hint("check that this column or file says which records are one person"));
        }
        Ok(Self { person_of, pairs, implied: given.map_or(0, |given| pairs - given), repeated })
    }

    /// Equal values of a column are one person.
    pub(super) fn labels(records: &Table, column: usize) -> Result<Self> {
        let mut first = HashMap::new();
        let person_of = (0..count(records)?)
            .map(|row| match records.cell(row as usize, column) {
                Some(label) => *first.entry(label).or_insert(row),
                None => row,
            })
            .collect();
        Self::new(person_of, None, 0)
    }

    /// Pairs of ids, and whatever follows from them.
    pub(super) fn pairs(records: &Table, id: usize, pairs: &Table) -> Result<Self> {
        let index = index(records, id)?;
        let (left, right) = sides(pairs, &index)?;
        let mut groups = Groups::new(count(records)?);
        let mut given = std::collections::HashSet::new();
        let mut lines = 0;
        let mut take = |a: u32, b: u32| {
            lines += 1;
            groups.join(a, b);
            if a != b {
                given.insert((a.min(b), a.max(b)));
            }
        };
        // A file without a header begins with its first pair.
        let header = |column: usize| index.get(pairs.columns()[column].trim());
        if let (Some(a), Some(b)) = (header(left), header(right)) {
            take(*a, *b);
        }
        for row in 0..pairs.rows() {
            let place = |column: usize| {
                let cell = pairs.cell(row, column);
                cell.and_then(|cell| index.get(cell)).copied().ok_or_else(|| {
                    let what = if cell.is_some() { "an id that no record has" } else { "no id" };
                    wrong(format!("the truth has {what}"))
                        .at("line", pairs.line(row))
                        .at("column", &pairs.columns()[column])
                        .coded("record_ids_unknown")
                        .hint(format!(
                            "the ids of the records were read from the column `{}`; map another column to `record_id`",
                            records.columns()[id]
                        ))
                })
            };
            take(place(left)?, place(right)?);
        }
        let given = given.len() as u64;
        Self::new(groups.roots(), Some(given), lines - given)
    }
}

/// Which rows have which id.
fn index(records: &Table, id: usize) -> Result<HashMap<&str, u32>> {
    let mut index = HashMap::with_capacity(records.rows());
    for row in 0..count(records)? {
        let Some(cell) = records.cell(row as usize, id) else { continue };
        if let Some(before) = index.insert(cell, row) {
            return Err(wrong("two records have the same id")
                .at("column", &records.columns()[id])
                .at("line", records.line(before as usize))
                .at("line", records.line(row as usize))
                .coded("record_ids_unknown")
                .hint("map the column that identifies a record to `record_id`"));
        }
    }
    Ok(index)
}

/// The two columns with the most known ids.
fn sides(pairs: &Table, index: &HashMap<&str, u32>) -> Result<(usize, usize)> {
    let mut known: Vec<(usize, usize)> = (0..pairs.columns().len())
        .map(|column| (pairs.filled(column).filter(|cell| index.contains_key(cell)).count(), column))
        .collect();
    if known.len() < 2 {
        return Err(
            wrong("the truth has one column").hint("a line has the ids of two records that are one person")
        );
    }
    known.sort_by_key(|(count, column)| (std::cmp::Reverse(*count), *column));
    let (one, other) = (known[0].1, known[1].1);
    Ok((one.min(other), one.max(other)))
}

/// The column with the ids that the truth speaks of.
pub(super) fn id_column(records: &Table, answer: Answer<'_>, free: &[usize]) -> Result<Option<usize>> {
    let called = |column: &&usize| super::headers::is_record_id(&records.columns()[**column]);
    let Answer::Pairs(pairs) = answer else {
        return Ok(free.iter().find(called).copied());
    };
    let sample: std::collections::HashSet<&str> =
        (0..pairs.columns().len()).flat_map(|column| pairs.filled(column).take(1_000)).collect();
    let found = |column: usize| {
        let mut seen: Vec<&str> = records.filled(column).filter(|cell| sample.contains(cell)).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    };
    let best = free
        .iter()
        .map(|column| (found(*column), called(&column), *column))
        .max_by_key(|(found, called, column)| (*found, *called, std::cmp::Reverse(*column)));
    match best {
        Some((found, called, column)) if found > 0 || called => Ok(Some(column)),
        _ => Err(wrong("no column of the records has the ids of the truth")
            .coded("record_ids_unknown")
            .hint("map the column with the ids to `record_id`")),
    }
}

/// A column by its name, without regard to case and punctuation when no other way fits.
pub(super) fn column(records: &Table, name: &str) -> Result<usize> {
    let columns = records.columns();
    columns
        .iter()
        .position(|column| column == name)
        .or_else(|| columns.iter().position(|column| folded(column) == folded(name)))
        .ok_or_else(|| {
            wrong(format!("the records have no column `{name}`"))
                .hint(format!("the columns are {}", list(columns.iter().map(String::as_str))))
        })
}

pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

pub(super) fn wrong(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, OPERATION, what)
}

pub(super) fn count(records: &Table) -> Result<u32> {
    u32::try_from(records.rows()).map_err(|_| wrong("there are more than four billion records"))
}

/// How many pairs so many records make.
pub(super) fn pairs_of(records: u64) -> u64 {
    records * records.saturating_sub(1) / 2
}

/// Groups of two or more, in the order of their first records.
pub(super) fn groups(group_of: &[u32]) -> Vec<Vec<u32>> {
    let mut places = HashMap::new();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for (record, group) in (0..).zip(group_of) {
        let place = *places.entry(*group).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(record);
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Records that belong together, pair by pair.
pub(super) struct Groups(Vec<u32>);

impl Groups {
    pub(super) fn new(records: u32) -> Self {
        Self((0..records).collect())
    }

    fn root(&mut self, mut record: u32) -> u32 {
        while self.0[record as usize] != record {
            let above = self.0[self.0[record as usize] as usize];
            self.0[record as usize] = above;
            record = above;
        }
        record
    }

    pub(super) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }

    /// The first record of each one's group.
    pub(super) fn roots(mut self) -> Vec<u32> {
        (0..self.0.len()).map(|record| self.root(u32::try_from(record).unwrap_or(u32::MAX))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], rows: &[&[&str]]) -> Table {
        let mut table = Table::new(columns.iter().copied());
        rows.iter().zip(2..).for_each(|(row, line)| table.push(line, row.iter().map(|cell| Some(*cell))));
        table
    }

    /// Five records with a column of small numbers beside their ids.
    fn records() -> Table {
        let row = |id: &'static str, age| [id, age];
        let rows = [row("a", "1"), row("b", "2"), row("c", "3"), row("d", "4"), row("e", "5")];
        table(&["ref", "age"], &rows.iter().map(|row| &row[..]).collect::<Vec<_>>())
    }

    #[test]
    fn what_follows_from_pairs_is_true_too() {
        let pairs = table(&["x", "y"], &[&["a", "b"], &["c", "b"], &["b", "a"], &["d", "d"]]);
        let truth = Truth::pairs(&records(), 0, &pairs).unwrap();
        assert_eq!(truth.person_of, [0, 0, 0, 3, 4]);
        assert_eq!((truth.pairs, truth.implied, truth.repeated), (3, 1, 2));
        assert!(truth.same(0, 2) && !truth.same(0, 3));
        assert_eq!(truth.people(), [[0, 1, 2]]);
    }

    #[test]
    fn ids_are_looked_for_in_all_columns_of_both_files() {
        // A file with row numbers in front, as data frames write it.
        let pairs = table(&["", "left", "right"], &[&["1", "a", "b"], &["2", "c", "d"]]);
        let records = records();
        assert_eq!(id_column(&records, Answer::Pairs(&pairs), &[0, 1]).unwrap(), Some(0));
        let truth = Truth::pairs(&records, 0, &pairs).unwrap();
        assert_eq!(truth.person_of, [0, 0, 2, 2, 4]);
        assert!(id_column(&records, Answer::Pairs(&table(&["x", "y"], &[&["q", "r"]])), &[0, 1]).is_err());
    }

    #[test]
    fn empty_labels_are_people_of_their_own() {
        let records = table(&["label"], &[&["x"], &[""], &["x"], &[""], &["y"]]);
        let truth = Truth::labels(&records, 0).unwrap();
        assert_eq!(truth.person_of, [0, 1, 0, 3, 4]);
        assert_eq!((truth.pairs, truth.implied), (1, 0));
    }

    #[test]
    fn a_column_that_makes_everybody_one_person_is_refused() {
        let mut records = Table::new(["state"]);
        (2..20_002).for_each(|line| records.push(line, [Some("NC")]));
        assert!(Truth::labels(&records, 0).unwrap_err().to_string().contains("which records are one person"));
    }
}
