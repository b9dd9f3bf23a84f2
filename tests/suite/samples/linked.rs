//! Samples linked into one program.

use importer::{Importer, RunRequest};

use crate::support;

#[test]
fn two_samples_are_linked_into_one_program() {
    let db = support::sqlite();
    let importer = Importer::builder()
        .database(&db.url)
        .plugin(importer_sample_vcard::plugin())
        .plugin(importer_sample_minors::plugin())
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let minor = "BEGIN:VCARD\nVERSION:4.0\nUID:1\nN:Byron;Allegra;;;\nEMAIL:allegra@example.org\nBDAY:20240423\nEND:VCARD\n";
    let file = support::file(folder.path(), "people.vcf", minor);
    let report = importer.run(&RunRequest::new("vcard").file(&file)).unwrap();
    assert_eq!((report.counts.read, report.counts.quarantined), (1, 1), "{report:?}");
    assert!(db.texts("SELECT rule_code AS t FROM dq_violations").contains(&"XFLD-901".to_owned()));
    let ids: Vec<String> = importer.plugins().into_iter().map(|plugin| plugin.id).collect();
    assert_eq!(ids, ["vcard", "minors"]);
}
