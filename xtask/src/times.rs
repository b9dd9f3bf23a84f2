//! How long each part of the tests takes, told at the end.
//!
//! Cargo runs test programs one after the other and calls each by way of a program that it is told of, its *runner*. Ours
//! notes the moment and becomes the test program: a part lasts from its note to the next one.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::failure::Failure;
use crate::workspace;

/// The parts so far, in their order.
#[derive(Default)]
pub(crate) struct Times {
    parts: Vec<(String, Duration)>,
}

impl Times {
    /// Does something and notes how long it took.
    pub(crate) fn part<T>(&mut self, name: &str, work: impl FnOnce() -> T) -> T {
        let start = SystemTime::now();
        let result = work();
        self.add(name, start.elapsed().unwrap_or_default());
        result
    }

    /// Notes the test programs that have run from `start` to `end`, each until the next one.
    pub(crate) fn programs(
        &mut self,
        started: &Started,
        start: SystemTime,
        end: SystemTime,
    ) -> Result<(), Failure> {
        let text = fs::read_to_string(&started.0)
            .map_err(|e| format!("cannot read {}: {e}", started.0.display()))?;
        let marks = marks(&text);
        let before = marks.first().map_or(end, |(moment, _)| *moment);
        self.add("cargo, before the first test", between(start, before));
        let ends = marks.iter().skip(1).map(|(moment, _)| *moment).chain([end]);
        for ((moment, name), end) in marks.iter().zip(ends) {
            self.add(name, between(*moment, end));
        }
        Ok(())
    }

    fn add(&mut self, name: &str, time: Duration) {
        self.parts.push((name.to_owned(), time));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// A line for each part, and one for their sum; parts of less than a tenth of a second are one line together.
    pub(crate) fn table(&self) -> String {
        let (long, short): (Vec<_>, Vec<_>) =
            self.parts.iter().partition(|(_, time)| time.as_millis() >= 100);
        let mut lines: Vec<(String, Duration)> = long.into_iter().cloned().collect();
        if !short.is_empty() {
            lines.push((
                format!("shorter parts ({})", short.len()),
                short.iter().map(|(_, time)| *time).sum(),
            ));
        }
        lines.push(("together".into(), self.parts.iter().map(|(_, time)| *time).sum()));
        let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut table = String::new();
        for (name, time) in lines {
            // Writing into a string cannot fail.
            let _ = writeln!(table, "  {name:width$}  {:>8.1} s", time.as_secs_f64());
        }
        table
    }
}

fn between(start: SystemTime, end: SystemTime) -> Duration {
    // A clock that was set back meanwhile makes a part last no time.
    end.duration_since(start).unwrap_or_default()
}

/// A file to which each test program adds a line when it starts: the moment, and what it tests.
pub(crate) struct Started(PathBuf);

impl Started {
    /// The name of the chore by which cargo runs a test program.
    pub(crate) const CHORE: &str = "noting-the-time";

    /// A file with nothing in it.
    pub(crate) fn new() -> Result<Self, Failure> {
        let folder = workspace::target().join("times");
        let file = folder.join(std::process::id().to_string());
        let made = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, ""));
        made.map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        Ok(Self(file))
    }

    /// Tells cargo to run test programs by way of us.
    pub(crate) fn announce(&self, command: &mut Command) -> Result<(), Failure> {
        let own = std::env::current_exe().map_err(|e| format!("cannot tell where xtask is: {e}"))?;
        // An array: a path may hold spaces.
        let runner = [own.as_path(), Path::new(Self::CHORE), &self.0]
            .map(|part| format!("{:?}", part.display().to_string()));
        command.arg("--config").arg(format!("target.'cfg(all())'.runner=[{}]", runner.join(",")));
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Whatever is left is below `target` and harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}

/// Notes that a test program starts, and becomes it.
pub(crate) fn note_and_run(arguments: &[String]) -> Failure {
    let [file, program, arguments @ ..] = arguments else {
        return Failure::usage("cargo runs test programs this way, with a file and a program");
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    let line = format!("{}\t{}\n", now.as_millis(), name_of(&package, Path::new(program)));
    let noted =
        OpenOptions::new().append(true).open(file).and_then(|mut file| file.write_all(line.as_bytes()));
    match noted {
        Ok(()) => format!("cannot run {program}: {}", Command::new(program).args(arguments).exec()).into(),
        Err(e) => format!("cannot write {file}: {e}").into(),
    }
}

/// What people call a test program: its package, and its own name where it is another one.
fn name_of(package: &str, program: &Path) -> String {
    let stem = program.file_stem().unwrap_or_default().to_string_lossy();
    // Cargo puts a hash behind the name.
    let name = stem.rsplit_once('-').map_or(&*stem, |(name, _)| name);
    if name.replace('_', "-") == package {
        format!("{package}, unit tests")
    } else {
        format!("{package}, {name}")
    }
}

fn marks(text: &str) -> Vec<(SystemTime, String)> {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines
        .filter_map(|(moment, name)| {
            Some((UNIX_EPOCH + Duration::from_millis(moment.parse().ok()?), name.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_after_its_package_and_itself() {
        let name = |program: &str| name_of("importer-core", Path::new(program));
        assert_eq!(name("/t/debug/deps/importer_core-0123456789abcdef"), "importer-core, unit tests");
        assert_eq!(name("/t/debug/deps/suite-0123456789abcdef"), "importer-core, suite");
    }

    #[test]
    fn each_program_lasts_until_the_next_one_and_the_sum_is_the_whole() {
        let started = Started::new().expect("a file");
        fs::write(&started.0, "1500\tone\n3500\ttwo\nnothing\n3550\tthree\n").expect("lines");
        let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
        let mut times = Times::default();
        times.programs(&started, at(1_000), at(4_000)).expect("the lines can be read");
        let table = times.table();
        let lines: Vec<(&str, &str)> = table
            .lines()
            .filter_map(|line| line.trim().trim_end_matches(" s").rsplit_once("  "))
            .map(|(name, time)| (name.trim(), time.trim()))
            .collect();
        let expected = [
            ("cargo, before the first test", "0.5"),
            ("one", "2.0"),
            ("three", "0.5"),
            ("shorter parts (1)", "0.1"),
            ("together", "3.0"),
        ];
        assert_eq!(lines, expected, "{table}");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_a_part_last_no_time() {
        assert_eq!(between(UNIX_EPOCH + Duration::from_secs(2), UNIX_EPOCH), Duration::ZERO);
    }
}
