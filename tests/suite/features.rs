//! Match features of plugins: what they say of a pair is stored with the suggestion.

use importer::plugin::{Feature, FeatureMeta, Plugin, PluginMeta, RuleRow};
use importer::{Importer, RunRequest};

use super::support;

struct City(&'static str);

impl Feature for City {
    fn meta(&self) -> FeatureMeta {
        FeatureMeta::new(self.0, "The same city", &["city"], &["equal", "differ"])
    }
    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        assert!(self.0 != "broken", "on purpose");
        Some(usize::from(left.get(0)? != right.get(0)?))
    }
}

#[test]
fn levels_are_stored_with_the_pair_and_missing_values_say_nothing() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let people = "id,first name,last name,e-mail,city\n1,Ada,Lovelace,ada@example.org,Liberty\n\
            2,Bob,Lovelace,ada@example.org,Liberty\n3,Carl,Lovelace,ada@example.org,\n";
        let file = support::file(folder.path(), "people.csv", people);
        let plugin = Plugin::new(PluginMeta::new("cities", "1.0.0"))
            .feature(|| Box::new(City("same_city")))
            .feature(|| Box::new(City("broken")));
        let importer = Importer::builder()
            .database(&database.url)
            .plugin(importer_adapter_csv::plugin())
            .plugin(plugin)
            .build()
            .unwrap();
        let report = importer.run(&RunRequest::new("csv").file(file)).unwrap();
        assert_eq!((report.status.as_str(), report.counts.inserted), ("succeeded", 3), "{:?}", report.error);
        let told = database.texts("SELECT features_json AS t FROM dedupe_suggestions");
        let mut levels: Vec<String> = (told.iter())
            .map(|terms| serde_json::from_str::<serde_json::Value>(terms).unwrap()["features"].to_string())
            .collect();
        levels.sort();
        let missing = r#"{"broken":"failed"}"#;
        let equal = r#"{"same_city":"equal","broken":"failed"}"#;
        assert_eq!(levels, [missing, missing, equal], "{}", database.backend);
    }
}
