//! Everything that is printed goes through here: lines and texts for people, in which no value can pass for something else,
//! and what programs read, as it is.
//!
//! An output that cannot be written is told once, at the end. Nothing stops because of it: what a command is doing to the
//! database is to be whole, whoever reads along.

use std::fmt::{Arguments, Display};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// Why the rest of the output is lost, when it is.
static LOST: Mutex<Option<std::io::Error>> = Mutex::new(None);

/// Prints a line for people. Only the line breaks around the format are breaks; those of values are made visible.
macro_rules! say {
    ($format:literal $($values:tt)*) => {
        $crate::out::line($format, format_args!($format $($values)*))
    };
}
pub(crate) use say;

/// A line, with the line breaks that stand before and behind its format.
pub(crate) fn line(format: &str, line: Arguments<'_>) {
    let line = line.to_string();
    let before = format.len() - format.trim_start_matches('\n').len();
    let behind = format[before..].len() - format[before..].trim_end_matches('\n').len();
    let (breaks, rest) = line.split_at(before);
    let (rest, more) = rest.split_at(rest.len() - behind);
    write(format!("{breaks}{}{more}\n", visible(rest)).as_bytes());
}

/// A text of several lines, whose values were made visible before.
pub(crate) fn text(text: &str) {
    write((lines(text.trim_end()) + "\n").as_bytes());
}

/// What programs read: JSON, CSV, a file to start from.
pub(crate) fn as_is(text: impl Display) {
    write(format!("{text}\n").as_bytes());
}

/// The same, with no line break behind it.
pub(crate) fn piece(text: impl Display) {
    write(text.to_string().as_bytes());
}

/// A value with everything made visible that would change how what stands around it is read: line breaks, what terminals
/// obey, and what turns the direction of writing around.
pub(crate) fn visible(value: &str) -> String {
    shown(value, misleads)
}

/// A text of several lines, or an error: as [`visible`], except its line breaks.
pub(crate) fn lines(text: &str) -> String {
    shown(text, |c| c != '\n' && misleads(c))
}

fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shown(text: &str, hidden: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

fn write(bytes: &[u8]) {
    note(|| std::io::stdout().write_all(bytes));
}

/// Says what went wrong, or is to be known beside the output. When that cannot be written either, nobody can be told.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", lines(text));
}

/// Writes unless something is lost already, and remembers if it is then.
pub(crate) fn note(write: impl FnOnce() -> std::io::Result<()>) {
    let mut lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
    if lost.is_none() {
        *lost = write().err();
    }
}

/// The exit code of a program that would end with this one: a lost output is no success. Whoever listens may leave.
pub(crate) fn end(code: ExitCode) -> ExitCode {
    note(|| std::io::stdout().flush());
    match &*LOST.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!(
                "error: cannot write the output: {error}; the command itself was done, and only its output is cut off; free some \
                 space, or send the output elsewhere"
            ));
            if code == ExitCode::SUCCESS { ExitCode::FAILURE } else { code }
        }
        _ => code,
    }
}
