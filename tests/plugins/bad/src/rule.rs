//! A rule that wants ASCII names.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use importer_plugin::{Category, Error, Findings, Host, Options, Rule, RuleExample, RuleMeta, RuleRow};

use crate::bad;

static CREATED: AtomicU64 = AtomicU64::new(0);
static CHECKED: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
pub(crate) struct Even {
    number: u64,
}

impl Rule for Even {
    fn meta(&self) -> RuleMeta {
        let accepted = if bad("wrong-example") { "Zo\u{eb} Example" } else { "Ada Example" };
        RuleMeta {
            examples: vec![
                RuleExample::accepted(&[("last_name", accepted)]),
                RuleExample::reported(&[("last_name", "Zo\u{eb} Example")]),
            ],
            ..RuleMeta::new("FMT-950", Category::Format, "A name is plain ASCII", &["last_name"])
        }
    }

    fn configure(&mut self, options: &Options, _: &Host) -> Result<(), Error> {
        importer_plugin::check_options(&self.meta().options, options)?;
        self.number = CREATED.fetch_add(1, SeqCst) + 1;
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        let Some(name) = row.get(0) else {
            if bad("blank-reported") {
                findings.report("last_name", "there is no name");
            }
            return;
        };
        if bad("cut-inside-a-character") && name.len() > 1 {
            // What careless code does.
            let (_first, _rest) = name.split_at(1);
        }
        if bad("last-one-counts") && self.number != CREATED.load(SeqCst) {
            return;
        }
        if bad("every-other-row") && CHECKED.fetch_add(1, SeqCst).is_multiple_of(2) {
            findings.report("last_name", "it is the turn of this row");
            return;
        }
        if name.is_ascii() {
            return;
        }
        let column = if bad("foreign-column") { "email" } else { "last_name" };
        if bad("cell-in-message") {
            findings.report(column, format!("{name} is not plain ASCII"));
        } else {
            findings.report(column, "the name is not plain ASCII");
        }
    }
}
