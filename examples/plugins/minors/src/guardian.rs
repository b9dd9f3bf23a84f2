//! `XFLD-901`: a minor has a guardian, who can be reached.

use importer_plugin::{
    Category, Error, Findings, Host, OptionSpec, Options, Rule, RuleExample, RuleMeta, RuleRow,
};

use crate::age::OfAge;

const DOB: usize = 0;
const NOTES: usize = 1;

/// Demands that the notes of a minor name a guardian with a number or an address.
#[derive(Debug)]
pub struct Guardian {
    of_age: OfAge,
    word: String,
}

impl Default for Guardian {
    fn default() -> Self {
        Self { of_age: OfAge::default(), word: "guardian".into() }
    }
}

impl Rule for Guardian {
    fn meta(&self) -> RuleMeta {
        let mut options = OfAge::options();
        options.push(
            OptionSpec::text("word", "What guardians are called in the notes").default_value("guardian"),
        );
        RuleMeta {
            doc: "A minor may be called and written to through a guardian alone. The notes must hold the word for a \
                  guardian, and behind it an email address or a phone number."
                .into(),
            hint: "Ask for the guardian's number and put it into the notes, such as `Guardian: 816-234-5678`.".into(),
            examples: vec![
                RuleExample::accepted(&[("dob", "1985-04-23")]),
                RuleExample::accepted(&[("notes", "no date of birth is for other rules to judge")]),
                RuleExample::accepted(&[("dob", "2015-04-23"), ("notes", "Guardian: Annabella, 816-234-5678")]),
                RuleExample::reported(&[("dob", "2015-04-23")]),
                RuleExample::reported(&[("dob", "2015-04-23"), ("notes", "her guardian will call us")]),
            ],
            options,
            ..RuleMeta::new(
                "XFLD-901",
                Category::CrossField,
                "A minor has a guardian who can be reached",
                &["dob", "notes"],
            )
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        self.of_age = OfAge::read(&self.meta().options, options)?;
        if let Some(word) = options.text("word")? {
            self.word = word.to_lowercase();
        }
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        let minor = row.get(DOB).and_then(|birth| self.of_age.is_minor(birth)).unwrap_or(false);
        if !minor {
            return;
        }
        let notes = row.get(NOTES).unwrap_or_default().to_lowercase();
        match notes.split_once(&self.word) {
            Some((_, behind)) if is_contact(behind) => {}
            Some(_) => findings.report("notes", "a minor's guardian is named without a number or an address"),
            None => findings.report("notes", "a minor without a guardian's contact"),
        }
    }
}

fn is_contact(text: &str) -> bool {
    text.contains('@') || text.bytes().filter(u8::is_ascii_digit).count() >= 7
}

#[cfg(test)]
mod tests {
    use importer_plugin::Batch;

    use super::*;

    #[test]
    fn every_example_holds() {
        let mut rule = Guardian::default();
        rule.configure(&Options::default().with("today", "2025-06-01"), &Host::detached()).unwrap();
        let meta = rule.meta();
        for example in &meta.examples {
            let cell =
                |column: &str| example.cells.iter().find(|(c, _)| c == column).map(|(_, v)| v.as_ref());
            let mut batch = Batch::new(meta.columns.len());
            batch.push_row(meta.columns.iter().map(|column| cell(column))).unwrap();
            let mut findings = Findings::new();
            rule.check_batch(&batch, &[0, 1], &mut findings).unwrap();
            assert_eq!(!findings.as_slice().is_empty(), example.reported, "{example:?}");
        }
    }

    #[test]
    fn the_word_and_the_age_are_options() {
        let mut rule = Guardian::default();
        let options =
            Options::default().with("today", "2025-06-01").with("age", "10").with("word", "Vormund");
        rule.configure(&options, &Host::detached()).unwrap();
        let mut batch = Batch::new(2);
        for (dob, notes) in
            [("2014-01-01", ""), ("2016-01-01", "Guardian 816-234-5678"), ("2016-01-01", "VORMUND a@b.org")]
        {
            batch.push_row([Some(dob), Some(notes)]).unwrap();
        }
        let mut findings = Findings::new();
        rule.check_batch(&batch, &[0, 1], &mut findings).unwrap();
        assert_eq!(findings.as_slice().iter().map(|finding| finding.row).collect::<Vec<_>>(), [1]);
        let error = rule.configure(&options.with("age", 99), &Host::detached()).unwrap_err();
        assert_eq!(error.message, "option `age` must be at most 25");
    }
}
