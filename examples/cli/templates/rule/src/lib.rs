//! A rule of the importer: a name is longer than one letter.

use importer_plugin::{
    Category, Error, Findings, Host, OptionSpec, Options, Plugin, PluginMeta, Rule, RuleExample,
    RuleMeta, RuleRow, Severity,
};

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("my-rule", env!("CARGO_PKG_VERSION")))
        .rule(|| Box::new(MyRule::default()))
}

#[cfg(feature = "loadable")]
importer_plugin::export!(plugin: crate::plugin, id: "my-rule", version: env!("CARGO_PKG_VERSION"));

struct MyRule {
    shortest: usize,
}

impl Default for MyRule {
    fn default() -> Self {
        Self { shortest: 2 }
    }
}

impl Rule for MyRule {
    /// The code is what suites and stewards call the rule; the examples are documentation and test.
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "A single letter is an initial, by which nobody is found again.".into(),
            hint: "Ask for the whole name.".into(),
            severity: Severity::Warning,
            examples: vec![
                RuleExample::accepted(&[("last_name", "Lovelace")]),
                RuleExample::accepted(&[]),
                RuleExample::reported(&[("last_name", "L.")]),
            ],
            options: vec![
                OptionSpec::integer("shortest", "The fewest letters")
                    .between(1, 9)
                    .default_value(2),
            ],
            ..RuleMeta::new(
                "FMT-901",
                Category::Format,
                "A name is more than an initial",
                &["last_name"],
            )
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        importer_plugin::check_options(&self.meta().options, options)?;
        if let Some(shortest) = options.number("shortest")? {
            self.shortest = shortest.try_into().unwrap_or(self.shortest);
        }
        Ok(())
    }

    /// Looks at one row; index 0 is the first of the columns above. The message never repeats the cell.
    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if row
            .get(0)
            .is_some_and(|name| name.chars().filter(|c| c.is_alphabetic()).count() < self.shortest)
        {
            findings.report("last_name", "the name is too short to be a whole one");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use importer_plugin::Batch;

    #[test]
    fn every_example_holds() {
        let mut rule = MyRule::default();
        rule.configure(&Options::default(), &Host::detached())
            .unwrap();
        let meta = rule.meta();
        for example in &meta.examples {
            let cell = |column: &str| {
                example
                    .cells
                    .iter()
                    .find(|(c, _)| c == column)
                    .map(|(_, value)| value.as_ref())
            };
            let mut batch = Batch::new(meta.columns.len());
            batch
                .push_row(meta.columns.iter().map(|column| cell(column)))
                .unwrap();
            let mut findings = Findings::new();
            rule.check(&RuleRow::direct(batch.row(0)), &mut findings);
            assert_eq!(
                !findings.as_slice().is_empty(),
                example.reported,
                "{example:?}"
            );
        }
    }

    #[test]
    fn a_wrong_option_is_refused() {
        let options = Options::default().with("shortest", 99);
        let error = MyRule::default()
            .configure(&options, &Host::detached())
            .unwrap_err();
        assert_eq!(error.message, "option `shortest` must be at most 9");
    }
}
