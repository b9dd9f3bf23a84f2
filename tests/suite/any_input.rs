//! Inputs of any bytes: each kind has one property, which the fuzz targets below `fuzz/` try for as long as somebody lets
//! them, and which is tried here on seeds and on random changes of them.

mod csv;
mod image;
mod mapping;

use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::support;

/// So many inputs per property: a few seconds for all. `PROPTEST_CASES` asks for another number.
fn cases() -> u32 {
    if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 1_000 }
}

/// Pieces that mean something in one of the formats.
const PIECES: [&str; 24] = [
    ",",
    ";",
    "\t",
    "\"",
    "\"\"",
    "'",
    "\r",
    "\n",
    "\r\n",
    "\0",
    "\u{FEFF}",
    "é",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "#",
    "null",
    "&a ",
    "*a",
    "99999999999999999999",
    "-1",
];

/// A small change of an input.
#[derive(Debug, Clone)]
enum Change {
    /// A piece more.
    Insert(Index, Vec<u8>),
    /// Bytes less.
    Remove(Index, usize),
    /// Another byte.
    Replace(Index, u8),
    /// A part again, elsewhere.
    Repeat(Index, usize, Index),
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        let piece = prop_oneof![
            3 => prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 1..6),
        ];
        prop_oneof![
            4 => (any::<Index>(), piece).prop_map(|(at, piece)| Self::Insert(at, piece)),
            2 => (any::<Index>(), 1..8_usize).prop_map(|(at, count)| Self::Remove(at, count)),
            2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Self::Replace(at, byte)),
            1 => (any::<Index>(), 1..40_usize, any::<Index>()).prop_map(|(at, count, to)| Self::Repeat(at, count, to)),
        ]
    }

    fn of(&self, input: &mut Vec<u8>) {
        let place = |at: &Index, input: &[u8]| at.index(input.len() + 1);
        let part = |at: usize, count: usize, input: &[u8]| at..(at + count).min(input.len());
        match self {
            Self::Insert(at, piece) => {
                let at = place(at, input);
                input.splice(at..at, piece.iter().copied());
            }
            Self::Remove(at, count) => {
                let part = part(place(at, input), *count, input);
                input.drain(part);
            }
            Self::Replace(at, byte) => {
                let at = place(at, input);
                if let Some(old) = input.get_mut(at) {
                    *old = *byte;
                }
            }
            Self::Repeat(at, count, to) => {
                let copied = input[part(place(at, input), *count, input)].to_vec();
                let to = place(to, input);
                input.splice(to..to, copied);
            }
        }
    }
}

/// The seeds of a property, in one order.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = support::root().join("tests/data/fuzz").join(name);
    let mut files: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 2, "there are seeds in {}", folder.display());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn try_out(name: &str, property: fn(&[u8])) {
    let seeds = seeds(name);
    seeds.iter().for_each(|seed| property(seed));
    property(b"");
    let changed = (prop::sample::select(seeds), prop::collection::vec(Change::any(), 1..10));
    let changed = changed.prop_map(|(mut input, changes)| {
        changes.iter().for_each(|change| change.of(&mut input));
        input
    });
    let input = prop_oneof![9 => changed, 1 => prop::collection::vec(any::<u8>(), 0..200)];
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&input, |input| {
            property(&input);
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_bytes_are_a_csv_file_or_refused() {
    try_out("csv", csv::property);
}

#[test]
fn any_text_is_a_mapping_or_an_error_with_its_place() {
    try_out("mapping", mapping::property);
}

#[test]
fn any_text_is_an_image_or_an_error() {
    try_out("image", image::property);
}
