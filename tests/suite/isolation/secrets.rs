//! Secrets from the environment reach the plugin that asks for them, and nothing else that anybody reads later.

use super::*;

const SECRET: &str = "Zzyzxsecret-7fe1";

/// Every way to a plugin, in the process and in a worker.
fn each_way(check: impl Fn(&dyn Fn(&str, &[&str]) -> Ended)) {
    for isolation in ["none", "misbehaving"] {
        let (desk, plugin) = (Desk::new(), misbehaving());
        let ask = |does: &str, args: &[&str]| {
            desk.file("does", does);
            let mut command = cli::program(desk.folder.path());
            command.args(args).args(["--allow-unverified", "--isolate", isolation]);
            command.env("IMPORTER_SECRET_TOKEN", SECRET).env("IMPORTER_LOG", "trace");
            if args[0] == "run" {
                command.args(["--source", "misbehaving", "--file", "does", "--db", &desk.db.url, "--plugin"]);
                command.arg(&plugin);
            }
            let ended = cli::ended(command);
            assert!(
                !ended.out.contains(SECRET) && !ended.err.contains(SECRET),
                "{isolation} {does}: {ended:?}"
            );
            ended
        };
        check(&ask);
        none_in(&[desk.folder.path(), folder_of(&desk)]);
    }
}

fn folder_of(desk: &Desk) -> &Path {
    Path::new(desk.db.url.strip_prefix("sqlite://").unwrap()).parent().unwrap()
}

/// Byte by byte, so that no table and no column is forgotten.
#[track_caller]
fn none_in(folders: &[&Path]) {
    for file in folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()) {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "{}", path.display());
    }
}

#[test]
fn a_secret_is_in_no_log_no_error_and_no_file() {
    each_way(|ask| {
        let told = ask("tell", &["run", "--summary-json"]);
        let characters = format!("the secret has {} characters", SECRET.len());
        assert!(told.succeeds().err.contains(&characters), "the plugin was given it: {told:?}");
        ask("tell", &["run"]).succeeds();
        ask("refuse", &["run", "--system", "other"]).fails(1, &["the source refuses the token"]);
        // A value that was given in the wrong place is a secret all the same.
        ask("ok", &["run", "--set", &format!("token={SECRET}")]).fails(2, &["option `token` is a secret"]);
    });
}

#[test]
fn a_secret_is_in_no_description_and_no_answer() {
    let library = misbehaving();
    let library = library.to_str().unwrap();
    each_way(|ask| {
        for style in [&[][..], &["--json"], &["--schema"]] {
            ask("ok", &[&["plugins", "describe", library], style].concat()).succeeds();
        }
        for question in ["fields", "health"] {
            let option = ["--option", "file=does"];
            ask("asked tell", &[&["plugins", question, library], &option[..]].concat()).succeeds();
            let wrong = format!("token={SECRET}");
            let wrong = ["plugins", question, library, "--option", "file=does", "--option", &wrong];
            ask("ok", &wrong).fails(2, &["option `token` is a secret"]);
        }
    });
}

#[test]
fn a_plugin_that_crashes_with_a_secret_leaves_none_behind() {
    let (desk, plugin) = (Desk::new(), misbehaving());
    desk.file("does", "tell_and_abort");
    let mut command = run(desk.folder.path(), &desk.db, "misbehaving", &desk.folder.path().join("does"));
    command.args(["--allow-unverified", "--isolate", "misbehaving", "--plugin"]).arg(plugin);
    command.env("IMPORTER_SECRET_TOKEN", SECRET).env("IMPORTER_LOG", "trace");
    let ended = cli::ended(command);
    ended.fails(1, &["SIGABRT", "the secret has"]);
    assert!(!ended.err.contains(SECRET) && !ended.out.contains(SECRET), "{ended:?}");
    none_in(&[desk.folder.path(), folder_of(&desk)]);
}
