//! A source that fails where it is told to, and a clock by which nobody waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use importer::plugin::{
    Adapter, AdapterCapability, AdapterMeta, Error, Extract, Host, OpenRequest, Plugin, PluginMeta, Source,
};
use importer::{Builder, Importer, RetryPolicy, RunRequest};
use importer_core::ports::{Clock, Moment, parse_moment};

use crate::support::Database;

/// Where a source fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// When it is opened.
    Open,
    /// Before it hands over this row, counted from 0.
    Row(u64),
}

/// What a source is told to do, and what was asked of it.
pub(super) struct Script {
    pub(super) rows: u64,
    pub(super) per_batch: u64,
    /// Whether it says where it stands.
    pub(super) cursor: bool,
    pub(super) fails: Mutex<VecDeque<(At, Error)>>,
    /// The cursors it was opened with.
    pub(super) opened: Mutex<Vec<Option<String>>>,
    pub(super) last_column: Mutex<&'static str>,
}

impl Script {
    pub(super) fn new(fails: impl IntoIterator<Item = (At, Error)>) -> Self {
        Self {
            rows: 12,
            per_batch: 2,
            cursor: true,
            fails: Mutex::new(fails.into_iter().collect()),
            opened: Mutex::default(),
            last_column: Mutex::new("city"),
        }
    }

    fn fail(&self, at: At) -> Result<(), Error> {
        let mut fails = self.fails.lock().unwrap();
        if fails.front().is_none_or(|(place, _)| *place != at) {
            return Ok(());
        }
        fails.pop_front().map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// Constructors of adapters hold nothing, so scripts are found by their names.
static SCRIPTS: Mutex<BTreeMap<String, Arc<Script>>> = Mutex::new(BTreeMap::new());

struct Flaky;

impl Adapter for Flaky {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("flaky", "Fails where it is told to")
            .option("script", "The script", true)
            .can(AdapterCapability::Resume)
    }

    fn open(&self, request: &OpenRequest, _: &Host) -> Result<Box<dyn Source>, Error> {
        let name = request.options.required("script")?;
        let script = Arc::clone(&SCRIPTS.lock().unwrap()[name]);
        script.opened.lock().unwrap().push(request.cursor.clone());
        script.fail(At::Open)?;
        let next = request.cursor.as_deref().map_or(0, |cursor| cursor.parse().unwrap());
        Ok(Box::new(Rows { script, next, dead: false }))
    }
}

struct Rows {
    script: Arc<Script>,
    next: u64,
    dead: bool,
}

impl Source for Rows {
    fn columns(&self) -> Vec<String> {
        let last = *self.script.last_column.lock().unwrap();
        ["id", "first name", "last name", "email", last].map(String::from).to_vec()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        assert!(!self.dead, "a source that failed was asked for more");
        let last = (self.next + self.script.per_batch).min(self.script.rows);
        while self.next < last {
            if let Err(error) = self.script.fail(At::Row(self.next)) {
                self.dead = true;
                return Err(error);
            }
            let n = self.next;
            let cells = [format!("f{n}"), format!("Ada{n}"), "Stone".into(), format!("ada{n}@example.org")];
            out.push_row(n + 1, cells.iter().map(|cell| Some(cell.as_str())).chain([Some("Liberty")]))?;
            self.next += 1;
        }
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        self.script.cursor.then(|| self.next.to_string())
    }
}

pub(super) fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("flaky", "0.1.0")).adapter(|| Box::new(Flaky))
}

type Hook = Box<dyn FnMut() + Send>;

/// Notes how long somebody wanted to sleep, and does something meanwhile.
#[derive(Default)]
pub(super) struct Alarm {
    slept: Mutex<Duration>,
    meanwhile: Mutex<Option<Hook>>,
}

impl Alarm {
    /// Everything that was slept so far.
    pub(super) fn slept(&self) -> Duration {
        *self.slept.lock().unwrap()
    }

    /// Does this the next time somebody sleeps.
    pub(super) fn meanwhile(&self, what: impl FnMut() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(what));
    }
}

impl Clock for Alarm {
    fn now(&self) -> Moment {
        parse_moment("2025-06-01T08:00:00Z").unwrap()
    }

    fn sleep(&self, time: Duration) {
        *self.slept.lock().unwrap() += time;
        let hook = self.meanwhile.lock().unwrap().take();
        if let Some(mut hook) = hook {
            hook();
        }
    }
}

/// A database, a script and an importer that waits by the alarm.
pub(super) struct Service {
    pub(super) db: Database,
    pub(super) script: Arc<Script>,
    pub(super) alarm: Arc<Alarm>,
    pub(super) importer: Importer,
    name: String,
}

impl Service {
    pub(super) fn new(db: Database, script: Script) -> Self {
        Self::with(db, script, RetryPolicy::default())
    }

    pub(super) fn with(db: Database, script: Script, retry: RetryPolicy) -> Self {
        Self::built(db, script, |builder| builder.retry(retry))
    }

    pub(super) fn built(db: Database, script: Script, with: impl FnOnce(Builder) -> Builder) -> Self {
        let (script, alarm) = (Arc::new(script), Arc::new(Alarm::default()));
        let mut scripts = SCRIPTS.lock().unwrap();
        let name = format!("script {}", scripts.len());
        scripts.insert(name.clone(), Arc::clone(&script));
        drop(scripts);
        let builder = Importer::builder().database(&db.url).plugin(plugin()).clock(alarm.clone());
        let importer = with(builder).build().unwrap();
        Self { db, script, alarm, importer, name }
    }

    pub(super) fn request(&self) -> RunRequest {
        RunRequest::new("flaky").option("script", self.name.as_str())
    }

    /// The source fails so from now on.
    pub(super) fn fails(&self, fails: impl IntoIterator<Item = (At, Error)>) {
        *self.script.fails.lock().unwrap() = fails.into_iter().collect();
    }

    /// The cursors that the source was opened with since this was asked last.
    pub(super) fn opened(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.script.opened.lock().unwrap())
    }
}
