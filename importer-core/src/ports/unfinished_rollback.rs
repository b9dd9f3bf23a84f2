use super::{RunId, Session};
use crate::{Error, ErrorKind, Result};

/// A run whose rollback began and is not done: some of what it did is gone, the rest is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedRollback {
    /// The run.
    pub run: RunId,
    /// The system whose rows it brought.
    pub system: String,
}

impl UnfinishedRollback {
    /// The error of what has to wait until the rollback is done.
    pub fn refuses(&self, operation: &'static str) -> Error {
        let Self { run, system } = self;
        Error::new(
            ErrorKind::Busy,
            operation,
            format!("the rollback of run {run} of `{system}` is unfinished"),
        )
        .coded("rollback_unfinished")
        .at("run", run)
        .hint("roll that run back again to finish it, then try again")
    }
}

/// An error while any run of an entity is half taken back: what came in now could find people who are about to go, and they
/// would outlive the run that made them.
///
/// It is reliable behind [`Session::lock_core`], in whose turn rollbacks begin.
///
/// # Errors
/// As said, or when the database fails.
pub fn no_unfinished_rollback<S: Session + ?Sized>(
    session: &mut S,
    entity: &str,
    operation: &'static str,
) -> Result<()> {
    match session.unfinished_rollback(entity)?.first() {
        Some(half) => Err(half.refuses(operation)),
        None => Ok(()),
    }
}
