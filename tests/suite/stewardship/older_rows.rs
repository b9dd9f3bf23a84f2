//! A corrected row is as old as when it came: it sets what somebody set, fills what the record lacks, and replaces nothing else.
//! What a preview shows is what it does.

use std::collections::BTreeMap;

use importer::service::{
    Actor, BulkChange, BulkFix, FixPreview, MASKED, NewPerson, RecordEffect, Role, RowFix,
};
use importer::{Importer, RecordId};
use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{QuarantineFilter, RowId};
use importer_dq::Mode;

use super::super::support::{self, Database};
use super::quarantine::{desk, open};

const HEADER: &str = "first name,last name,email,phone,city,employer,photo release\n";
/// Rows that were held back, and what their source brought later.
const OLD: &str = "Ada,Quinn,ada@example.org,816 555 01,Omaha,Acme,yes\nBen,Roe,ben@example.org,816 555 02,Omaha,Acme,yes\n";
const NEW: &str = "Ada,Quinn,ada@example.org,,Tulsa,,no\nBen,Roe,ben@example.org,,Tulsa,,\n";

fn import(database: &Database, header: &str, rows: &str) {
    let folder = tempfile::tempdir().unwrap();
    let report = database.import(&support::file(folder.path(), "people.csv", format!("{header}{rows}")));
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{report:?}");
}

/// The old rows are in quarantine, and the people are known by newer ones.
fn world() -> impl Iterator<Item = Database> {
    support::databases().into_iter().inspect(|database| {
        import(database, HEADER, OLD);
        import(database, HEADER, NEW);
        assert_eq!(open(&database.importer()).len(), 2, "{}", database.backend);
        assert_eq!(database.importer().count("volunteer").unwrap(), 2, "{}", database.backend);
    })
}

type Values = BTreeMap<String, Option<String>>;

fn values(importer: &Importer, id: i64) -> Values {
    let person = importer.record("volunteer", RecordId(id)).unwrap().unwrap();
    let value = |(place, field): (usize, &importer_core::contracts::Field)| {
        (field.name.to_owned(), person.record.get(place).map(str::to_owned))
    };
    VOLUNTEER.columns().map(value).collect()
}

fn set(phone: &str) -> RowFix {
    RowFix::new("she called").set("phone", phone)
}

fn bulk(change: BulkChange) -> BulkFix {
    BulkFix::new(QuarantineFilter::default(), change, "as they are")
}

/// What a record comes to by what was shown.
fn with(mut values: Values, effect: &RecordEffect) -> Values {
    for field in &effect.fields {
        // Lists of contacts are no values.
        if let Some(value) = values.get_mut(&field.field) {
            assert_eq!(*value, field.before, "{field:?}");
            value.clone_from(&field.after);
        }
    }
    values
}

#[test]
fn one_correction_sets_what_somebody_set_and_shows_it_before() {
    for database in world() {
        let importer = database.importer();
        let (ada, ben) = (open(&importer)[0].row, open(&importer)[1].row);
        let before = values(&importer, 1);
        let shown = desk(&importer).preview_fix("volunteer", ada, &set("8165550142")).unwrap();
        assert_eq!(values(&importer, 1), before, "a preview changes nothing");
        assert_eq!(open(&importer).len(), 2, "{}", database.backend);
        let FixPreview { effect: Some(effect), .. } = shown else { panic!("{shown:?}") };
        let fields: Vec<&str> = effect.fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!((effect.record, &fields[..]), (Some(RecordId(1)), &["phone_e164", "employer"][..]));
        let kept: Vec<(&str, &str)> = effect.kept.iter().map(|kept| (kept.field, kept.why)).collect();
        assert_eq!(kept, [("city", "older_row"), ("photo_release", "older_row")]);
        let fixed = desk(&importer).fix("volunteer", ada, &set("8165550142")).unwrap();
        assert_eq!(fixed.loaded.unwrap().record, Some(RecordId(1)));
        assert_eq!(values(&importer, 1), with(before, &effect), "{}", database.backend);
        let after = values(&importer, 1);
        let value = |field: &str| after[field].as_deref();
        assert_eq!((value("phone_e164"), value("employer")), (Some("+18165550142"), Some("Acme")));
        assert_eq!((value("city"), value("photo_release")), (Some("Tulsa"), Some("false")));
        // The consent that somebody sets is a consent; one that they do not set is none, though the record has none either.
        desk(&importer).fix("volunteer", ben, &set("8165550143")).unwrap();
        assert_eq!(values(&importer, 2)["photo_release"], None, "{}", database.backend);
        import(&database, HEADER, "Ben,Roe,ben@example.org,816 555 03,Omaha,Acme,no\n");
        let again = open(&importer)[0].row;
        let consents = set("8165550143").set("photo_release", "yes").set("city", "Lenexa");
        desk(&importer).fix("volunteer", again, &consents).unwrap();
        let ben = values(&importer, 2);
        assert_eq!(ben["photo_release"].as_deref(), Some("true"), "{}", database.backend);
        assert_eq!(ben["city"].as_deref(), Some("Lenexa"), "{}", database.backend);
    }
}

