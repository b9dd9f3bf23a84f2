//! Which files of a crate import which, read from their text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The place of a file among the modules of its crate.
type Module = Vec<String>;

/// Groups of files that import each other around a circle, sorted.
pub(super) fn circles(root: &Path) -> Vec<Vec<String>> {
    let files = modules(root);
    let edges: BTreeMap<&Module, Vec<&Module>> = files
        .iter()
        .map(|(module, text)| {
            let to = imports(module, text).into_iter().filter_map(|path| {
                // The longest beginning of a path that is a file; what follows is an item in it.
                (1..=path.len()).rev().find_map(|n| files.get_key_value(&path[..n]).map(|(file, _)| file))
            });
            // A file and those in its folder are one thing.
            let to = to.filter(|other| !other.starts_with(module) && !module.starts_with(other));
            (module, to.collect())
        })
        .collect();
    // Two files are in one circle if each leads to the other.
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        edges.keys().map(|from| (*from, reached(&edges, from))).collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (one, others) in &reach {
        let circle = others.iter().filter(|other| reach[**other].contains(one));
        let names: BTreeSet<String> = circle.map(|module| module.join("::")).collect();
        if names.len() > 1 {
            found.insert(names.into_iter().collect());
        }
    }
    found.into_iter().collect()
}

fn reached<'a>(edges: &BTreeMap<&'a Module, Vec<&'a Module>>, from: &'a Module) -> BTreeSet<&'a Module> {
    let (mut found, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        for to in &edges[next] {
            if found.insert(*to) {
                open.push(to);
            }
        }
    }
    found
}

/// The files of a crate with their text, without comments and without tests.
fn modules(root: &Path) -> BTreeMap<Module, String> {
    let mut files = Vec::new();
    super::collect(root, &mut files);
    let modules = files.into_iter().map(|file| {
        let place = file.strip_prefix(root).unwrap().with_extension("");
        let mut module: Module = place.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        module.retain(|part| part != "mod" && part != "lib" && part != "main");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("\n#[cfg(test)]\n").next().unwrap();
        let lines = text.lines().map(|line| line.split("//").next().unwrap());
        (module, lines.collect::<Vec<_>>().join("\n"))
    });
    modules.collect()
}

/// What a file names of its crate, as paths from the root.
fn imports(module: &Module, text: &str) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    for statement in text.split("use ").skip(1) {
        if let Some((tree, _)) = statement.split_once(';') {
            expand("", tree, &mut |path| found.extend(absolute(module, path)));
        }
    }
    // Paths that stand where they are used.
    for start in ["crate::", "super::"] {
        for (at, _) in text.match_indices(start) {
            let path: String =
                text[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            found.extend(absolute(module, &path));
        }
    }
    found
}

/// Each path of a tree of imports.
fn expand(before: &str, tree: &str, each: &mut dyn FnMut(&str)) {
    let tree = tree.trim();
    let Some((start, list)) = tree.split_once('{') else {
        return each(&format!("{before}{}", tree.split(" as ").next().unwrap()));
    };
    let before = format!("{before}{start}");
    let (mut depth, mut item) = (0, String::new());
    for c in list.trim_end().strip_suffix('}').unwrap_or(list).chars().chain([',']) {
        match c {
            ',' if depth == 0 => {
                if !item.trim().is_empty() {
                    expand(&before, &item, each);
                }
                item.clear();
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        item.push(c);
    }
}

/// A path from the root of the crate; none when it leads out of it.
fn absolute(module: &Module, path: &str) -> Option<Module> {
    let mut parts: Vec<&str> = path.split("::").map(str::trim).filter(|part| !part.is_empty()).collect();
    let mut at: Module = match parts.first()? {
        &"crate" => Vec::new(),
        &"super" | &"self" => module.clone(),
        _ => return None,
    };
    if parts[0] != "super" {
        parts.remove(0);
    }
    while parts.first() == Some(&"super") {
        at.pop()?;
        parts.remove(0);
    }
    at.extend(parts.into_iter().map(str::to_owned));
    Some(at).filter(|path| !path.is_empty())
}

#[test]
fn circles_are_found_and_families_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("lib.rs", "mod a; mod b; mod c; mod d;");
    write("a.rs", "use crate::{b::{self, One}, d};");
    write("b.rs", "fn f() { super::c::g(); }");
    write("c.rs", "use super::a::Two; // use super::d::Three;");
    write("d.rs", "mod child;\nuse child::Four;\n#[cfg(test)]\nmod tests { use super::super::a; }");
    write("d/child.rs", "use super::Five;");
    assert_eq!(circles(folder.path()), [["a", "b", "c"]]);
}
