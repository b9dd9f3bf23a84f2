//! The host that plugins meet in a check.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use importer_plugin::{Host, HostCalls, LogLevel};

/// A host that knows the secrets of the settings and can be told to stop.
pub(crate) struct Listener {
    secrets: BTreeMap<String, String>,
    cancelled: AtomicBool,
    panics: AtomicBool,
}

impl Listener {
    pub(crate) fn new(secrets: &BTreeMap<String, String>) -> Arc<Self> {
        Arc::new(Self {
            secrets: secrets.clone(),
            cancelled: AtomicBool::new(false),
            panics: AtomicBool::new(false),
        })
    }

    pub(crate) fn host(self: &Arc<Self>) -> Host {
        Host::new(Arc::clone(self) as Arc<dyn HostCalls>)
    }

    /// From now on the run is cancelled.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// From now on every callback panics.
    pub(crate) fn break_down(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    fn answer(&self) {
        assert!(!self.panics.load(Ordering::SeqCst), "this host breaks down on purpose");
    }
}

impl HostCalls for Listener {
    fn log(&self, _: LogLevel, _: &str) {
        self.answer();
    }
    fn progress(&self, _: u64, _: u64) {
        self.answer();
    }
    fn cancelled(&self) -> bool {
        self.answer();
        self.cancelled.load(Ordering::SeqCst)
    }
    fn secret(&self, name: &str) -> Option<String> {
        self.answer();
        self.secrets.get(name).cloned()
    }
}
