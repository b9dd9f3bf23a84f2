use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{
    Change, ChangeAction, ContactKind, CoreRecord, CoreWrite, MapEntry, MatchKey, Origin, RecordId, RowId,
    RunId, Session, Suggestion, SuggestionKind,
};

use super::{Subject, at, awkward_texts, begun, contact, person, place, stores};

fn insert(session: &mut dyn Session, inserts: Vec<CoreRecord>) {
    let write = CoreWrite { inserts, ..CoreWrite::default() };
    session.write(&VOLUNTEER, None, "tester", &write, at(9)).unwrap();
}

#[test]
fn texts_come_back_byte_for_byte() {
    for subject in stores() {
        let people: Vec<CoreRecord> = (1..)
            .zip(awkward_texts())
            .map(|(id, text)| {
                let mut person = person(id, &[("first_name", &text), ("notes", &text)]);
                // A unique index cannot hold a text of megabytes, and no address is one.
                let short: String = text.chars().take(100).collect();
                person.contacts = vec![contact(ContactKind::Email, &short, true)];
                person.contacts[0].original = Some(text.as_str().into());
                person.contacts[0].extension = Some(text.as_str().into());
                person.origin = Origin::new(text.as_str(), None);
                person
                    .field_origins
                    .insert("notes".into(), Origin::new(text.as_str(), Some("2025-01-01T00:00:00Z")));
                person
            })
            .collect();
        insert(subject.session().as_mut(), people.clone());
        let ids: Vec<RecordId> = people.iter().map(|p| p.id).collect();
        let stored = subject.session().load(&VOLUNTEER, &ids).unwrap();
        for (stored, written) in stored.iter().zip(&people) {
            let text = written.record.get(place("notes")).unwrap();
            assert!(stored == written, "{text:.40?} on {}", subject.name());
        }
        assert_eq!(stored.len(), people.len());

        // An update takes another way into the database than an insert.
        let mut session = subject.session();
        let updates: Vec<CoreRecord> = people
            .iter()
            .rev()
            .zip(&people)
            .map(|(other, person)| CoreRecord { record: other.record.clone(), ..person.clone() })
            .collect();
        let write = CoreWrite { updates: updates.clone(), ..CoreWrite::default() };
        session.write(&VOLUNTEER, None, "tester", &write, at(10)).unwrap();
        assert!(session.load(&VOLUNTEER, &ids).unwrap() == updates, "{}", subject.name());
    }
}

#[test]
fn dates_moments_flags_and_numbers_keep_their_canonical_text() {
    let rows: [&[(&str, &str)]; 5] = [
        &[
            ("dob", "1985-04-23"),
            ("student_flag", "true"),
            ("grad_year", "2027"),
            ("consent_required", "false"),
        ],
        &[("dob", "0001-01-01"), ("background_check_date", "9999-12-31"), ("photo_release", "false")],
        &[("consent_signed_at", "2025-03-01T15:04:05Z"), ("source_updated_at", "1969-12-31T23:59:59Z")],
        &[("consent_signed_at", "2024-02-29T00:00:00Z"), ("grad_year", "-9223372036854775808")],
        &[],
    ];
    for subject in stores() {
        let people: Vec<CoreRecord> = (1..).zip(rows).map(|(id, values)| person(id, values)).collect();
        let mut session = subject.session();
        insert(session.as_mut(), people.clone());
        assert_eq!(
            session
                .load(&VOLUNTEER, &[RecordId(1), RecordId(2), RecordId(3), RecordId(4), RecordId(5)])
                .unwrap(),
            people,
            "{}",
            subject.name()
        );
        // The same through an update.
        let write = CoreWrite { updates: people.clone(), ..CoreWrite::default() };
        session.write(&VOLUNTEER, None, "tester", &write, at(10)).unwrap();
        assert_eq!(
            session
                .load(&VOLUNTEER, &[RecordId(1), RecordId(2), RecordId(3), RecordId(4), RecordId(5)])
                .unwrap(),
            people,
            "{}",
            subject.name()
        );
    }
}

