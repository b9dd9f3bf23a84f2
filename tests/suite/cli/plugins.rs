//! Plugins as the program finds, checks and trusts them.

use std::path::{Path, PathBuf};

use super::{Desk, Ended, PEOPLE, ended, program, quiet};
use crate::support;

/// The library of the CSV adapter, as cargo built it.
pub(crate) fn library() -> PathBuf {
    let name =
        format!("{}importer_adapter_csv{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    support::profile_folder().join("deps").join(name)
}

/// The program where it has no folders of its own to find plugins in, and a copy of the plugin elsewhere.
pub(super) struct Alone {
    pub(super) desk: Desk,
    program: PathBuf,
    pub(super) plugin: PathBuf,
}

impl Alone {
    pub(super) fn new() -> Self {
        let desk = Desk::new();
        let from = PathBuf::from(support::command_line().get_program());
        let (bin, plugins) = (desk.folder.path().join("bin"), desk.folder.path().join("plugins"));
        std::fs::create_dir(&bin).unwrap();
        std::fs::create_dir(&plugins).unwrap();
        let program = bin.join(from.file_name().unwrap());
        // A link is as good as a copy, and far quicker where the two folders share a disk.
        if std::fs::hard_link(&from, &program).is_err() {
            std::fs::copy(&from, &program).unwrap();
        }
        let plugin = plugins.join(library().file_name().unwrap());
        std::fs::copy(library(), &plugin).unwrap();
        desk.file("people.csv", PEOPLE);
        Self { desk, program, plugin }
    }

    pub(super) fn call(&self, args: &[&str], search: Option<&Path>) -> Ended {
        let mut command = std::process::Command::new(&self.program);
        quiet(&mut command).args(args).current_dir(self.desk.folder.path());
        if let Some(folder) = search {
            command.env("IMPORTER_PLUGIN_PATH", folder);
        }
        ended(command)
    }

    pub(super) fn run(&self, args: &[&str], search: Option<&Path>) -> Ended {
        let run =
            ["run", "--source", "csv", "--file", "people.csv", "--summary-json", "--db", &self.desk.db.url];
        self.call(&[&run, args].concat(), search)
    }

    pub(super) fn plugin(&self) -> &str {
        self.plugin.to_str().unwrap()
    }
}

#[test]
fn the_plugin_that_cargo_built_is_listed() {
    let desk = Desk::new();
    let mut command = program(desk.folder.path());
    command.args(["plugins", "list", "--json"]);
    let found = ended(command).succeeds().json();
    let csv = found.as_array().unwrap().iter().find(|plugin| plugin["id"] == "csv").unwrap();
    assert_eq!((csv["status"].as_str(), csv["verified"].as_bool()), (Some("usable"), Some(false)));
    assert_eq!(csv["file"], library().to_str().unwrap());
    assert_eq!(csv["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn a_plugin_is_verified_and_shows_what_it_brings() {
    let desk = Desk::new();
    let mut command = program(desk.folder.path());
    command.args(["plugins", "verify", library().to_str().unwrap()]);
    let ended = ended(command);
    for part in ["csv 0.1.0 is sound.", "adapter csv:", "file (required):", "delimiter:", "encoding:"] {
        assert!(ended.succeeds().out.contains(part), "{part}: {}", ended.out);
    }
}

#[test]
fn a_plugin_that_was_allowed_is_loaded_and_shown_as_verified() {
    let alone = Alone::new();
    alone.run(&["--plugin", alone.plugin()], None).fails(2, &["not on the allow-list"]);
    let allow =
        ["plugins", "allow", alone.plugin(), "--allow-list", "allowed.toml", "--note", "read and built here"];
    assert!(alone.call(&allow, None).succeeds().out.contains("may be loaded as it is now"));
    let list = std::fs::read_to_string(alone.desk.folder.path().join("allowed.toml")).unwrap();
    assert!(list.contains("note = \"read and built here\""), "{list}");

    let ended = alone.run(&["--plugin", alone.plugin(), "--allow-list", "allowed.toml"], None);
    assert_eq!(ended.succeeds().json()["plugins"][0]["verified"], true);
    assert!(
        !ended.err.contains("allow-list") && !ended.err.contains("warn"),
        "there is nothing to warn of: {}",
        ended.err
    );
    let listed =
        alone.call(&["plugins", "list", "--plugin", alone.plugin(), "--allow-list", "allowed.toml"], None);
    assert!(listed.succeeds().out.contains("usable, on the allow-list"), "{}", listed.out);

    // One byte more is another plugin.
    let mut bytes = std::fs::read(&alone.plugin).unwrap();
    bytes.push(0);
    std::fs::write(&alone.plugin, bytes).unwrap();
    let ended = alone.run(&["--plugin", alone.plugin(), "--allow-list", "allowed.toml"], None);
    ended.fails(2, &["is not on the allow-list"]);
}

#[test]
fn a_plugin_that_nobody_allowed_is_loaded_on_demand_and_shown_as_such() {
    let alone = Alone::new();
    let folder = alone.plugin.parent().unwrap();
    let ended = alone.run(&["--allow-unverified"], Some(folder));
    let json = ended.succeeds().json();
    assert_eq!(
        (json["plugins"][0]["verified"].as_bool(), json["counts"]["inserted"].as_u64()),
        (Some(false), Some(2))
    );
    assert!(ended.err.contains("nobody approved"), "{}", ended.err);
}
