//! The day of a steward in the operator's guide: every command of it is done, in order, and says what the guide shows.
//!
//! A block of the language `console` has commands behind `$ `, and below each what it prints, standard error included, with
//! `(exit code N)` as the last line unless N is 0. What the guide leaves out is `…`: as a line of its own any number of lines,
//! within a line any text. Moments of the day are all the same one. `UPDATE_DOCS=1 cargo test --test suite -- day_of` writes
//! down, whole, what differs; lines that vary have to be taken out again by hand.

use std::process::Command;

use super::cli::{Ended, ended, quiet};
use super::support::{self, Database};

const GUIDE: &str = "docs/guide/a-day.md";
const TITLE: &str = "# A day of a steward\n";
/// Stands for every moment of the day; what the files tell is older.
const MOMENT: &str = "2025-06-02T09:00:00Z";

/// A piece of the page.
enum Part {
    Line(String),
    Command { text: String, shown: Vec<String> },
}

/// The page as pieces; put together again they are the page.
fn parts(page: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            if let Some(text) = line.strip_prefix("$ ") {
                parts.push(Part::Command { text: text.to_owned(), shown: Vec::new() });
                continue;
            }
            if let Some(Part::Command { text, shown }) = parts.last_mut() {
                match text.ends_with('\\') {
                    true => *text += &format!("\n{line}"),
                    false => shown.push(line.to_owned()),
                }
                continue;
            }
        }
        parts.push(Part::Line(line.to_owned()));
    }
    parts
}

fn page(parts: &[Part]) -> String {
    let mut page = String::new();
    for part in parts {
        match part {
            Part::Line(line) => page += &format!("{line}\n"),
            Part::Command { text, shown } => {
                page += &format!("$ {text}\n");
                shown.iter().for_each(|line| page += &format!("{line}\n"));
            }
        }
    }
    page
}

/// Whether a line is what is shown, where `…` may be any text.
fn same(shown: &str, line: &str) -> bool {
    let mut pieces = shown.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

/// Whether lines are what is shown, where a line `…` may be any number of lines.
fn matches(shown: &[String], lines: &[String]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=lines.len()).any(|from| matches(rest, &lines[from..]))
        }
        Some((first, rest)) => {
            lines.split_first().is_some_and(|(line, lines)| same(first, line) && matches(rest, lines))
        }
    }
}

/// What a command said, with one moment for all of the day.
fn said(ended: &Ended) -> Vec<String> {
    let mut lines: Vec<String> =
        ended.out.lines().map(|line| one_moment(line).trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if ended.code != 0 {
        lines.push(format!("(exit code {})", ended.code));
    }
    lines
}

fn one_moment(line: &str) -> String {
    let mut out = line.to_owned();
    let pattern = |text: &str| {
        text.bytes().zip(MOMENT.bytes()).all(|(byte, like)| match like {
            b'0'..=b'9' => byte.is_ascii_digit(),
            _ => byte == like,
        })
    };
    for at in 0..line.len().saturating_sub(MOMENT.len() - 1) {
        let Some(moment) = out.get(at..at + MOMENT.len()) else { continue };
        if pattern(moment) && moment > MOMENT {
            out.replace_range(at..at + MOMENT.len(), MOMENT);
        }
    }
    out
}

fn told(folder: &std::path::Path, db: &Database, text: &str) -> Ended {
    let program = support::command_line();
    let script = format!("exec 2>&1\nimporter() {{ \"$IMPORTER_PROGRAM\" \"$@\"; }}\n{text}\n");
    let mut command = Command::new("sh");
    quiet(&mut command).args(["-c", &script]).current_dir(folder);
    for variable in ["IMPORTER_ROLE", "IMPORTER_AUTO_MERGE", "IMPORTER_MATCH_MODEL"] {
        command.env_remove(variable);
    }
    command.env("IMPORTER_PROGRAM", program.get_program()).env("USER", "dana").env("IMPORTER_LOG", "off");
    command.env("DATABASE_URL", &db.url);
    ended(command)
}

#[test]
#[cfg(unix)]
fn the_day_of_a_steward_is_as_the_guide_tells_it() {
    let file = support::root().join(GUIDE);
    let whole = std::fs::read_to_string(&file).unwrap();
    let (before, day) = whole.split_once(TITLE).unwrap();
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    // The guide shows SQLite: Postgres leaves out numbers of records now and then.
    for db in [support::sqlite()] {
        let folder = tempfile::tempdir().unwrap();
        for name in ["volunteers.csv", "spring-fair.csv"] {
            std::fs::copy(support::root().join("examples/data").join(name), folder.path().join(name))
                .unwrap();
        }
        let mut parts = parts(day);
        let mut wrong = String::new();
        let mut done = 0;
        for part in &mut parts {
            let Part::Command { text, shown } = part else { continue };
            let lines = said(&told(folder.path(), &db, text));
            done += 1;
            if !matches(shown, &lines) {
                wrong += &format!("\n$ {text}\n{}\n", lines.join("\n"));
                *shown = lines;
            }
        }
        assert!(done > 30, "only {done} commands were found, so this test looks at the wrong place");
        if update && db.backend == "sqlite" {
            std::fs::write(&file, format!("{before}{TITLE}{}", page(&parts))).unwrap();
        } else {
            let hint = "`UPDATE_DOCS=1 cargo test --test suite -- day_of` writes it down";
            assert!(wrong.is_empty(), "{GUIDE} shows something else on {}; {hint}:\n{wrong}", db.backend);
        }
    }
}

#[test]
fn what_is_left_out_may_be_anything_and_nothing_else_may() {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    for (shown, said, fits) in [
        ("a\nb", "a\nb", true),
        ("a", "a\nb", false),
        ("a\n…", "a\nb\nc", true),
        ("…\nc", "a\nb\nc", true),
        ("a\n…\nc", "a\nb", false),
        ("since … for x", "since yesterday for x", true),
        ("since … for x", "since yesterday for y", false),
        ("a … b … c", "a 1 b 2 c", true),
        ("", "a", false),
    ] {
        assert_eq!(matches(&lines(shown), &lines(said)), fits, "{shown:?} and {said:?}");
    }
    assert_eq!(
        one_moment("é 2024-01-01T00:00:00Z 2027-03-04T05:06:07Z!"),
        "é 2024-01-01T00:00:00Z 2025-06-02T09:00:00Z!"
    );
}
