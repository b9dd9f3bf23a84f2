//! A case in a process of its own. The request comes on the standard input, because it may hold secrets; the answer goes
//! to a file, because the plugin may write to the standard output.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use importer_plugin::Options;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::report::Outcome;
use crate::subject::Subject;
use crate::{CASES, Error, Settings};

/// Where the process of a case puts its answer; it is such a process when this is set.
const ANSWER: &str = "IMPORTER_CONFORMANCE_ANSWER";
/// How often the process of a case is looked at.
const PATIENCE: Duration = Duration::from_millis(2);

#[derive(Serialize, Deserialize)]
struct Request {
    case: String,
    file: PathBuf,
    options: BTreeMap<String, String>,
    empty: String,
    secrets: BTreeMap<String, String>,
}

pub(crate) fn is_worker() -> bool {
    std::env::var_os(ANSWER).is_some()
}

/// Answers for one case and ends the process, when this process was started for that.
pub(crate) fn serve_if_asked() {
    let Some(place) = std::env::var_os(ANSWER) else { return };
    let outcome =
        serve().unwrap_or_else(|why| Outcome::Failed { what: format!("the check itself failed: {why}") });
    let written = serde_json::to_vec(&outcome).map(|json| std::fs::write(place, json));
    // Ends like any program, so that what the plugin left to do at the end of a process is part of the case.
    std::process::exit(if matches!(written, Ok(Ok(()))) { 0 } else { 2 });
}

fn serve() -> Result<Outcome, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| e.to_string())?;
    let request: Request = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let case = CASES.iter().find(|case| case.name == request.case).ok_or("the case is not known")?;
    let options = |json: &str| Options::from_json(json).map_err(|e| e.to_string());
    let mut settings =
        Settings { empty: options(&request.empty)?, secrets: request.secrets, ..Settings::default() };
    for (owner, json) in &request.options {
        settings.options.insert(owner.clone(), options(json)?);
    }
    Ok((case.check)(&Subject::file(&request.file, &settings)).into())
}

/// Runs a case in a process of its own.
pub(crate) fn run(case: &Case, file: &Path, settings: &Settings) -> Result<Outcome, Error> {
    let failed = |error: std::io::Error| Error::Worker(error.to_string());
    let folder = tempfile::tempdir().map_err(failed)?;
    let answer = folder.path().join("answer.json");
    let request = Request {
        case: case.name.into(),
        file: file.into(),
        options: settings.options.iter().map(|(owner, options)| (owner.clone(), options.to_json())).collect(),
        empty: settings.empty.to_json(),
        secrets: settings.secrets.clone(),
    };
    let request = serde_json::to_vec(&request).map_err(|error| Error::Worker(error.to_string()))?;
    let (program, arguments) = program(settings).map_err(failed)?;
    let mut child = Command::new(program)
        .args(arguments)
        .env(ANSWER, &answer)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A process that ends without reading is told below.
        let _ = stdin.write_all(&request);
    }
    let Some(status) = wait(&mut child, settings.time_limit).map_err(failed)? else {
        return Ok(Outcome::Failed { what: took_too_long(settings.time_limit) });
    };
    let heard = std::fs::read(&answer).ok().and_then(|json| serde_json::from_slice(&json).ok());
    Ok(match heard {
        Some(outcome) if status.success() => outcome,
        _ => Outcome::Failed { what: format!("the plugin ended the process ({})", words(status)) },
    })
}

pub(crate) fn took_too_long(limit: Duration) -> String {
    format!("it did not end within {} s", limit.as_secs_f32())
}

/// This program with its arguments; in a test, which has a thread of its own, only that test.
fn program(settings: &Settings) -> std::io::Result<(PathBuf, Vec<OsString>)> {
    if let Some(worker) = &settings.worker {
        return Ok(worker.clone());
    }
    let arguments = match thread::current().name() {
        None | Some("main") => std::env::args_os().skip(1).collect(),
        Some(test) => [test, "--exact", "--nocapture", "--include-ignored"].map(OsString::from).to_vec(),
    };
    Ok((std::env::current_exe()?, arguments))
}

/// Waits for the end; a process that takes too long is ended and has no status.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(PATIENCE);
    }
}

#[cfg(unix)]
fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    status.signal().map_or_else(|| status.to_string(), |signal| format!("signal {signal}"))
}

#[cfg(not(unix))]
fn words(status: ExitStatus) -> String {
    status.to_string()
}
