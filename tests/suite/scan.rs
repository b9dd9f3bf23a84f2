//! Scans of the core: what they store, what they leave alone, and how they stop.

use importer::service::{Actor, ReviewDecision, ScanReport, ScanRequest};
use importer::{ErrorKind, Importer, Observer, Progress, ScanPhase, ScanProgress};
use importer_core::ports::{SuggestionDecision, SuggestionFilter};

use super::support::{self, Database};

const FIRST: [&str; 10] =
    ["Ada", "Bruno", "Chiara", "Dmitri", "Esther", "Farid", "Greta", "Hamish", "Ingrid", "Joaquin"];
const LAST: [&str; 8] =
    ["Lovelace", "Okafor", "Nakamura", "Petrov", "Quispe", "Ramirez", "Svensson", "Tanaka"];

/// People who differ in everything, and two who are there twice under other contacts.
pub(crate) fn people() -> String {
    let mut csv = String::from("id,first name,last name,email,phone,dob,city,postal code\n");
    for (i, first) in FIRST.iter().enumerate() {
        for (j, last) in LAST.iter().enumerate() {
            let (n, year, month, day) =
                (i * 8 + j, 1950 + (i * 8 + j) * 7 % 50, 1 + (i + j) % 12, 1 + (i * 3 + j).max(1) % 28);
            csv += &format!(
                "p{n},{first},{last},p{n}@example.org,,{year}-{month:02}-{day:02},Town{j},641{n:02}\n"
            );
        }
    }
    csv += "again0,Ada,Lovelace,ada.l@example.net,,1950-01-02,Town0,64100\n";
    csv += "again11,Bruno,Petrov,bruno.p@example.net,,1977-05-07,Town3,64111\n";
    csv
}

pub(crate) fn imported(db: &Database) -> Importer {
    let folder = tempfile::tempdir().unwrap();
    let report = db.import(&support::file(folder.path(), "people.csv", people()));
    assert_eq!(report.counts.inserted, 82, "{report:?}");
    // The import sees them already; here it is the scan that is to find them.
    db.execute("DELETE FROM dedupe_suggestions");
    db.importer()
}

pub(crate) fn scan(importer: &Importer, all: bool) -> ScanReport {
    importer.scan(&ScanRequest { all, ..ScanRequest::new("volunteer") }).unwrap()
}

const STORED: &str = "SELECT id || ' ' || left_id || ' ' || right_id || ' ' || kind || ' ' || decision || ' ' || \
                      features_json AS t FROM dedupe_suggestions ORDER BY id";

#[test]
fn people_who_are_there_twice_are_suggested_once() {
    for db in support::databases() {
        let importer = imported(&db);
        let first = scan(&importer, false);
        let stored = db.texts(STORED);
        assert_eq!(first.suggestions.unwrap().added, stored.len() as u64, "{first:?}");
        for pair in [" 1 81 ", " 12 82 "] {
            assert!(stored.iter().any(|row| row.contains(pair)), "{pair} on {}: {first:?}", db.backend);
        }
        let again = scan(&importer, true);
        let told = again.suggestions.unwrap();
        assert_eq!((told.added, told.rescored, told.unchanged), (0, 0, stored.len() as u64), "{told:?}");
        assert_eq!(db.texts(STORED), stored, "{}", db.backend);
        let runs = importer.runs(&Default::default()).unwrap();
        assert_eq!((runs[0].new.source.as_str(), runs[0].status.as_str()), ("scan", "succeeded"));
        assert_eq!(Importer::scan_report(&runs[0]).unwrap(), again);
    }
}

#[test]
fn a_decision_stays_whatever_scans_find() {
    for db in support::databases() {
        let importer = imported(&db);
        scan(&importer, false);
        let id = importer.suggestions(&SuggestionFilter::default()).unwrap()[0].id;
        importer.desk(Actor::admin("tester")).review(id, &ReviewDecision::Reject, "seen").unwrap();
        let stored = db.texts(STORED);
        db.execute("UPDATE dedupe_suggestions SET score = 0.5");
        let told = scan(&importer, true).suggestions.unwrap();
        assert_eq!((told.added, told.decided, told.rescored), (0, 1, stored.len() as u64 - 1));
        assert_eq!(db.texts(STORED), stored);
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM dedupe_suggestions WHERE score = 0.5"), 1);
    }
}

#[test]
fn after_a_scan_only_what_changed_is_stored() {
    for db in support::databases() {
        let importer = imported(&db);
        scan(&importer, false);
        db.execute("UPDATE core_volunteers SET updated_at = '2001-01-01T00:00:00Z'");
        db.execute("DELETE FROM dedupe_suggestions");
        let quiet = scan(&importer, false);
        assert_eq!((quiet.changed_records, quiet.suggestions.unwrap().added), (Some(0), 0));
        assert_eq!((quiet.pairs_scored, quiet.model_learned), (0, false), "there is nothing to compare");
        assert!(quiet.since_scan.is_some() && quiet.records == 82);
        db.execute("UPDATE core_volunteers SET updated_at = '2999-01-01T00:00:00Z' WHERE id = 81");
        let one = scan(&importer, false);
        assert_eq!(one.changed_records, Some(1));
        assert!(one.pairs_scored > 0 && one.model_learned, "{one:?}");
        let stored = db.texts("SELECT left_id || ' ' || right_id AS t FROM dedupe_suggestions");
        assert!(
            stored.iter().all(|pair| pair.ends_with(" 81")) && stored.contains(&"1 81".into()),
            "{stored:?}"
        );
    }
}

