//! Merging what is beyond doubt, and taking all of it back.

use importer::service::{
    Actor, Edit, MergeRequest, ObviousReport, ObviousRequest, Role, RollbackRequest, ScanRequest,
};
use importer::{Importer, RecordId};

use super::snapshot;
use crate::merging::history::World;
use crate::{support, twice};

const WHY: &str = "beyond doubt";

fn preview(importer: &Importer) -> ObviousReport {
    importer.desk(Actor::admin("ann")).preview_obvious(&ObviousRequest::new("volunteer")).unwrap()
}

fn merge(importer: &Importer) -> ObviousReport {
    importer.desk(Actor::admin("ann")).merge_obvious("volunteer", WHY).unwrap()
}

fn edit(importer: &Importer, id: i64, field: &str, value: &str) {
    let edit = Edit { values: vec![(field.into(), value.into())], reason: "she called".into() };
    importer.desk(Actor::admin("ann")).edit("volunteer", RecordId(id), &edit).unwrap();
}

#[test]
fn what_is_obvious_is_merged_as_a_run_that_can_be_taken_back() {
    for db in support::databases() {
        let importer = twice::imported(&db, &[0, 1, 2]);
        let world = World::beside(db);
        let before = snapshot(&world.db);
        let shown = preview(&importer);
        assert_eq!(snapshot(&world.db), before);
        assert_eq!((shown.obvious, shown.left, shown.run), (3, 0, None), "{shown:?}");
        let told = merge(&importer);
        assert_eq!((told.merged, told.obvious), (3, 3), "{told:?}");
        assert_eq!(importer.count("volunteer").unwrap(), twice::PEOPLE);
        let again = merge(&importer);
        assert_eq!((again.merged, again.obvious), (0, 0), "{again:?}");
        let decided =
            "SELECT DISTINCT decision AS t FROM dedupe_suggestions WHERE decision <> 'open' ORDER BY 1";
        assert_eq!(world.db.texts(decided), ["auto_merged"]);

        let run = told.run.unwrap();
        let request = RollbackRequest { run, reason: "not beyond doubt".into(), dry_run: false };
        let back = importer.desk(Actor::admin("ann")).roll_back(&request).unwrap();
        assert_eq!(back.merges.len() as u64, told.merged, "{back:?}");
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
        // Whoever took all of it back has said so of each pair.
        let told = preview(&importer);
        assert_eq!((told.obvious, told.rejected), (0, 3), "{told:?}");
    }
}

#[test]
fn the_preview_shows_who_they_are_page_by_page() {
    for db in support::databases() {
        let importer = twice::imported(&db, &[0, 1, 2]);
        let desk = importer.desk(Actor::admin("ann"));
        let (mut request, mut seen) =
            (ObviousRequest { limit: 2, ..ObviousRequest::new("volunteer") }, vec![]);
        loop {
            let page = desk.preview_obvious(&request).unwrap();
            assert_eq!(page.obvious, 3);
            let Some(last) = page.pairs.last() else { break };
            assert!(page.pairs.len() <= 2);
            request.after = last.suggestion;
            seen.extend(page.pairs);
        }
        assert_eq!(seen.len(), 3, "{}", db.backend);
        for pair in &seen {
            assert_eq!(pair.left.values["first_name"], pair.right.values["first_name"]);
            assert_eq!(pair.left.values["dob"], pair.right.values["dob"]);
            assert!(pair.left.contacts.iter().any(|contact| contact.value.ends_with("example.org")));
        }
        // It tells of every field that nothing speaks against a pair.
        let steward = importer.desk(Actor::new("sue", Role::Steward));
        let masked = steward.preview_obvious(&ObviousRequest::new("volunteer")).unwrap();
        assert_eq!((masked.obvious, masked.pairs.len()), (3, 0));
    }
}

