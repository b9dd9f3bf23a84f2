//! Lists of records: pages that neither repeat nor leave out, found by what the role sees alone.

use importer::service::{Actor, Desk, Role};
use importer::{ErrorKind, RecordFilter, RecordId, RecordOrder};

use super::support;

const PEOPLE: &str = "id,first name,last name,email,phone,employer,city\n\
    1,Ann,Lee,ann@example.org,816-555-0101,Midwest Bank,Liberty\n\
    2,Bob,lee,bob@example.org,,Bank of Lima,\n\
    3,Cid,Ray,cid@example.org,816-555-0103,,Liberty\n\
    4,Dee,\u{d6}rn,dee@example.org,,,\n\
    5,Eve,Abt,eve@example.org,,Midwest Bank,Ogden\n\
    6,Fay,Lee,fay@example.org,,,\n";

/// The ids of all pages of a filter, one after the other.
fn pages(desk: &Desk<'_>, filter: &RecordFilter, size: usize) -> Vec<RecordId> {
    let mut filter = RecordFilter { limit: size, after: None, ..filter.clone() };
    let mut found = Vec::new();
    loop {
        let page = desk.find("volunteer", &filter).unwrap();
        assert!(page.records.len() <= size);
        found.extend(page.records.iter().map(|record| record.id));
        filter.after = page.next;
        if filter.after.is_none() {
            return found;
        }
    }
}

fn field(name: &str, text: &str) -> RecordFilter {
    RecordFilter { fields: vec![(name.into(), text.into())], ..RecordFilter::default() }
}

#[test]
fn pages_of_any_size_in_any_order_are_the_same_list_on_both_databases() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", PEOPLE);
    for db in support::databases() {
        db.import(&file);
        let importer = db.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let by = |field: &str| RecordOrder::Field(field.into());
        let by_name = [5, 1, 2, 6, 3, 4];
        for (order, list) in [
            (RecordOrder::Id, [1, 2, 3, 4, 5, 6]),
            (by("last_name"), by_name),
            (by("employer"), [3, 4, 6, 2, 1, 5]),
            (RecordOrder::Updated, [1, 2, 3, 4, 5, 6]),
        ] {
            for descending in [false, true] {
                let filter = RecordFilter { order: order.clone(), descending, ..RecordFilter::default() };
                let mut expected = list.to_vec();
                if descending {
                    expected.reverse();
                }
                for size in [1, 2, 5, 6, 50] {
                    assert_eq!(pages(&desk, &filter, size), expected, "{} {order:?} {size}", db.backend);
                }
            }
        }
        // Whoever goes or comes between two pages moves nobody else.
        let filter = RecordFilter { order: by("last_name"), limit: 2, ..RecordFilter::default() };
        let first = desk.find("volunteer", &filter).unwrap();
        db.execute("UPDATE core_volunteers SET last_name = 'Aa' WHERE id = 4");
        let rest = RecordFilter { after: first.next, limit: 50, ..filter };
        assert_eq!(pages_from(&desk, &rest), [2, 6, 3], "{}", db.backend);
    }
}

fn pages_from(desk: &Desk<'_>, filter: &RecordFilter) -> Vec<RecordId> {
    desk.find("volunteer", filter).unwrap().records.iter().map(|record| record.id).collect()
}

#[test]
fn records_are_found_by_name_contact_identifier_and_organisation_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", PEOPLE);
    for db in support::databases() {
        db.import(&file);
        let importer = db.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let some = RecordFilter::default;
        let text = |text: &str| RecordFilter { text: Some(text.into()), ..some() };
        for (what, filter, found) in [
            ("name", field("last_name", "LEE"), &[1, 2, 6][..]),
            ("organisation", field("employer", "bank"), &[1, 2, 5]),
            ("two fields", RecordFilter { text: Some("liberty".into()), ..field("last_name", "lee") }, &[1]),
            ("contact", RecordFilter { contact: Some("+1816".into()), ..some() }, &[1, 3]),
            ("text in a contact", text("dee@"), &[4]),
            ("text nowhere", text("100%"), &[]),
            ("identifier", RecordFilter { external_id: Some("5".into()), ..some() }, &[5]),
            ("system", RecordFilter { external_system: Some("csv".into()), ..some() }, &[1, 2, 3, 4, 5, 6]),
            ("other system", RecordFilter { external_system: Some("crm".into()), ..some() }, &[]),
        ] {
            assert_eq!(pages(&desk, &filter, 2), found, "{}: {what}", db.backend);
            let count = desk.find_count("volunteer", &RecordFilter { limit: 1, ..filter }).unwrap();
            assert_eq!((count.count, count.more), (found.len() as u64, false), "{}: {what}", db.backend);
        }
        let error = desk.find("volunteer", &field("last_nam", "x")).unwrap_err();
        assert!(error.to_string().contains("there is no field `last_nam`"), "{error}");
    }
}

#[test]
fn nobody_finds_out_what_they_do_not_see_by_looking_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", PEOPLE);
    let db = support::sqlite();
    db.import(&file);
    let importer = db.importer();
    let desk = importer.desk(Actor::new("vic", Role::Viewer));
    let some = RecordFilter::default;
    for (what, filter) in [
        ("contact", RecordFilter { contact: Some("ann@".into()), ..some() }),
        ("external id", RecordFilter { external_id: Some("1".into()), ..some() }),
        ("field", field("email_normalized", "ann@")),
        ("order", RecordFilter { order: RecordOrder::Field("email_normalized".into()), ..some() }),
    ] {
        for error in [desk.find("volunteer", &filter).err(), desk.find_count("volunteer", &filter).err()] {
            assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Forbidden), "{what}");
        }
    }
    let text = |text: &str| RecordFilter { text: Some(text.into()), ..some() };
    assert_eq!(pages(&desk, &text("ann"), 50), [1], "by the name, which a viewer sees");
    assert_eq!(pages(&desk, &text("ann@example"), 50), [0_i64; 0], "and not by the address");
    assert_eq!(desk.find_count("volunteer", &text("ann@example")).unwrap().count, 0);
}
