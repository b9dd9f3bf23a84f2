use std::sync::atomic::{AtomicUsize, Ordering};

use abi_stable::library::LibHeader;
use importer_plugin::abi::{self, CreateRuleResult, RootModuleResult};
use importer_plugin::{Category, ErrorKind, Plugin, PluginMeta};

use super::*;

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// A rule of a plugin that is linked into this test; its option `does` makes it misbehave.
#[derive(Default)]
struct Odd {
    does: String,
}

impl Drop for Odd {
    fn drop(&mut self) {
        if self.does == "count" {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Rule for Odd {
    fn meta(&self) -> RuleMeta {
        RuleMeta::new("FMT-900", Category::Format, "No x", &["email", "phone"])
    }

    fn configure(&mut self, options: &Options, _: &Host) -> Result<(), Error> {
        options.check_known(&["does"])?;
        self.does = options.text("does")?.unwrap_or_default().into();
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        match self.does.as_str() {
            "panic" => panic!("boom"),
            "far row" => {
                findings.at(99);
                findings.report("email", "somewhere");
            }
            _ => {}
        }
        if row.get(0) == Some("x") {
            findings.report("email", "it is x");
        }
        if row.get(1) == Some("x") {
            findings.report_as(Severity::Info, "phone", "it is x");
        }
    }
}

fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("odd", "0.1.0")).rule(|| Box::new(Odd::default()))
}

extern "C" fn create_far(code: RStr<'_>, options: RString, host: FlatHost) -> CreateRuleResult {
    abi::create_rule(plugin, &code, options, host)
}

extern "C" fn module() -> RootModuleResult {
    abi::rule_v1(create_far)
}

fn rule() -> RemoteRule {
    // SAFETY: the constructor returns an erased `RuleV1Ref`.
    #[allow(unsafe_code)]
    static HEADER: LibHeader = unsafe { abi::rule_header(module) };
    RemoteRule::new("odd".into(), Way::Here(HEADER.init_root_module().unwrap()), Odd::default().meta())
}

fn doing(does: &str) -> RemoteRule {
    let mut rule = rule();
    rule.configure(&Options::default().with("does", does), &Host::detached()).unwrap();
    rule
}

/// Columns `phone`, `name`, `email`: wider than the rule, and in another order.
fn batch() -> Batch {
    let mut batch = Batch::new(3);
    batch.push_row([None, Some("x"), Some("y")]).unwrap();
    batch.push_row([Some("x"), None, Some("x")]).unwrap();
    batch
}

#[test]
fn findings_come_back_for_the_right_rows_with_the_severity_of_the_suite() {
    let mut findings = Findings::new();
    findings.of("FMT-900", Severity::Warning);
    doing("").check_batch(&batch(), &[2, 0], &mut findings).unwrap();
    let found: Vec<_> = findings.as_slice().iter().map(|f| (f.row, f.column.as_str(), f.severity)).collect();
    assert_eq!(found, [(1, "email", Severity::Warning), (1, "phone", Severity::Info)]);
    assert!(findings.as_slice().iter().all(|f| f.code == "FMT-900"));
}

#[test]
fn row_by_row_says_the_same_as_a_batch() {
    let (rule, batch) = (doing(""), batch());
    let (mut one, mut all) = (Findings::new(), Findings::new());
    for row in 0..batch.rows() {
        one.at(row);
        rule.check(&RuleRow::through(batch.row(row), &[2, 0]), &mut one);
    }
    rule.check_batch(&batch, &[2, 0], &mut all).unwrap();
    assert_eq!(one.as_slice(), all.as_slice());
}

#[test]
fn a_rule_nobody_configured_works_with_its_defaults() {
    let mut findings = Findings::new();
    rule().check_batch(&batch(), &[2, 0], &mut findings).unwrap();
    assert_eq!(findings.as_slice().len(), 2);
}

#[test]
fn wrong_options_are_told_as_they_are() {
    let options = Options::default().with("dose", "");
    let error = rule().configure(&options, &Host::detached()).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Config, Some("dose")));
}

#[test]
fn a_panic_is_a_bug_of_the_named_plugin() {
    let rule = doing("panic");
    for why in ["boom", "panicked before"] {
        let error = rule.check_batch(&batch(), &[2, 0], &mut Findings::new()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Bug);
        assert!(error.message.starts_with("plugin `odd`: ") && error.message.contains(why), "{error}");
    }
}

#[test]
fn a_row_that_could_not_be_checked_does_not_pass() {
    let (rule, batch, mut findings) = (doing("panic"), batch(), Findings::new());
    findings.of("FMT-900", Severity::Info);
    findings.at(1);
    rule.check(&RuleRow::through(batch.row(1), &[2, 0]), &mut findings);
    assert_eq!((findings.as_slice()[0].row, findings.as_slice()[0].severity), (1, Severity::Error));
}

#[test]
fn a_finding_outside_of_the_batch_is_a_bug_and_nothing_is_reported() {
    let mut findings = Findings::new();
    let error = doing("far row").check_batch(&batch(), &[2, 0], &mut findings).unwrap_err();
    assert!(error.message.contains("row 99 of 2 rows"), "{error}");
    assert!(findings.as_slice().is_empty());
}

#[test]
fn a_rule_is_closed_once() {
    let mut rule = doing("count");
    rule.configure(&Options::default(), &Host::detached()).unwrap();
    drop(rule);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
}

#[test]
fn a_rule_may_be_used_from_several_threads() {
    let (rule, batch) = (doing(""), batch());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut findings = Findings::new();
                (0..50).for_each(|_| rule.check_batch(&batch, &[2, 0], &mut findings).unwrap());
                assert_eq!(findings.as_slice().len(), 100);
            });
        }
    });
}
