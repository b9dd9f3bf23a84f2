//! Nothing in the repository harms other software: no input that runs a program in a spreadsheet, none that is known to crash
//! somebody's program, and none that is meant to slip past a check.
//!
//! Awkward inputs can be had without harm: see `tests/data/strings`. What is refused is put together from pieces here, so that
//! this file does not hold it either.

use std::path::{Path, PathBuf};

use super::support;

/// Kinds of files that are read. Libraries of plugins and lock files of cargo hold no inputs.
const READ: [&str; 14] =
    ["rs", "md", "csv", "tsv", "txt", "json", "yaml", "yml", "vcf", "sql", "toml", "html", "js", "xml"];

/// Functions by which a cell reaches out of its spreadsheet.
const REACHING: [&[&str]; 10] = [
    &["hyper", "link"],
    &["web", "service"],
    &["import", "xml"],
    &["import", "data"],
    &["import", "html"],
    &["import", "feed"],
    &["import", "range"],
    &["filter", "xml"],
    &["register", ".id"],
    &["d", "de"],
];

/// Texts without which nobody can do harm of some kind, in small letters and without spaces.
const TELLING: [(&str, &[&str]); 22] = [
    ("a program is called", &["power", "shell"]),
    ("a program is called", &["run", "dll"]),
    ("a program is called", &["cmd", "|"]),
    ("a program is called", &["calc", ".exe"]),
    ("a program is called", &["ms", "hta"]),
    ("a program is called", &["w", "script.shell"]),
    ("a program is called", &["xp_", "cmdshell"]),
    ("a program is called", &["${jn", "di:"]),
    ("a program is called", &["(){", ":;}"]),
    ("a program is called", &[";rm", "-rf"]),
    ("a script runs in a page", &["java", "script:"]),
    ("a script runs in a page", &["vb", "script:"]),
    ("a script runs in a page", &["on", "error="]),
    ("a script runs in a page", &["on", "mouseover="]),
    ("a script runs in a page", &["<scr", "ipt>al"]),
    ("a document grows without end or reads files", &["<!ent", "ity"]),
    ("a statement is run by a database", &["';dr", "optable"]),
    ("a statement is run by a database", &["';del", "etefrom"]),
    ("a statement is run by a database", &["'or'1", "'='1"]),
    ("a program is crashed", &["%s%s", "%s%s"]),
    ("a program is crashed", &["%%30", "%30"]),
    ("a scanner takes it for malware", &["antivirus-", "test-file"]),
];

/// The same for data, which code and pages of our own may hold.
const TELLING_IN_DATA: [(&str, &[&str]); 19] = [
    ("a script runs in a page", &["<scr", "ipt"]),
    ("a script runs in a page", &["<if", "rame"]),
    ("a script runs in a page", &["<obj", "ect"]),
    ("a script runs in a page", &["<emb", "ed"]),
    ("a script runs in a page", &["al", "ert("]),
    ("a script runs in a page", &["document", ".cookie"]),
    ("a statement is run by a database", &[";dr", "op"]),
    ("a statement is run by a database", &["';e", "xec"]),
    ("a statement is run by a database", &["'or", "1=1"]),
    ("a program is called", &["$", "("]),
    ("a program is called", &["`to", "uch"]),
    ("a program is called", &["`l", "s"]),
    ("a program is called", &["(){", "0"]),
    ("a program is called", &["(){", "_"]),
    ("a program is called", &[";to", "uch"]),
    ("a program is called", &["sys", "tem(\\\""]),
    ("a program is called", &["__sub", "classes__"]),
    ("a program is called", &["{%pr", "int"]),
    ("a file of the system is read", &["/etc/", "passwd"]),
];

/// What harm a line could do elsewhere, if any.
fn harm(line: &str, is_data: bool) -> Option<&'static str> {
    let bare: String = line.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    if let Some((why, _)) = TELLING.iter().find(|(_, parts)| bare.contains(&parts.concat())) {
        return Some(why);
    }
    let mut in_data = TELLING_IN_DATA.iter().filter(|_| is_data);
    if let Some((why, _)) = in_data.find(|(_, parts)| bare.contains(&parts.concat())) {
        return Some(why);
    }
    if is_data && (bare.matches("&#").count() > 4 || line.contains('\u{1B}')) {
        return Some("a page or a terminal reads it as something else");
    }
    if asks_a_program(&bare) {
        return Some("a program is called");
    }
    if REACHING.iter().any(|parts| reaches_out(&bare, &parts.concat())) {
        return Some("a cell reaches an address");
    }
    crashes_text(line).then_some("a program is crashed")
}

