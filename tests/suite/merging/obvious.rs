//! Merging what is beyond doubt, and taking all of it back.

use importer::service::{Actor, RollbackRequest};

use super::snapshot;
use crate::merging::history::World;
use crate::{scan, support};

#[test]
fn what_is_obvious_is_merged_as_a_run_that_can_be_taken_back() {
    for db in support::databases() {
        drop(scan::imported(&db));
        let world = World::beside(db);
        let importer = world.db.importer();
        scan::scan(&importer, true);
        // Two of them are beyond doubt, of a third something speaks against it.
        let sure = "UPDATE dedupe_suggestions SET score = 0.99, features_json = '{\"held_back\": []}' WHERE";
        world.db.execute(&format!("{sure} right_id IN (81, 82)"));
        let before = snapshot(&world.db);
        let desk = importer.desk(Actor::admin("ann"));
        let preview = desk.preview_obvious("volunteer").unwrap();
        assert_eq!(snapshot(&world.db), before);
        assert!(preview.obvious >= 1 && preview.run.is_none(), "{preview:?}");
        let told = desk.merge_obvious("volunteer", "beyond doubt").unwrap();
        assert_eq!((told.merged, told.obvious), (preview.obvious, preview.obvious), "{told:?}");
        assert_ne!(snapshot(&world.db), before);
        let again = desk.merge_obvious("volunteer", "once more").unwrap();
        assert_eq!((again.merged, again.obvious), (0, 0), "{again:?}");
        let decided =
            "SELECT DISTINCT decision AS t FROM dedupe_suggestions WHERE decision <> 'open' ORDER BY 1";
        assert_eq!(world.db.texts(decided), ["auto_merged"]);

        let run = told.run.unwrap();
        let request = RollbackRequest { run, reason: "not beyond doubt".into(), dry_run: false };
        let back = desk.roll_back(&request).unwrap();
        assert_eq!(back.merges.len() as u64, told.merged, "{back:?}");
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
    }
}
