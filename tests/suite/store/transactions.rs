use importer::ErrorKind;
use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{CoreRecord, CoreWrite, Session};

use super::{at, begun, person, stores};

fn insert(session: &mut dyn Session, people: Vec<CoreRecord>) -> importer::Result<()> {
    let write = CoreWrite { inserts: people, ..CoreWrite::default() };
    session.write(&VOLUNTEER, None, "tester", &write, at(9))
}

fn count(session: &mut dyn Session) -> i64 {
    session.count(&VOLUNTEER).unwrap()
}

#[test]
fn a_transaction_lasts_or_leaves_nothing() {
    for subject in stores() {
        let (mut session, mut other) = (subject.session(), subject.session());
        session.begin().unwrap();
        insert(session.as_mut(), vec![person(1, &[])]).unwrap();
        assert_eq!((count(session.as_mut()), count(other.as_mut())), (1, 0), "{}", subject.name());
        session.rollback().unwrap();
        assert_eq!(count(session.as_mut()), 0, "{}", subject.name());

        session.begin().unwrap();
        insert(session.as_mut(), vec![person(1, &[])]).unwrap();
        session.commit().unwrap();
        assert_eq!(count(other.as_mut()), 1, "{}", subject.name());

        // Whoever dies in the middle has done nothing.
        session.begin().unwrap();
        insert(session.as_mut(), vec![person(2, &[])]).unwrap();
        drop(session);
        assert_eq!(count(other.as_mut()), 1, "{}", subject.name());
    }
}

#[test]
fn what_the_host_forbids_is_refused_and_the_session_goes_on() {
    for subject in stores() {
        let forbid = "CREATE UNIQUE INDEX host_one_address ON core_volunteers (email_normalized)";
        subject.database.execute(forbid);
        let mut session = subject.session();
        let twin = |id| person(id, &[("email_normalized", "secret@example.org")]);
        session.begin().unwrap();
        insert(session.as_mut(), vec![twin(1)]).unwrap();
        session.commit().unwrap();
        session.begin().unwrap();
        let error = insert(session.as_mut(), vec![person(2, &[]), twin(3)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "personal data in: {error}");
        session.rollback().unwrap();
        session.begin().unwrap();
        insert(session.as_mut(), vec![person(4, &[])]).unwrap();
        session.commit().unwrap();
        assert_eq!(
            subject.database.texts("SELECT id AS t FROM core_volunteers ORDER BY id"),
            ["1", "4"],
            "{}",
            subject.name()
        );
    }
}

#[test]
fn what_no_column_takes_is_refused() {
    for subject in stores() {
        let mut session = subject.session();
        let run = begun(session.as_mut(), "csv");
        let mut orphan = person(1, &[]);
        orphan.contacts =
            vec![super::contact(importer_core::ports::ContactKind::Email, "a@example.org", true)];
        let twice = CoreWrite { inserts: vec![orphan.clone(), orphan], ..CoreWrite::default() };
        session.begin().unwrap();
        let error = session.write(&VOLUNTEER, Some(&run), "tester", &twice, at(9)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error} on {}", subject.name());
        session.rollback().unwrap();
    }
}

#[test]
fn a_scratch_store_is_empty_and_private() {
    for subject in stores() {
        insert(subject.session().as_mut(), vec![person(1, &[])]).unwrap();
        let scratch = || subject.store.scratch(&VOLUNTEER).unwrap();
        let (mut scratch, mut other) = (scratch(), scratch());
        assert_eq!(count(scratch.as_mut()), 0, "{}", subject.name());
        insert(scratch.as_mut(), vec![person(7, &[]), person(8, &[])]).unwrap();
        assert_eq!((count(scratch.as_mut()), count(other.as_mut())), (2, 0));
        assert_eq!(count(subject.session().as_mut()), 1, "{}", subject.name());
    }
}

#[test]
fn importers_wait_for_each_other_as_long_as_it_takes_and_for_others_as_long_as_is_set() {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    use importer_core::ports::Store;
    use importer_store::SqlStore;
    use std::time::Duration;
    let database = crate::support::sqlite();
    let store = SqlStore::open(&database.url).unwrap().patience(Duration::from_millis(1));
    store.migrate().unwrap();
    let mut writes = store.session().unwrap();
    writes.begin().unwrap();
    insert(writes.as_mut(), vec![person(1, &[])]).unwrap();
    std::thread::scope(|scope| {
        let (tell, told) = std::sync::mpsc::channel();
        let mut session = store.session().unwrap();
        let waits = scope.spawn(move || {
            tell.send(()).unwrap();
            // A transaction, and a single statement, which has to wait no less.
            session.begin()?;
            session.commit()?;
            session.create_run(&super::new_run("csv"), at(8))
        });
        told.recv().unwrap();
        // Time enough to fail for whoever is not patient.
        std::thread::sleep(Duration::from_millis(100));
        writes.commit().unwrap();
        waits.join().unwrap().unwrap();
    });
    let path = database.url.strip_prefix("sqlite://").unwrap();
    let mut stranger = diesel::SqliteConnection::establish(path).unwrap();
    stranger.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert_eq!(writes.begin().unwrap_err().kind(), ErrorKind::Busy);
    // Whoever gave up keeps nobody waiting.
    assert_eq!(store.session().unwrap().begin().unwrap_err().kind(), ErrorKind::Busy);
    stranger.batch_execute("COMMIT").unwrap();
    writes.begin().unwrap();
    writes.rollback().unwrap();
}