/// The form in which a cell asks another program: its name, a bar, a topic in quotes, an exclamation mark.
fn asks_a_program(bare: &str) -> bool {
    bare.match_indices("|'").any(|(at, bar)| {
        let named = bare[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        named && bare[at + bar.len()..].contains("'!")
    })
}

/// The function is called with a text that is an address outside, and not a place in the same sheet.
fn reaches_out(bare: &str, function: &str) -> bool {
    bare.match_indices(&format!("{function}(")).any(|(at, call)| {
        let arguments = bare[at + call.len()..].trim_start_matches('\\');
        let quoted = arguments.starts_with(['"', '\'']);
        let inside: String =
            arguments.chars().skip(1).take_while(|c| !matches!(c, '"' | '\'' | ')')).collect();
        let outside = [":", "//", "\\\\"].iter().any(|sign| inside.contains(sign));
        quoted && (outside || function == REACHING[9].concat())
    })
}

/// Sequences that have crashed programs which lay out text: a vowel sign behind a joiner, an Indic mark on nothing, piles of
/// marks, rows of direction marks, and a flag that is taken apart.
fn crashes_text(line: &str) -> bool {
    let signs: Vec<char> = line.chars().collect();
    let indic_mark = |c: char| {
        let place = u32::from(c);
        (0x0900..0x0D80).contains(&place) && matches!(place % 0x80, 0x3E..=0x4C | 0x62 | 0x63)
    };
    let indic = |c: char| (0x0900..0x0D80).contains(&u32::from(c));
    let joiner = |c: char| matches!(c, '\u{200C}' | '\u{200D}');
    let on_nothing = signs.windows(2).any(|pair| indic_mark(pair[1]) && !indic(pair[0]));
    let behind_joiner = signs.windows(2).any(|pair| joiner(pair[0]) && indic_mark(pair[1]));
    let marks =
        |c: char| matches!(c, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{20D0}'..='\u{20FF}');
    let directions =
        |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let flag = signs.windows(2).any(|pair| pair[0] == '\u{1F3F3}' && pair[1].is_ascii_digit());
    on_nothing || behind_joiner || flag || longest(&signs, marks) > 6 || longest(&signs, directions) > 3
}

fn longest(signs: &[char], kind: impl Fn(char) -> bool) -> usize {
    signs.split(|c| !kind(*c)).map(<[char]>::len).max().unwrap_or(0)
}

/// A line as it is, and as a program reads the escapes in it.
fn readings(line: &str) -> [String; 2] {
    let mut read = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\\u") {
        read.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        let (digits, after) = match rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(found) => found,
            None => rest.split_at_checked(4).unwrap_or(("", rest)),
        };
        if let Some(sign) = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
            read.push(sign);
            rest = after;
        }
    }
    read.push_str(rest);
    [line.to_owned(), read]
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            // What is built, and what git keeps; both also in the folders of the samples.
            if name != "target" && !name.starts_with('.') {
                files(&path, found);
            }
        } else if path.extension().is_some_and(|kind| READ.iter().any(|read| kind == *read)) {
            found.push(path);
        }
    }
}

#[test]
fn no_file_of_the_repository_harms_other_software() {
    let mut all = Vec::new();
    files(support::root(), &mut all);
    assert!(all.len() > 500, "the files of the repository are not all there");
    let mut harmful = Vec::new();
    for path in &all {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let is_data =
            !path.extension().is_some_and(|kind| ["rs", "md", "html", "js"].iter().any(|k| kind == *k));
        for (number, line) in text.lines().enumerate() {
            let why = readings(line).iter().find_map(|reading| harm(reading, is_data));
            if let Some(why) = why {
                harmful.push(format!("{}:{}: {why}", path.display(), number + 1));
            }
        }
    }
    assert!(
        harmful.is_empty(),
        "replace these by harmless ones, see tests/data/strings:\n{}",
        harmful.join("\n")
    );
}

/// Without this, the test above could stop to find anything.
#[test]
fn harm_is_found_in_all_its_forms() {
    let program = ["=cm", "d", "|'/c x", "'!A1"].concat();
    let others = [
        ["@SUM(1)*c", "m", "d |' /c x'", "!A0"].concat(),
        ["=  C   m  D ", " | '/c x'", "!A"].concat(),
        ["=other|", "'topic'", "!item"].concat(),
        ["=HYPER", "LINK(\"http", "://example.org\",\"x\")"].concat(),
        ["=Import", "Data(\"//example.org\")"].concat(),
        ["DD", "E (\"c:x\";\"y\")"].concat(),
        ["<scr", "ipt src=x>"].concat(),
        ["<IMG on", "Error = \"x\">"].concat(),
        ["x'; DR", "OP TABLE people"].concat(),
        ["\\u0c15\\u200c\\u", "0c3e"].concat(),
        ["x \\u09", "63"].concat(),
        format!("a{}", "\u{301}".repeat(7)),
        format!("a{}", "\u{200F}\u{200E}".repeat(2)),
        ["\\u{1F3", "F3}0"].concat(),
        "&#65;".repeat(5),
        ["\\u00", "1b[8m"].concat(),
        ["$", "(x)"].concat(),
    ];
    for text in std::iter::once(&program).chain(&others) {
        assert!(readings(text).iter().any(|reading| harm(reading, true).is_some()), "{text}");
    }
    let harmless = support::awkward_strings().into_iter().chain(support::formulas());
    for text in harmless.chain(["'=' | '+' | '-'".into(), "राम".into(), "می\u{200C}خواهم".into()])
    {
        assert_eq!(harm(&text, true), None, "{text}");
    }
}
