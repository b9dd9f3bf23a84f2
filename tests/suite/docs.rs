//! The documentation tells the truth: reference pages are generated, examples compile, commands and paths exist.
//!
//! `UPDATE_DOCS=1 cargo test --test suite -- docs::` rewrites the generated pages.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use importer_core::contracts::{Contract, FieldKind, PiiClass, VOLUNTEER};

use super::support;

/// The example of the README; its text is compared with this one.
mod readme {
    use std::path::Path;

    use importer::{Importer, RunReport, RunRequest};

    pub(super) fn import(database: &str, file: &Path) -> Result<RunReport, importer::Error> {
        let importer = Importer::builder()
            .database(database) // such as sqlite://app.db; missing tables are made
            .plugin(importer_adapter_csv::plugin()) // linked into the program, not loaded from a file
            .build()?;
        let request = RunRequest::new("csv").file(file).actor("nightly job");

        let rehearsal = importer.run(&request.clone().dry_run(true))?;
        if rehearsal.counts.quarantined * 10 > rehearsal.counts.read {
            return Ok(rehearsal); // more than a tenth would be held back: somebody should look first
        }
        importer.run(&request)
    }
}

#[test]
fn the_example_of_the_readme_is_this_code_and_works() {
    let own = std::fs::read_to_string(support::root().join("tests/suite/docs.rs")).unwrap();
    let (_, rest) = own.split_once("mod readme {\n").unwrap();
    let (code, _) = rest.split_once("\n}\n").unwrap();
    let code: Vec<&str> = code.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let code = code.join("\n").replace("pub(super) fn", "fn");
    let readme = std::fs::read_to_string(support::root().join("README.md")).unwrap();
    let blocks: Vec<Block> = blocks(&readme).into_iter().filter(|block| block.language == "rust").collect();
    assert_eq!(blocks.len(), 1, "one example, held to be this one");
    assert_eq!(blocks[0].text.trim(), code.trim());

    let database = support::sqlite();
    let report =
        readme::import(&database.url, &support::root().join("examples/data/volunteers.csv")).unwrap();
    assert!(!report.dry_run && report.counts.inserted > 0, "{report:?}");
}

/// The fields of a contract in Markdown.
fn contract_page(contract: &Contract) -> String {
    let mut out = format!(
        "# Contract `{}` {}\n\nThe fields a row can have. *Header* is what templates call a field; any of its synonyms is \
         recognised as well, without regard to case, spaces and punctuation.\n\n",
        contract.entity, contract.version
    );
    let groups: Vec<String> = contract.needed.iter().map(|group| one_of(group)).collect();
    let _ =
        writeln!(out, "A source is refused unless it has a column for {}.\n", groups.join(", and one for "));
    out += "| Field | Header | Kind | Required | PII | Since | What it is | Synonyms |\n|---|---|---|---|---|---|---|---|\n";
    for field in contract.fields {
        let required = if field.required { "yes" } else { "" };
        let synonyms = field.synonyms.join(", ").replace('|', "\\|");
        let _ = writeln!(
            out,
            "| `{}` | `{}` | {} | {required} | {} | {} | {} | {synonyms} |",
            field.name,
            field.header,
            words(field.kind),
            pii(field.pii),
            field.since,
            field.doc
        );
    }
    out +=
        "\nRequired: what a complete record has; [rules](rules.md) say what becomes of a row without it.\n";
    out += "PII: *none*, *personal* (needed for daily work), *contact* (reaches a person), *sensitive* (to be seen by few).\n";
    out
}

fn one_of(fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    match fields.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => fields.concat(),
    }
}

fn words(kind: FieldKind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().replace('_', " ")
}

fn pii(class: PiiClass) -> String {
    serde_json::to_value(class).unwrap().as_str().unwrap().to_owned()
}

/// Compares a generated page with the file, or writes it.
fn current(path: &str, text: &str) {
    let file = support::root().join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == text,
        "{path} is out of date; `UPDATE_DOCS=1 cargo test --test suite -- docs::` rewrites it"
    );
}

#[test]
fn the_reference_of_rules_is_current() {
    current("docs/reference/rules.md", &importer_dq::reference());
}

#[test]
fn the_reference_of_reasons_is_current() {
    current("docs/reference/reasons.md", &importer_core::reasons::reference());
}

#[test]
fn the_reference_of_roles_is_current() {
    current("docs/reference/roles.md", &importer::service::roles_reference());
}

#[test]
fn the_reference_of_plugin_checks_is_current() {
    current("docs/reference/plugin-checks.md", &importer_conformance::reference());
}

#[test]
fn the_reference_of_the_contract_is_current() {
    current("docs/reference/contract-volunteer.md", &contract_page(&VOLUNTEER));
}

