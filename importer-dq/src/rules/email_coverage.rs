use importer_core::plugin::{
    Batch, Category, Error, Host, OptionSpec, Options, RuleMeta, SetFindings, SetRule, Severity,
    check_options,
};

/// `SET-502`: most rows have an email address.
///
/// ```
/// use importer_core::plugin::SetRule;
/// use importer_dq::rules::EmailCoverage;
/// assert_eq!(EmailCoverage::default().meta().code, "SET-502");
/// ```
#[derive(Debug, Clone)]
pub struct EmailCoverage {
    at_most_percent: u64,
    min_rows: u64,
    rows: u64,
    without: u64,
}

impl Default for EmailCoverage {
    fn default() -> Self {
        Self { at_most_percent: 50, min_rows: 20, rows: 0, without: 0 }
    }
}

impl SetRule for EmailCoverage {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "A source that suddenly brings people without email addresses has usually lost a column: it was renamed, \
                  left out of the export, or mapped elsewhere. At most `at_most_percent` (50) percent of the rows that the \
                  other rules let through may lack one; fewer rows than `min_rows` (20) are not judged. Switched off \
                  until the suite says `enabled: true`, because what is usual differs from source to source."
                .into(),
            hint: "Look at the columns of the source and at the mapping before approving the run.".into(),
            severity: Severity::Error,
            options: vec![
                OptionSpec::integer("at_most_percent", "The largest share of rows without an email address")
                    .between(0, 100)
                    .default_value(50),
                OptionSpec::integer("min_rows", "Fewer rows than this are not judged")
                    .between(1, i64::from(u32::MAX))
                    .default_value(20),
            ],
            ..RuleMeta::new(
                "SET-502",
                Category::SetLevel,
                "Most rows have an email address.",
                &["email_normalized"],
            )
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        check_options(&self.meta().options, options)?;
        let number = |name, default: u64| -> Result<u64, Error> {
            Ok(options.number(name)?.and_then(|n| u64::try_from(n).ok()).unwrap_or(default))
        };
        let usual = Self::default();
        self.at_most_percent = number("at_most_percent", usual.at_most_percent)?;
        self.min_rows = number("min_rows", usual.min_rows)?;
        Ok(())
    }

    fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
        self.rows += rows.rows() as u64;
        self.without += (0..rows.rows()).filter(|&row| rows.get(row, 0).is_none()).count() as u64;
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        let Self { at_most_percent, min_rows, rows, without } = *self;
        if rows >= min_rows && without * 100 > rows * at_most_percent {
            let message = format!(
                "{without} of {rows} rows have no email address, more than {at_most_percent} %: look whether the source \
                 lost a column or the mapping names another one"
            );
            findings.report("email_normalized", message);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(with: usize, without: usize, percent: i64) -> Vec<String> {
        let mut rule = EmailCoverage::default();
        rule.configure(&Options::default().with("at_most_percent", percent), &Host::detached()).unwrap();
        let mut rows = Batch::new(1);
        for at in 0..with + without {
            rows.push_row([(at < with).then_some("ana@example.org")]).unwrap();
        }
        rule.observe(&rows).unwrap();
        let mut findings = SetFindings::new("SET-502", Severity::Error);
        rule.finish(&mut findings).unwrap();
        findings.take().into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn the_limit_itself_is_fine() {
        assert_eq!(found(50, 50, 50), Vec::<String>::new());
        assert!(found(49, 51, 50)[0].starts_with("51 of 100 rows have no email address, more than 50 %"));
        assert_eq!(found(100, 0, 0), Vec::<String>::new());
        assert_eq!(found(99, 1, 0).len(), 1);
    }

    #[test]
    fn a_handful_says_nothing() {
        assert_eq!(found(0, 19, 50), Vec::<String>::new());
        assert_eq!(found(0, 20, 50).len(), 1);
    }
}
