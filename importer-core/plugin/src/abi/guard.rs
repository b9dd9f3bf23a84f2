//! Panics stop here: one that reached the boundary would abort the process.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::{Error, Result};

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Remembers where a panic happened instead of printing it. Only a loaded plugin calls this: it has a panic hook of
/// its own, apart from the host's.
pub(super) fn remember_places() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(|l| format!("{}:{}", l.file(), l.line()));
            PLACE.with(|slot| *slot.borrow_mut() = place);
        }));
    });
}

/// Runs `call` and turns a panic into an error that says where and why.
pub(super) fn guard<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        let why = payload
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".into());
        // A payload may panic when it is dropped.
        std::mem::forget(payload);
        let place = PLACE.with(|slot| slot.borrow_mut().take()).unwrap_or_else(|| "an unknown place".into());
        Err(Error::bug(format!("the plugin panicked at {place}: {why}")))
    })
}

/// An object of the plugin behind a handle. After a panic it is gone, and every later call says so.
pub(super) struct Guarded<T: ?Sized>(Option<Box<T>>);

impl<T: ?Sized> Guarded<T> {
    pub(super) fn into_handle(object: Box<T>) -> *mut () {
        Box::into_raw(Box::new(Self(Some(object)))).cast()
    }

    /// Calls the object behind `handle`.
    ///
    /// # Safety
    /// `handle` came from [`Guarded::into_handle`] of the same `T`, is not closed, and nobody else uses it now.
    pub(super) unsafe fn call<R>(handle: *mut (), call: impl FnOnce(&mut T) -> Result<R>) -> Result<R> {
        // SAFETY: the caller's promise.
        let this = unsafe { &mut *handle.cast::<Self>() };
        let Some(mut object) = this.0.take() else {
            return Err(Error::bug("the plugin panicked before; this object of it cannot be used any more"));
        };
        let result = guard(|| {
            let result = call(&mut object);
            this.0 = Some(object);
            result
        });
        // When `call` panicked, `object` was dropped while unwinding and the slot stays empty: poisoned.
        result
    }

    /// Drops the object behind `handle`.
    ///
    /// # Safety
    /// As [`Guarded::call`]; the handle is not used again.
    pub(super) unsafe fn close(handle: *mut ()) {
        // SAFETY: the caller's promise.
        let this = unsafe { Box::from_raw(handle.cast::<Self>()) };
        // A panicking destructor must not cross the boundary either; there is nobody left to tell.
        let _ = guard(|| {
            drop(this);
            Ok(())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_poisons_the_object() {
        let handle = Guarded::<u32>::into_handle(Box::new(7));
        // SAFETY: the handle is fresh and used here alone.
        let (first, panicked, after) = unsafe {
            (
                Guarded::<u32>::call(handle, |n| Ok(*n)),
                Guarded::<u32>::call(handle, |_| -> Result<u32> { panic!("boom") }),
                Guarded::<u32>::call(handle, |n| Ok(*n)),
            )
        };
        // SAFETY: the handle is not used again.
        unsafe { Guarded::<u32>::close(handle) };
        assert_eq!(first.unwrap(), 7);
        assert!(panicked.unwrap_err().message.ends_with(": boom"));
        assert!(after.unwrap_err().message.contains("panicked before"));
    }
}
