//! Fuzzing: inputs that grow by what code they reach, for as long as somebody lets them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::run::Signals;
use crate::workspace::{root, target};

/// The targets below `fuzz/`, each with its seeds in `tests/data/fuzz`.
const TARGETS: [&str; 3] = ["csv", "image", "mapping"];

/// How long each target runs when nobody says how long.
const SECONDS: &str = "-max_total_time=60";

/// Fuzzes one target, or one after the other; `arguments` go to libFuzzer. Needs a nightly toolchain and cargo-fuzz.
pub(crate) fn run(chosen: &[String], arguments: &[String]) -> Result<u8, Failure> {
    let targets = targets(chosen)?;
    if let Some(missing) = missing(runs(&["cargo", "--version"]), runs(&["cargo", "fuzz", "--version"])) {
        return Err(missing);
    }
    let signals = Signals::catch()?;
    for name in targets {
        let corpus = corpus(name);
        std::fs::create_dir_all(&corpus).map_err(|e| format!("cannot make {}: {e}", corpus.display()))?;
        let code = signals.run(&mut command(name, arguments))?;
        if code != 0 {
            return Ok(code);
        }
    }
    Ok(0)
}

/// The targets that were asked for; all of them when none was named.
fn targets(chosen: &[String]) -> Result<Vec<&'static str>, Failure> {
    if chosen.is_empty() {
        return Ok(TARGETS.to_vec());
    }
    let known = |name: &String| TARGETS.into_iter().find(|target| target == name);
    chosen
        .iter()
        .map(|name| {
            known(name).ok_or_else(|| {
                Failure::usage(&format!(
                    "no fuzz target is called `{name}`, there are {}",
                    TARGETS.join(", ")
                ))
            })
        })
        .collect()
}

/// What this machine lacks, with the commands that install it.
fn missing(nightly: bool, cargo_fuzz: bool) -> Option<Failure> {
    let message = match (nightly, cargo_fuzz) {
        (true, true) => return None,
        (false, _) => {
            "this machine lacks a nightly toolchain, which fuzzing needs.\n  rustup toolchain install nightly\n  \
             cargo install cargo-fuzz"
        }
        (true, false) => "this machine lacks cargo-fuzz.\n  cargo install cargo-fuzz",
    };
    Some(Failure::missing(message.into()))
}

fn runs(arguments: &[&str]) -> bool {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly"]).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn seeds(target: &str) -> PathBuf {
    root().join("tests/data/fuzz").join(target)
}

/// What is found on the way; the seeds stay as they are.
fn corpus(target: &str) -> PathBuf {
    root().join("fuzz/corpus").join(target)
}

fn command(name: &str, arguments: &[String]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz", "run", name]);
    command.arg(corpus(name)).arg(seeds(name)).arg("--");
    let ends = |argument: &String| ["-max_total_time=", "-runs="].iter().any(|end| argument.starts_with(end));
    if !arguments.iter().any(ends) {
        command.arg(SECONDS);
    }
    command.args(arguments).current_dir(root()).env("CARGO_TARGET_DIR", target().join("fuzz"));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_its_file_and_its_seeds() {
        let mut files: Vec<String> = root()
            .join("fuzz/fuzz_targets")
            .read_dir()
            .expect("the targets")
            .map(|entry| {
                entry.expect("a target").path().file_stem().expect("a name").to_string_lossy().into_owned()
            })
            .collect();
        files.sort();
        assert_eq!(files, TARGETS);
        for target in TARGETS {
            assert!(seeds(target).read_dir().expect("a folder of seeds").count() > 0, "{target}");
        }
    }

    #[test]
    fn only_targets_that_exist_are_fuzzed() {
        assert_eq!(targets(&[]).expect("all of them"), TARGETS);
        assert_eq!(targets(&["csv".to_owned()]).expect("one of them"), ["csv"]);
        let refusal = targets(&["cvs".to_owned()]).expect_err("no target");
        assert!(refusal.message.contains("`cvs`") && refusal.message.contains("csv, image, mapping"));
    }

    #[test]
    fn what_is_missing_is_told_with_what_installs_it() {
        assert!(missing(true, true).is_none());
        let fuzz = missing(true, false).expect("something is missing").message;
        assert!(fuzz.contains("cargo install cargo-fuzz") && !fuzz.contains("rustup"), "{fuzz}");
        let both = missing(false, false).expect("something is missing").message;
        assert!(
            both.contains("rustup toolchain install nightly") && both.contains("cargo install cargo-fuzz"),
            "{both}"
        );
    }

    #[test]
    fn a_run_ends_by_itself_unless_somebody_says_when() {
        let arguments = |own: &[&str]| {
            let own: Vec<String> = own.iter().map(|argument| (*argument).to_owned()).collect();
            let command = command("csv", &own);
            command.get_args().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert!(arguments(&[]).contains(&SECONDS.to_owned()));
        assert!(!arguments(&["-runs=5"]).contains(&SECONDS.to_owned()));
        assert_eq!(arguments(&["-max_total_time=5"]).last().expect("its own"), "-max_total_time=5");
    }
}
