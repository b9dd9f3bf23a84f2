use importer_core::contracts::VOLUNTEER;
use importer_core::mapping::batch_columns;
use importer_core::plugin::{Batch, Category, Error, Finding, Findings, Plugin, PluginMeta, Rule, RuleMeta};
use importer_core::plugin::{RuleRow, Severity};
use importer_core::ports::{BatchVerdict, Rules};

use super::CompiledSuite;
use crate::rules::testing::TODAY;
use crate::{Binding, Mode, SuiteBuilder, SuiteDocument, catalogue};

pub(crate) fn suite(yaml: &str) -> SuiteBuilder {
    SuiteBuilder::new(SuiteDocument::parse(&format!("suite: test\n{yaml}")).unwrap())
}

pub(crate) fn compile(builder: SuiteBuilder) -> importer_core::Result<CompiledSuite> {
    let columns = batch_columns(&VOLUNTEER);
    builder.compile(&Binding {
        entity: "volunteer",
        source: "csv",
        today: TODAY.parse().unwrap(),
        columns: &columns,
    })
}

/// Rows by cells; where nothing is said, a row has a name and an address.
pub(crate) fn rows(rows: &[&[(&str, &str)]]) -> Batch {
    let usual = [("first_name", "Ana"), ("last_name", "Cruz"), ("email_normalized", "ana@example.org")];
    let columns = batch_columns(&VOLUNTEER);
    let mut batch = Batch::new(columns.len());
    for row in rows {
        let cell =
            |column: &String| row.iter().chain(&usual).find(|(c, _)| c == column).map(|(_, value)| *value);
        batch.push_row(columns.iter().map(|column| cell(column).filter(|v| !v.is_empty()))).unwrap();
    }
    batch
}

pub(crate) fn judge(suite: &CompiledSuite, batch: &Batch) -> BatchVerdict {
    suite.judge(batch, &[]).unwrap()
}

pub(crate) fn codes(verdict: &BatchVerdict) -> Vec<(usize, &str, &str)> {
    verdict.findings.iter().map(|f| (f.row, f.code.as_str(), f.severity.as_str())).collect()
}

const BAD_EMAIL: &[(&str, &str)] = &[("email_normalized", ""), ("email_normalized.original", "ana@")];
const FUTURE_DOB: &[(&str, &str)] = &[("dob", "2030-01-01")];

#[test]
fn errors_quarantine_warnings_do_not() {
    let suite = compile(suite("")).unwrap();
    let verdict = judge(&suite, &rows(&[&[], BAD_EMAIL, FUTURE_DOB, &[("email_normalized", "")]]));
    assert_eq!(verdict.quarantined, [false, true, false, true]);
    let expected = [(1, "FMT-101", "error"), (2, "DOM-201", "warning"), (3, "REQ-001", "error")];
    assert_eq!(codes(&verdict), expected);
}

#[test]
fn a_warned_value_is_withheld() {
    let verdict = judge(&compile(suite("")).unwrap(), &rows(&[&[], FUTURE_DOB]));
    let dob = batch_columns(&VOLUNTEER).iter().position(|c| c == "dob").unwrap();
    assert_eq!(verdict.withheld, [(1, dob)]);
}

#[test]
fn a_rule_speaks_again_when_the_one_it_yields_to_only_warns() {
    let batch = rows(&[BAD_EMAIL]);
    let verdict = judge(&compile(suite("rules: { FMT-101: { mode: warn } }")).unwrap(), &batch);
    assert_eq!(codes(&verdict), [(0, "FMT-101", "warning"), (0, "REQ-001", "error")]);
    let verdict = judge(&compile(suite("rules: { FMT-101: { enabled: false } }")).unwrap(), &batch);
    assert_eq!(codes(&verdict), [(0, "REQ-001", "error")]);
}

#[test]
fn the_host_overrides_every_mode() {
    let batch = rows(&[BAD_EMAIL]);
    let warn = judge(&compile(suite("").with_mode(Some(Mode::Warn))).unwrap(), &batch);
    assert_eq!(warn.quarantined, [false]);
    let builder = suite("mode: warn\nrules: { FMT-101: { mode: warn } }").with_mode(Some(Mode::Enforce));
    assert_eq!(judge(&compile(builder).unwrap(), &batch).quarantined, [true]);
}

