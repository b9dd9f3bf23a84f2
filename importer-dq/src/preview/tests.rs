use importer_core::plugin::Batch;

use super::*;
use crate::Mode;
use crate::evaluate::tests::{compile, rows, suite};

const BAD_EMAIL: &[(&str, &str)] = &[("email_normalized", ""), ("email_normalized.original", "ana@")];
const BAD_PHONE: &[(&str, &str)] = &[("phone_e164.original", "12345")];
const DISPOSABLE: &[(&str, &str)] = &[("email_normalized", "ana@mailinator.com")];

fn preview(yaml: &str, batches: &[Batch]) -> Preview {
    let suite = compile(suite(yaml)).unwrap();
    let mut previewer = Previewer::new(&suite);
    for batch in batches {
        previewer.add(batch, &[]).unwrap();
    }
    previewer.finish()
}

fn count<'a>(preview: &'a Preview, code: &str) -> &'a RuleCount {
    preview.by_rule.iter().find(|count| count.code == code).unwrap()
}

#[test]
fn rows_are_counted_over_batches() {
    let seen = preview("", &[rows(&[&[], BAD_PHONE, DISPOSABLE]), rows(&[BAD_PHONE])]);
    assert_eq!((seen.rows, seen.quarantined), (4, 2));
    let phone = count(&seen, "FMT-102");
    assert_eq!((phone.quarantines, phone.warns, phone.only_this_rule), (2, 0, 2));
    let disposable = count(&seen, "DOM-203");
    assert_eq!((disposable.quarantines, disposable.warns, disposable.only_this_rule), (0, 1, 0));
}

/// The numbers say what would happen, not what was found: with `FMT-101` in mode `warn` the row would still be held back by
/// `REQ-001`, which keeps silent only as long as `FMT-101` is enforced.
#[test]
fn only_this_rule_is_true() {
    let batch = rows(&[BAD_EMAIL]);
    let enforced = preview("", std::slice::from_ref(&batch));
    assert_eq!(enforced.by_rule.len(), 1);
    assert_eq!((count(&enforced, "FMT-101").quarantines, count(&enforced, "FMT-101").only_this_rule), (1, 0));
    let warned = preview("rules: { FMT-101: { mode: warn } }", &[batch]);
    assert_eq!((warned.quarantined, count(&warned, "REQ-001").only_this_rule), (1, 1));
}

#[test]
fn a_suite_that_warns_can_be_previewed_as_enforced() {
    let warned = compile(suite("mode: warn").with_mode(Some(Mode::Enforce))).unwrap();
    let mut previewer = Previewer::new(&warned);
    previewer.add(&rows(&[BAD_PHONE]), &[]).unwrap();
    assert_eq!(previewer.finish().quarantined, 1);
}

#[test]
fn the_table_is_for_people() {
    let table = preview("", &[rows(&[&[], BAD_PHONE, DISPOSABLE, &[]])]).to_string();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "1 of 4 rows (25.0 %) would be quarantined.");
    assert!(lines[3].starts_with("FMT-102") && lines[3].contains("25.00"), "{table}");
    assert!(lines[4].starts_with("DOM-203"), "{table}");
    assert_eq!(Preview::default().to_string(), "0 of 0 rows (0.0 %) would be quarantined.\n");
}
