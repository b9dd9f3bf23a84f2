//! The command line, which has no option for a host's tables, leaves none of their rows behind.

use super::{Desk, PEOPLE};
use crate::support;

const SHIFTS: &str = "CREATE TABLE shifts (volunteer_id BIGINT NOT NULL REFERENCES core_volunteers (id), day TEXT NOT NULL, \
     PRIMARY KEY (volunteer_id, day))";

fn desk_with_shifts(db: support::Database) -> Desk {
    let desk = Desk::on(db);
    desk.file("people.csv", PEOPLE);
    desk.run("people.csv", &[]).succeeds();
    desk.db.execute(SHIFTS);
    desk.db.execute("INSERT INTO shifts VALUES (1, 'mon'), (2, 'tue'), (2, 'wed')");
    desk
}

/// Every shift, and that none refers to nobody.
#[track_caller]
fn shifts(desk: &Desk) -> Vec<String> {
    let orphans = "SELECT COUNT(*) AS t FROM shifts s WHERE NOT EXISTS (SELECT 1 FROM core_volunteers c WHERE c.id = s.volunteer_id)";
    assert_eq!(desk.db.number(orphans), 0, "{}", desk.db.backend);
    desk.db.texts("SELECT volunteer_id || ' ' || day AS t FROM shifts ORDER BY day, volunteer_id")
}

#[test]
fn merge_undo_and_rollback_take_a_hosts_rows_with_them_or_leave_what_they_refer_to() {
    for db in support::databases() {
        let desk = desk_with_shifts(db);
        let before = shifts(&desk);
        desk.call(["merge", "1", "2", "--reason", "one person"]).succeeds();
        let merged = ["1 mon", "1 tue", "1 wed"];
        assert_eq!(shifts(&desk), merged, "{}", desk.db.backend);
        desk.call(["undo", "1", "--reason", "two people"]).succeeds();
        assert_eq!(shifts(&desk), before, "{}", desk.db.backend);
        desk.call(["undo", "1", "--again", "--reason", "one person after all"]).succeeds();
        assert_eq!(shifts(&desk), merged, "{}", desk.db.backend);
        desk.call(["undo", "2", "--reason", "two people"]).succeeds();

        let told = desk.call(["rollback", "1", "--reason", "the wrong file"]);
        told.succeeds();
        assert!(
            told.out.contains("rows of the host that refer to the record: 2 [referenced_by_host]"),
            "{told:?}"
        );
        assert_eq!(shifts(&desk), before, "{}", desk.db.backend);
    }
}

#[test]
fn a_merge_that_a_hosts_table_does_not_take_is_refused_with_what_to_do() {
    for db in support::databases() {
        let desk = desk_with_shifts(db);
        desk.db.execute("INSERT INTO shifts VALUES (1, 'wed')");
        let before = shifts(&desk);
        let refused = desk.call(["merge", "1", "2", "--reason", "one person"]);
        refused.fails(1, &["shifts", "volunteer_id", "change or delete one of them"]);
        assert_eq!((shifts(&desk), desk.rows("merge_log"), desk.rows("core_volunteers")), (before, 0, 2));
    }
}
