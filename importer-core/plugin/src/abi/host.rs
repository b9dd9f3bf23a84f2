//! The host's callbacks: behind a counted pointer on the host's side, behind the usual trait on the plugin's.

use std::sync::Arc;

use importer_plugin_abi::{FlatHost, ROption, RStr, RString};

use crate::{Host, HostCalls, LogLevel};

impl From<&Host> for FlatHost {
    fn from(host: &Host) -> Self {
        Self {
            // `Host` is `Send + Sync`, as `FlatHost` promises.
            context: Arc::into_raw(Arc::new(host.clone())).cast(),
            retain,
            release,
            log,
            progress,
            cancelled,
            secret,
        }
    }
}

impl From<FlatHost> for Host {
    fn from(flat: FlatHost) -> Self {
        Self::new(Arc::new(flat))
    }
}

impl HostCalls for FlatHost {
    fn log(&self, level: LogLevel, message: &str) {
        let level = match level {
            LogLevel::Debug => 0,
            LogLevel::Info => 1,
            LogLevel::Warn => 2,
            LogLevel::Error => 3,
        };
        (self.log)(self.context, level, message.into());
    }

    fn progress(&self, done: u64, total: u64) {
        (self.progress)(self.context, done, total);
    }

    fn cancelled(&self) -> bool {
        (self.cancelled)(self.context)
    }

    fn secret(&self, name: &str) -> Option<String> {
        (self.secret)(self.context, name.into()).into_option().map(Into::into)
    }
}

/// Calls the host behind `context`.
fn with<T>(context: *const (), call: impl FnOnce(&Host) -> T) -> Option<T> {
    // SAFETY: `context` came from `Arc::into_raw` in `FlatHost::from` and is alive: the caller holds a reference.
    let host = unsafe { &*context.cast::<Host>() };
    // A host's callback that panics must not unwind through the plugin.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(host))).ok()
}

extern "C" fn retain(context: *const ()) {
    // SAFETY: as in `with`.
    unsafe { Arc::increment_strong_count(context.cast::<Host>()) };
}

extern "C" fn release(context: *const ()) {
    // SAFETY: as in `with`; the caller gives up its reference.
    unsafe { Arc::decrement_strong_count(context.cast::<Host>()) };
}

extern "C" fn log(context: *const (), level: u8, message: RStr<'_>) {
    let level = match level {
        0 => LogLevel::Debug,
        1 => LogLevel::Info,
        2 => LogLevel::Warn,
        _ => LogLevel::Error,
    };
    with(context, |host| host.log(level, &message));
}

extern "C" fn progress(context: *const (), done: u64, total: u64) {
    with(context, |host| host.progress(done, total));
}

extern "C" fn cancelled(context: *const ()) -> bool {
    with(context, Host::cancelled).unwrap_or(true)
}

extern "C" fn secret(context: *const (), name: RStr<'_>) -> ROption<RString> {
    with(context, |host| host.secret(&name)).flatten().map(RString::from).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_lives_as_long_as_somebody_holds_it() {
        let host = Host::detached();
        let flat = FlatHost::from(&host);
        let copy = flat.clone();
        drop(flat);
        let far = Host::from(copy);
        assert!(!far.cancelled());
        assert_eq!(far.secret("token"), None);
    }
}
