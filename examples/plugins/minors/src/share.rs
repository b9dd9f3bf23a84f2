//! `SET-901`: not most people with a date of birth are minors.

use importer_plugin::{
    Batch, Category, Error, Host, OptionSpec, Options, RuleMeta, SetFindings, SetRule, Severity,
};

use crate::age::OfAge;

const DEFAULT_PERCENT: i64 = 50;

/// Reports a run in which the dates of birth probably are dates of something else, such as of signing up.
#[derive(Debug, Default)]
pub struct Share {
    of_age: OfAge,
    percent: Option<u64>,
    dated: u64,
    minors: u64,
}

impl SetRule for Share {
    fn meta(&self) -> RuleMeta {
        let mut options = OfAge::options();
        options.push(
            OptionSpec::integer("percent", "How many of a hundred people with a date of birth may be minors")
                .between(0, 100)
                .default_value(DEFAULT_PERCENT),
        );
        RuleMeta {
            doc: "When most people of a source are minors, a column with the day of signing up was probably taken for \
                  the date of birth."
                .into(),
            hint: "Look at the mapping: which column is the date of birth?".into(),
            severity: Severity::Warning,
            options,
            ..RuleMeta::new("SET-901", Category::SetLevel, "Most people are of age", &["dob"])
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        self.of_age = OfAge::read(&self.meta().options, options)?;
        self.percent = options.number("percent")?.and_then(|percent| percent.try_into().ok());
        Ok(())
    }

    fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
        for row in 0..rows.rows() {
            if let Some(minor) = rows.get(row, 0).and_then(|birth| self.of_age.is_minor(birth)) {
                self.dated += 1;
                self.minors += u64::from(minor);
            }
        }
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        let percent = self.percent.unwrap_or(DEFAULT_PERCENT.unsigned_abs());
        if self.minors * 100 > self.dated * percent {
            let message = format!(
                "{} of {} people with a date of birth are minors, more than {percent} of a hundred",
                self.minors, self.dated
            );
            findings.report("dob", message);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(options: Options, births: &[Option<&str>]) -> Vec<String> {
        let mut rule = Share::default();
        rule.configure(&options.with("today", "2025-06-01"), &Host::detached()).unwrap();
        // In two batches, because a run has many.
        for half in births.chunks(births.len().div_ceil(2).max(1)) {
            let mut batch = Batch::new(1);
            half.iter().for_each(|birth| batch.push_row([*birth]).unwrap());
            rule.observe(&batch).unwrap();
        }
        let mut findings = SetFindings::new("SET-901", Severity::Warning);
        rule.finish(&mut findings).unwrap();
        findings.take().into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_source_of_minors_is_reported() {
        let births = [Some("2024-01-01"), Some("2023-01-01"), Some("1985-01-01"), None, None, None];
        let message = "2 of 3 people with a date of birth are minors, more than 50 of a hundred";
        assert_eq!(found(Options::default(), &births), [message]);
        assert!(found(Options::default().with("percent", 70), &births).is_empty());
        assert!(found(Options::default(), &[]).is_empty(), "nobody is no reason to worry");
    }
}
