//! What every normalisation is tested for, and the strings it is tested with.

use std::path::PathBuf;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::{Problem, Result};

/// The normal form of `input`, with the laws checked: text before it stays, and the normal form is its own.
pub(super) fn normal(
    f: impl Fn(&str, &mut String) -> Result,
    input: &str,
) -> std::result::Result<String, Problem> {
    let once = appended(&f, input)?;
    let twice = appended(&f, &once)
        .unwrap_or_else(|p| panic!("{once:?}, the normal form of {input:?}, is refused: {p}"));
    assert_eq!(twice, once, "the normal form of {input:?} changes when it is normalised again");
    Ok(once)
}

/// What `f` appends, with the text before it checked.
fn appended(f: &impl Fn(&str, &mut String) -> Result, input: &str) -> std::result::Result<String, Problem> {
    let before = "before ✓ ";
    let mut out = before.to_owned();
    let result = f(input, &mut out);
    assert!(out.starts_with(before), "earlier text was changed by {input:?}");
    result.map(|()| out.split_off(before.len()))
}

/// Checks a table of inputs and normal forms; an empty normal form of a visible input means that it is refused.
pub(super) fn check(f: impl Fn(&str, &mut String) -> Result, table: &[(&str, &str)]) {
    for (input, expected) in table {
        match normal(&f, input) {
            Ok(found) => assert_eq!(&found, expected, "normal form of {input:?}"),
            Err(problem) => {
                assert!(expected.is_empty() && !input.trim().is_empty(), "{input:?} is refused: {problem}");
                assert!(problem.message.ends_with('.'), "`{problem}` is not a sentence");
            }
        }
    }
}

/// Runs the laws over every naughty string.
pub(super) fn survives_naughty_strings(f: impl Fn(&str, &mut String) -> Result) {
    for input in naughty() {
        let _ = normal(&f, input);
    }
}

/// Any text, with a preference for what breaks text processing.
pub(super) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,24}",
        "[a-zA-Z '.-]{0,16}",
        "[DJMcCAIiİıßΣσςÅǅǆŉﬁა\u{1C90}\u{301}\u{307}\u{200B}\u{200D}\u{FEFF}\u{202E}\u{A0} .,'’-]{0,12}",
        "[0-9+() x#.:TZ/-]{0,24}",
        "[a-zA-Z0-9@.<>_+\"ü。-]{0,20}",
    ]
}

/// The naughty strings of the shared data folder; none, said aloud, when there is no such folder.
fn naughty() -> &'static [String] {
    static STRINGS: OnceLock<Vec<String>> = OnceLock::new();
    STRINGS.get_or_init(|| {
        let folder = std::env::var_os("IMPORTER_SHARED_DATA").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
            PathBuf::from,
        );
        let file = folder.join("strings/blns.json");
        match std::fs::read_to_string(&file) {
            Ok(json) => serde_json::from_str(&json).expect("the naughty strings are a JSON list of strings"),
            Err(error) => {
                eprintln!(
                    "NOT TESTED with naughty strings: {}: {error}; set IMPORTER_SHARED_DATA",
                    file.display()
                );
                Vec::new()
            }
        }
    })
}
