//! Set-level rules of plugins, from the suite to report, findings and exit of a run.

use importer::plugin::{
    Batch, Category, Error, Host, OptionSpec, Options, Plugin, PluginMeta, RuleMeta, SetFindings, SetRule,
    Severity,
};
use importer::{Importer, RunReport, RunRequest};
use importer_core::ports::{ViolationFilter, ViolationRow};
use importer_dq::SuiteDocument;

use super::support::{self, Database};

/// Reports every second row with a name that was there before, and the run when there are any.
#[derive(Default)]
struct NamesOnce {
    seen: std::collections::BTreeMap<String, u64>,
    rows: u64,
    again: Vec<u64>,
    fails: bool,
}

impl SetRule for NamesOnce {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            options: vec![OptionSpec::flag("fails", "Falls over")],
            ..RuleMeta::new("SET-910", Category::SetLevel, "A first name comes once.", &["first_name"])
        }
    }

    fn configure(&mut self, options: &Options, _: &Host) -> Result<(), Error> {
        self.fails = options.flag("fails")?.unwrap_or(false);
        Ok(())
    }

    fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
        assert!(!self.fails, "on purpose");
        for row in 0..rows.rows() {
            let times = self.seen.entry(rows.get(row, 0).unwrap_or_default().to_owned()).or_default();
            *times += 1;
            if *times > 1 {
                self.again.push(self.rows + row as u64);
            }
        }
        self.rows += rows.rows() as u64;
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        for &row in &self.again {
            findings.report_row(row, "first_name", "The name was there before.");
        }
        if !self.again.is_empty() {
            let message = format!("{} of {} rows repeat a name", self.again.len(), self.rows);
            findings.report("first_name", message);
        }
        Ok(())
    }
}

fn importer(database: &Database, rules: &str) -> Importer {
    let suite = SuiteDocument::parse(&format!("suite: test\nrules:\n{rules}")).unwrap();
    let names = Plugin::new(PluginMeta::new("names", "1.0.0")).set_rule(|| Box::<NamesOnce>::default());
    Importer::builder()
        .database(&database.url)
        .plugin(importer_adapter_csv::plugin())
        .plugin(names)
        .suite(suite)
        .build()
        .unwrap()
}

const PEOPLE: &str = "id,first name,last name,e-mail\n\
    1,Ada,Lovelace,ada@example.org\n2,Ana,Cruz,ana@example.org\n3,Ada,Byron,byron@example.org\n\
    4,Ada,Row,not an address\n";

struct Desk {
    folder: tempfile::TempDir,
    database: Database,
}

fn desks() -> Vec<Desk> {
    let desk = |database| Desk { folder: tempfile::tempdir().unwrap(), database };
    support::databases().into_iter().map(desk).collect()
}

impl Desk {
    fn run(&self, rules: &str, content: &str, dry_run: bool) -> RunReport {
        let file = support::file(self.folder.path(), "people.csv", content);
        let request = RunRequest::new("csv").file(file).dry_run(dry_run);
        importer(&self.database, rules).run(&request).unwrap()
    }

    fn findings(&self) -> Vec<ViolationRow> {
        let filter = ViolationFilter { rule: Some("SET-910".into()), ..ViolationFilter::default() };
        importer(&self.database, "").violations(&filter).unwrap()
    }

    fn people(&self) -> i64 {
        self.database.number("SELECT COUNT(*) AS t FROM core_volunteers")
    }
}

fn anomalies(report: &RunReport) -> Vec<(&str, &str)> {
    report.anomalies.iter().map(|a| (a.code.as_str(), a.message.as_str())).collect()
}

const WARN: &str = "  SET-910: { mode: warn }\n";

#[test]
fn in_mode_warn_the_run_is_flagged_and_its_rows_stay_clean() {
    for desk in desks() {
        let report = desk.run(WARN, PEOPLE, false);
        assert_eq!((report.status.as_str(), report.counts.inserted), ("succeeded", 3), "{:?}", report.error);
        assert_eq!(
            anomalies(&report),
            [("SET-910", "1 of 3 rows repeat a name")],
            "quarantined rows do not count"
        );
        assert_eq!(report.dq["SET-910"], 1);
        let found = desk.findings();
        assert_eq!(found.len(), 1);
        let violation = &found[0].violation;
        assert_eq!(
            (violation.record_key.as_str(), found[0].position, found[0].status.as_str()),
            ("csv:3", 4, "open")
        );
        assert_eq!((violation.severity, violation.field.as_str()), (Severity::Warning, "first_name"));
        let details: serde_json::Value = serde_json::from_str(&violation.details_json).unwrap();
        assert_eq!(details["raw"]["last name"], "Byron");
        assert_eq!(details["normalised"]["email_normalized"], "byron@example.org");
    }
}

#[test]
fn an_enforced_error_holds_the_run_before_the_core() {
    for desk in desks() {
        let report = desk.run("  SET-910: {}\n", PEOPLE, false);
        assert_eq!((report.status.as_str(), desk.people()), ("held", 0));
        assert_eq!(anomalies(&report).len(), 1);
        assert_eq!(desk.findings()[0].violation.severity, Severity::Error);
    }
}

#[test]
fn rows_that_come_again_are_judged_with_the_others_and_told_once() {
    for desk in desks() {
        desk.run(WARN, PEOPLE, false);
        let again = desk.run(WARN, PEOPLE, false);
        assert_eq!((again.counts.unchanged, again.counts.inserted), (3, 0));
        assert_eq!(anomalies(&again), [("SET-910", "1 of 3 rows repeat a name")]);
        assert_eq!(desk.findings().len(), 1, "the same finding about the same row");
        let more = desk.run(WARN, &format!("{PEOPLE}5,Ana,New,new@example.org\n"), false);
        assert_eq!(anomalies(&more), [("SET-910", "2 of 4 rows repeat a name")]);
    }
}

#[test]
fn a_dry_run_judges_too_and_leaves_a_preview() {
    for desk in desks() {
        let report = desk.run(WARN, PEOPLE, true);
        assert_eq!(anomalies(&report), [("SET-910", "1 of 3 rows repeat a name")]);
        assert_eq!(desk.findings().len(), 0, "previews are listed with their run alone");
        let sql = "SELECT status AS t FROM dq_violations WHERE rule_code = 'SET-910'";
        assert_eq!(desk.database.texts(sql), ["preview"]);
    }
}

#[test]
fn a_rule_that_panics_fails_the_run_and_is_named() {
    for desk in desks() {
        let report = desk.run("  SET-910: { options: { fails: true } }\n", PEOPLE, false);
        assert_eq!((report.status.as_str(), desk.people()), ("failed", 0));
        let error = report.error.unwrap();
        for part in ["the rule itself failed: it panicked", "rule: SET-910", "plugin: names"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}

#[test]
fn what_is_switched_off_judges_nothing() {
    for desk in desks() {
        let report = desk.run("  SET-910: { enabled: false }\n", PEOPLE, false);
        assert_eq!((anomalies(&report), desk.findings().len(), desk.people()), (vec![], 0, 3));
    }
}

#[test]
fn a_rule_that_no_plugin_brings_is_refused_by_name() {
    let desk = Desk { folder: tempfile::tempdir().unwrap(), database: support::sqlite() };
    let file = support::file(desk.folder.path(), "people.csv", PEOPLE);
    let error =
        importer(&desk.database, "  SET-777: {}\n").run(&RunRequest::new("csv").file(file)).unwrap_err();
    assert!(error.to_string().contains("there is no rule `SET-777`"), "{error}");
}
