use std::panic::{AssertUnwindSafe, catch_unwind};

use importer_core::plugin::Error;

/// Calls a rule. A panic of a rule that is linked in becomes an error, as it does at the boundary of a loaded plugin: it
/// ends the run, not the host. The rule is not used again.
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(Error::bug("it panicked")))
}