#[test]
fn records_come_in_the_order_of_their_ids_with_their_own_contacts() {
    for subject in stores() {
        // More than one statement carries.
        let people: Vec<CoreRecord> = (1..=130)
            .map(|id| {
                let (email, phone) = (format!("p{id:03}@example.org"), format!("+1816555{id:04}"));
                let mut person = person(id, &[("email_normalized", &email), ("phone_e164", &phone)]);
                person.contacts.insert(1, contact(ContactKind::Email, "a-shared@example.org", false));
                person.contacts.insert(2, contact(ContactKind::Email, "ab-shared@example.org", false));
                person
            })
            .collect();
        let mut session = subject.session();
        insert(session.as_mut(), people.clone());
        assert_eq!(
            session
                .load(&VOLUNTEER, &[RecordId(130), RecordId(7), RecordId(999), RecordId(7), RecordId(1)])
                .unwrap(),
            [0, 6, 129].map(|i| people[i].clone())
        );
        assert_eq!(session.load(&VOLUNTEER, &[]).unwrap(), []);
        assert_eq!((session.count(&VOLUNTEER).unwrap(), session.last_id(&VOLUNTEER).unwrap().0), (130, 130));
    }
}

#[test]
fn an_id_is_never_given_twice() {
    for subject in stores() {
        let mut session = subject.session();
        assert_eq!(session.reserve_ids(&VOLUNTEER, 0).unwrap(), [0_i64; 0]);
        let ids = session.reserve_ids(&VOLUNTEER, 3).unwrap();
        assert!(ids.is_sorted() && ids.len() == 3, "{ids:?}");
        insert(session.as_mut(), ids.iter().map(|&id| person(id.0, &[])).collect());
        // Even a record that was deleted keeps its id for itself.
        subject.database.execute("DELETE FROM core_volunteers");
        let more = session.reserve_ids(&VOLUNTEER, 2).unwrap();
        assert!(more[0] > ids[2], "{more:?} after {ids:?} on {}", subject.name());
        insert(session.as_mut(), more.iter().map(|&id| person(id.0, &[])).collect());
        // A host that inserts on its own draws from the same numbers.
        let host = "INSERT INTO core_volunteers (ingest_version, created_at, updated_at, origin_source) \
                    VALUES ('1.0', '2025-06-01T00:00:00Z', '2025-06-01T00:00:00Z', 'host')";
        subject.database.execute(host);
        let last = session.last_id(&VOLUNTEER).unwrap();
        assert!(last > more[1], "{}", subject.name());
        assert!(session.reserve_ids(&VOLUNTEER, 1).unwrap()[0] > last, "{}", subject.name());
    }
}

#[test]
fn records_are_found_under_their_keys() {
    let key = |kind, hash| MatchKey { kind, hash };
    for subject in stores() {
        let mut session = subject.session();
        let (low, high) = (key(1, i64::MIN), key(2, i64::MAX));
        let [one, two] = [1, 2].map(RecordId);
        let keys = vec![(low, one), (low, two), (high, two), (low, one)];
        let write = CoreWrite { keys, ..CoreWrite::default() };
        for _ in 0..2 {
            session.write(&VOLUNTEER, None, "tester", &write, at(9)).unwrap();
        }
        let asked = [low, high, key(1, i64::MAX), key(3, 0)];
        assert_eq!(
            session.find_keys(&VOLUNTEER, &asked, 100).unwrap(),
            [(low, one), (low, two), (high, two)],
            "{}",
            subject.name()
        );
        assert_eq!(session.find_keys(&VOLUNTEER, &[], 100).unwrap(), []);
    }
}

fn one(subject: &Subject, sql: &str) -> String {
    subject.database.texts(sql).pop().unwrap()
}

