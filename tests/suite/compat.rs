//! Plugins and hosts of different ages and builds, with libraries that were really built.

mod age;
mod build;
mod fields;
mod first;
mod linked;
mod made;

use std::path::Path;
use std::sync::Arc;

use importer_plugin::{
    Adapter, Batch, ErrorKind, Extract, Findings, Host, OpenRequest, Options, SetFindings, Severity, Source,
};
use importer_plugin_host::{AllowedPlugin, FileHash, LoadedPlugin, TrustPolicy, hash_file, load_file};

fn allowing(sha256: FileHash) -> TrustPolicy {
    TrustPolicy::default().allow(AllowedPlugin { sha256, id: Some("first-plugin".into()), note: None })
}

/// Loads a library that was built here.
fn load(library: &Path) -> importer_core::Result<Arc<LoadedPlugin>> {
    load_file(library, &allowing(hash_file(library).unwrap()))
}

fn request(rows: i64) -> OpenRequest {
    OpenRequest { options: Options::default().with("rows", rows), ..OpenRequest::default() }
}

/// Reads a source to its end.
fn read(adapter: &dyn Adapter, rows: i64) -> (Vec<String>, Vec<Extract>) {
    let source = adapter.open(&request(rows), &Host::detached()).unwrap();
    read_on(source)
}

fn read_on(mut source: Box<dyn Source>) -> (Vec<String>, Vec<Extract>) {
    let mut extracts = Vec::new();
    loop {
        let mut out = Extract::new(source.columns().len());
        source.next(&mut out).unwrap();
        if out.batch().is_empty() {
            return (source.columns(), extracts);
        }
        extracts.push(out);
    }
}

/// Uses the rule, the set-level rule and the match feature of the plugin.
fn judges_and_compares(plugin: &LoadedPlugin) {
    let host = Host::detached();
    let column = |cells: [Option<&str>; 3]| {
        let mut batch = Batch::new(1);
        cells.into_iter().for_each(|cell| batch.push_row([cell]).unwrap());
        batch
    };

    let mut rule = plugin.rule("FIRST-101").unwrap();
    rule.configure(&Options::default(), &host).unwrap();
    let mut findings = Findings::new();
    findings.of("FIRST-101", Severity::Warning);
    let emails = column([Some("ada@example.org"), Some("nobody"), None]);
    rule.check_batch(&emails, &[0], &mut findings).unwrap();
    let found = findings.take();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].row, found[0].severity), (1, Severity::Warning));
    assert_eq!((&*found[0].column, &*found[0].message), ("email_normalized", "there is no @"));

    let mut set_rule = plugin.set_rules().remove(0);
    set_rule.configure(&Options::default(), &host).unwrap();
    let (left, right) = (column([Some("M"), Some("M"), None]), column([Some("M"), Some("L"), Some("L")]));
    set_rule.observe(&left).unwrap();
    let mut findings = SetFindings::new("FIRST-401", Severity::Warning);
    set_rule.finish(&mut findings).unwrap();
    assert_eq!(findings.take()[0].message, "1 of 3 rows have no shirt size");

    let mut levels = Vec::new();
    plugin.features().remove(0).compare_batch(&left, &right, &mut levels).unwrap();
    assert_eq!(levels, [Some(0), Some(1), None]);

    let error = rule.configure(&Options::default().with("panic", true), &host).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Bug);
    assert!(error.message.starts_with("plugin `first-plugin`: the plugin panicked at "), "{error}");
    assert!(error.message.ends_with("asked to fail"), "{error}");
}
