//! What `plugins new` writes.

use super::built::{cargo, library};
use crate::cli::{Desk, Ended, ended, program};
use crate::support;

fn new(desk: &Desk, arguments: &[&str]) -> Ended {
    let mut command = program(desk.folder.path());
    command.args(["plugins", "new"]).args(arguments);
    ended(command)
}

#[test]
fn every_kind_builds_passes_its_tests_and_loads() {
    let desk = Desk::new();
    let sdk = support::root().join("importer-core/plugin");
    for kind in ["adapter", "rule", "feature"] {
        let name = format!("guest-{kind}");
        let said = new(&desk, &[&name, "--kind", kind, "--sdk", sdk.to_str().unwrap()]);
        for part in ["cargo build", "cargo test", &format!("guest_{kind}{}", std::env::consts::DLL_SUFFIX)] {
            assert!(said.succeeds().out.contains(part), "{part}: {said:?}");
        }
        let folder = desk.folder.path().join(&name);
        for file in ["Cargo.toml", "README.md", "src/lib.rs"] {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            assert!(text.contains(&name), "{file}");
            for left in [format!("my-{kind}"), format!("my_{kind}"), "../..".into()] {
                assert!(!text.contains(&left), "{file} still says {left}");
            }
        }
        cargo(&folder, &["test"]);
        cargo(&folder, &["build"]);
        let mut command = program(desk.folder.path());
        command.args(["plugins", "verify", "--allow-unverified"]).arg(library(&name));
        let verified = ended(command);
        let brings = match kind {
            "adapter" => "  adapter guest-adapter:",
            "rule" => "  rule FMT-901:",
            _ => "  match feature guest_feature:",
        };
        for part in [&format!("{name} 0.1.0 is sound."), brings] {
            assert!(verified.succeeds().out.contains(part), "{part}: {verified:?}");
        }
    }
    desk.file("people.txt", "Ada, Lovelace, ada@example.org\n");
    let library = library("guest-adapter");
    let run =
        ["run", "--source", "guest-adapter", "--file", "people.txt", "--allow-unverified", "--summary-json"];
    let counts = desk.call(run.iter().chain(&["--plugin", library.to_str().unwrap()])).succeeds().counts();
    assert_eq!((counts["read"], counts["inserted"]), (1, 1));
}

#[test]
fn without_a_path_the_sdk_is_named_by_version() {
    let desk = Desk::new();
    let said = new(&desk, &["guests", "--kind", "rule", "--path", "deep/er"]);
    assert!(said.succeeds().out.contains("not published yet"), "{said:?}");
    let manifest = std::fs::read_to_string(desk.folder.path().join("deep/er/Cargo.toml")).unwrap();
    let version = format!("\nimporter-plugin = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&version) && manifest.contains("# Not published yet"), "{manifest}");
}

#[test]
fn bad_names_and_taken_folders_are_refused() {
    let desk = Desk::new();
    for (name, why) in [
        ("Guests", "lower-case letters, digits and hyphens"),
        ("../guests", "lower-case letters, digits and hyphens"),
        ("7th", "a letter first"),
        ("guest-", "between two words"),
        ("test", "means something else"),
        ("", "a letter first"),
    ] {
        new(&desk, &[name, "--kind", "rule"]).fails(2, &[why, "such as guest-list"]);
    }
    assert_eq!(std::fs::read_dir(desk.folder.path()).unwrap().count(), 0, "nothing was made");
    let keep = desk.folder.path().join("guests");
    std::fs::create_dir(&keep).unwrap();
    new(&desk, &["guests", "--kind", "rule"]).fails(2, &["exists already; nothing was changed"]);
    assert_eq!(std::fs::read_dir(&keep).unwrap().count(), 0);
    let elsewhere = desk.folder.path().to_str().unwrap();
    new(&desk, &["other", "--kind", "rule", "--sdk", elsewhere])
        .fails(2, &["no Cargo.toml", "importer-core/plugin"]);
    assert!(!desk.folder.path().join("other").exists());
}