/// What the files of features say at their top about the levels of their terms; their own tests check each example.
fn features_page() -> String {
    let mut page = String::from(
        "<!-- Generated from the features; `UPDATE_DOCS=1 cargo test --test suite -- docs::` rewrites it. -->\n\n\
         # Match features\n\n\
         What two records are compared by, and how far they can agree, strongest agreement first. How much a level says is\n\
         learned from the data; a value that one of both lacks says nothing. A plugin can add features of its own.\n",
    );
    let folder = support::root().join("importer-dedupe/src/matching/features");
    for file in [
        "given_name",
        "family_name",
        "middle_name",
        "suffix",
        "birth_date",
        "email",
        "phone",
        "street",
        "locality",
        "gender",
        "identifier",
        "external_id",
        "text",
    ] {
        let text = std::fs::read_to_string(folder.join(format!("{file}.rs"))).unwrap();
        let top = text.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.trim_start());
        let title = file.replace('_', " ");
        writeln!(page, "\n## {}{}\n", title[..1].to_uppercase(), &title[1..]).unwrap();
        top.for_each(|line| writeln!(page, "{line}").unwrap());
    }
    page
}

#[test]
fn the_reference_of_match_features_is_current() {
    current("docs/reference/match-features.md", &features_page());
}

/// Every page for readers, by its path from the root.
fn pages() -> BTreeMap<String, String> {
    let root = support::root();
    let mut found = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    for folder in ["docs", "examples"] {
        files(&root.join(folder), &mut found);
    }
    found.retain(|file| file.extension().is_some_and(|e| e == "md"));
    let name = |file: &PathBuf| file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    found.iter().map(|file| (name(file), std::fs::read_to_string(file).unwrap())).collect()
}

