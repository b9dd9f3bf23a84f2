//! Runs on a thread of their own, for hosts that do not wait for them.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use importer_core::pipeline::{Cancel, Observer, Progress, RunReport, ScanProgress, Waiting};
use importer_core::ports::{RunId, StopRequest};
use importer_core::{Error, ErrorKind, Result};

use super::access::Desk;
use crate::{Importer, RunRequest};

const OPERATION: &str = "start a run";

/// A run on a thread of its own. Dropping the handle leaves the run alone; it continues to its end.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # std::fs::write(&file, "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n").unwrap();
/// use importer::{Importer, RunRequest};
///
/// let importer = Importer::builder().database(url).plugin(importer_adapter_csv::plugin()).build()?;
/// let handle = importer.start(&RunRequest::new("csv").file(&file))?;
/// let run = handle.run().expect("it has begun");
/// let report = handle.join()?;
/// assert_eq!((report.run_id, report.counts.inserted), (run, 1));
/// # Ok::<(), importer::Error>(())
/// ```
pub struct RunHandle {
    thread: JoinHandle<Result<RunReport>>,
    watched: Arc<Watched>,
    cancel: Cancel,
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.watched.state();
        f.debug_struct("RunHandle").field("run", &state.run).field("progress", &state.progress).finish()
    }
}

impl RunHandle {
    /// Returns the id of the run, and waits until it has one, which takes as long as opening the source.
    ///
    /// Returns `None` when the run could not be begun; [`join`](Self::join) says why.
    ///
    /// ```
    /// use importer::RunRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let handle = importer.start(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!(handle.run(), Some(1.into()));
    /// let nowhere = importer.start(&RunRequest::new("csv").file("nowhere.csv"))?;
    /// assert_eq!(nowhere.run(), None);
    /// # handle.join()?;
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn run(&self) -> Option<RunId> {
        let state = self.watched.state();
        let waits = |state: &mut State| state.run.is_none() && !state.ended;
        self.watched.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner).run
    }

    /// Returns how far the run is; `None` before its first batch.
    ///
    /// ```
    /// use importer::{Phase, RunRequest};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let handle = importer.start(&RunRequest::new("csv").file(&file))?;
    /// while !handle.is_finished() {
    ///     std::thread::sleep(std::time::Duration::from_millis(10));
    /// }
    /// let progress = handle.progress().unwrap();
    /// assert_eq!((progress.phase, progress.rows), (Phase::Load, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn progress(&self) -> Option<Progress> {
        self.watched.state().progress
    }

    /// Asks the run to stop after its batch, so that it can be resumed later. Other runs are left alone.
    ///
    /// ```
    /// use importer::{RunRequest, RunStatus};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # struct Waits(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    /// # impl importer::Observer for Waits {
    /// #     fn started(&self, _: importer::RunId) {
    /// #         let _ = self.0.lock().unwrap().recv();
    /// #     }
    /// #     fn progress(&self, _: importer::Progress) {}
    /// # }
    /// # let (go_on, wait) = std::sync::mpsc::channel::<()>();
    /// # let waits = std::sync::Arc::new(Waits(std::sync::Mutex::new(wait)));
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).observer(waits).build()?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let handle = importer.start(&RunRequest::new("csv").file(&file))?;
    /// # handle.run();
    /// handle.pause();
    /// # drop(go_on);
    /// let report = handle.join()?;
    /// assert_eq!(importer.runs(&Default::default())?[0].status, RunStatus::Paused);
    /// assert_eq!(desk.resume(report.run_id, "go on")?.counts.inserted, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn pause(&self) {
        self.cancel.ask(StopRequest::Pause);
    }

    /// Asks the run to end for good after its batch. Other runs are left alone.
    ///
    /// Rows that are loaded stay.
    ///
    /// ```
    /// use importer::{RunRequest, RunStatus};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # struct Waits(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    /// # impl importer::Observer for Waits {
    /// #     fn started(&self, _: importer::RunId) {
    /// #         let _ = self.0.lock().unwrap().recv();
    /// #     }
    /// #     fn progress(&self, _: importer::Progress) {}
    /// # }
    /// # let (go_on, wait) = std::sync::mpsc::channel::<()>();
    /// # let waits = std::sync::Arc::new(Waits(std::sync::Mutex::new(wait)));
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).observer(waits).build()?;
    /// let handle = importer.start(&RunRequest::new("csv").file(&file))?;
    /// # handle.run();
    /// handle.cancel();
    /// # drop(go_on);
    /// handle.join()?;
    /// assert_eq!(importer.runs(&Default::default())?[0].status, RunStatus::Cancelled);
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn cancel(&self) {
        self.cancel.ask(StopRequest::Cancel);
    }

    /// Returns whether the run has ended, so that [`join`](Self::join) does not wait.
    ///
    /// ```
    /// use importer::RunRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # struct Waits(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    /// # impl importer::Observer for Waits {
    /// #     fn started(&self, _: importer::RunId) {
    /// #         let _ = self.0.lock().unwrap().recv();
    /// #     }
    /// #     fn progress(&self, _: importer::Progress) {}
    /// # }
    /// # let (go_on, wait) = std::sync::mpsc::channel::<()>();
    /// # let waits = std::sync::Arc::new(Waits(std::sync::Mutex::new(wait)));
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).observer(waits).build()?;
    /// let handle = importer.start(&RunRequest::new("csv").file(&file))?;
    /// assert!(!handle.is_finished());
    /// # drop(go_on);
    /// handle.join()?;
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until the run has ended and returns its report.
    ///
    /// A run that was begun and failed is a report, not an error.
    ///
    /// ```
    /// use importer::RunRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let report = importer.start(&RunRequest::new("csv").file(&file))?.join()?;
    /// assert_eq!(report.counts.inserted, 1);
    /// assert!(importer.start(&RunRequest::new("unknown"))?.join().is_err(), "there is no such adapter");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When no run could be begun, or its thread panicked.
    pub fn join(self) -> Result<RunReport> {
        self.thread.join().unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Plugin, "finish the run", "its thread panicked")
                .hint("the same request continues where it stopped"))
        })
    }
}