#[test]
fn an_open_suggestion_is_closed_when_its_records_part_and_a_decided_one_stays() {
    for db in support::databases() {
        let importer = imported(&db);
        scan(&importer, false);
        let before = importer.suggestions(&SuggestionFilter::default()).unwrap();
        let (open, decided) = (&before[0], &before[1]);
        importer.desk(Actor::admin("tester")).review(decided.id, &ReviewDecision::Reject, "seen").unwrap();
        db.execute(&format!(
            "UPDATE core_volunteers SET dob = '2001-12-31', first_name = 'Wilhelmina' WHERE id IN ({}, {})",
            open.right, decided.right
        ));
        let told = scan(&importer, true).suggestions.unwrap();
        assert_eq!((told.outdated, told.reopened), (1, 0), "{told:?}");
        let after = |id| {
            let all = importer.suggestions(&SuggestionFilter::default()).unwrap();
            all.into_iter().find(|row| row.id == id).unwrap()
        };
        let lowered = after(open.id);
        assert!(
            lowered.score.unwrap() < 0.5 && lowered.decision == SuggestionDecision::Outdated,
            "{lowered:?}"
        );
        assert!(lowered.features_json.contains("birth_date_conflict"), "{lowered:?}");
        assert_eq!(after(decided.id).score, decided.score);
    }
}

#[test]
fn a_preview_stores_nothing() {
    for db in support::databases() {
        let importer = imported(&db);
        let preview = importer.scan(&ScanRequest { preview: true, ..ScanRequest::new("volunteer") }).unwrap();
        assert!(
            preview.merge_pairs + preview.review_pairs >= 2 && !preview.samples.is_empty(),
            "{preview:?}"
        );
        assert_eq!((preview.run_id, preview.suggestions), (None, None));
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM dedupe_suggestions"), 0);
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM import_runs"), 1, "the import alone");
    }
}

/// Cancels when a phase begins.
struct CancelAt(ScanPhase, std::sync::OnceLock<importer::Cancel>);

impl Observer for CancelAt {
    fn progress(&self, _: Progress) {}

    fn scanning(&self, progress: ScanProgress) {
        if progress.phase == self.0 {
            self.1.get().unwrap().request();
        }
    }
}

#[test]
fn a_cancelled_scan_leaves_nothing_half_done() {
    for db in support::databases() {
        let importer = imported(&db);
        for phase in [ScanPhase::Reading, ScanPhase::Scoring, ScanPhase::Storing] {
            let observer = std::sync::Arc::new(CancelAt(phase, Default::default()));
            let impatient = Importer::builder().database(&db.url).observer(observer.clone()).build().unwrap();
            assert!(observer.1.set(impatient.cancel()).is_ok());
            let error = impatient.scan(&ScanRequest::new("volunteer")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
            assert_eq!(db.number("SELECT COUNT(*) AS t FROM dedupe_suggestions"), 0, "{phase:?}");
            assert_eq!(importer.runs(&Default::default()).unwrap()[0].status.as_str(), "cancelled");
        }
        assert!(scan(&importer, false).suggestions.unwrap().added >= 2, "the next scan begins anew");
    }
}

/// Lets a scan wait as soon as it scores.
struct Waits(std::sync::Mutex<Option<importer::Cancel>>);

impl Observer for Waits {
    fn progress(&self, _: Progress) {}

    fn scanning(&self, progress: ScanProgress) {
        if progress.phase == ScanPhase::Scoring {
            self.0.lock().unwrap().take().unwrap().pause();
        }
    }
}

#[test]
fn a_scan_that_was_paused_ends_as_if_it_had_not_been() {
    for (db, other) in support::databases().into_iter().zip(support::databases()) {
        let expected = scan(&imported(&other), true);
        drop(imported(&db));
        let waits = std::sync::Arc::new(Waits(std::sync::Mutex::default()));
        let importer = Importer::builder().database(&db.url).observer(waits.clone()).build().unwrap();
        let cancel = importer.cancel();
        *waits.0.lock().unwrap() = Some(cancel.clone());
        let found = std::thread::scope(|threads| {
            let scanning = threads.spawn(|| scan(&importer, true));
            while !cancel.is_paused() {
                std::thread::yield_now();
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
            assert!(
                !scanning.is_finished() && db.number("SELECT COUNT(*) AS t FROM dedupe_suggestions") == 0
            );
            cancel.go_on();
            scanning.join().unwrap()
        });
        let told =
            |report: &ScanReport| (report.pairs_scored, report.suggestions, report.model_checksum.clone());
        assert_eq!(told(&found), told(&expected), "{}", db.backend);
        assert_eq!(db.texts(STORED), other.texts(STORED));
    }
}
