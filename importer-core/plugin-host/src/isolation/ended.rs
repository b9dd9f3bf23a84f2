//! How a worker ended, in words.

use std::process::ExitStatus;

/// What the worker's error output told of its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) out_of_memory: bool,
    pub(super) stack_overflow: bool,
}

impl Hints {
    /// Notes what a line tells. These are the words of Rust's standard library.
    pub(super) fn note(&mut self, line: &str) {
        self.out_of_memory |= line.contains("memory allocation of");
        self.stack_overflow |= line.contains("has overflowed its stack");
    }
}

/// Completes the sentence "plugin `x` …".
pub(super) fn in_words(status: Option<ExitStatus>, hints: Hints, memory: Option<u64>) -> String {
    let ended = match status {
        None => "closed its connection".to_owned(),
        Some(status) => match (signal(status), status.code()) {
            (Some(number), _) => match name(number) {
                Some(name) => format!("ended with signal {number} ({name})"),
                None => format!("ended with signal {number}"),
            },
            (None, Some(code)) => format!("ended its process with exit code {code}"),
            (None, None) => "ended".to_owned(),
        },
    };
    match (hints, memory) {
        (Hints { stack_overflow: true, .. }, _) => format!("overflowed its stack and {ended}"),
        (Hints { out_of_memory: true, .. }, Some(limit)) => {
            format!("asked for more memory than its limit of {} MiB and {ended}", limit >> 20)
        }
        (Hints { out_of_memory: true, .. }, None) => {
            format!("asked for more memory than there is and {ended}")
        }
        _ => ended,
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Signals whose numbers are the same on all Unix systems, and SIGBUS of Linux.
fn name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 if cfg!(target_os = "linux") => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn the_end_is_told_in_words() {
        let say = |raw, hints| in_words(Some(ExitStatus::from_raw(raw)), hints, Some(512 << 20));
        assert_eq!(say(11, Hints::default()), "ended with signal 11 (SIGSEGV)");
        assert_eq!(say(3 << 8, Hints::default()), "ended its process with exit code 3");
        let mut hints = Hints::default();
        hints.note("memory allocation of 1073741824 bytes failed");
        assert_eq!(
            say(6, hints),
            "asked for more memory than its limit of 512 MiB and ended with signal 6 (SIGABRT)"
        );
        hints.note("thread 'main' has overflowed its stack");
        assert_eq!(say(6, hints), "overflowed its stack and ended with signal 6 (SIGABRT)");
    }
}
