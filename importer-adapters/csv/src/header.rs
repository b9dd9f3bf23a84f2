use std::collections::HashSet;

use importer_plugin::{Error, Host, LogLevel};

use crate::dialect::{self, Dialect};
use crate::input::{Input, file_error};
use crate::records::Records;

/// The column behind all others that keeps, as a JSON array, the cells a row has beyond the header; missing elsewhere.
///
/// It always exists because columns are fixed when a source is opened, long before the first such row is seen.
pub const SURPLUS_COLUMN: &str = "(surplus)";

/// The names of the columns, and those that had to be changed to tell them apart.
struct Header {
    columns: Vec<String>,
    repeated: Vec<String>,
}

/// Reads the first record that is not blank as the names of the columns, the surplus column behind them.
pub(crate) fn read(
    records: &mut Records,
    input: &Input,
    dialect: &Dialect,
    host: &Host,
) -> Result<Vec<String>, Error> {
    loop {
        if !records.read(input)? {
            return Err(dialect::empty(&input.path));
        }
        if !records.is_blank() {
            break;
        }
    }
    if records.unclosed() {
        return Err(file_error(format!(
            "`{}`: a quote in the line of column names, line {}, is never closed; repair it, or read the file with \
             quote=none",
            input.path,
            records.line()
        )));
    }
    let cells = records.cells().map_err(|fault| dialect.misfit(fault, input))?;
    let header = name_columns(cells.iter());
    if !header.repeated.is_empty() {
        let message = format!(
            "`{}` has columns of the same name; the later ones are read as `{}`",
            input.path,
            header.repeated.join("`, `")
        );
        host.log(LogLevel::Warn, &message);
    }
    Ok(header.columns)
}

/// Names every column: trimmed, as typed; `column 3` where there is none, `Email (2)` where a name comes again.
fn name_columns<'a>(cells: impl Iterator<Item = &'a str>) -> Header {
    let cells: Vec<&str> = cells.map(str::trim).collect();
    // Names as typed come first: an invented `Email (2)` must not take the name of a column that really has it.
    let mut taken: HashSet<String> = cells.iter().map(|&cell| cell.into()).collect();
    let mut seen = HashSet::new();
    let mut header = Header { columns: Vec::with_capacity(cells.len() + 1), repeated: Vec::new() };
    for (index, &cell) in cells.iter().enumerate() {
        let name = if cell.is_empty() {
            unused(&mut taken, &format!("column {}", index + 1))
        } else if seen.insert(cell) {
            cell.to_owned()
        } else {
            let name = another(&mut taken, cell);
            header.repeated.push(name.clone());
            name
        };
        header.columns.push(name);
    }
    let surplus = unused(&mut taken, SURPLUS_COLUMN);
    header.columns.push(surplus);
    header
}

fn unused(taken: &mut HashSet<String>, name: &str) -> String {
    if taken.insert(name.into()) { name.into() } else { another(taken, name) }
}

fn another(taken: &mut HashSet<String>, name: &str) -> String {
    let mut count = 2_u64;
    loop {
        let candidate = format!("{name} ({count})");
        if taken.insert(candidate.clone()) {
            return candidate;
        }
        count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &[&str], expected: &[&str]) {
        let header = name_columns(typed.iter().copied());
        assert_eq!(&header.columns[..typed.len()], expected);
    }

    #[test]
    fn names_are_trimmed_and_otherwise_kept() {
        check(&[" First Name ", "E-Mail", "名前"], &["First Name", "E-Mail", "名前"]);
    }

    #[test]
    fn empty_and_repeated_names_become_distinct() {
        check(&["a", "", " "], &["a", "column 2", "column 3"]);
        check(&["Email", "Email", "Email"], &["Email", "Email (2)", "Email (3)"]);
        check(&["Email", "Email", "Email (2)"], &["Email", "Email (3)", "Email (2)"]);
        check(&["column 2", ""], &["column 2", "column 2 (2)"]);
    }

    #[test]
    fn a_real_column_keeps_the_name_of_the_surplus() {
        let header = name_columns(["a", "(surplus)"].into_iter());
        assert_eq!(header.columns, ["a", "(surplus)", "(surplus) (2)"]);
        assert!(header.repeated.is_empty());
    }
}
