//! What every normalisation is tested for, and the strings it is tested with.

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

/// Runs the laws over every awkward string.
pub(super) fn survives_awkward_strings(f: impl Fn(&str, &mut String) -> Result) {
    for input in awkward() {
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

/// The awkward strings of the project's own test data.
fn awkward() -> &'static [String] {
    static STRINGS: OnceLock<Vec<String>> = OnceLock::new();
    STRINGS.get_or_init(|| {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/strings/awkward.json");
        let json = std::fs::read_to_string(file).expect("the awkward strings are part of the repository");
        serde_json::from_str(&json).expect("the awkward strings are a JSON list of strings")
    })
}
