//! Plugin crates linked into one binary, nothing loaded.

use importer::{Importer, RunRequest};
use importer_dq::SuiteDocument;
use importer_plugin::Options;

#[test]
fn two_plugin_crates_are_linked_into_one_binary() {
    let database = crate::support::sqlite();
    let importer = Importer::builder()
        .database(&database.url)
        .plugin(importer_adapter_csv::plugin())
        .plugin(first_plugin::plugin())
        // It looks at a field that nobody has here, which is refused unless it is switched off.
        .suite(SuiteDocument::parse("suite: test\nrules:\n  FIRST-401: { enabled: false }\n").unwrap())
        .build()
        .unwrap();
    let people = crate::support::root().join("examples/data/volunteers.csv");
    let from_file = importer.run(&RunRequest::new("csv").file(&people)).unwrap();
    assert!(from_file.counts.inserted > 0);
    let mut request = RunRequest::new("first-people");
    request.options = Options::default().with("rows", 10);
    let made_up = importer.run(&request).unwrap();
    assert_eq!(made_up.counts.read, 10);
    let plugins: Vec<&str> = made_up.plugins.iter().map(|plugin| plugin.id.as_str()).collect();
    assert!(plugins.contains(&"first-plugin"), "{plugins:?}");
    let origins: Vec<_> = importer.plugins().into_iter().map(|plugin| (plugin.id, plugin.origin)).collect();
    assert_eq!(origins, [("csv".to_owned(), "static"), ("first-plugin".to_owned(), "static")]);
}