/// What the thread tells the handle.
#[derive(Default)]
struct State {
    run: Option<RunId>,
    progress: Option<Progress>,
    ended: bool,
}

/// Watches the run for the handle, and hands everything on to the observer of the host.
struct Watched {
    host: Arc<dyn Observer>,
    state: Mutex<State>,
    changed: Condvar,
}

impl Watched {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment, so a panic of another thread leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watched {
    fn started(&self, run: RunId) {
        self.state().run = Some(run);
        self.changed.notify_all();
        self.host.started(run);
    }

    fn progress(&self, progress: Progress) {
        self.state().progress = Some(progress);
        self.host.progress(progress);
    }

    fn waiting(&self, waiting: &Waiting) {
        self.host.waiting(waiting);
    }

    fn scanning(&self, progress: ScanProgress) {
        self.host.scanning(progress);
    }
}

/// Says that the thread has ended, also when it panicked.
struct Ends(Arc<Watched>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.0.changed.notify_all();
    }
}

impl Importer {
    /// Begins what [`run`](Self::run) does, on a thread of its own.
    ///
    /// Returns a handle at once, by which the run is watched, paused, cancelled and awaited.
    ///
    /// ```
    /// use importer::RunRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let handle = importer.start(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!(handle.join()?.counts.inserted, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the system gives no thread. All other errors are those of [`RunHandle::join`].
    pub fn start(&self, request: &RunRequest) -> Result<RunHandle> {
        let plain = request.plain();
        self.as_asked(request).start_with(move |importer| importer.run(&plain))
    }

    fn start_with(
        &self,
        work: impl FnOnce(&Self) -> Result<RunReport> + Send + 'static,
    ) -> Result<RunHandle> {
        let watched = Arc::new(Watched {
            host: Arc::clone(&self.observer),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let cancel = self.cancel.for_one_run();
        let mut importer = self.clone();
        importer.observer = Arc::clone(&watched) as Arc<dyn Observer>;
        importer.run_cancel = Some(cancel.clone());
        let ends = Ends(Arc::clone(&watched));
        let thread = Builder::new().name("importer-run".into()).spawn(move || {
            let _ends = ends;
            work(&importer)
        });
        let thread = thread.map_err(|e| {
            Error::new(ErrorKind::Config, OPERATION, format!("there is no thread for it: {e}")).caused_by(e)
        })?;
        Ok(RunHandle { thread, watched, cancel })
    }
}

impl Desk<'_> {
    /// Begins what [`import`](Self::import) does, on a thread of its own and as the actor.
    ///
    /// Returns a handle at once, by which the run is watched, paused, cancelled and awaited. Needs a steward.
    ///
    /// ```
    /// use importer::RunRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let handle = desk.start(&RunRequest::new("csv").file(&file), "the monthly list")?;
    /// assert_eq!(handle.join()?.counts.inserted, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the system gives no thread. All other errors are those of [`RunHandle::join`], a role that does not allow
    /// it included.
    pub fn start(&self, request: &RunRequest, reason: &str) -> Result<RunHandle> {
        let (actor, plain, reason) = (self.actor().clone(), request.plain(), reason.to_owned());
        self.importer
            .as_asked(request)
            .start_with(move |importer| importer.desk(actor).import(&plain, &reason))
    }
}