#[test]
fn a_source_has_exceptions() {
    let yaml = "sources: { csv: { FMT-101: { mode: warn }, REQ-001: { mode: warn } } }";
    assert_eq!(judge(&compile(suite(yaml)).unwrap(), &rows(&[BAD_EMAIL])).quarantined, [false]);
    let other = yaml.replace("csv", "other");
    assert_eq!(judge(&compile(suite(&other)).unwrap(), &rows(&[BAD_EMAIL])).quarantined, [true]);
}

#[test]
fn a_suite_may_make_a_warning_an_error() {
    let suite = compile(suite("rules: { DOM-203: { severity: error } }")).unwrap();
    let verdict = judge(&suite, &rows(&[&[("email_normalized", "a@mailinator.com")]]));
    assert_eq!(verdict.quarantined, [true]);
}

#[test]
fn findings_of_the_adapter_follow_the_suite() {
    let finding = |code: &str, severity| Finding {
        row: 0,
        code: code.into(),
        column: String::new(),
        severity,
        message: "Odd.".into(),
    };
    let given = [finding("SRC-002", Severity::Error), finding("SRC-001", Severity::Warning)];
    let judge = |yaml| compile(suite(yaml)).unwrap().judge(&rows(&[&[]]), &given).unwrap();
    let strict = judge("");
    assert_eq!(codes(&strict), [(0, "SRC-001", "warning"), (0, "SRC-002", "error")]);
    assert_eq!(strict.quarantined, [true]);
    let lax = judge("rules: { SRC-002: { mode: warn }, SRC-001: { enabled: false } }");
    assert_eq!(codes(&lax), [(0, "SRC-002", "warning")]);
    assert_eq!(lax.quarantined, [false]);
}

#[test]
fn unknown_codes_are_refused_with_place_and_likeness() {
    let error = compile(suite("rules:\n  FTM-101: {}")).unwrap_err().to_string();
    assert!(
        error.contains("line: 3") && error.contains("column: 3") && error.contains("`FMT-101`?"),
        "{error}"
    );
    let error = compile(suite("sources: { csv: { ACME-77: {} } }")).unwrap_err().to_string();
    assert!(error.contains("plugins"), "{error}");
    let error = compile(suite("rules: { SRC-02: {} }")).unwrap_err().to_string();
    assert!(error.contains("there is no rule"), "{error}");
}

#[test]
fn wrong_options_are_refused_unless_the_rule_is_off() {
    let error = compile(suite("rules: { DOM-201: { options: { min: 3 } } }")).unwrap_err().to_string();
    assert!(error.contains("DOM-201") && error.contains("`min_age`"), "{error}");
    let error = compile(suite("rules: { FMT-101: { options: { mx: true } } }")).unwrap_err().to_string();
    assert!(error.contains("`mx`"), "{error}");
    compile(suite("rules: { FMT-101: { enabled: false, options: { mx: true } } }")).unwrap();
}

#[test]
fn absent_columns_are_named() {
    let columns = ["first_name".to_owned()];
    let binding =
        Binding { entity: "volunteer", source: "csv", today: TODAY.parse().unwrap(), columns: &columns };
    let error = suite("").compile(&binding).unwrap_err().to_string();
    assert!(error.contains("`email_normalized`"), "{error}");
}

/// A rule of a plugin that knows one field more than the contract.
struct Newer;

impl Rule for Newer {
    fn meta(&self) -> RuleMeta {
        RuleMeta::new(
            "XFLD-390",
            Category::CrossField,
            "No email without consent",
            &["email_normalized", "consent"],
        )
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if row.get(0).is_some() && row.get(1).is_none() {
            findings.report("email_normalized", "there is no consent");
        }
    }
}

