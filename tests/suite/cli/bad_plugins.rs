//! Plugins that must not be loaded: each refusal says which file and why, and no run begins.

use super::RUN;
use super::plugins::Alone;

fn sidecar(alone: &Alone, sha256: &str) {
    let file = alone.plugin.file_name().unwrap().to_str().unwrap();
    let target = importer_plugin_host::current_target();
    let text = format!(
        "id = 'csv'\nversion = '0.1.0'\nkinds = ['adapter']\n\n[files.{target}]\nfile = '{file}'\nsha256 = '{sha256}'\n"
    );
    std::fs::write(alone.plugin.with_file_name("csv.plugin.toml"), text).unwrap();
}

/// A database that was looked at at most.
fn no_run_began(alone: &Alone) {
    if std::path::Path::new(alone.desk.db.url.strip_prefix("sqlite://").unwrap()).exists() {
        alone.desk.empty(&RUN);
    }
}

#[test]
fn a_plugin_on_no_allow_list_is_refused_wherever_it_lies() {
    let alone = Alone::new();
    let folder = alone.plugin.parent().unwrap();
    let says = [alone.plugin(), "is not on the allow-list"];
    alone.run(&[], Some(folder)).fails(2, &says);
    alone.run(&["--plugin", alone.plugin()], None).fails(2, &says);
    alone.call(&["plugins", "verify", alone.plugin()], None).fails(2, &says);
    no_run_began(&alone);
    let listed = alone.call(&["plugins", "list"], Some(folder));
    assert!(listed.succeeds().out.contains("refused: its sha256"), "{}", listed.out);
}

#[test]
fn a_refusal_says_how_to_allow() {
    let alone = Alone::new();
    alone.run(&["--plugin", alone.plugin()], None).fails(2, &["plugins allow", "--allow-unverified"]);
}

#[test]
fn without_any_place_to_look_the_search_says_so() {
    let alone = Alone::new();
    let of_sheets = ["run", "--source", "sheets", "--allow-unverified"];
    alone.call(&of_sheets, None).fails(
        2,
        &["there is no plugin `sheets`", "search path is given\ngive its file", "IMPORTER_PLUGIN_PATH"],
    );
    no_run_began(&alone);
    // The current directory is no place for plugins: whoever sends a file would send a program.
    std::fs::copy(&alone.plugin, alone.desk.folder.path().join(alone.plugin.file_name().unwrap())).unwrap();
    let files = alone.call(&["plugins", "list", "--allow-unverified"], None);
    assert!(files.succeeds().out.contains("No plugins were found"), "{files:?}");
}

#[test]
fn a_program_alone_reads_csv_files_with_what_it_was_built_with() {
    let alone = Alone::new();
    let ended = alone.run(&[], None);
    assert_eq!(ended.succeeds().json()["plugins"][0]["verified"], true, "{ended:?}");
}

#[test]
fn a_sidecar_of_another_build_is_refused_even_where_everything_is_allowed() {
    let alone = Alone::new();
    sidecar(&alone, &"0".repeat(64));
    for args in [&["--plugin", alone.plugin(), "--allow-unverified"][..], &["--allow-unverified"]] {
        let ended = alone.run(args, alone.plugin.parent());
        ended.fails(
            2,
            &[
                alone.plugin(),
                "its sidecar says 0000",
                "it is damaged, or sidecar and file are of different builds",
            ],
        );
    }
    no_run_began(&alone);
    let hash = importer_plugin_host::hash_file(&alone.plugin).unwrap();
    sidecar(&alone, &hash.to_string());
    alone.run(&["--allow-unverified"], alone.plugin.parent()).succeeds();
}

#[test]
fn what_is_no_library_is_refused() {
    let alone = Alone::new();
    for (name, bytes, says) in [
        ("text.so", b"Zzyzxmarker, not a library\n".to_vec(), "it is not a dynamic library"),
        ("empty.so", Vec::new(), "it is empty"),
        ("cut.so", std::fs::read(&alone.plugin).unwrap()[..4096].to_vec(), "cut.so"),
        (
            "half.so",
            {
                let bytes = std::fs::read(&alone.plugin).unwrap();
                bytes[..bytes.len() / 2].to_vec()
            },
            "half.so",
        ),
    ] {
        alone.desk.file(name, bytes);
        let allow = ["plugins", "allow", name, "--allow-list", "list.toml"];
        alone.call(&allow, None).fails(2, &[name, says, "the list was not changed"]);
        assert!(!alone.desk.folder.path().join("list.toml").exists());
        for args in [
            vec!["plugins", "verify", name, "--allow-unverified"],
            vec![
                "run",
                "--source",
                "csv",
                "--file",
                "people.csv",
                "--plugin",
                name,
                "--allow-unverified",
                "--db",
                &alone.desk.db.url,
            ],
        ] {
            alone.call(&args, None).fails(2, &[name, says]);
        }
    }
    alone.run(&["--plugin", "nowhere.so"], None).fails(2, &["nowhere.so", "No such file"]);
    alone.run(&["--plugin", "."], None).fails(2, &["."]);
    no_run_began(&alone);
}

#[test]
fn an_allow_list_that_cannot_be_read_stops_everything() {
    let alone = Alone::new();
    alone.desk.file("garbage.toml", "allow everything\n");
    alone.desk.file("short.toml", "[[allow]]\nsha256 = \"14bf\"\n");
    for (list, says) in
        [("garbage.toml", "garbage.toml"), ("short.toml", "short.toml"), ("none.toml", "No such file")]
    {
        let ended = alone.run(&["--allow-unverified", "--allow-list", list], alone.plugin.parent());
        ended.fails(2, &["cannot read the allow-list of plugins", says]);
    }
    no_run_began(&alone);
}
