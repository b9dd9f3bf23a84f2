//! A rule that does not exist is an error, wherever somebody names one.

use importer::plugin::{Category, Findings, Plugin, PluginMeta, Rule, RuleMeta, RuleRow};
use importer::service::{BulkChange, Desk, RowFix};
use importer::{ErrorKind, Importer, RowId, RunId, RunRequest};
use importer_core::ports::{QuarantineFilter, ViolationFilter};

use super::super::access::everything;
use super::super::support;
use super::masked::bulk;
use super::quarantine::{desk, import, open};

/// Every call in which somebody names a rule.
fn named(desk: &Desk<'_>, row: i64, rule: &str) -> Vec<Result<(), importer::Error>> {
    let rows = QuarantineFilter { rule: Some(rule.into()), ..QuarantineFilter::default() };
    let found = ViolationFilter { rule: Some(rule.into()), ..ViolationFilter::default() };
    let exempt = || BulkChange::Exempt { rules: vec![rule.into()] };
    let none = QuarantineFilter { run: Some(RunId(99)), ..QuarantineFilter::default() };
    let fix = RowFix { exempt: vec![rule.into()], reason: "why".into(), ..RowFix::default() };
    vec![
        desk.quarantine("volunteer", &rows).map(drop),
        desk.quarantine_tally("volunteer", &rows).map(drop),
        desk.violations(&found).map(drop),
        desk.export_quarantine("volunteer", &rows, "why", &mut Vec::new()).map(drop),
        desk.export_violations(&found, "why", &mut Vec::new()).map(drop),
        desk.preview_bulk("volunteer", &bulk(BulkChange::Nothing, rows.clone()), 9).map(drop),
        desk.preview_bulk("volunteer", &bulk(exempt(), none.clone()), 9).map(drop),
        desk.fix_bulk("volunteer", &bulk(exempt(), none)).map(drop),
        desk.fix("volunteer", RowId(row), &fix).map(drop),
        desk.suppress("volunteer", RowId(row), &[rule.into()], "why").map(drop),
        desk.reject_rows("volunteer", &rows, "why").map(drop),
    ]
}

#[test]
fn a_rule_that_does_not_exist_is_an_error_that_names_near_ones_or_all() {
    for database in support::databases() {
        import(&database, "1,Ann,,nobody,Liberty,8\n");
        let importer = database.importer();
        let (row, before) = (open(&importer)[0].row, everything(&database));
        for (rule, told) in [
            ("NOPE", "the rules are DOM-201, "),
            ("FTM-101", "did you mean `FMT-101`"),
            ("req-001", "`REQ-001`"),
            ("REQ001", "`REQ-001`"),
            ("SRC-2", "the rules are "),
            ("", "the rules are "),
        ] {
            for result in named(&desk(&importer), row.0, rule) {
                let error = result.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Config, "{error}");
                assert!(error.to_string().contains("there is no such rule (rule: "), "{error}");
                assert!(error.to_string().contains(told), "{error}");
            }
        }
        assert_eq!(everything(&database), before, "{}", database.backend);
        assert_eq!(database.number("SELECT COUNT(*) AS t FROM audit_log"), 0, "nothing was done");
        // What is switched off, judges whole runs or comes from adapters is a rule as well.
        for rule in ["DOM-203", "SET-502", "SRC-002"] {
            for (call, result) in named(&desk(&importer), row.0, rule).into_iter().enumerate() {
                assert!(result.is_ok(), "{rule} in call {call}: {result:?}");
            }
        }
    }
}

struct NoLiberty;

impl Rule for NoLiberty {
    fn meta(&self) -> RuleMeta {
        RuleMeta::new("ACME-1", Category::Domain, "Nobody lives in Liberty.", &["city"])
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if row.get(0) == Some("Liberty") {
            findings.report("city", "Nobody lives there.");
        }
    }
}

#[test]
fn rules_of_plugins_are_known_and_stay_known_by_what_they_found() {
    for database in support::databases() {
        let acme = || Plugin::new(PluginMeta::new("acme", "1.0.0")).rule(|| Box::new(NoLiberty));
        let with = || {
            Importer::builder()
                .database(&database.url)
                .plugin(importer_adapter_csv::plugin())
                .plugin(acme())
                .build()
                .unwrap()
        };
        let known = |importer: &Importer| {
            let filter = ViolationFilter { rule: Some("ACME-1".into()), ..ViolationFilter::default() };
            desk(importer).violations(&filter).map(|found| found.len()).ok()
        };
        assert_eq!((known(&with()), known(&database.importer())), (Some(0), None), "{}", database.backend);
        let folder = tempfile::tempdir().unwrap();
        let people = "id,first name,last name,email,city\n1,Ann,Lee,ann@example.org,Liberty\n";
        with().run(&RunRequest::new("csv").file(support::file(folder.path(), "x.csv", people))).unwrap();
        assert_eq!((known(&with()), known(&database.importer())), (Some(1), Some(1)), "{}", database.backend);
    }
}