#[test]
fn an_entry_of_the_id_map_remembers_when_it_was_first_seen() {
    for subject in stores() {
        let mut session = subject.session();
        let mut entry = MapEntry {
            external_id: "O'Neil \\ 7".into(),
            core_id: RecordId(1),
            row_hash: 1,
            other_rows: vec![],
            staging_id: RowId(1),
            last_run: RunId(0),
            known: false,
        };
        let seen = ["first_seen_at", "last_seen_at"].map(|c| format!("SELECT {c} AS t FROM external_id_map"));
        let mut times = Vec::new();
        for hour in [9, 10] {
            let run = begun(session.as_mut(), "csv");
            (entry.last_run, entry.core_id, entry.row_hash) =
                (run.id, RecordId(hour.into()), i64::from(hour));
            entry.known = hour > 9;
            let write = CoreWrite { map: vec![entry.clone()], ..CoreWrite::default() };
            session.write(&VOLUNTEER, Some(&run), "tester", &write, at(hour)).unwrap();
            assert_eq!(
                session.find_external(&VOLUNTEER, "csv", &["O'Neil \\ 7"]).unwrap(),
                [MapEntry { known: true, ..entry.clone() }]
            );
            times.push(seen.clone().map(|sql| one(&subject, &sql)));
        }
        assert_eq!(times[0][0], times[1][0], "first seen, on {}", subject.name());
        assert!(times[0][1] < times[1][1], "last seen, on {}", subject.name());
    }
}

#[test]
fn a_pair_is_suggested_once_and_a_decision_stays() {
    for subject in stores() {
        let mut session = subject.session();
        let run = begun(session.as_mut(), "csv");
        let features_json = r#"{"a":"é"}"#.to_owned();
        let pair = |kind| {
            let features_json = features_json.clone();
            Suggestion {
                row: RowId(1),
                left: RecordId(3),
                right: RecordId(9),
                kind,
                score: Some(0.875),
                features_json,
            }
        };
        for kind in [SuggestionKind::PossibleDuplicate, SuggestionKind::Household] {
            let write = CoreWrite { suggestions: vec![pair(kind)], ..CoreWrite::default() };
            session.write(&VOLUNTEER, Some(&run), "tester", &write, at(9)).unwrap();
            subject.database.execute("UPDATE dedupe_suggestions SET decision = 'rejected'");
        }
        let sql = "SELECT kind || ' ' || decision || ' ' || score || ' ' || features_json AS t FROM dedupe_suggestions";
        assert_eq!(
            subject.database.texts(sql),
            [r#"possible_duplicate rejected 0.875 {"a":"é"}"#],
            "{}",
            subject.name()
        );
    }
}

#[test]
fn changes_are_logged_with_their_values() {
    for subject in stores() {
        let mut session = subject.session();
        let change = |field: Option<&str>, old: Option<&str>, new: Option<&str>| Change {
            core_id: RecordId(1),
            row: None,
            action: if field.is_some() { ChangeAction::Updated } else { ChangeAction::Created },
            field: field.map(Into::into),
            old: old.map(Into::into),
            new: new.map(Into::into),
            reason: "because\nof \"it\"".into(),
        };
        let changes = vec![
            change(None, None, None),
            change(Some("city"), None, Some("a\tb\\N")),
            change(Some("city"), Some(""), None),
        ];
        let write = CoreWrite { changes, ..CoreWrite::default() };
        session.write(&VOLUNTEER, None, "Zoë", &write, at(9)).unwrap();
        let sql = "SELECT action || '|' || COALESCE(field, '-') || '|' || COALESCE(old_value, '-') || '|' || \
                   COALESCE(new_value, '-') || '|' || actor || '|' || reason AS t FROM change_log ORDER BY id";
        let expected = ["created|-|-|-", "updated|city|-|a\tb\\N", "updated|city||-"];
        let expected = expected.map(|line| format!("{line}|Zoë|because\nof \"it\""));
        assert_eq!(subject.database.texts(sql), expected, "{}", subject.name());
    }
}
