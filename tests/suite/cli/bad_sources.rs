//! Files that cannot be imported: what, where, what to do, and not a row in the database.
#![allow(clippy::print_stderr, reason = "what is not tested is said aloud")]

use std::process::Command;

use super::{CORE, Desk, MARKER, PEOPLE, RUN, ended, program};

/// A file whose cells hold the marker, long enough to be cut and damaged.
fn long(first: &str) -> Vec<u8> {
    let mut text = format!("id,first name,last name,email\n{first},{MARKER},Cut,cut@example.org\n");
    for n in 10..40_000 {
        text += &format!("{n},{MARKER}{},Doe,zzyzxmarker{n}@example.org\n", n * 7919 % 1009);
    }
    text.into_bytes()
}

fn packed(text: &[u8]) -> Vec<u8> {
    use std::io::Write;
    use std::process::Stdio;
    let mut gzip =
        Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = gzip.stdin.take().unwrap();
    let text = text.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&text).unwrap());
    let output = gzip.wait_with_output().unwrap();
    writer.join().unwrap();
    output.stdout
}

#[test]
fn what_is_no_table_is_refused_before_a_run_begins() {
    let whole = packed(&long("1"));
    let cut = whole[..whole.len() / 2].to_vec();
    let mut damaged = whole.clone();
    damaged[whole.len() / 3] ^= 0xff;
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), MARKER.into(), (0..=255).collect()].concat();
    let xlsx =
        [b"PK\x03\x04\x14\0\x06\0[Content_Types].xml xl/workbook.xml ".to_vec(), MARKER.into()].concat();
    // "名前,メール" and a name, as a Japanese Excel saves them.
    let japanese = [
        b"id,\x96\xbc\x91\x4f,e-mail\n1,".to_vec(),
        b"\x8e\x52\x93\x63\x91\xbe\x98\x59,Zzyzxmarker@example.org\n2,\x8d\xb2\x93\xa1,b@example.org\n"
            .to_vec(),
    ]
    .concat();
    let swapped = format!("first name,last name,Emial,Room\n{MARKER},Row,{MARKER}@example.org,816\n");
    let nothing = ["--set", "quote=\""];
    let utf8 = ["--set", "encoding=utf-8"];
    for (name, bytes, args, code, says) in [
        ("empty.csv", vec![], &nothing[..], 1, &["is empty", "not even a line of column names"][..]),
        ("blank.csv", b"\n\n  \n".to_vec(), &nothing, 1, &["is empty"]),
        ("mark.csv", b"\xef\xbb\xbf".to_vec(), &nothing, 1, &["is empty"]),
        ("cut.csv.gz", cut, &nothing, 1, &["breaks off before its end", "fetch it again"]),
        ("stub.csv.gz", whole[..12].to_vec(), &nothing, 1, &["breaks off before its end"]),
        ("damaged.csv.gz", damaged, &nothing, 1, &["damaged gzip file", "fetch it again"]),
        ("photo.csv", png, &nothing, 1, &["is a PNG image", "give the data file instead"]),
        ("book.xlsx", xlsx, &nothing, 1, &["an Excel workbook", "export the sheet as CSV"]),
        ("zeros.csv", vec![0; 4096], &nothing, 1, &["is a binary file"]),
        ("japanese.csv", japanese.clone(), &nothing, 1, &["is not UTF-8", "encoding=shift_jis"]),
        ("japanese.csv", japanese, &utf8, 1, &["is read as UTF-8", "line 1", "declare another encoding"]),
        (
            "columns.csv",
            swapped.into(),
            &nothing,
            2,
            &["`email_normalized` or `phone_e164`", "`Emial` looks like `email`"],
        ),
        (
            "unclosed.csv",
            format!("\"id,first name\n1,{MARKER}\n").into(),
            &nothing,
            1,
            &["is never closed", "quote=none"],
        ),
    ] {
        let desk = Desk::new();
        desk.file(name, bytes);
        let ended = desk.summary(name, args);
        ended.fails(code, &["error: cannot ", says[0]]).fails(code, says);
        assert_eq!(ended.json()["status"], "failed", "{name}");
        desk.empty(&CORE);
        desk.empty(&RUN);
    }
}

