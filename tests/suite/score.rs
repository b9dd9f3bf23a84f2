//! Scores of two records, explained.

use importer::ErrorKind;
use importer_core::ports::RecordId;

use super::{scan, support};

#[test]
fn the_bits_add_up_and_the_score_is_the_scans() {
    for db in support::databases() {
        let importer = scan::imported(&db);
        scan::scan(&importer, false);
        let told = importer.score("volunteer", RecordId(81), RecordId(1), None).unwrap();
        let e = &told.explanation;
        let sum: f64 = e.prior_bits + e.terms.iter().map(|t| t.bits).sum::<f64>() + e.household_bits;
        assert!((sum - e.bits).abs() < 1e-9 && told.model == "scan 2", "{told:?}");
        assert!((1.0 / (1.0 + (-e.bits).exp2()) - e.probability).abs() < 1e-9);
        let stored = importer.suggestions(&Default::default()).unwrap();
        let score =
            stored.iter().find(|s| (s.left, s.right) == (RecordId(1), RecordId(81))).unwrap().score.unwrap();
        assert!((score - e.probability).abs() < 1e-5, "{score} and {}", e.probability);
        assert!(told.pairing.as_ref().unwrap().compared);
        let terms =
            &stored.iter().find(|s| (s.left, s.right) == (RecordId(1), RecordId(81))).unwrap().features_json;
        let terms: serde_json::Value = serde_json::from_str(terms).unwrap();
        assert_eq!(terms["held_back"], serde_json::to_value(&e.held_back).unwrap());
        let text = e.to_text();
        assert!(
            text.lines().nth(1).unwrap().starts_with("prior")
                && text.lines().last().unwrap().starts_with("household")
        );
        assert!(!text.contains("Lovelace") && !e.to_svg().contains("Lovelace"), "no values of people");
    }
}

#[test]
fn a_scan_would_merge_exactly_what_nothing_holds_back() {
    let db = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let misspelt = "again20,Chiara,Quisppe,p20@example.org,,1990-07-11,Town4,64120\n";
    db.import(&support::file(folder.path(), "people.csv", scan::people() + misspelt));
    let importer = db.importer();
    let report = scan::scan(&importer, false);
    assert!(report.samples.iter().any(|sample| sample.kind == "merge"), "{report:?}");
    for sample in &report.samples {
        assert_eq!(sample.kind == "merge", sample.held_back.is_empty(), "{sample:?}");
        let told = importer.score("volunteer", sample.left, sample.right, None).unwrap();
        assert_eq!(told.explanation.held_back, sample.held_back);
    }
}

#[test]
fn unknown_and_equal_ids_are_refused() {
    let db = support::sqlite();
    let importer = scan::imported(&db);
    let error = importer.score("volunteer", RecordId(1), RecordId(999), None).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().contains("there is no volunteer 999")),
        (ErrorKind::NotFound, true)
    );
    assert_eq!(
        importer.score("volunteer", RecordId(1), RecordId(1), None).unwrap_err().kind(),
        ErrorKind::Config
    );
}

#[test]
fn a_trained_model_is_learned_from_decisions_too() {
    let db = support::sqlite();
    let importer = scan::imported(&db);
    let before = importer.train("volunteer", 1.0).unwrap();
    scan::scan(&importer, false);
    db.execute("UPDATE dedupe_suggestions SET decision = 'rejected'");
    let after = importer.train("volunteer", 50.0).unwrap();
    assert!(after.decided_other > 0 && after.checksum != before.checksum);
    assert!(
        importer.score("volunteer", RecordId(1), RecordId(81), Some(&after.document)).unwrap().model
            == "given"
    );
}
