//! Signatures and quarantine, as the program has them.

use minisign::KeyPair;

use super::plugins::Alone;

const HELD: &str = "importer-plugin-quarantine.toml";

fn signed(alone: &Alone) -> KeyPair {
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let bytes = std::fs::read(&alone.plugin).unwrap();
    let text = minisign::sign(None, &pair.sk, &bytes[..], None, None).unwrap().into_string();
    std::fs::write(format!("{}.minisig", alone.plugin()), text).unwrap();
    pair
}

#[test]
fn a_plugin_signed_by_a_given_key_runs_and_the_report_names_the_key() {
    let alone = Alone::new();
    let pair = signed(&alone);
    let key = pair.pk.to_base64();
    alone.desk.file("team.pub", pair.pk.to_box().unwrap().into_string());
    let id = key.parse::<importer_plugin_host::MinisignKey>().unwrap().id().to_string();
    for given in [key.as_str(), "team.pub"] {
        let args = ["--plugin", alone.plugin(), "--plugin-key", given, "--require-signature"];
        let ended = alone.run(&args, None);
        let plugin = &ended.succeeds().json()["plugins"][0];
        assert_eq!(
            (&plugin["verified"], &plugin["verified_by"]),
            (&true.into(), &format!("minisign:{id}").into())
        );
        assert!(
            !ended.err.contains("allow-list") && !ended.err.contains("warn"),
            "there is nothing to warn of: {}",
            ended.err
        );
    }
    let usable = format!("usable, signed by the pinned key {id}");
    let args = ["--plugin-key", &key];
    let listed = alone.call(&[&["plugins", "list", "--plugin", alone.plugin()], &args[..]].concat(), None);
    assert!(listed.succeeds().out.contains(&usable), "{}", listed.out);
    let verified = alone.call(&[&["plugins", "verify", alone.plugin()], &args[..]].concat(), None);
    assert!(verified.succeeds().out.contains(&usable), "{}", verified.out);
}

#[test]
fn a_signature_that_does_not_count_is_told() {
    let alone = Alone::new();
    signed(&alone);
    let other = KeyPair::generate_unencrypted_keypair().unwrap().pk.to_base64();
    let args = ["--plugin", alone.plugin(), "--plugin-key", &other];
    alone.run(&args, None).fails(2, &[alone.plugin(), "its signature is not accepted (it is by the key"]);
    alone.run(&[&args[..], &["--allow-unverified", "--require-signature"]].concat(), None).fails(
        2,
        &[alone.plugin(), "a signature is required, and its signature is not accepted: it is by the key"],
    );
    let verify = ["plugins", "verify", alone.plugin(), "--allow-unverified"];
    let verified = alone.call(&verify, None);
    for part in [
        "usable, but not on an allow-list",
        "its signature is not accepted: it is by the key",
        "pinned no key",
        "is sound",
    ] {
        assert!(verified.succeeds().out.contains(part), "{part}: {}", verified.out);
    }
}

#[test]
fn what_is_no_key_stops_everything() {
    let alone = Alone::new();
    alone
        .run(&["--allow-unverified", "--plugin-key", "RWnonsense"], alone.plugin.parent())
        .fails(2, &["cannot read public keys of plugins", "RWnonsense", "`minisign -G`"]);
}

#[test]
fn a_plugin_is_held_listed_and_released() {
    let alone = Alone::new();
    let run = || alone.run(&["--plugin", alone.plugin(), "--allow-unverified"], None);
    run().succeeds();
    assert!(!alone.desk.folder.path().join(HELD).exists(), "nothing is written where nothing failed");
    let listed = alone.call(&["plugins", "quarantine"], None);
    assert!(listed.succeeds().out.contains("none is held back"), "{}", listed.out);

    let hold = ["plugins", "hold", "csv", "--reason", "it loses rows"];
    alone.call(&hold, None).fails(2, &["no plugin `csv` is found", "--plugin"]);
    let hold = [&hold[..], &["--plugin", alone.plugin()]].concat();
    assert!(
        alone.call(&hold, None).succeeds().out.contains("is held back until `importer plugins release csv`")
    );
    run().fails(
        2,
        &[alone.plugin(), "it has been held back since 20", ": it loses rows;", "`plugins release ID`"],
    );
    let listed = alone.call(&["plugins", "quarantine"], None);
    assert!(listed.succeeds().out.contains("held back, by hand, since 20"), "{}", listed.out);
    assert_eq!(alone.call(&["plugins", "quarantine", "--json"], None).json()[0]["id"], "csv");

    alone.call(&["plugins", "release", "sheets"], None).fails(2, &["there is nothing under `sheets`", HELD]);
    assert!(
        alone.call(&["plugins", "release", "csv"], None).succeeds().out.contains("is not held back any more")
    );
    run().succeeds();
}

#[test]
fn a_quarantine_that_cannot_be_read_stops_everything() {
    let alone = Alone::new();
    alone.desk.file("held.toml", "nothing is held\n");
    let args = ["--plugin", alone.plugin(), "--allow-unverified", "--plugin-quarantine", "held.toml"];
    alone
        .run(&args, None)
        .fails(2, &["whether it is held back cannot be told", "held.toml", "repair it, or remove it"]);
}
