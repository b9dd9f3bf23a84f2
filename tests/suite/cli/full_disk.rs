//! A disk that is full, and then is not.
#![allow(clippy::print_stderr, reason = "what is not tested is said aloud")]

use std::path::PathBuf;
use std::process::Command;

use super::{CORE, Desk};

/// A small file system in memory, taken away when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(place: PathBuf) -> Option<Self> {
        std::fs::create_dir(&place).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(&place).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(place));
        }
        eprintln!("NOT TESTED with a full disk: a file system in memory may not be mounted");
        None
    }

    fn grow(&self) {
        let grown = Command::new("mount").args(["-o", "remount,size=64m"]).arg(&self.0).status().unwrap();
        assert!(grown.success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn the_same_command_goes_on_when_there_is_room_again() {
    let mut desk = Desk::new();
    let mut text = String::from("id,first name,last name,email\n");
    for n in 0..6_000 {
        text += &format!("{n},Zzyzxmarker{n},Doe,zzyzxmarker{n}@example.org\n");
    }
    desk.file("people.csv", text);
    let Some(disk) = Small::mount(desk.folder.path().join("disk")) else { return };
    desk.db.url = format!("sqlite://{}/small.db", disk.0.display());

    let ended = desk.summary("people.csv", &[]);
    ended.fails(1, &["database or disk is full", "free some space and start the same run again"]);
    assert_eq!(ended.json()["status"], "failed");
    desk.empty(&CORE);

    // As long as it stays full, it stays the same run.
    desk.summary("people.csv", &[]).fails(1, &["database or disk is full"]);
    disk.grow();
    let ended = desk.run("people.csv", &[]);
    assert!(ended.succeeds().out.contains("continued run 1"), "{}", ended.out);
    assert_eq!((desk.rows("core_volunteers"), desk.rows("staging_volunteers")), (6_000, 6_000));
    assert_eq!(desk.rows("import_runs"), 1);
}
