//! A file that changes while it is read: whatever was made of it, nobody takes it for a whole file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use importer_plugin::{Error, ErrorKind, Extract, Host, Options, Source};

use super::common::{gzip, open, utf16le};

/// More than two batches, and more than what is read ahead.
const ROWS: usize = 20_000;

fn text(last_name: &str) -> String {
    let rows = (0..ROWS).map(|n| format!("{n},Ada{n},{last_name}{n}\n"));
    std::iter::once("id,first,last\n".to_owned()).chain(rows).collect()
}

/// A file that was written a while ago, so that whoever writes it again leaves another time.
fn old_file(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

/// Reads on to the end of the file, or to an error; says how many rows came.
fn rest(source: &mut dyn Source) -> Result<usize, Error> {
    let (mut out, mut rows) = (Extract::new(source.columns().len()), 0);
    loop {
        out.reset(source.columns().len());
        source.next(&mut out)?;
        if out.batch().is_empty() {
            return Ok(rows);
        }
        rows += out.batch().rows();
    }
}

struct Changing {
    _folder: tempfile::TempDir,
    path: PathBuf,
    source: Box<dyn Source>,
}

impl Changing {
    fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv");
        old_file(&path, bytes);
        let options = Options::default().with("file", path.to_str().unwrap());
        let source = open(options, None, &Host::detached()).unwrap();
        Self { _folder: folder, path, source }
    }

    fn batch(&mut self) -> usize {
        let mut out = Extract::new(self.source.columns().len());
        self.source.next(&mut out).unwrap();
        out.batch().rows()
    }

    #[track_caller]
    fn refused(mut self, what: &str) {
        let error = rest(self.source.as_mut()).expect_err("it passed for a whole file");
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Data, Some("file")), "{error}");
        for part in [self.path.to_str().unwrap(), what, "while it was read", "rename"] {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        assert!(!error.message.contains("Ada"), "{error}");
    }
}

/// What somebody does to a file, and what is said of it.
type Change = (fn(&Path), &'static str);

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    use std::io::{Seek, SeekFrom};
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn cut(path: &Path, size: impl FnOnce(u64) -> u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(size(file.metadata().unwrap().len())).unwrap();
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// Another file takes the place of the first one, of the same size, with the same beginning and the same time.
fn replace(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let last = bytes.len() - 10;
    bytes[last] ^= 1;
    let (new, time) = (path.with_extension("new"), path.metadata().unwrap().modified().unwrap());
    std::fs::write(&new, bytes).unwrap();
    OpenOptions::new().write(true).open(&new).unwrap().set_modified(time).unwrap();
    std::fs::rename(new, path).unwrap();
}

const CHANGES: [Change; 8] = [
    (|path| cut(path, |size| size / 2 + 3), "was cut off"),
    (|path| cut(path, |_| 0), "was cut off"),
    (|path| append(path, b"20000,Ada,Lovelace\n"), "grew"),
    (|path| append(path, b"20000,Ad"), "grew"),
    (|path| overwrite(path, path.metadata().unwrap().len() / 2, b"x"), "was written to"),
    (|path| std::fs::write(path, "id,first,last\n1,a,b\n").unwrap(), "was cut off"),
    (|path| std::fs::remove_file(path).unwrap(), "was removed"),
    (replace, if cfg!(unix) { "was replaced" } else { "was" }),
];

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    for (change, what) in CHANGES {
        for bytes in [text("Love").into_bytes(), gzip(text("Love").as_bytes()), utf16le(&text("Love"))] {
            let mut file = Changing::new(&bytes);
            assert!(file.batch() > 0);
            change(&file.path);
            file.refused(what);
        }
    }
}

#[test]
fn a_file_that_changes_before_its_first_row_is_read_is_refused() {
    for (change, what) in CHANGES {
        let file = Changing::new(text("Love").as_bytes());
        change(&file.path);
        file.refused(what);
    }
}

#[test]
fn a_last_record_without_a_line_break_is_looked_at_twice() {
    // Small enough to be read at once, so that only the second look tells.
    let (half, whole) = ("id,first,last\n1,Ada,Lov", "id,first,last\n1,Ada,Lovelace\n");
    let mut file = Changing::new(half.as_bytes());
    assert_eq!(file.batch(), 1);
    append(&file.path, &whole.as_bytes()[half.len()..]);
    file.refused("grew");
    // Nothing follows, so it is the last one.
    let mut file = Changing::new(half.as_bytes());
    assert_eq!((file.batch(), rest(file.source.as_mut())), (1, Ok(0)));
}

#[test]
fn damage_that_comes_of_a_change_is_told_as_the_change() {
    // A packed file breaks off, and a letter of two bytes is torn; neither is the fault of whoever made the file.
    let accents = text("Lovelacé");
    for bytes in [gzip(accents.as_bytes()), accents.into_bytes()] {
        let mut file = Changing::new(&bytes);
        file.batch();
        cut(&file.path, |size| size - 2);
        file.refused("was cut off");
    }
}

#[test]
fn a_file_that_is_read_by_others_has_not_changed() {
    let mut file = Changing::new(text("Love").as_bytes());
    let first = file.batch();
    let mut copy = Vec::new();
    std::io::Read::read_to_end(&mut File::open(&file.path).unwrap(), &mut copy).unwrap();
    assert_eq!(rest(file.source.as_mut()), Ok(ROWS - first));
}
