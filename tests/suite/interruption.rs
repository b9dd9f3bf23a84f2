//! Whatever stops a run, the same command goes on, and the end is the end of an uninterrupted run.

mod before_loading;
mod changed;
mod changing;
mod killed;
pub(crate) mod people;
pub(crate) mod snapshot;
mod stopped;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use importer::Importer;
use importer_core::ports::{Phase, RunFilter, RunRecord};

use super::cli;
use super::support::Database;

/// The command that is interrupted and repeated.
pub(crate) fn command(folder: &Path, db: &Database, file: &Path) -> Command {
    let mut command = cli::program(folder);
    command.args(["run", "--source", "csv", "--file"]).arg(file).args(["--db", &db.url]);
    command
}

/// The same, started.
pub(crate) fn start(folder: &Path, db: &Database, file: &Path) -> Child {
    command(folder, db, file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The newest run; none as long as no process got that far.
pub(crate) fn newest(importer: &Importer) -> Option<RunRecord> {
    importer.runs(&RunFilter { limit: 1, ..RunFilter::default() }).unwrap().pop()
}

/// Waits until the newest run is where `there` says, or the process ended by itself: then it was too late.
pub(crate) fn wait_until(child: &mut Child, importer: &Importer, there: impl Fn(&RunRecord) -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(120) {
        if newest(importer).is_some_and(|run| there(&run)) {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("the run never came that far: {:?}", newest(importer));
}

/// `kill -9`; true when it hit a process that was still at work.
pub(crate) fn kill(mut child: Child) -> bool {
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    // A process that ends between the look and the blow has a code.
    let status = child.wait_with_output().unwrap().status;
    running && status.code().is_none()
}

/// Where a run stands, in a word.
fn place(run: Option<&RunRecord>) -> String {
    match run {
        None => "no run yet".into(),
        Some(run) if run.phase == Phase::Extract => format!("reading, {} rows stored", run.rows_read),
        Some(run) => format!("{:?}, loaded through {}", run.phase, run.loaded_through.0 & 0xffff_ffff),
    }
}