#[test]
fn damage_that_is_found_on_the_way_leaves_the_core_alone() {
    // Not ASCII alone, so that the encoding is settled before the damage is met.
    let text = [long("1"), "9,Żółw,Doe,z@example.org\n".into()].concat();
    let early =
        [b"id,first name,last name,email\n0,Zo\xc3\xab,Early,zoe@example.org\n".to_vec(), text].concat();
    let whole = packed(&early);
    let latin = [early.clone(), b"x,Jos\xe9 Zzyzxmarker,Doe,j@example.org\n".to_vec()].concat();
    for (name, bytes, says) in [
        ("cut.csv.gz", whole[..whole.len() - 100].to_vec(), "breaks off before its end"),
        ("halves.csv", latin, "UTF-8"),
    ] {
        let desk = Desk::new();
        desk.file(name, bytes);
        let ended = desk.summary(name, &[]);
        ended.fails(1, &[name, says]);
        desk.empty(&CORE[..5]);
        assert_eq!(desk.rows("watermarks"), 0);
        // The same file mended is a new run, and finds nothing in its way.
        desk.file(name, &early);
        let mended = desk.summary(name, &[]).succeeds().counts();
        assert_eq!(mended["read"], mended["clean"] + mended["quarantined"]);
        assert!(mended["inserted"] > 0);
    }
}

#[test]
fn a_place_without_a_file_is_named() {
    let desk = Desk::new();
    std::fs::create_dir(desk.folder.path().join("folder.csv")).unwrap();
    for (file, code, says) in [
        ("missing.csv", 2, &["missing.csv` does not exist", "check the path"][..]),
        ("nowhere/missing.csv", 2, &["nowhere/missing.csv` does not exist"]),
        ("folder.csv", 2, &["is a directory", "give one file inside it"]),
        ("", 2, &["error: "]),
    ] {
        desk.run(file, &[]).fails(code, says);
        desk.summary(file, &["--dry-run"]).fails(code, says);
    }
    // None of them made so much as a database.
    drop(desk.db.importer());
    desk.empty(&RUN);
    desk.call(["run", "--source", "csv"]).fails(2, &["option `file` is missing"]);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let file = desk.file("secret.csv", PEOPLE);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = program(desk.folder.path());
    command.args(["run", "--source", "csv", "--file", "secret.csv", "--db", "sqlite://work/own.db"]);
    let Some(command) = without_rights(command, &desk) else { return };
    ended(command).fails(2, &["secret.csv` may not be read by this user", "ask for permission"]);
}

/// The same command for a user whom file permissions stop; `None`, said aloud, where there is none.
pub(super) fn without_rights(command: Command, desk: &Desk) -> Option<Command> {
    use std::os::unix::fs::PermissionsExt;
    let work = desk.folder.path().join("work");
    std::fs::create_dir_all(&work).unwrap();
    for (folder, mode) in [(desk.folder.path(), 0o755), (work.as_path(), 0o777)] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        return Some(command);
    }
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    let reaches = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(command.get_program())
        .arg("--version")
        .output();
    if !reaches.is_ok_and(|output| output.status.success()) {
        eprintln!("NOT TESTED as a user without rights: run by root, and nobody may not run the program");
        return None;
    }
    nobody.arg(command.get_program()).args(command.get_args()).current_dir(desk.folder.path());
    super::quiet(&mut nobody);
    Some(nobody)
}

#[test]
fn a_file_without_column_names_is_not_quoted() {
    let desk = Desk::new();
    desk.file(
        "people.csv",
        format!("1,{MARKER},Row,zzyzxmarker@example.org\n2,Grace,Hopper,grace@example.org\n"),
    );
    desk.run("people.csv", &[]).fails(2, &["column names"]);
}
