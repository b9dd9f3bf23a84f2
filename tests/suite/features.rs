//! Match features of plugins: what they say of a pair scores like any other term.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use importer::plugin::{Batch, Error, Feature, FeatureMeta, Plugin, PluginMeta, RuleRow};
use importer::service::ScanRequest;
use importer::{Importer, RunRequest};
use importer_dedupe::MatchModel;
use serde_json::Value;

use super::support::Database;
use super::{scan, support};

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

const PEOPLE: &str = "id,first name,last name,e-mail,city\n1,Ada,Lovelace,ada@example.org,Liberty\n\
    2,Bob,Lovelace,ada@example.org,Liberty\n3,Carl,Lovelace,ada@example.org,\n";

/// What is stored of the pairs of an import under a model.
fn stored(database: &Database, model: MatchModel) -> BTreeMap<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", PEOPLE);
    let plugin = Plugin::new(PluginMeta::new("cities", "1.0.0"))
        .feature(|| Box::new(City("same_city")))
        .feature(|| Box::new(City("broken")));
    let importer = Importer::builder()
        .database(&database.url)
        .plugin(importer_adapter_csv::plugin())
        .plugin(plugin)
        .match_model(model)
        .build()
        .unwrap();
    let report = importer.run(&RunRequest::new("csv").file(file)).unwrap();
    assert_eq!((report.status.as_str(), report.counts.inserted), ("succeeded", 3), "{:?}", report.error);
    let suggestions = importer.suggestions(&Default::default()).unwrap();
    let terms = |json: &str| serde_json::from_str(json).unwrap();
    suggestions.iter().map(|s| (format!("{} {}", s.left, s.right), terms(&s.features_json))).collect()
}

#[test]
fn levels_are_terms_of_the_score_and_what_is_missing_or_fails_says_nothing() {
    for database in support::databases() {
        let pairs = stored(&database, MatchModel::Shipped);
        let said = |pair: &str, name: &str| {
            let terms = pairs[pair]["terms"].as_array().unwrap();
            let term = terms.iter().find(|term| term["term"] == name).unwrap();
            (term["level"].as_str().unwrap().to_owned(), term["bits"].as_f64().unwrap())
        };
        let missing = ("missing".to_owned(), 0.0);
        assert_eq!(said("1 2", "same_city"), ("equal".to_owned(), 2.0), "{}", database.backend);
        assert_eq!(said("1 3", "same_city"), missing);
        assert!(pairs.keys().all(|pair| said(pair, "broken") == missing), "{pairs:?}");
        for told in pairs.values() {
            let bits = |value: &Value| value.as_f64().unwrap();
            let terms: f64 = told["terms"].as_array().unwrap().iter().map(|term| bits(&term["bits"])).sum();
            let sum = bits(&told["prior_bits"]) + terms + bits(&told["household_bits"]);
            assert!((sum - bits(&told["bits"])).abs() < 0.01, "{told}");
        }
    }
}

#[test]
fn beside_the_weighted_mean_levels_are_told() {
    let pairs = stored(&support::sqlite(), MatchModel::Weighted);
    let told: Vec<String> = pairs.values().map(|terms| terms["features"].to_string()).collect();
    assert_eq!(told, [r#"{"same_city":"equal"}"#, "{}", "{}"]);
}

/// Whether the cities are the same; it counts how often it is asked.
struct EqualCity;

static CALLS: AtomicUsize = AtomicUsize::new(0);

impl Feature for EqualCity {
    fn meta(&self) -> FeatureMeta {
        FeatureMeta::new("equal_city", "The same city", &["city"], &["equal", "differ"])
    }
    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        Some(usize::from(left.get(0)? != right.get(0)?))
    }
    fn compare_batch(
        &self,
        left: &Batch,
        right: &Batch,
        levels: &mut Vec<Option<usize>>,
    ) -> Result<(), Error> {
        CALLS.fetch_add(1, Ordering::SeqCst);
        for row in 0..left.rows() {
            let (left, right) = (left.row(row), right.row(row));
            levels.push(self.compare(&RuleRow::direct(left), &RuleRow::direct(right)));
        }
        Ok(())
    }
}

#[test]
fn a_scan_asks_for_many_pairs_at_once_and_learns_what_the_answers_weigh() {
    for database in support::databases() {
        drop(scan::imported(&database));
        let plugin = Plugin::new(PluginMeta::new("cities", "1.0.0")).feature(|| Box::new(EqualCity));
        let importer = Importer::builder().database(&database.url).plugin(plugin).build().unwrap();
        CALLS.store(0, Ordering::SeqCst);
        let report = importer.scan(&ScanRequest::new("volunteer")).unwrap();
        assert!(report.review_pairs + report.merge_pairs >= 2, "{report:?}");
        assert_eq!(CALLS.load(Ordering::SeqCst), 1, "all pairs in one call");
        for stored in importer.suggestions(&Default::default()).unwrap() {
            let told = importer.score("volunteer", stored.left, stored.right, None).unwrap().explanation;
            assert!((stored.score.unwrap() - told.probability).abs() < 1e-5, "{told:?}");
            let term = told.terms.iter().find(|term| term.term == "equal_city").unwrap();
            assert!(term.level == "equal" && term.bits != 0.0, "{told:?}");
        }
        let trained = importer.train("volunteer", 1.0).unwrap();
        let term = trained.document.terms.iter().find(|term| term.name == "equal_city").unwrap();
        assert!(term.levels[0].m > term.levels[0].u, "{term:?}");
    }
}
