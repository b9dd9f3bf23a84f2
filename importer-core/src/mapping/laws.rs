//! What holds for every row, whatever it contains.

use importer_plugin::Batch;
use proptest::prelude::*;

use super::blank::is_blank;
use super::{Defaults, Mapping, Plan, batch_columns};
use crate::contracts::{FieldKind, VOLUNTEER};

pub(super) type Cells = Vec<Option<String>>;

/// The plan of a source with these columns, without a document.
pub(super) fn automatic(columns: &[&str]) -> Plan {
    let defaults = Defaults { timezone: Some(chrono_tz::America::Chicago), ..Defaults::default() };
    plan(&Mapping::automatic(&VOLUNTEER).with_defaults(defaults), columns)
}

/// The plan of a document without its head.
pub(super) fn planned(body: &str, columns: &[&str]) -> Plan {
    plan(&parsed(body), columns)
}

/// A document without its head.
pub(super) fn parsed(body: &str) -> Mapping {
    Mapping::parse(&format!("mapping: test\nversion: 1\nentity: volunteer\n{body}"), "test.yaml").unwrap()
}

fn plan(mapping: &Mapping, columns: &[&str]) -> Plan {
    let columns: Vec<String> = columns.iter().map(|c| (*c).into()).collect();
    mapping.plan(&VOLUNTEER, &columns).unwrap()
}

/// The rows, normalised one after the other.
pub(super) fn normalised(plan: &Plan, rows: &[Cells]) -> Vec<Cells> {
    let mut raw = Batch::new(plan.columns().len());
    let mut out = Batch::new(batch_columns(&VOLUNTEER).len());
    let mut normaliser = plan.normaliser();
    for (index, row) in rows.iter().enumerate() {
        raw.push_row(row.iter().map(Option::as_deref)).unwrap();
        normaliser.row(raw.row(index), &mut out).unwrap();
        assert_eq!(out.rows(), index + 1, "one row makes one row");
    }
    (0..out.rows()).map(|r| out.row(r).cells().map(|cell| cell.map(Into::into)).collect()).collect()
}

/// One row's value and original of a field.
pub(super) fn cell<'a>(row: &'a Cells, field: &str) -> (Option<&'a str>, Option<&'a str>) {
    let place = VOLUNTEER.index(field).unwrap();
    (row[place].as_deref(), row[VOLUNTEER.fields.len() + place].as_deref())
}

/// Columns of which some share a field, some are parts of others and one is nobody's.
const COLUMNS: &[&str] = &[
    "ID",
    "First",
    "Last",
    "Name",
    "Email",
    "Work Email",
    "Phone",
    "Mobile",
    "Ext",
    "Alt Email",
    "Phone 2",
    "DOB",
    "Address",
    "State",
    "Zip",
    "Country",
    "Student",
    "Grad Year",
    "Consent",
    "BG Check",
    "Notes",
    "Shirt",
    "(surplus)",
];

fn any_cell() -> impl Strategy<Value = Option<String>> {
    let likely = "(Ana|CRUZ, ANA M\\.|van der Berg|ana@x\\.org|B@x\\.org; ana@x\\.org|816-234-5678 x12|\\(913\\) 234-5678|\
                  \\+44 20 7946 0018|Missouri|ON|64105|M5V 2T6|Canada|US|yes|no|2024-05-01|2024-05-01 08:00|1/2/2024|2027|\
                  NA|null|-| |\u{FEFF}|cleared)";
    prop_oneof![2 => Just(None), 6 => likely.prop_map(Some), 2 => ".{0,12}".prop_map(Some)]
}

fn any_row() -> impl Strategy<Value = Cells> {
    prop::collection::vec(any_cell(), COLUMNS.len())
}

/// Rows are wide: fewer of them than of single values keep the tests quick; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 64 }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn originals_are_the_cells_as_they_are(row in any_row()) {
        let made = &normalised(&automatic(COLUMNS), std::slice::from_ref(&row))[0];
        let n = VOLUNTEER.fields.len();
        prop_assert_eq!(made.len(), 2 * n);
        let visible: Vec<&str> = row.iter().flatten().map(String::as_str).filter(|c| !is_blank(c)).collect();
        for (field, original) in VOLUNTEER.fields.iter().zip(&made[n..]) {
            let Some(original) = original else { continue };
            if field.kind == FieldKind::EmailList || field.kind == FieldKind::PhoneList {
                prop_assert!(visible.iter().any(|cell| original.contains(cell)), "{}", field.name);
            } else {
                prop_assert!(visible.contains(&original.as_str()), "{}", field.name);
            }
        }
    }

    #[test]
    fn blank_never_becomes_a_value(row in any_row()) {
        let made = &normalised(&automatic(COLUMNS), std::slice::from_ref(&row))[0];
        let n = VOLUNTEER.fields.len();
        for (place, field) in VOLUNTEER.fields.iter().enumerate() {
            if let Some(value) = &made[place] {
                prop_assert!(!is_blank(value), "{}", field.name);
                prop_assert!(made[n + place].is_some(), "{} has a value from nowhere", field.name);
            }
        }
        let blank = vec![Some(" \u{FEFF}".to_owned()); COLUMNS.len()];
        prop_assert!(normalised(&automatic(COLUMNS), &[blank])[0].iter().all(Option::is_none));
    }

    #[test]
    fn no_row_bleeds_into_the_next(rows in prop::collection::vec(any_row(), 1..6)) {
        let plan = automatic(COLUMNS);
        let together = normalised(&plan, &rows);
        for (row, expected) in rows.iter().zip(&together) {
            prop_assert_eq!(&normalised(&plan, std::slice::from_ref(row))[0], expected);
        }
    }

    #[test]
    fn a_canonical_row_is_its_own_normal_form(row in any_row()) {
        let n = VOLUNTEER.fields.len();
        let names = batch_columns(&VOLUNTEER);
        let canonical = automatic(&names[..n].iter().map(String::as_str).collect::<Vec<_>>());
        let mut values = normalised(&automatic(COLUMNS), &[row])[0].clone();
        // A part of a name that could not be read is blank in the canonical row, and the whole name would fill it.
        for place in ["first_name", "middle_name", "last_name", "name_suffix"].map(|p| VOLUNTEER.index(p).unwrap()) {
            prop_assume!(values[place].is_some() || values[n + place].is_none());
        }
        values.truncate(n);
        let again = normalised(&canonical, std::slice::from_ref(&values));
        prop_assert_eq!(&again[0][..n], &values[..]);
    }
}

#[test]
fn a_batch_of_another_width_is_refused() {
    let plan = automatic(COLUMNS);
    let mut raw = Batch::new(COLUMNS.len());
    raw.push_row(COLUMNS.iter().map(|_| None)).unwrap();
    assert!(plan.normaliser().row(raw.row(0), &mut Batch::new(3)).is_err());
}
