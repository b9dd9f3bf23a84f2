//! No part of a password is ever shown.

use importer::Importer;
use importer_store::SqlStore;

#[test]
fn no_message_holds_any_part_of_a_password() {
    // Whoever runs the tests may have a server of their own at the usual port, but none at this one.
    for url in [
        "postgres://me:hunter2@127.0.0.1:1/people",
        "postgres://me:hunter2@no-such-host.invalid/people",
        "postgres://me:p@hunter2@127.0.0.1:1/people",
        "postgres://me:p@hunter/2@127.0.0.1:1/people",
        "postgres://me:hunter?2@127.0.0.1:1/people",
        "postgres://me:hunter#2@127.0.0.1:1/people",
        "postgres://me:hunter2:3@127.0.0.1:1/people",
        "postgres://127.0.0.1:1/people?password=p@hunter2/w&user=me",
        "postgres://127.0.0.1:1/people?user=me&passwort=hunter2",
        "postgres://127.0.0.1:1/people?hunter2",
        "postgres://me:hunter2@127.0.0.1:hunter2/people",
        "postgres://me:hunter2@127.0.0.1:1/people?sslmode=hunter2",
        "postgres://me:hunter2@127.0.0.1:1/people?sslmode=verify-full",
        "postgres://me:%zz%ffhunter2@127.0.0.1:1/people",
    ] {
        let error = SqlStore::open(url).unwrap_err();
        let built = Importer::builder()
            .database(url)
            .build()
            .and_then(|importer| importer.count("volunteer"))
            .unwrap_err();
        for text in [error.to_string(), format!("{error:?}"), built.to_string(), format!("{built:?}")] {
            assert!(
                !text.contains("hunter") && !text.contains("p@") && !text.contains("me:"),
                "{url}: {text}"
            );
        }
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_named() {
    let error = SqlStore::open("postgres://me:hunter2@127.0.0.1:1/people").unwrap_err().to_string();
    assert!(error.contains("postgres://127.0.0.1:1/people"), "{error}");
}
