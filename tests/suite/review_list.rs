//! The list of what waits for people: its scores are about the records as they are, its order, and households beside it.

use importer::service::{Actor, Edit, HomesRequest, MergeRequest, PairTerms, Role};
use importer::{AutoMerge, Importer, RecordId, RunRequest, SuggestionFilter, SuggestionKind, SuggestionRow};

use super::support::{self, Database};
use super::{scan, twice};

fn edit(importer: &Importer, id: i64, field: &str, value: &str) {
    let edit = Edit { values: vec![(field.into(), value.into())], reason: "she called".into() };
    importer.desk(Actor::admin("ann")).edit("volunteer", RecordId(id), &edit).unwrap();
}

fn pair(importer: &Importer, left: i64, right: i64) -> SuggestionRow {
    let all = importer.suggestions(&importer.pending_suggestions()).unwrap();
    all.into_iter().find(|row| row.left == left && row.right == right).unwrap()
}

fn bring(db: &Database, name: &str, csv: &str) -> Importer {
    let folder = tempfile::tempdir().unwrap();
    let importer = db.importer();
    let request = RunRequest::new("csv").file(support::file(folder.path(), name, csv));
    importer.run(&request.auto_merge(AutoMerge::Off)).unwrap();
    importer
}

#[test]
fn a_score_follows_the_records_that_it_is_about() {
    for by_scan in [false, true] {
        for db in support::databases() {
            let importer = twice::imported(&db, &[0, 1]);
            if by_scan {
                scan::scan(&importer, true);
            }
            let before = pair(&importer, 1, 41);
            assert!(before.score.unwrap() > 0.95 && !before.rescored, "{by_scan} {before:?}");
            // Both dates are known by now, and they differ.
            edit(&importer, 41, "dob", "2001-02-03");
            let now = pair(&importer, 1, 41);
            assert!(now.rescored && now.score.unwrap() < before.score.unwrap(), "{by_scan} {now:?}");
            let held_back = PairTerms::of(&now).held_back.unwrap();
            assert!(held_back.contains(&"birth_date_conflict".to_owned()), "{held_back:?}");
            let likely = SuggestionFilter { score_from: before.score, ..importer.pending_suggestions() };
            let found = importer.suggestions(&likely).unwrap();
            assert!(found.iter().all(|row| row.id != now.id), "filters ask for the score of now");
            assert!(!pair(&importer, 2, 42).rescored, "nobody changed them");
            // What a role does not see of a record is no reason for it to hear of a change.
            let steward = importer.desk(Actor::new("sue", Role::Steward));
            let told = steward.suggestions(&importer.pending_suggestions()).unwrap();
            assert!(told.iter().all(|row| !row.rescored));
            // Changed back, it is what it was.
            edit(&importer, 41, "dob", "1950-01-02");
            let again = pair(&importer, 1, 41);
            assert_eq!((again.score, again.rescored), (before.score, false), "{}", db.backend);
        }
    }
}

#[test]
fn a_scan_without_changes_leaves_nothing_to_score_anew() {
    for db in support::databases() {
        let importer = scan::imported(&db);
        scan::scan(&importer, true);
        let all = importer.suggestions(&importer.pending_suggestions()).unwrap();
        let stored = db.texts("SELECT id || ' ' || features_json AS t FROM dedupe_suggestions ORDER BY id");
        let told: Vec<String> = all.iter().map(|row| format!("{} {}", row.id, row.features_json)).collect();
        assert_eq!(told, stored, "{}", db.backend);
        assert!(all.iter().all(|row| !row.rescored));
    }
}

#[test]
fn the_likeliest_come_first_page_by_page() {
    for db in support::databases() {
        let importer = scan::imported(&db);
        scan::scan(&importer, true);
        let desk = importer.desk(Actor::admin("ann"));
        let all = SuggestionFilter { likeliest_first: true, ..importer.pending_suggestions() };
        let whole = desk.suggestions(&all).unwrap();
        assert!(whole.len() > 1 && whole.is_sorted_by(|one, other| one.score >= other.score));
        let mut page = SuggestionFilter { limit: 1, ..all };
        let mut one_by_one = Vec::new();
        while let Some(row) = desk.suggestions(&page).unwrap().pop() {
            page.after = row.id;
            one_by_one.push(row);
        }
        assert_eq!(one_by_one, whole, "{}", db.backend);
    }
}

#[test]
fn households_are_listed_home_by_home() {
    let home = |n: usize, first: &[&str]| -> String {
        let row = |(at, first): (usize, &&str)| {
            format!("{n}-{at},{first},Family{n},home{n}@example.org,19{n}{at}-01-0{}\n", at + 1)
        };
        first.iter().enumerate().map(row).collect()
    };
    let csv = String::from("id,first name,last name,email,dob\n")
        + &home(5, &["Ann", "Bruno", "Chiara"])
        + &home(6, &["Dmitri", "Esther"]);
    for db in support::databases() {
        let importer = bring(&db, "homes.csv", &csv);
        let desk = importer.desk(Actor::admin("ann"));
        let homes = desk.homes(&HomesRequest::new("volunteer")).unwrap();
        let members: Vec<Vec<i64>> =
            homes.iter().map(|home| home.members.iter().map(|person| person.id.0).collect()).collect();
        assert_eq!(members, [vec![1, 2, 3], vec![4, 5]], "{}", db.backend);
        assert_eq!(homes[0].suggestions.len(), 3);
        let next = HomesRequest { after: RecordId(1), limit: 1, ..HomesRequest::new("volunteer") };
        assert_eq!(desk.homes(&next).unwrap(), homes[1..]);
        let others = SuggestionFilter { without_households: true, ..importer.pending_suggestions() };
        assert!(desk.suggestions(&others).unwrap().is_empty());
        // Somebody who sees no contacts sees who lives together all the same, and no contacts.
        let viewer =
            importer.desk(Actor::new("val", Role::Viewer)).homes(&HomesRequest::new("volunteer")).unwrap();
        assert_eq!(viewer.len(), 2);
        assert!(viewer[0].members.iter().all(|person| person.contacts[0].value == importer::service::MASKED));
    }
}

#[test]
fn all_that_a_row_fits_are_offered_together() {
    // Twice in the core, and a third row that fits both.
    let csv = "id,first name,last name,email\n1,Ann,Lee,ann@example.org\n2,Ann,Lee,ann@example.org\n";
    for db in support::databases() {
        drop(bring(&db, "first.csv", csv));
        let folder = tempfile::tempdir().unwrap();
        let importer = db.importer();
        let file = support::file(
            folder.path(),
            "second.csv",
            "id,first name,last name,email\n7,Ann,Lee,ann@example.org\n",
        );
        importer.run(&RunRequest::new("csv").external_system("fair").file(file)).unwrap();
        let ambiguous =
            SuggestionFilter { kind: Some(SuggestionKind::Ambiguous), ..importer.pending_suggestions() };
        let one = importer.suggestions(&ambiguous).unwrap().remove(0);
        let fitting = SuggestionFilter { row: Some(one.row), ..ambiguous };
        let fitting = importer.suggestions(&fitting).unwrap();
        let mut people: Vec<i64> = fitting.iter().flat_map(|row| [row.left.0, row.right.0]).collect();
        people.sort_unstable();
        people.dedup();
        assert_eq!(people, [1, 2, 3], "{}", db.backend);
        let desk = importer.desk(Actor::admin("ann"));
        desk.merge(&MergeRequest::new("volunteer", people, "one person")).unwrap();
        assert!(importer.suggestions(&importer.pending_suggestions()).unwrap().is_empty());
    }
}
