//! What an import reads otherwise than an evaluation.

use importer_core::contracts::VOLUNTEER;
use importer_core::mapping::Mapping;
use importer_core::normalise;

use super::recognise::Recognised;
use super::table::Table;
use super::truth::list;
use crate::matching::role::Role;

/// What an import of these records without a mapping leaves out that is compared here, a sentence each: where there is
/// nothing to say, both compare the same values.
pub(super) fn differences(records: &Table, recognised: &Recognised) -> Vec<String> {
    let plan = match Mapping::automatic(&VOLUNTEER).plan(&VOLUNTEER, records.columns()) {
        Ok(plan) => plan,
        Err(error) => return vec![format!("An import without a mapping refuses this file: {error}.")],
    };
    let read: Vec<String> = plan.describe().into_iter().filter_map(|line| line.source).collect();
    let compared = |role: Role| {
        let columns = recognised.columns.iter().filter(move |column| column.role == role);
        columns.map(|column| column.column.as_str())
    };
    let mut notes = Vec::new();
    let left_out = recognised.columns.iter().filter(|column| column.role != Role::Ignored);
    let left_out: Vec<&str> = left_out
        .map(|column| column.column.as_str())
        .filter(|name| !read.iter().any(|r| r == name))
        .collect();
    if !left_out.is_empty() {
        notes.push(format!(
            "An import without a mapping does not compare {}: map these columns to fields, or leave them out here with \
             `ignore`.",
            list(left_out)
        ));
    }
    for name in compared(Role::BirthDate).filter(|name| read.iter().any(|r| r == name)) {
        let Some(place) = records.columns().iter().position(|column| column == name) else { continue };
        let (mut filled, mut unread) = (0_u64, 0_u64);
        for cell in records.filled(place) {
            filled += 1;
            unread += u64::from(normalise::date(cell, None, &mut String::new()).is_err());
        }
        if unread > 0 {
            notes.push(format!(
                "An import without a mapping reads {} of {filled} dates in `{name}`: declare `date_format` in the mapping.",
                filled - unread
            ));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::super::recognise::recognise;
    use super::super::truth::Answer;
    use super::*;

    #[track_caller]
    fn check(columns: [&str; 5], cells: [&str; 5], expected: &[&str]) {
        let mut records = Table::new(columns);
        records.push(2, cells.map(Some));
        records.push(3, cells.map(Some));
        let recognised = recognise(&records, Answer::Column("cluster"), &[]).unwrap();
        let notes = differences(&records, &recognised);
        assert_eq!(notes.len(), expected.len(), "{notes:?}");
        for (note, says) in notes.iter().zip(expected) {
            assert!(note.contains(says), "{note}");
        }
    }

    #[test]
    fn what_an_import_would_read_otherwise_is_told() {
        let ada = ["1", "Ada", "ada@example.org", "1985-12-31", "1"];
        check(["cluster", "first name", "email", "dob", "id"], ada, &[]);
        check(["cluster", "vorname", "email", "dob", "last"], ada, &["does not compare `vorname`"]);
        check(["cluster", "first name", "mail box of ada", "dob", "id"], ada, &["refuses this file"]);
        let ada = ["1", "Ada", "ada@example.org", "12/31/1985", "1"];
        check(["cluster", "first name", "email", "dob", "id"], ada, &["reads 0 of 2 dates in `dob`"]);
    }
}