/// A fenced block.
struct Block {
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some(Block { language: language.into(), text: String::new() }),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => block.text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// Texts in single backticks, outside of blocks.
fn spans(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The arguments of every command line of the importer in a page, in blocks and in sentences.
fn commands(page: &str) -> Vec<Vec<String>> {
    let lines = blocks(page).into_iter().flat_map(|block| {
        let text = block.text.replace("\\\n", " ");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    lines.chain(spans(page)).filter_map(|line| arguments(&line)).collect()
}

/// What follows the program's name, up to a comment, a pipe or a redirection.
fn arguments(line: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = line.split_whitespace().take_while(|w| !w.starts_with(['#', '|', '>'])).collect();
    let begin = words.iter().position(|word| !word.contains('=')).unwrap_or(0);
    let words = &words[begin..];
    let start = match words {
        ["importer", ..] => 1,
        ["cargo", "run", rest @ ..] if rest.windows(2).any(|w| w == ["--example", "importer"]) => {
            words.iter().position(|word| *word == "--")? + 1
        }
        _ => return None,
    };
    Some(words[start..].iter().map(|&word| word.to_owned()).collect())
}

/// The help of a subcommand.
fn help(path: &[&str]) -> Option<String> {
    let output = support::command_line().args(path).arg("--help").output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_command_in_the_documentation_exists() {
    let mut helps: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    let mut checked = 0;
    for (name, page) in pages() {
        for arguments in commands(&page) {
            // A run is named by its number, what is done with it by a word.
            let depth = match arguments.first().map(String::as_str).zip(arguments.get(1)) {
                Some(("plugins" | "review" | "export", _)) => 2,
                Some(("runs", word)) if word.bytes().all(|b| b.is_ascii_lowercase()) => 2,
                _ => 1,
            };
            let path: Vec<String> = arguments.iter().take(depth).cloned().collect();
            let path_words: Vec<&str> = path.iter().map(String::as_str).collect();
            let line = arguments.join(" ");
            let Some(help) = helps.entry(path.clone()).or_insert_with(|| help(&path_words)).as_deref() else {
                wrong.insert(format!("{name}: there is no command `{line}`"));
                continue;
            };
            let known: BTreeSet<&str> =
                help.split(|c: char| c.is_whitespace() || "[],:".contains(c)).collect();
            for flag in arguments.iter().filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap();
                if !known.contains(flag) {
                    wrong.insert(format!("{name}: `{line}` has no {flag}"));
                }
            }
            if path == ["template"]
                && let Some(kind) = arguments.get(1).filter(|kind| !kind.starts_with('-'))
                && !known.contains(kind.as_str())
            {
                wrong.insert(format!("{name}: there is no template `{kind}`"));
            }
            checked += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(checked > 15, "only {checked} commands were found, so this test looks at the wrong places");
}

#[test]
fn every_chore_in_the_documentation_exists() {
    let usage = std::fs::read_to_string(support::root().join("xtask/src/main.rs")).unwrap();
    for (name, page) in pages() {
        for (at, _) in page.match_indices("cargo xtask ") {
            let rest = &page[at + "cargo xtask ".len()..];
            let chore: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            assert!(
                usage.contains(&format!("  cargo xtask {chore} ")),
                "{name}: there is no chore `{chore}`"
            );
        }
    }
}

/// Sources of the program whose environment `env.example` describes, and of what it calls.
fn sources() -> String {
    let mut found = Vec::new();
    for folder in ["examples", "importer-core/plugin-host/src"] {
        files(&support::root().join(folder), &mut found);
    }
    let rust = found.iter().filter(|file| file.extension().is_some_and(|e| e == "rs"));
    rust.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

#[test]
fn the_environment_that_is_described_is_the_one_that_is_read() {
    let example = std::fs::read_to_string(support::root().join("env.example")).unwrap();
    let readme = std::fs::read_to_string(support::root().join("README.md")).unwrap();
    let described: BTreeSet<&str> = (example.lines())
        .filter_map(|line| line.trim_start_matches("# ").split_once('='))
        // A family of variables is read by its beginning.
        .map(|(name, _)| name.trim_end_matches("<NAME>"))
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    let sources = sources();
    for name in &described {
        assert!(sources.contains(&format!("\"{name}\"")), "nobody reads {name}");
        let rows = [format!("| `{name}` |"), format!("| `{name}<NAME>` |")];
        assert!(rows.iter().any(|row| readme.contains(row)), "the README does not mention {name}");
    }
    let read = sources.match_indices("\"IMPORTER_").map(|(at, _)| {
        let name = &sources[at + 1..];
        &name[..name.find('"').unwrap_or(0)]
    });
    for name in read {
        assert!(described.contains(name), "env.example does not mention {name}");
    }
}

#[test]
fn links_and_paths_lead_somewhere() {
    let root = support::root();
    let mut sources = Vec::new();
    for folder in [
        "src",
        "importer-core",
        "importer-dq",
        "importer-dedupe",
        "importer-adapters",
        "examples",
        "tests",
        "xtask",
    ] {
        files(&root.join(folder), &mut sources);
    }
    let mut wrong = Vec::new();
    for (name, page) in pages() {
        let folder = root.join(&name).parent().unwrap().to_owned();
        for (at, _) in page.match_indices("](") {
            let target = page[at + 2..].split([')', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !folder.join(target).exists() {
                wrong.push(format!("{name}: the link to {target}"));
            }
        }
        for span in spans(&page) {
            let is_path =
                span.contains('/') && [".rs", ".md", ".yaml", ".csv"].iter().any(|end| span.ends_with(end));
            // A page about one crate may leave out where the crate is.
            let exists = || root.join(&span).exists() || sources.iter().any(|source| source.ends_with(&span));
            if is_path && !span.contains(' ') && !exists() {
                wrong.push(format!("{name}: the path {span}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The architecture names the tests that hold its promises; a renamed test must not leave a promise unheld.
#[test]
fn the_tests_named_in_the_architecture_exist() {
    let page = std::fs::read_to_string(support::root().join("docs/ARCHITECTURE.md")).unwrap();
    let is_test = |span: &String| {
        span.matches('_').count() >= 3
            && span.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let named: BTreeSet<String> = spans(&page).into_iter().filter(is_test).collect();
    assert!(named.len() > 8, "only {} tests are named", named.len());
    let mut sources = Vec::new();
    for folder in ["src", "tests", "importer-core", "importer-dq", "importer-dedupe", "importer-adapters"] {
        files(&support::root().join(folder), &mut sources);
    }
    let rust = sources.iter().filter(|file| file.extension().is_some_and(|e| e == "rs"));
    let text: String = rust.map(|file| std::fs::read_to_string(file).unwrap()).collect();
    for name in named {
        assert!(text.contains(&format!("fn {name}(")), "there is no test `{name}`");
    }
}

#[test]
fn the_plugin_guide_tells_of_every_hook() {
    let guide = std::fs::read_to_string(support::root().join("docs/plugin-guide.md")).unwrap();
    let told: String = guide.split_whitespace().collect();
    for (file, traits) in [
        ("adapter.rs", &["Adapter", "Source"][..]),
        ("rule.rs", &["Rule"]),
        ("set_rule.rs", &["SetRule"]),
        ("feature.rs", &["Feature"]),
        ("host.rs", &["HostCalls"]),
    ] {
        let source = support::root().join("importer-core/plugin/src").join(file);
        let source = std::fs::read_to_string(source).unwrap();
        for name in traits {
            let (_, rest) = source.split_once(&format!("\npub trait {name}: Send")).unwrap();
            let body = rest.split_once("\n}\n").unwrap().0;
            let hooks: Vec<&str> = body.split("\n    fn ").skip(1).collect();
            assert!(!hooks.is_empty(), "{name}");
            for hook in hooks {
                // A parameter that a default leaves alone is told without its underscore.
                let signature =
                    hook.split(['{', ';']).next().unwrap().replace(" _", " ").replace(",\n    )", ")");
                let signature: String = format!("fn {signature}").split_whitespace().collect();
                assert!(told.contains(&signature), "the guide does not tell of `{signature}` of {name}");
            }
        }
    }
}

/// Every file in a folder and the folders in it.
fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            into.push(path);
        } else if path.file_name().is_some_and(|name| name != "target") {
            files(&path, into);
        }
    }
}
