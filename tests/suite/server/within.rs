//! A host that has a runtime calls the importer from within it.

use importer::RunRequest;

use super::{database, people, support};

#[test]
fn a_call_from_within_a_runtime_is_made_like_any_other() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", people(10));
    for runtime in [
        tokio::runtime::Builder::new_current_thread().build().unwrap(),
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap(),
    ] {
        let report =
            runtime.block_on(async { database.importer().run(&RunRequest::new("csv").file(&file)).unwrap() });
        assert_eq!((report.status.as_str(), report.counts.read), ("succeeded", 10), "{:?}", report.error);
    }
}
