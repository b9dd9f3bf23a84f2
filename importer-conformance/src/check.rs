use std::path::Path;
use std::sync::mpsc;
use std::thread;

use importer_plugin::Plugin;

use crate::case::Case;
use crate::report::{CaseReport, Outcome, Report};
use crate::subject::Subject;
use crate::{CASES, Error, Settings, worker};

/// Checks a plugin file, each case in a process of its own.
///
/// The process of a case is this program, started again; there this function answers for that case and ends the process.
/// So call it early and with nothing before it that must not happen twice.
///
/// # Errors
/// When a case is not known, the file is not there, or no process can be started. What is wrong with the plugin is in
/// the report.
pub fn check_file(path: &Path, settings: &Settings) -> Result<Report, Error> {
    worker::serve_if_asked();
    let cases = chosen(settings)?;
    let unreadable = |error: std::io::Error| Error::Unreadable {
        file: path.display().to_string(),
        why: error.to_string(),
    };
    let real = path.canonicalize().map_err(unreadable)?;
    let cases = cases
        .into_iter()
        .map(|case| Ok(CaseReport::new(case, worker::run(case, &real, settings)?)))
        .collect::<Result<_, Error>>()?;
    Ok(Report { plugin: path.display().to_string(), cases })
}

/// Checks a linked plugin in this process, each case in a thread of its own. Cases that need a file are skipped, and a
/// plugin that ends the process ends the check.
///
/// ```
/// use importer_conformance::{Settings, check_plugin};
/// use importer_plugin::{Plugin, PluginMeta};
/// let report = check_plugin(Plugin::new(PluginMeta::new("empty", "0.1.0")), &Settings::default()).unwrap();
/// assert!(report.passed());
/// ```
///
/// # Errors
/// When a case is not known.
pub fn check_plugin(plugin: Plugin, settings: &Settings) -> Result<Report, Error> {
    let cases = chosen(settings)?;
    let name = plugin.meta().id.to_owned();
    // In the process of a case somebody else is asked.
    let cases = if worker::is_worker() { Vec::new() } else { cases };
    let cases = cases.into_iter().map(|case| CaseReport::new(case, in_thread(case, &plugin, settings)));
    Ok(Report { plugin: name, cases: cases.collect() })
}

fn in_thread(case: &'static Case, plugin: &Plugin, settings: &Settings) -> Outcome {
    let (answer, heard) = mpsc::channel();
    let (plugin, own) = (plugin.clone(), settings.clone());
    thread::spawn(move || {
        let verdict = (case.check)(&Subject::linked(plugin, &own));
        // Nobody listens any more when the time is over.
        let _ = answer.send(verdict);
    });
    match heard.recv_timeout(settings.time_limit) {
        Ok(verdict) => verdict.into(),
        Err(mpsc::RecvTimeoutError::Disconnected) => Outcome::Failed { what: "the plugin panicked".into() },
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Outcome::Failed { what: worker::took_too_long(settings.time_limit) }
        }
    }
}

fn chosen(settings: &Settings) -> Result<Vec<&'static Case>, Error> {
    if settings.cases.is_empty() {
        return Ok(CASES.to_vec());
    }
    let find = |name: &String| {
        CASES.iter().copied().find(|case| case.name == name).ok_or_else(|| Error::UnknownCase(name.clone()))
    };
    settings.cases.iter().map(find).collect()
}