#[test]
fn it_is_judged_by_what_stands_and_not_by_what_was_stored() {
    for db in support::databases() {
        let importer = twice::imported(&db, &[0, 1, 2]);
        // Nothing of it is true any more, and all of it within one second.
        edit(&importer, 41, "dob", "1901-02-03");
        edit(&importer, 42, "first_name", "Wilhelmina");
        let sure = "UPDATE dedupe_suggestions SET score = 0.99, features_json = '{\"held_back\": []}'";
        db.execute(sure);
        let told = merge(&importer);
        assert_eq!((told.merged, told.left), (1, 2), "{}: {told:?}", db.backend);
        for id in [1, 2, 41, 42] {
            assert!(importer.record("volunteer", RecordId(id)).unwrap().is_some(), "{id}");
        }
    }
}

#[test]
fn who_was_parted_by_a_person_is_not_merged_again() {
    for db in support::databases() {
        let importer = twice::imported(&db, &[0, 1]);
        let desk = importer.desk(Actor::admin("ann"));
        let done = desk.merge(&MergeRequest::new("volunteer", [1, 41], "one person")).unwrap();
        desk.undo_merge(done.merge, "her sister").unwrap();
        let told = merge(&importer);
        assert_eq!((told.merged, told.rejected), (1, 1), "{}: {told:?}", db.backend);
        assert!(importer.record("volunteer", RecordId(41)).unwrap().is_some());
        // Whoever does it again says that they are one after all.
        desk.redo_merge(done.merge, "one person after all").unwrap();
        assert_eq!(importer.count("volunteer").unwrap(), twice::PEOPLE);
    }
}

#[test]
fn a_group_with_two_who_contradict_is_not_joined() {
    for db in support::databases() {
        // Three times the same man, one of them without a date of birth, and of the others one is the father.
        let importer = twice::imported(&db, &[]);
        let rows = "o1,Otto,Behr,otto@behr.example,8165550142,1950-01-02,Omaha\n\
                    o2,Otto,Behr,otto@behr.example,8165550142,,Omaha\n\
                    o3,Otto,Behr,otto@behr.example,8165550142,1979-08-09,Omaha\n";
        twice::bring(&db, "otto.csv", rows);
        for _ in 0..2 {
            merge(&importer);
            importer.scan(&ScanRequest { all: true, ..ScanRequest::new("volunteer") }).unwrap();
        }
        // Whose the undated one is nobody knows.
        let people = "SELECT COUNT(*) AS t FROM core_volunteers WHERE last_name = 'Behr'";
        assert_eq!(db.number(people), 3, "{}", db.backend);
    }
}

#[test]
fn all_of_it_is_merged_after_one_scan() {
    for db in support::databases() {
        // Some come three times: what is said of one of them changes with the merge of the others.
        let importer = twice::imported(&db, &[0, 0, 1, 1, 2]);
        importer.scan(&ScanRequest { all: true, ..ScanRequest::new("volunteer") }).unwrap();
        let shown = preview(&importer);
        let told = merge(&importer);
        assert_eq!((told.merged, told.obvious), (shown.obvious, shown.obvious), "{told:?}");
        assert_eq!(importer.count("volunteer").unwrap(), twice::PEOPLE, "{}: {told:?}", db.backend);
    }
}

#[test]
fn before_a_scan_nothing_is_merged_that_would_not_be_after_it() {
    // One letter apart at one home, the names of two people: what an import alone takes for likely is none.
    let near =
        [("Lucas", "Luca"), ("Mia", "Mila"), ("Zoe", "Zoey"), ("Hailey", "Hadley"), ("Sophia", "Sophie")];
    let rows: String = (near.iter().enumerate())
        .map(|(home, (one, other))| {
            let shared = format!(
                "Fam{home},home{home}@example.org,816555{home}{home}{home}{home},2012-05-0{}",
                home + 1
            );
            format!("{home}a,{one},{shared},\n{home}b,{other},{shared},\n")
        })
        .collect();
    for (db, other) in support::databases().into_iter().zip(support::databases()) {
        let merged = [(db, false), (other, true)].map(|(db, scans)| {
            let importer = twice::bring(&db, "school.csv", &rows);
            if scans {
                importer.scan(&ScanRequest::new("volunteer")).unwrap();
            }
            merge(&importer).merged
        });
        assert!(merged[0] <= merged[1], "{merged:?}");
        assert_eq!(merged[0], 0);
    }
}
