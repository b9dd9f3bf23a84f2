//! A real library in quarantine.

use importer_plugin_host::PluginQuarantine;

use super::*;

#[test]
fn a_held_plugin_is_not_loaded_until_it_is_released_or_built_anew() {
    let (directory, library) = copied("held");
    let quarantine = PluginQuarantine::new(directory.path().join("held.toml"));
    let policy = allowing(&library).quarantine(quarantine.clone());
    let hash = hash_file(&library).unwrap();
    quarantine.record(&hash, "csv", "0.1.0", "its process ended with signal 11").unwrap();
    assert!(load_file(&library, &policy).is_ok(), "one failure is not two");
    quarantine.record(&hash, "csv", "0.1.0", "its process ended with signal 11").unwrap();
    let error = load_file(&library, &policy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    for part in [
        library.to_str().unwrap(),
        "it has been held back since 20",
        "after 2 failures: its process ended with signal 11",
        "release `csv` from the quarantine of plugins",
    ] {
        assert!(error.to_string().contains(part), "{part} is missing in: {error}");
    }

    assert_eq!(quarantine.lift("csv").unwrap().len(), 1);
    assert!(load_file(&library, &policy).is_ok());
    quarantine.hold(&hash, "csv", "0.1.0", "by hand").unwrap();
    let mut bytes = std::fs::read(&library).unwrap();
    bytes.push(0);
    std::fs::write(&library, bytes).unwrap();
    assert!(load_file(&library, &allowing(&library).quarantine(quarantine)).is_ok());
}

#[test]
fn a_plugin_in_use_is_not_handed_out_once_it_is_held() {
    let (directory, library) = copied("in use");
    let quarantine = PluginQuarantine::new(directory.path().join("held.toml"));
    let discovery = Discovery::new(allowing(&library)).file(&library).quarantine(quarantine.clone());
    let plugins = PluginSet::new(discovery);
    let info = plugins.adapter("csv").unwrap().1;
    quarantine.hold(&info.sha256.unwrap(), "csv", "0.1.0", "it loses rows").unwrap();
    let error = plugins.adapter("csv").err().unwrap().to_string();
    assert!(error.contains("it loses rows"), "{error}");
}

#[test]
fn loading_leaves_no_note_behind() {
    let (directory, library) = copied("noted");
    let quarantine = PluginQuarantine::new(directory.path().join("held.toml")).crash_marks(true);
    load_file(&library, &allowing(&library).quarantine(quarantine.clone())).unwrap();
    assert_eq!(std::fs::read_dir(directory.path().join("held.toml.in-use")).unwrap().count(), 0);
    assert_eq!(quarantine.list().unwrap(), []);
}

#[test]
fn a_service_forgets_failures_after_a_run_and_refuses_the_next_when_the_plugin_is_held() {
    use importer::{Importer, RunRequest};
    let (directory, library) = copied("service");
    let people = directory.path().join("people.csv");
    std::fs::write(&people, "id,first name,last name,email\n1,Ada,Lovelace,ada@example.org\n").unwrap();
    let quarantine = PluginQuarantine::new(directory.path().join("held.toml")).crash_marks(true);
    let hash = hash_file(&library).unwrap();
    quarantine.record(&hash, "csv", "0.1.0", "an earlier process ended").unwrap();
    let database = crate::support::sqlite();
    let discovery = Discovery::new(allowing(&library)).file(&library).quarantine(quarantine.clone());
    let importer = Importer::builder().database(&database.url).discovery(discovery).build().unwrap();

    let report = importer.run(&RunRequest::new("csv").file(&people)).unwrap();
    assert_eq!((report.counts.inserted, report.plugins[0].verified_by.as_deref()), (1, Some("sha256")));
    assert_eq!(quarantine.list().unwrap(), [], "it came through");
    assert_eq!(std::fs::read_dir(directory.path().join("held.toml.in-use")).unwrap().count(), 0);

    quarantine.hold(&hash, "csv", "0.1.0", "it loses rows").unwrap();
    let error = importer.run(&RunRequest::new("csv").file(&people)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.to_string().contains("it loses rows"), "{error}");
}
