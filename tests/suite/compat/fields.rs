//! A contract and a plugin that know different fields.

use importer::{Importer, RunRequest};
use importer_plugin::{
    Adapter, AdapterMeta, Category, Error, Extract, Findings, Host, OpenRequest, Plugin, PluginMeta, Rule,
    RuleMeta, RuleRow, Source,
};

/// Hands over one person with a column that no contract has, and a rule asks for a field that this contract has not yet.
struct Newer;

impl Adapter for Newer {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("newer", "One person and a column more")
    }

    fn open(&self, _: &OpenRequest, _: &Host) -> Result<Box<dyn Source>, Error> {
        Ok(Box::new(Person { told: false }))
    }
}

struct Person {
    told: bool,
}

impl Source for Person {
    fn columns(&self) -> Vec<String> {
        ["first_name", "last_name", "email", "favourite_colour_of_the_cat"].map(str::to_owned).to_vec()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        if !std::mem::replace(&mut self.told, true) {
            out.push_row(1, [Some("Ada"), Some("Lovelace"), Some("ada@example.org"), Some("grey")])?;
        }
        Ok(())
    }
}

impl Rule for Newer {
    fn meta(&self) -> RuleMeta {
        let columns = ["email_normalized", "consent_of_the_cat"];
        RuleMeta::new("NEW-101", Category::CrossField, "Cats agree.", &columns)
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        let known = (row.get(0).is_some(), row.get(1).is_some());
        if known == (true, false) {
            findings.report("email_normalized", "nobody asked the cat");
        }
    }
}

#[test]
fn a_column_more_is_unmapped_and_a_field_more_is_missing() {
    let plugin =
        Plugin::new(PluginMeta::new("newer", "2.0.0")).adapter(|| Box::new(Newer)).rule(|| Box::new(Newer));
    let database = crate::support::sqlite();
    let importer = Importer::builder().database(&database.url).plugin(plugin).build().unwrap();
    let report = importer.run(&RunRequest::new("newer")).unwrap();
    assert_eq!((report.counts.read, report.counts.quarantined), (1, 1));
    let unmapped: Vec<&str> = report.unmapped.iter().map(|unmapped| unmapped.column.as_str()).collect();
    assert_eq!(unmapped, ["favourite_colour_of_the_cat"]);
    assert_eq!(database.texts("SELECT message AS t FROM dq_violations"), ["nobody asked the cat"]);
}
