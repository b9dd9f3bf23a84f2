use std::path::Path;

use super::*;
use crate::Unverified;

#[test]
fn without_a_place_the_error_says_so() {
    let error = Discovery::default().find("csv").unwrap_err().to_string();
    assert!(error.contains("no file, no directory and no search path"), "{error}");
    assert!(error.contains(PLUGIN_PATH_VARIABLE), "{error}");
}

#[test]
fn neither_an_empty_nor_a_relative_entry_leads_to_the_current_directory() {
    let value = std::env::join_paths(["", ".", "/nowhere", "plugins"]).unwrap();
    let paths = split(&value);
    assert_eq!(paths, [Path::new("."), Path::new("/nowhere"), Path::new("plugins")]);
    let error = Discovery::default().search_path(paths).find("csv").unwrap_err().to_string();
    assert_eq!(error.matches("not absolute").count(), 2, "{error}");
    assert!(error.contains("/nowhere"), "{error}");
}

#[test]
fn an_unreadable_sidecar_is_told_of() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.plugin.toml"), "id = ").unwrap();
    std::fs::write(directory.path().join("b.plugin.toml"), "id='b'\nversion='1'\n[files]\n").unwrap();
    let list = Discovery::default().directory(directory.path()).list();
    assert!(list[0].refusal().unwrap().contains("not a valid sidecar"), "{list:?}");
    assert!(list[1].refusal().unwrap().contains("no file for"), "{list:?}");
}

/// The file format of the test images is that of Linux.
#[cfg(all(target_os = "linux", target_pointer_width = "64", target_endian = "little"))]
mod with_images {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;
    use crate::sidecar::current_target;
    use crate::test_image::TestImage;
    use crate::test_signer::Signer;
    use crate::{AllowedPlugin, FileHash, Verification};

