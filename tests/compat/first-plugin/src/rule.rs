use importer_plugin::{
    Category, Error, Findings, Host, OptionSpec, Options, Rule, RuleMeta, RuleRow, Severity, check_options,
};

/// An email address has an @ sign; a missing one is fine. The option `panic` makes it fail.
#[derive(Default)]
pub(crate) struct EmailHasAt;

impl Rule for EmailHasAt {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            options: vec![OptionSpec::flag("panic", "Fails while it is configured")],
            severity: Severity::Warning,
            ..RuleMeta::new("FIRST-101", Category::Format, "An email has an @", &["email_normalized"])
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        check_options(&self.meta().options, options)?;
        assert!(options.flag("panic")? != Some(true), "asked to fail");
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if row.get(0).is_some_and(|email| !email.contains('@')) {
            findings.report("email_normalized", "there is no @");
        }
    }
}
