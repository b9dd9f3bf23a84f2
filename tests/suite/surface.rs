//! The public surface of the facade, written down: a change of it is a change of `docs/reference/facade.txt`.
//!
//! `UPDATE_DOCS=1 cargo test --test suite -- surface::` rewrites the file.

use std::collections::BTreeSet;
use std::path::Path;

use super::{architecture, support};

/// A source without comments and without what is for tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Text in one line, each run of blanks as one.
fn in_one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("( ", "(").replace(", )", ")").replace(",)", ")")
}

/// The names that `pub use` statements bring, under the modules in which they stand.
fn names(text: &str, module: &str, found: &mut BTreeSet<String>) {
    let mut inner = module.to_owned();
    let mut rest = text;
    while let Some(at) = ["pub use ", "pub mod ", "\n}"].iter().filter_map(|what| rest.find(what)).min() {
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("\n}") {
            (inner, rest) = (module.to_owned(), after);
        } else if let Some(after) = rest.strip_prefix("pub mod ") {
            let (name, opens) = after.split_at(after.find([';', ' ']).unwrap());
            if opens.starts_with(" {") {
                inner = format!("{module}::{name}");
            } else {
                found.insert(format!("mod {module}::{name}"));
            }
            rest = opens;
        } else {
            let (item, after) = rest["pub use ".len()..].split_once(';').unwrap();
            let (from, list) = match item.split_once('{') {
                Some((from, list)) => (from, list.trim_end().trim_end_matches('}')),
                None => item.rsplit_once("::").unwrap_or(("", item)),
            };
            for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let name = name.rsplit(" as ").next().unwrap();
                let name = if name == "self" { from.trim_end_matches("::") } else { name };
                let name = name.rsplit("::").next().unwrap();
                found.insert(format!("{inner}::{name}"));
            }
            rest = after;
        }
    }
}

/// The public functions of the types that the facade defines, as they are written.
fn functions(known: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    let mut files = Vec::new();
    architecture::collect(&support::root().join("src"), &mut files);
    for file in files {
        for block in format!("\n{}", code(&file)).split("\nimpl ").skip(1) {
            let (of, body) = block.split_once("{\n").unwrap();
            let of = of.trim().split(['<', ' ']).next().unwrap();
            if !known.iter().any(|name| name.ends_with(&format!("::{of}"))) || block.starts_with("std") {
                continue;
            }
            let body = format!("\n{}", body.split("\n}").next().unwrap());
            for function in body.split("\n    pub fn ").skip(1) {
                let signature = function.split(" {\n").next().unwrap();
                found.insert(format!("{of}::{}", in_one_line(signature)));
            }
        }
    }
}

#[test]
fn the_facade_is_what_is_written_down() {
    let mut found = BTreeSet::new();
    names(&code(&support::root().join("src/lib.rs")), "importer", &mut found);
    names(&code(&support::root().join("src/service/mod.rs")), "importer::service", &mut found);
    let mut methods = BTreeSet::new();
    functions(&found, &mut methods);
    assert!(found.len() > 100 && methods.len() > 80, "{} names, {} functions", found.len(), methods.len());
    let text: String = found.iter().chain(&methods).map(|line| format!("{line}\n")).collect();
    let file = support::root().join("docs/reference/facade.txt");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (stored.lines().collect(), text.lines().collect());
    let (gone, came): (Vec<_>, Vec<_>) = (old.difference(&new).collect(), new.difference(&old).collect());
    assert!(
        gone.is_empty() && came.is_empty(),
        "the facade is not what docs/reference/facade.txt says; gone: {gone:#?}; new: {came:#?}; \
         `UPDATE_DOCS=1 cargo test --test suite -- surface::` rewrites it"
    );
}