#[test]
fn a_column_that_rows_do_not_have_is_missing_in_every_row() {
    let plugin = Plugin::new(PluginMeta::new("newer", "2.0.0")).rule(|| Box::new(Newer));
    let verdict = judge(&compile(suite("").with_plugin(&plugin)).unwrap(), &rows(&[&[]]));
    assert_eq!(codes(&verdict), [(0, "XFLD-390", "error")]);
}

#[test]
fn the_checksum_follows_what_decides() {
    let sum = |builder| compile(builder).unwrap().checksum().to_owned();
    let plain = sum(suite(""));
    assert_eq!(plain, sum(suite("# a comment\nsources: { other: { FMT-101: { mode: warn } } }")));
    assert_ne!(plain, sum(suite("rules: { FMT-101: { mode: warn } }")));
    assert_ne!(plain, sum(suite("rules: { SRC-001: { enabled: false } }")));
    assert_ne!(plain, sum(suite("").with_mode(Some(Mode::Warn))));
    assert_ne!(plain, sum(suite("").with_option("default_country", "GB")));
    assert_ne!(plain, sum(suite("").with_plugin(&plugin())));
}

struct Custom(&'static str, &'static str);

impl Rule for Custom {
    fn meta(&self) -> RuleMeta {
        RuleMeta { withholds: true, ..RuleMeta::new(self.0, Category::Domain, "No Anas.", &["first_name"]) }
    }
    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        match (self.1, row.get(0)) {
            ("stray", _) => findings.at(99),
            (_, Some("Ana")) => {}
            _ => return,
        }
        let column = if self.1 == "column" { "nowhere" } else { "first_name" };
        findings.report_as(Severity::Warning, column, "This is an Ana.");
    }
    fn check_batch(&self, batch: &Batch, columns: &[usize], findings: &mut Findings) -> Result<(), Error> {
        if self.1 == "fails" {
            return Err(Error::bug("it fell over"));
        }
        for row in 0..batch.rows() {
            findings.at(row);
            self.check(&RuleRow::through(batch.row(row), columns), findings);
        }
        Ok(())
    }
}

fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("ours", "1.0.0")).rule(|| Box::new(Custom("OUR-001", "")))
}

#[test]
fn rules_of_plugins_stand_beside_the_built_in_ones() {
    let compiled = compile(suite("rules: { OUR-001: { mode: warn } }").with_plugin(&plugin())).unwrap();
    let verdict = judge(&compiled, &rows(&[&[]]));
    assert_eq!(codes(&verdict), [(0, "OUR-001", "warning")]);
    assert_eq!(verdict.withheld.len(), 1);
    let entry = compiled.catalogue().into_iter().find(|e| e.rule.code == "OUR-001").unwrap();
    assert_eq!((entry.mode, entry.enabled), (Mode::Warn, true));

    let twice = suite("").with_plugin(&plugin()).with_plugin(&plugin());
    assert!(compile(twice).unwrap_err().to_string().contains("`OUR-001`"));
}

#[test]
fn a_broken_rule_is_named_and_cannot_panic_the_host() {
    for (fault, word) in [("stray", "not in the batch"), ("column", "withholds"), ("fails", "it fell over")] {
        let compiled = compile(suite("").with_rules(vec![Box::new(Custom("OUR-002", fault))])).unwrap();
        let error = compiled.judge(&rows(&[&[]]), &[]).unwrap_err();
        assert_eq!(error.kind(), importer_core::ErrorKind::Plugin);
        assert!(error.to_string().contains(word) && error.to_string().contains("OUR-002"), "{error}");
    }
}

#[test]
fn the_shipped_suite_mentions_every_rule() {
    let document = SuiteDocument::volunteers();
    for rule in catalogue().into_iter().chain(crate::set_catalogue()) {
        assert!(document.codes().any(|code| code == rule.code), "{}", rule.code);
    }
    let compiled = compile(SuiteBuilder::new(document)).unwrap();
    let set_level = |code: &str| crate::set_catalogue().iter().any(|meta| meta.code == code);
    for entry in compiled.catalogue() {
        let code = &entry.rule.code;
        assert_eq!((entry.enabled, entry.mode), (!set_level(code), Mode::Enforce), "{code}");
    }
}
