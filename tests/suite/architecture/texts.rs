//! What the library says is shown by any host: it knows no command line.

use std::collections::BTreeSet;

use crate::support;

/// The sources of everything that a host links, and of the checks for authors of plugins.
const LIBRARY: [&str; 10] = [
    "src",
    "importer-core/src",
    "importer-core/plugin/src",
    "importer-core/plugin-host/src",
    "importer-core/store/src",
    "importer-core/worker/src",
    "importer-dq/src",
    "importer-dedupe/src",
    "importer-adapters/csv/src",
    "importer-conformance/src",
];

/// Words in backticks that are commands by their name and mean something else.
const NO_COMMANDS: [(&str, &str); 2] = [
    ("importer-core/plugin-host/src/metadata.rs", "export"),
    ("importer-conformance/src/cases/loads.rs", "scan"),
];

/// The string literals of a source, without its comments and without its tests.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("\n#[cfg(test)]\n").next().unwrap();
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (before, from) = rest.split_at(at);
        rest = if let Some(comment) = from.strip_prefix("//") {
            comment.split_once('\n').map_or("", |(_, behind)| behind)
        } else if from.starts_with("'\\") || from.chars().nth(2) == Some('\'') && from.starts_with('\'') {
            // A character, which may be a quote; anything else that begins like one is a lifetime.
            let skipped =
                if from.starts_with("'\\") { 3 } else { from.chars().nth(1).unwrap().len_utf8() + 2 };
            &from[skipped..]
        } else if from.starts_with('"') {
            let raw = before.trim_end_matches('#');
            let end = match raw.ends_with('r') {
                true => format!("\"{}", "#".repeat(before.len() - raw.len())),
                false => "\"".to_owned(),
            };
            let mut length = 1;
            while !from[length..].starts_with(&end) {
                let escaped = !raw.ends_with('r') && from[length..].starts_with('\\');
                length += usize::from(escaped);
                length += from[length..].chars().next().unwrap().len_utf8();
            }
            found.push(from[1..length].to_owned());
            &from[length + end.len()..]
        } else {
            &from[1..]
        };
    }
    found
}

/// The names of the commands, as the command line lists them.
fn commands() -> BTreeSet<String> {
    let output = support::command_line().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let names = lines.filter(|line| !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// What of a text only makes sense on the command line.
fn mentions(text: &str, commands: &BTreeSet<String>) -> Vec<String> {
    // What is said to whoever builds or documents the program.
    if text.contains("cargo ") {
        return Vec::new();
    }
    let options = text.split_whitespace().filter(|word| {
        let option = word.trim_start_matches(['`', '(']).strip_prefix("--");
        option.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase())) && text.contains(' ')
    });
    let spans = text.split('`').skip(1).step_by(2).filter(|span| {
        let mut words = span.split_whitespace();
        let first = words.next().filter(|word| *word != "importer").or_else(|| words.next());
        first.is_some_and(|word| commands.contains(word))
    });
    options.chain(spans).map(str::to_owned).collect()
}

#[test]
fn no_text_of_the_library_mentions_the_command_line() {
    let commands = commands();
    assert!(commands.contains("rollback") && commands.len() > 20, "{commands:?}");
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for folder in LIBRARY {
        let mut files = Vec::new();
        super::collect(&support::root().join(folder), &mut files);
        files.retain(|file| !["tests.rs", "laws.rs"].iter().any(|end| file.to_string_lossy().ends_with(end)));
        for file in files {
            let place = file.strip_prefix(support::root()).unwrap().to_string_lossy().replace('\\', "/");
            for text in literals(&std::fs::read_to_string(&file).unwrap()) {
                checked += 1;
                let found = mentions(&text, &commands);
                let meant = |word: &String| !NO_COMMANDS.contains(&(place.as_str(), word.as_str()));
                wrong.extend(
                    found.into_iter().filter(meant).map(|word| format!("{place}: {word} in {text:?}")),
                );
            }
        }
    }
    assert!(checked > 1_000, "only {checked} texts were found, so this test looks at the wrong places");
    assert!(wrong.is_empty(), "texts that only the command line may say:\n{}", wrong.join("\n"));
}

#[test]
fn a_text_that_mentions_the_command_line_is_found() {
    let commands = commands();
    let source = r##"
        // `rollback 7` in a comment, and "quoted"
        let quote = '"'; let lifetime: &'static str = "there is no run {id}";
        error.hint("give another --db").hint(r#"`rollback 7` is "it""#).hint("`importer runs` lists them");
        let escaped = "a \" and `undo`"; let cell = '\'';
    "##;
    let found: Vec<String> = literals(source).iter().flat_map(|text| mentions(text, &commands)).collect();
    assert_eq!(found, ["--db", "rollback 7", "importer runs", "undo"]);
}
