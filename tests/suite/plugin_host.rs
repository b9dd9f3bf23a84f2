//! The plugin host with a real library: the CSV adapter, loaded from its file.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod held;
mod signed;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use importer_core::ErrorKind;
use importer_plugin::{Extract, Host, OpenRequest, Options};
use importer_plugin_host::{
    AllowedPlugin, Discovery, FileHash, LoadedPlugin, MetadataError, PluginSet, Status, TrustPolicy,
    Unverified, Verification, append_allowed, current_target, hash_file, load_allow_list, load_file,
    read_metadata,
};
use tempfile::TempDir;

/// Cargo puts the library of a dependency beside the test's own program.
fn csv_library() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let library = program.with_file_name(format!(
        "{}importer_adapter_csv{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    ));
    assert!(library.is_file(), "{} is missing; is importer-adapter-csv a dev-dependency?", library.display());
    library
}

/// A directory that holds a copy of the plugin; with `salt`, one that no other test has loaded.
fn copied(salt: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let library = directory.path().join(csv_library().file_name().unwrap());
    let mut bytes = std::fs::read(csv_library()).unwrap();
    // What lies behind the last section is part of the hash and of nothing else.
    bytes.extend(salt.as_bytes());
    std::fs::write(&library, bytes).unwrap();
    (directory, library)
}

fn allowing(library: &Path) -> TrustPolicy {
    TrustPolicy::default().allow(AllowedPlugin { sha256: hash_file(library).unwrap(), id: None, note: None })
}

fn write_sidecar(library: &Path, sha256: FileHash) -> PathBuf {
    let meta = read_metadata(&std::fs::read(library).unwrap()).unwrap();
    let path = library.with_file_name("csv.plugin.toml");
    let (id, version, target) = (meta.id, meta.version, current_target());
    let file = library.file_name().unwrap().to_str().unwrap();
    let text = format!(
        "id = '{id}'\nversion = '{version}'\nkinds = ['adapter']\n\n\
         [files.{target}]\nfile = '{file}'\nsha256 = '{sha256}'\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// Reads a small file through the plugin.
fn first_cells(plugin: &LoadedPlugin) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("people.csv");
    std::fs::write(&file, "first_name;email\nAda;ada@example.org\nGrace;grace@example.org\n").unwrap();
    let options = Options::default().with("file", file.to_str().unwrap());
    let adapter = plugin.adapter("csv").unwrap();
    let mut source =
        adapter.open(&OpenRequest { options, ..OpenRequest::default() }, &Host::detached()).unwrap();
    assert_eq!(source.columns()[..2], ["first_name", "email"]);
    let (mut out, mut cells) = (Extract::default(), Vec::new());
    loop {
        source.next(&mut out).unwrap();
        if out.batch().is_empty() {
            return cells;
        }
        cells.extend((0..out.batch().rows()).filter_map(|row| out.batch().get(row, 0)).map(str::to_owned));
    }
}

#[test]
fn a_plugin_is_found_loaded_and_read_from_end_to_end() {
    let library = csv_library();
    let discovery = Discovery::new(allowing(&library)).directory(library.parent().unwrap());
    let found = discovery.find("csv").unwrap();
    assert_eq!((&found.file, found.verified), (&library, true));
    let plugin = discovery.load("csv").unwrap();
    assert_eq!(plugin.verification(), Verification::AllowListed);
    assert_eq!(plugin.description().adapters[0].name, "csv");
    assert_eq!(first_cells(&plugin), ["Ada", "Grace"]);
}

#[test]
fn a_set_loads_an_adapter_by_its_name_and_reports_it() {
    let (directory, library) = copied("set");
    let plugins = PluginSet::new(Discovery::new(allowing(&library)).directory(directory.path()));
    let (adapter, info) = plugins.adapter("csv").unwrap();
    assert_eq!((adapter.meta().name.as_str(), info.verified, info.origin), ("csv", true, "file"));
    assert_eq!(plugins.infos(), [info]);
    assert!(plugins.adapter("xml").err().unwrap().to_string().contains("it is the plugin `csv`"));
    // What is in use stays in use, found or not.
    std::fs::remove_file(&library).unwrap();
    assert!(plugins.adapter("csv").is_ok());
}

#[test]
fn a_linked_plugin_comes_before_any_file() {
    let plugins =
        PluginSet::new(Discovery::default().file("/nowhere/libcsv.so")).with(importer_adapter_csv::plugin());
    let (_, info) = plugins.adapter("csv").unwrap();
    assert_eq!((info.origin, info.verified, info.file), ("static", true, None));
}

#[test]
fn nothing_is_loaded_by_default() {
    let library = csv_library();
    let error = load_file(&library, &TrustPolicy::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.to_string().contains(&hash_file(&library).unwrap().to_string()), "{error}");
    assert!(Discovery::default().file(&library).find("csv").is_err());
}

#[test]
fn a_sidecar_alone_is_no_approval() {
    let (_directory, library) = copied("sidecar");
    let sidecar = write_sidecar(&library, hash_file(&library).unwrap());
    assert!(load_file(&sidecar, &TrustPolicy::default()).is_err());
    let plugin = load_file(&sidecar, &TrustPolicy::allow_everything()).unwrap();
    assert_eq!(plugin.verification(), Verification::SidecarOnly);
    // Once somebody approves the same bytes, reports say so.
    let approved = load_file(&library, &allowing(&library)).unwrap();
    assert!(approved.verification().verified());
}

#[test]
fn a_wrong_hash_in_a_sidecar_is_refused_whatever_is_allowed() {
    let (directory, library) = copied("");
    write_sidecar(&library, FileHash::of(b"another build"));
    for policy in [TrustPolicy::allow_everything(), allowing(&library)] {
        let error = load_file(&library, &policy).unwrap_err().to_string();
        assert!(error.contains("its sidecar says"), "{error}");
        assert!(Discovery::new(policy).directory(directory.path()).find("csv").is_err());
    }
}

#[test]
fn an_allow_list_file_lets_a_plugin_in() {
    let (directory, library) = copied("allow-list");
    let list = directory.path().join("allowed.toml");
    let entry = |id: &str| AllowedPlugin {
        sha256: hash_file(&library).unwrap(),
        id: Some(id.into()),
        note: Some("read and built by the data team".into()),
    };
    append_allowed(&list, &entry("xml")).unwrap();
    let load = || load_file(&library, &TrustPolicy::default().list(load_allow_list(&list).unwrap()));
    assert!(load().unwrap_err().to_string().contains("has it as `xml`"));
    append_allowed(&list, &entry("csv")).unwrap();
    assert!(load().unwrap().verification().verified());
}

#[test]
fn a_directory_for_unverified_plugins_covers_only_what_lies_in_it() {
    let ((inside, good), (_outside, bad)) = (copied("inside"), copied("outside"));
    let policy = TrustPolicy::default().unverified(Unverified::UnderDirectories(vec![inside.path().into()]));
    assert_eq!(load_file(&good, &policy).unwrap().verification(), Verification::Unverified);
    assert!(load_file(&bad, &policy).unwrap_err().to_string().contains("lies outside"));
}

#[test]
fn a_missing_plugin_lists_the_places_tried() {
    let (directory, library) = copied("");
    let discovery = Discovery::new(TrustPolicy::allow_everything())
        .file("/nowhere/libsalesforce.so")
        .directory(directory.path())
        .search_path(vec!["/nowhere/else".into()]);
    let error = discovery.load("salesforce").unwrap_err().to_string();
    for part in ["/nowhere/libsalesforce.so", library.to_str().unwrap(), "`csv`", "/nowhere/else"] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
}

#[test]
fn damaged_and_foreign_files_are_refused_before_they_are_loaded() {
    let whole = std::fs::read(csv_library()).unwrap();
    let (directory, library) = copied("");
    let policy = TrustPolicy::allow_everything();
    let cases: [(&[u8], &str); 4] = [
        (b"first_name,email\nAda,ada@example.org\n", "not a dynamic library"),
        (b"", "is empty"),
        (&whole[..whole.len() / 2], "damaged or cut off"),
        (&whole[..100], "damaged or cut off"),
    ];
    for (bytes, why) in cases {
        std::fs::write(&library, bytes).unwrap();
        let error = load_file(&library, &policy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        assert!(error.to_string().contains(why), "{error}");
        let list = Discovery::new(policy.clone()).directory(directory.path()).list();
        assert!(list[0].refusal().unwrap().contains(why), "{list:?}");
    }
}

#[test]
fn a_library_without_the_section_is_no_plugin() {
    let mut bytes = std::fs::read(csv_library()).unwrap();
    let name = importer_plugin::META_SECTION.as_bytes();
    let places: Vec<usize> =
        (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    places.into_iter().for_each(|at| bytes[at + 1] = b'x');
    assert_eq!(read_metadata(&bytes), Err(MetadataError::Missing));

    let (directory, library) = copied("");
    std::fs::write(&library, &bytes).unwrap();
    let discovery = Discovery::new(TrustPolicy::allow_everything());
    assert!(
        discovery.clone().directory(directory.path()).list().is_empty(),
        "other libraries are of no interest"
    );
    let named = discovery.file(&library).list();
    assert!(named[0].refusal().unwrap().contains("no plugin metadata"), "{named:?}");
}

#[test]
fn the_same_bytes_are_loaded_once_and_other_bytes_beside_them() {
    let ((_a, first), (_b, other)) = (copied("first"), copied("other"));
    let policy = TrustPolicy::allow_everything();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (first, policy) = (first.clone(), policy.clone());
            std::thread::spawn(move || load_file(&first, &policy).unwrap())
        })
        .collect();
    let loaded: Vec<Arc<LoadedPlugin>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(loaded.iter().all(|plugin| Arc::ptr_eq(plugin, &loaded[0])));
    let other = load_file(&other, &policy).unwrap();
    assert_ne!(other.sha256(), loaded[0].sha256());
    assert_eq!(first_cells(&loaded[0]), first_cells(&other));
}

#[test]
fn a_file_replaced_after_it_was_found_is_not_loaded_in_its_place() {
    let ((_directory, library), (_elsewhere, other)) = (copied("found"), copied("replacement"));
    // The list allows one file; a second one takes its place between two looks.
    let discovery = Discovery::new(allowing(&library)).file(&library);
    let found = discovery.find("csv").unwrap();
    assert_eq!(found.status, Status::Usable);
    std::fs::rename(&other, &library).unwrap();
    assert!(discovery.load("csv").is_err());
    assert!(
        load_file(&found.file, discovery.policy()).unwrap_err().to_string().contains("not on the allow-list")
    );
}

#[test]
fn a_file_overwritten_after_loading_does_not_matter() {
    let (_directory, library) = copied("overwritten");
    let plugin = load_file(&library, &TrustPolicy::allow_everything()).unwrap();
    // In place: pages of a library loaded by its own path would change under its feet.
    std::fs::write(&library, "gone").unwrap();
    assert_eq!(first_cells(&plugin), ["Ada", "Grace"]);
}
