//! What holds for every row, and for rows as the mapping makes them.

use importer_core::contracts::VOLUNTEER;
use importer_core::mapping::{Mapping, batch_columns};
use importer_core::plugin::{Batch, Severity};
use proptest::prelude::*;

use super::tests::{codes, compile, judge};
use crate::{Mode, Previewer, SuiteBuilder, SuiteDocument};

/// What the mapping makes of cells and what the rules make of that fit each other.
#[test]
fn rows_of_a_mapping_are_judged() {
    let header =
        ["first_name", "last_name", "email", "phone", "alt_email", "dob", "state", "consent_signed_at"];
    let cases: &[(&[&str], &[&str])] = &[
        (&["ANA", "CRUZ", " Ana@Example.org", "(816) 234-5678", "", "1985-04-23", "Missouri", ""], &[]),
        (&["Ana", "Cruz", "ana@", "", "", "", "", ""], &["FMT-101:error"]),
        (&["Ana", "Cruz", "a@example.org", "12345", "", "", "", ""], &["FMT-102:error"]),
        (&["Ana", "Cruz", "", "", "", "", "", ""], &["REQ-001:error"]),
        (&["Ana", "Cruz", "", "", "b@example.org;c@example.org b@example.org", "", "", ""], &[]),
        (&["Ana", "Cruz", "a@example.org", "", "b@example.org; c@", "", "", ""], &["FMT-101:warning"]),
        (&["Ana", "Cruz", "a@example.org", "", "A@example.org", "", "", ""], &[]),
        (&["", "", "a@example.org", "", "", "", "", ""], &["REQ-002:error"]),
        (
            &["Ana", "Cruz", "a@mailinator.com", "", "", "2030-01-01", "Kans", "yes"],
            &["DOM-201:warning", "DOM-203:warning", "FMT-103:warning", "FMT-104:warning"],
        ),
    ];
    let header: Vec<String> = header.map(String::from).into();
    let plan = Mapping::automatic(&VOLUNTEER).plan(&VOLUNTEER, &header).unwrap();
    let mut normaliser = plan.normaliser();
    let mut raw = Batch::new(header.len());
    let mut rows = Batch::new(batch_columns(&VOLUNTEER).len());
    for (row, (cells, _)) in cases.iter().enumerate() {
        raw.push_row(cells.iter().map(|cell| Some(*cell))).unwrap();
        normaliser.row(raw.row(row), &mut rows).unwrap();
    }
    let verdict = judge(&compile(SuiteBuilder::new(SuiteDocument::volunteers())).unwrap(), &rows);
    for (row, (cells, expected)) in cases.iter().enumerate() {
        let found: Vec<String> = (codes(&verdict).into_iter())
            .filter(|(at, ..)| *at == row)
            .map(|(_, code, severity)| format!("{code}:{severity}"))
            .collect();
        assert_eq!(found, *expected, "{cells:?}");
        assert_eq!(verdict.quarantined[row], expected.iter().any(|e| e.ends_with("error")));
    }
}

const TELLING: &[&str] =
    &["", " ", "true", "cleared", "2030-01-01", "1900-01-01", "a@mailinator.com", "US", "XX", "12345"];

/// Cells of all kinds: nothing, what rules look for, and anything.
fn any_cell() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        prop::sample::select(TELLING).prop_map(|cell| Some(cell.to_owned())),
        "\\PC{0,12}".prop_map(Some),
        "[a-z]{1,3}@[a-z.]{0,6}[;,\\n ]?[0-9-]{0,9}".prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_row_makes_a_suite_fail(
        cells in prop::collection::vec(prop::collection::vec(any_cell(), batch_columns(&VOLUNTEER).len()), 0..8),
    ) {
        let mut rows = Batch::new(batch_columns(&VOLUNTEER).len());
        for row in &cells {
            rows.push_row(row.iter().map(Option::as_deref)).unwrap();
        }
        let suite = compile(SuiteBuilder::new(SuiteDocument::volunteers())).unwrap();
        let verdict = judge(&suite, &rows);
        prop_assert_eq!(verdict.quarantined.len(), rows.rows());
        prop_assert!(verdict.findings.is_sorted_by_key(|f| (f.row, f.code.clone())));
        for (row, quarantined) in verdict.quarantined.iter().enumerate() {
            let errors = verdict.findings.iter().any(|f| f.row == row && f.severity == Severity::Error);
            prop_assert_eq!(*quarantined, errors);
        }

        let mut previewer = Previewer::new(&suite);
        previewer.add(&rows, &[]).unwrap();
        let held = verdict.quarantined.iter().filter(|q| **q).count() as u64;
        prop_assert_eq!(previewer.finish().quarantined, held);

        let lenient = SuiteBuilder::new(SuiteDocument::volunteers()).with_mode(Some(Mode::Warn));
        let verdict = judge(&compile(lenient).unwrap(), &rows);
        prop_assert!(!verdict.quarantined.contains(&true), "a suite in mode `warn` holds nothing back");
    }
}