    fn directory(files: &[(&str, Vec<u8>)]) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(directory.path().join(name), bytes).unwrap();
        }
        directory
    }

    fn plugin(id: &str) -> Vec<u8> {
        TestImage::plugin(id, "1.0.0").build()
    }

    fn sidecar(id: &str, file: &str, bytes: &[u8]) -> Vec<u8> {
        let (target, hash) = (current_target(), FileHash::of(bytes));
        format!("id='{id}'\nversion='1.0.0'\nkinds=['adapter']\n[files.{target}]\nfile='{file}'\nsha256='{hash}'\n")
            .into()
    }

    fn everything() -> Discovery {
        Discovery::new(TrustPolicy::allow_everything())
    }

    #[test]
    fn files_come_before_directories_and_those_before_the_search_path() {
        let [a, b, c] = [(); 3].map(|()| directory(&[("libx.so", plugin("csv"))]));
        let mut discovery = everything().search_path(vec![c.path().into()]);
        assert_eq!(discovery.find("csv").unwrap().file, c.path().join("libx.so"));
        discovery = discovery.directory(b.path());
        assert_eq!(discovery.find("csv").unwrap().file, b.path().join("libx.so"));
        discovery = discovery.file(a.path().join("libx.so"));
        assert_eq!(discovery.find("csv").unwrap().file, a.path().join("libx.so"));
        let list = discovery.list();
        let by = a.path().join("libx.so");
        assert!(list[0].usable());
        assert_eq!([&list[1].status, &list[2].status], [&Status::Shadowed { by }; 2]);
    }

    #[test]
    fn every_place_and_every_reason_is_listed() {
        let good = plugin("csv");
        let abort = TestImage::new(r#"{"id":"csv","version":"1","sdk":"0.1.0","panic":"abort"}"#).build();
        let files = directory(&[
            ("liba.so", b"text".to_vec()),
            ("libb.so", Vec::new()),
            ("libc.so", abort),
            ("libd.so", good.clone()),
            ("d.plugin.toml", sidecar("csv", "libd.so", b"other bytes")),
            ("libe.so", plugin("xml")),
            ("libf.so", TestImage::new("").section(".data").build()),
            ("libg.so", good[..good.len() - 9].to_vec()),
            ("notes.txt", b"not looked at".to_vec()),
        ]);
        symlink(files.path().join("gone"), files.path().join("libh.so")).unwrap();
        let empty = directory(&[]);
        let discovery = everything()
            .file(files.path().join("libf.so"))
            .directory(files.path())
            .directory(empty.path())
            .search_path(vec!["/nowhere/plugins".into()]);
        let error = discovery.find("csv").unwrap_err().to_string();
        let expected = [
            "libf.so: it holds no plugin metadata",
            "nothing usable there, and 1 other libraries",
            "liba.so: it is not a dynamic library",
            "libb.so: it is empty",
            "libc.so: it is built with panic = \"abort\"",
            "libd.so: its sha256 is",
            "libe.so: it is the plugin `xml`",
            "libg.so: it is damaged or cut off",
            "libh.so: it cannot be read",
            "no library there",
            "/nowhere/plugins of the search path: it cannot be read",
        ];
        for part in expected {
            assert!(error.contains(part), "{part} is missing in:\n{error}");
        }
        assert!(!error.contains("notes.txt"), "{error}");
    }

    #[test]
    fn a_refused_file_does_not_hide_a_good_one() {
        let good = plugin("csv");
        let files =
            directory(&[("liba.so", TestImage::plugin("csv", "2.0.0").build()), ("libb.so", good.clone())]);
        let allowed = AllowedPlugin { sha256: FileHash::of(&good), id: None, note: None };
        let discovery = Discovery::new(TrustPolicy::default().allow(allowed)).directory(files.path());
        let found = discovery.find("csv").unwrap();
        assert_eq!((found.file, found.verified), (files.path().join("libb.so"), true));
        let list = discovery.list();
        assert!(list[0].refusal().unwrap().contains("allow-list"), "{list:?}");
        assert!(list[1].usable());
    }

    #[test]
    fn a_sidecar_confirms_and_does_not_verify() {
        let good = plugin("csv");
        let files =
            directory(&[("odd.name", good.clone()), ("csv.plugin.toml", sidecar("csv", "odd.name", &good))]);
        assert!(Discovery::default().directory(files.path()).find("csv").is_err(), "default deny");
        for discovery in
            [everything().directory(files.path()), everything().file(files.path().join("csv.plugin.toml"))]
        {
            let found = discovery.find("csv").unwrap();
            assert_eq!(found.verification, Some(Verification::SidecarOnly));
            assert_eq!((found.verified, &*found.kinds), (false, &["adapter".to_owned()][..]));
        }
    }

    #[test]
    fn a_sidecar_that_names_another_plugin_is_a_mix_up() {
        let good = plugin("csv");
        let files =
            directory(&[("liba.so", good.clone()), ("a.plugin.toml", sidecar("xml", "liba.so", &good))]);
        for discovery in
            [everything().directory(files.path()), everything().file(files.path().join("liba.so"))]
        {
            let error = discovery.find("csv").unwrap_err().to_string();
            assert!(error.contains("its sidecar says `xml`"), "{error}");
        }
    }

    #[test]
    fn a_signed_plugin_is_listed_with_its_key_and_a_bad_signature_with_its_reason() {
        let (signer, good) = (Signer::new(), plugin("csv"));
        let files = directory(&[
            ("liba.so", good.clone()),
            ("liba.so.minisig", signer.sign(&good).into()),
            ("libb.so", TestImage::plugin("csv", "2.0.0").build()),
            ("libb.so.minisig", signer.sign(&good).into()),
            ("libc.so", TestImage::plugin("csv", "3.0.0").build()),
        ]);
        let id = signer.key().id();
        let policy = TrustPolicy::default().pin(signer.pinned());
        let list = Discovery::new(policy.clone()).directory(files.path()).list();
        assert_eq!(list.len(), 3, "a signature is no library: {list:?}");
        assert_eq!((list[0].verified, list[0].verification), (true, Some(Verification::Signed(id))));
        assert_eq!(list[0].verified_by, Some(format!("minisign:{id}")));
        assert!(list[1].refusal().unwrap().contains("or not of this file"), "{list:?}");
        assert!(
            list[2].refusal().unwrap().contains("there is no signature libc.so.minisig beside it"),
            "{list:?}"
        );
        let json = serde_json::to_value(&list[0]).unwrap();
        assert_eq!(
            (&json["verification"], &json["verified_by"]),
            (&"signed".into(), &format!("minisign:{id}").into())
        );

        let lenient = TrustPolicy { allow_unverified: Unverified::Yes, ..policy };
        let list = Discovery::new(lenient).file(files.path().join("libb.so")).list();
        assert!(list[0].usable(), "{list:?}");
        assert!(list[0].signature_problem.as_ref().unwrap().contains("or not of this file"), "{list:?}");
    }

    #[test]
    fn a_held_plugin_is_refused_in_lists_and_another_build_is_not() {
        let (held, other) = (plugin("csv"), TestImage::plugin("csv", "2.0.0").build());
        let files = directory(&[("liba.so", held.clone())]);
        let quarantine = PluginQuarantine::new(files.path().join("held.toml"));
        quarantine.hold(&FileHash::of(&held), "csv", "1.0.0", "it loses rows").unwrap();
        let discovery = everything().directory(files.path()).quarantine(quarantine);
        let error = discovery.find("csv").unwrap_err().to_string();
        for part in [
            "liba.so: it has been held back since 20",
            ": it loses rows;",
            "release `csv` from the quarantine of plugins",
        ] {
            assert!(error.contains(part), "{part} is missing in: {error}");
        }
        std::fs::write(files.path().join("liba.so"), other).unwrap();
        assert_eq!(discovery.find("csv").unwrap().version.as_deref(), Some("2.0.0"));
    }

    #[test]
    fn what_took_the_place_of_a_found_file_is_not_loaded_signed_or_not() {
        let (signer, found, other) =
            (Signer::new(), plugin("csv"), TestImage::plugin("csv", "2.0.0").build());
        let files = directory(&[("libx.so", found.clone()), ("libx.so.minisig", signer.sign(&found).into())]);
        let discovery = Discovery::new(TrustPolicy::default().pin(signer.pinned())).directory(files.path());
        let candidate = discovery.find("csv").unwrap();
        std::fs::write(&candidate.file, &other).unwrap();
        std::fs::write(files.path().join("libx.so.minisig"), signer.sign(&other)).unwrap();
        let error =
            load_candidate(&candidate, discovery.policy(), &Isolation::default()).unwrap_err().to_string();
        assert!(error.contains("it changed after it was found") && error.contains("try again"), "{error}");
    }

    #[test]
    fn unverified_directories_are_the_only_ones_let_in() {
        let [inside, outside] = [(); 2].map(|()| directory(&[("libx.so", plugin("csv"))]));
        let unverified = Unverified::UnderDirectories(vec![inside.path().into()]);
        let policy = TrustPolicy::default().unverified(unverified);
        assert!(Discovery::new(policy.clone()).directory(outside.path()).find("csv").is_err());
        assert!(
            Discovery::new(policy).directory(outside.path()).directory(inside.path()).find("csv").is_ok()
        );
    }
}
