//! Two ids of one source are two statements: neither corrects the other, in a merge, in an import and whenever they come again.

use importer::service::{Actor, MergeRequest};
use importer::{Importer, RecordId};

use super::field;
use crate::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,phone,city,employer,photo release,background check\n";
const ONE: &str = "1,Robert,Stone,rs@example.org,8165550142,Omaha,,no,failed\n";
const TWO: &str = "2,Bob,Stone,bob@example.net,8165550143,Tulsa,,yes,cleared\n";
const FIELDS: [&str; 5] =
    ["email_normalized", "phone_e164", "city", "photo_release", "background_check_status"];

fn import(database: &Database, rows: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", format!("{HEADER}{}", rows.concat()));
    let report = database.import(&file);
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{report:?}");
    assert_eq!(report.counts.quarantined, 0, "{report:?}");
}

fn values(importer: &Importer, id: i64) -> Vec<Option<String>> {
    FIELDS.iter().map(|name| field(importer, id, name)).collect()
}

#[test]
fn a_merge_keeps_the_survivor_s_values_contacts_and_consent() {
    for (survivor, retired, own, other) in [(1, 2, ONE, TWO), (2, 1, TWO, ONE)] {
        for database in support::databases() {
            import(&database, &[ONE, TWO]);
            let importer = database.importer();
            let before = values(&importer, survivor);
            let desk = importer.desk(Actor::admin("ann"));
            let mut request = MergeRequest::new("volunteer", [1, 2], "one person");
            request.survivor = Some(RecordId(survivor));
            let planned = desk.preview_merge(&request).unwrap();
            let why =
                |name: &str| planned.fields.iter().find(|field| field.field == name).unwrap().why.clone();
            assert_eq!((why("city"), why("photo_release")), ("other_id_kept".into(), "other_id_kept".into()));
            let done = desk.merge(&request).unwrap();
            assert_eq!(values(&importer, survivor), before, "{survivor} {}", database.backend);
            let person = importer.record("volunteer", RecordId(survivor)).unwrap().unwrap();
            assert_eq!(person.contacts.len(), 4, "both have their contacts");
            // The other row comes again with something else: that is taken, what it said before is not.
            import(&database, &[own, &other.replace(",,", ",Acme,")]);
            assert_eq!(values(&importer, survivor), before, "{survivor} {}", database.backend);
            assert_eq!(field(&importer, survivor, "employer").as_deref(), Some("Acme"));
            // Whatever an id says anew is a correction, also of a consent.
            let (was, is) = if survivor == 1 { ("no", "yes") } else { ("yes", "no") };
            import(&database, &[&own.replace(was, is), &other.replace(",,", ",Acme,")]);
            let release = field(&importer, survivor, "photo_release");
            assert_eq!(release.as_deref(), Some(if is == "yes" { "true" } else { "false" }));
            // Taken back, each has its own.
            desk.undo_merge(done.merge, "brothers").unwrap();
            let apart = values(&importer, retired);
            assert_eq!(apart[2].as_deref(), Some(if retired == 1 { "Omaha" } else { "Tulsa" }));
        }
    }
}

#[test]
fn an_import_that_joins_two_ids_keeps_what_was_said_first() {
    let two = "2,Robert,Stone,rs@example.org,8165550142,Tulsa,,yes,cleared\n";
    for database in support::databases() {
        import(&database, &[ONE, two]);
        let importer = database.importer();
        assert_eq!(importer.count("volunteer").unwrap(), 1, "{}", database.backend);
        let value = |name: &str| field(&importer, 1, name);
        let kept = || [value("city"), value("photo_release"), value("background_check_status")];
        let first = [Some("Omaha".into()), Some("false".into()), Some("failed".into())];
        assert_eq!(kept(), first, "{}", database.backend);
        // The same in a later file, with something new to be processed for.
        import(&database, &[ONE, &two.replace(",,", ",Acme,")]);
        assert_eq!(
            (kept(), value("employer").as_deref()),
            (first.clone(), Some("Acme")),
            "{}",
            database.backend
        );
        import(&database, &[&ONE.replace("Omaha", "Salina"), two]);
        assert_eq!(value("city").as_deref(), Some("Salina"), "{}", database.backend);
        assert_eq!(value("photo_release").as_deref(), Some("false"), "{}", database.backend);
    }
}

#[test]
fn a_later_row_of_a_source_without_ids_corrects_all_but_a_refusal() {
    for database in support::databases() {
        let bare = |rows: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            let rows: String = rows.iter().map(|row| &row[2..]).collect();
            let file = support::file(folder.path(), "people.csv", format!("{}{rows}", &HEADER[3..]));
            database.import(&file)
        };
        bare(&[ONE]);
        bare(&[&ONE.replace("Omaha", "Salina").replace("no,failed", "yes,cleared")]);
        let importer = database.importer();
        assert_eq!(importer.count("volunteer").unwrap(), 1, "{}", database.backend);
        assert_eq!(field(&importer, 1, "city").as_deref(), Some("Salina"));
        assert_eq!(field(&importer, 1, "photo_release").as_deref(), Some("false"), "{}", database.backend);
        assert_eq!(field(&importer, 1, "background_check_status").as_deref(), Some("failed"));
    }
}