#[test]
fn many_rows_do_what_their_preview_shows() {
    let replace = |find: &str, replace: &str| BulkChange::Replace {
        field: "phone".into(),
        find: find.into(),
        replace: replace.into(),
    };
    for (change, mode) in [
        (replace("816 555 0", "816 555 014"), Mode::Enforce),
        (BulkChange::Exempt { rules: vec!["FMT-102".into()] }, Mode::Enforce),
        (BulkChange::Nothing, Mode::Warn),
    ] {
        for database in world() {
            let csv = importer_adapter_csv::plugin();
            let builder = Importer::builder().database(&database.url).plugin(csv);
            let importer = builder.rules_mode(Some(mode)).build().unwrap();
            let before: Vec<Values> = [1, 2].map(|id| values(&importer, id)).into();
            let preview = desk(&importer).preview_bulk("volunteer", &bulk(change.clone()), 9).unwrap();
            assert_eq!((preview.counts.loaded, preview.rows.len()), (2, 2), "{preview:?}");
            let done = desk(&importer).fix_bulk("volunteer", &bulk(change.clone())).unwrap();
            assert_eq!(done.loaded, 2, "{done:?}");
            for (row, (id, before)) in preview.rows.iter().zip((1..).zip(before)) {
                let effect = row.effect.as_ref().unwrap();
                assert_eq!((effect.record, effect.outcome), (Some(RecordId(id)), "updated"), "{change:?}");
                let after = values(&importer, id);
                assert_eq!(after, with(before.clone(), effect), "{change:?} {}", database.backend);
                for field in ["city", "photo_release"] {
                    assert_eq!(after[field], before[field], "{field} {change:?} {}", database.backend);
                }
                assert_eq!(after["employer"].as_deref(), Some("Acme"), "a blank is filled: {change:?}");
            }
        }
    }
}

#[test]
fn a_row_counts_for_the_rows_shown_behind_it() {
    // Two rows of a person whom nobody knows, in files with other columns: what the second does depends on the first.
    let other = "first,last,e-mail,tel,town\nCy,Poe,cy@example.org,816 555 03,Salina\n";
    for database in support::databases() {
        import(&database, HEADER, "Cy,Poe,cy@example.org,816 555 03,Omaha,,yes\n");
        import(&database, "", other);
        let importer = database.importer();
        let change = BulkChange::Replace {
            field: "phone_e164".into(),
            find: "816 555 0".into(),
            replace: "816 555 014".into(),
        };
        let preview = desk(&importer).preview_bulk("volunteer", &bulk(change.clone()), 9).unwrap();
        let shown: Vec<(&str, usize)> = preview
            .rows
            .iter()
            .map(|row| row.effect.as_ref().map(|effect| (effect.outcome, effect.fields.len())).unwrap())
            .collect();
        desk(&importer).fix_bulk("volunteer", &bulk(change)).unwrap();
        assert_eq!(importer.count("volunteer").unwrap(), 1, "{}", database.backend);
        let done = database.texts(
            "SELECT o.outcome || ' ' || (SELECT COUNT(*) FROM change_log c WHERE c.staging_id = o.id AND c.field IS NOT NULL) AS t \
             FROM row_outcomes o JOIN import_runs r ON r.id = o.run_id WHERE r.source = 'corrections' ORDER BY o.id",
        );
        let shown: Vec<String> =
            shown.iter().map(|(outcome, fields)| format!("{outcome} {fields}")).collect();
        assert_eq!(shown, done, "{}", database.backend);
        assert_eq!(shown.len(), 2, "{}", database.backend);
    }
}

#[test]
fn a_person_made_by_hand_who_is_known_gets_what_was_typed_and_keeps_the_rest() {
    for database in support::databases() {
        import(&database, HEADER, "Ada,Quinn,ada@example.org,8165550142,Tulsa,Acme,no\n");
        let importer = database.importer();
        let typed = NewPerson::new("at the desk").set("first_name", "Ada").set("last_name", "Quinn");
        let typed = typed.set("email", "ada@example.org").set("city", "Salina");
        let made = desk(&importer).create("volunteer", &typed).unwrap();
        assert_eq!(made.loaded.unwrap().record, Some(RecordId(1)));
        let after = values(&importer, 1);
        assert_eq!(
            (after["city"].as_deref(), after["photo_release"].as_deref()),
            (Some("Salina"), Some("false"))
        );
        assert_eq!(after["employer"].as_deref(), Some("Acme"), "{}", database.backend);
    }
}

#[test]
fn a_correction_that_the_rules_hold_back_shows_why_and_no_record() {
    for database in world() {
        let importer = database.importer();
        let row: RowId = open(&importer)[0].row;
        let shown = desk(&importer).preview_fix("volunteer", row, &set("12")).unwrap();
        assert_eq!((shown.effect, shown.findings[0].rule.as_str()), (None, "FMT-102"));
    }
}

#[test]
fn a_preview_hides_what_the_role_does_not_see() {
    let header = HEADER.replace("photo release", "dob");
    for database in support::databases() {
        import(&database, &header, "Ada,Quinn,ada@example.org,816 555 01,Omaha,Acme,1985-04-23\n");
        import(&database, &header, "Ada,Quinn,ada@example.org,,Tulsa,,\n");
        let importer = database.importer();
        let row = open(&importer)[0].row;
        let steward = importer.desk(Actor::new("sam", Role::Steward));
        let effect = steward.preview_fix("volunteer", row, &set("8165550142")).unwrap().effect.unwrap();
        let shown = |name: &str| {
            let field = effect.fields.iter().find(|field| field.field == name).unwrap();
            (field.before.as_deref(), field.after.as_deref(), field.why.as_str())
        };
        assert_eq!(shown("dob"), (None, Some(MASKED), MASKED), "{}", database.backend);
        assert_eq!(shown("phone_e164"), (None, Some("+18165550142"), "first_value"), "{}", database.backend);
    }
}
