//! A date that stands in three columns: day, month and year.

use super::header::{header_key, names};
use crate::contracts::Field;

/// How headers name the year, the month and the day.
const PARTS: [&[&str]; 3] =
    [&["year", "yr", "yyyy", "yy", "y"], &["month", "mon", "mo", "mm", "m"], &["day", "dy", "dd", "d"]];

/// The columns that hold year, month and day of a field, in this order; `None` unless there is one of each.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::mapping::date_parts;
/// let dob = &VOLUNTEER.fields[VOLUNTEER.index("dob").unwrap()];
/// let parts = |columns: [&str; 3]| date_parts(dob, &columns.map(String::from));
/// assert_eq!(parts(["DOB_D", "DOB_M", "DOB_Y"]), Some([2, 1, 0]));
/// assert_eq!(parts(["birth_year", "birth_month", "birth_day"]), Some([0, 1, 2]));
/// assert_eq!(parts(["Year of birth", "Month", "Day"]), None, "of what, nobody says");
/// ```
pub fn date_parts(field: &Field, columns: &[String]) -> Option<[usize; 3]> {
    let stems = stems(field);
    let keys: Vec<String> = columns.iter().map(|column| header_key(column)).collect();
    let find = |words: &[&str]| {
        let is_part = |key: &String| words.iter().any(|word| stems.iter().any(|stem| is_of(key, stem, word)));
        keys.iter().position(is_part)
    };
    Some([find(PARTS[0])?, find(PARTS[1])?, find(PARTS[2])?])
}

/// What the names of a date have in front of or behind a part: `dob`, and of `birth date` and `date of birth` also `birth`.
fn stems(field: &Field) -> Vec<String> {
    let mut stems = Vec::new();
    for (name, _) in names(field) {
        let key = header_key(name);
        let shorter = key.strip_prefix("dateof").or_else(|| key.strip_suffix("date"));
        stems.extend(shorter.or_else(|| key.strip_suffix("day")).map(str::to_owned));
        stems.push(key);
    }
    stems
}

/// `birth year`, `year of birth` and, of a word that is one by itself, `year birth`.
fn is_of(key: &str, stem: &str, word: &str) -> bool {
    let before =
        || key.strip_prefix(word).is_some_and(|rest| rest.strip_prefix("of").unwrap_or(rest) == stem);
    key.strip_suffix(word) == Some(stem) || (word.len() > 2 && before())
}

/// A number as cells show it; spreadsheets turn 7 into 7.0.
pub(super) fn whole_number(cell: &str) -> Option<u32> {
    let digits = cell.strip_suffix(".0").unwrap_or(cell);
    (digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::super::laws::{automatic, cell, normalised};

    /// The date of birth that a row makes under these columns, and its original.
    #[track_caller]
    fn check(columns: &[&str], cells: &[&str], expected: (Option<&str>, Option<&str>)) {
        let columns = [&["Name", "Email"], columns].concat();
        let cells = [&["Ana Cruz", "ana@example.org"], cells].concat();
        let row = cells.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect();
        let rows = normalised(&automatic(&columns), &[row]);
        assert_eq!(cell(&rows[0], "dob"), expected, "{columns:?} {cells:?}");
    }

    #[test]
    fn day_month_and_year_make_a_date() {
        let parts = ["DOB_D", "DOB_M", "DOB_Y"];
        check(&parts, &["3", "2", "1985"], (Some("1985-02-03"), Some("1985\n2\n3")));
        check(&parts, &["03", "02.0", "1985.0"], (Some("1985-02-03"), Some("1985.0\n02.0\n03")));
        check(
            &["birth year", "birth month", "birthday"],
            &["1985", "2", "3"],
            (Some("1985-02-03"), Some("1985\n2\n3")),
        );
        check(&["By", "Bm", "Bd"], &["1985", "2", "3"], (Some("1985-02-03"), Some("1985\n2\n3")));
    }

    #[test]
    fn what_makes_no_date_is_an_original_without_a_value() {
        let parts = ["dob day", "dob month", "dob year"];
        check(&parts, &["31", "2", "1985"], (None, Some("1985\n2\n31")));
        check(&parts, &["", "2", "1985"], (None, Some("1985\n2")));
        check(&parts, &["", "", ""], (None, None));
        // Whoever corrects the date of a row writes a whole one.
        check(&parts, &["31", "2", "1985-02-13"], (Some("1985-02-13"), Some("1985-02-13\n2\n31")));
    }

    #[test]
    fn a_whole_date_comes_before_its_parts() {
        let columns = ["dob", "dob_y", "dob_m", "dob_d"];
        check(&columns, &["1985-02-13", "1985", "2", "31"], (Some("1985-02-13"), Some("1985-02-13")));
        check(&["birthday", "birth year"], &["1985-02-13", "1985"], (Some("1985-02-13"), Some("1985-02-13")));
        let plan = automatic(&["Name", "Email", "dob_y", "dob_m"]);
        assert_eq!(plan.unmapped(), ["dob_y", "dob_m"]);
    }
}
