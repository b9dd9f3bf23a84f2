use importer_core::ErrorKind;
use importer_core::plugin::{Category, Plugin, PluginMeta, RuleMeta, SetRule, Severity};

use super::*;
use crate::Mode;
use crate::evaluate::tests::{compile, rows, suite};
use importer_core::ports::Rules;

/// Finds the last row odd, and the whole; or misbehaves.
struct Last {
    fault: &'static str,
    rows: u64,
}

impl SetRule for Last {
    fn meta(&self) -> RuleMeta {
        RuleMeta::new("SET-900", Category::SetLevel, "No last row.", &["first_name"])
    }
    fn observe(&mut self, rows: &Batch) -> std::result::Result<(), SdkError> {
        assert!(self.fault != "panics", "on purpose");
        assert_eq!((rows.columns(), rows.get(0, 0)), (1, Some("Ana")), "it is shown its own columns");
        self.rows += rows.rows() as u64;
        Ok(())
    }
    fn finish(&mut self, findings: &mut SetFindings) -> std::result::Result<(), SdkError> {
        let stray = u64::from(self.fault == "stray");
        findings.report_row(self.rows - 1 + stray, "first_name", "This row is the last.");
        findings.report("", "There is a last row.");
        Ok(())
    }
}

fn plugin(fault: &'static str) -> Plugin {
    let plugin = Plugin::new(PluginMeta::new("ours", "1.0.0"));
    match fault {
        "panics" => plugin.set_rule(|| Box::new(Last { fault: "panics", rows: 0 })),
        "stray" => plugin.set_rule(|| Box::new(Last { fault: "stray", rows: 0 })),
        _ => plugin.set_rule(|| Box::new(Last { fault: "", rows: 0 })),
    }
}

fn judged(yaml: &str, mode: Option<Mode>, fault: &'static str) -> Result<Vec<SetFinding>> {
    let compiled = compile(suite(yaml).with_mode(mode).with_plugin(&plugin(fault))).unwrap();
    let Some(mut judge) = compiled.judge_set()? else { return Ok(Vec::new()) };
    judge.observe(&rows(&[&[], &[]]))?;
    judge.observe(&rows(&[&[]]))?;
    judge.finish()
}

fn summary(found: &[SetFinding]) -> Vec<(Option<u64>, &str, Severity)> {
    found.iter().map(|f| (f.row, f.code.as_str(), f.severity)).collect()
}

#[test]
fn rows_are_counted_over_all_batches_and_the_suite_sets_the_severity() {
    let all = |severity| vec![(Some(2), "SET-900", severity), (None, "SET-900", severity)];
    assert_eq!(summary(&judged("", None, "").unwrap()), all(Severity::Error));
    assert_eq!(
        summary(&judged("rules: { SET-900: { mode: warn } }", None, "").unwrap()),
        all(Severity::Warning)
    );
    assert_eq!(summary(&judged("", Some(Mode::Warn), "").unwrap()), all(Severity::Warning));
    assert_eq!(
        summary(&judged("rules: { SET-900: { severity: info } }", None, "").unwrap()),
        all(Severity::Info)
    );
    assert_eq!(summary(&judged("rules: { SET-900: { enabled: false } }", None, "").unwrap()), []);
}

#[test]
fn the_built_in_ones_wait_to_be_asked_for() {
    assert!(compile(suite("")).unwrap().judge_set().unwrap().is_none());
    let asked = compile(suite("rules: { SET-502: { enabled: true } }")).unwrap();
    assert!(asked.judge_set().unwrap().is_some());
    let again = asked.judge_set().err().unwrap();
    assert_eq!(again.kind(), ErrorKind::Invariant, "a second run would count the rows of the first");
}

#[test]
fn a_broken_rule_is_named_with_its_plugin() {
    for (fault, word) in [("panics", "it panicked"), ("stray", "it reports row 3 of 3 rows")] {
        let error = judged("", None, fault).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        for part in [word, "rule: SET-900", "plugin: ours"] {
            assert!(error.to_string().contains(part), "{part}: {error}");
        }
    }
}

#[test]
fn a_rule_nobody_brings_is_an_error_that_names_it() {
    let error = compile(suite("rules: { SET-777: { enabled: true } }")).unwrap_err().to_string();
    assert!(error.contains("there is no rule `SET-777`"), "{error}");
}

#[test]
fn options_are_checked_for_set_level_rules_too() {
    let wrong = |options: &str| {
        let yaml = format!("rules: {{ SET-502: {{ enabled: true, options: {options} }} }}");
        compile(suite(&yaml)).unwrap_err().to_string()
    };
    let error = wrong("{ at_most_precent: 3 }");
    assert!(error.contains("SET-502") && error.contains("did you mean `at_most_percent`?"), "{error}");
    assert!(wrong("{ at_most_percent: 101 }").contains("must be at most 100"));
}
