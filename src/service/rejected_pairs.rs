//! Who was told apart is merged only when somebody asks for it all the same.

use importer_core::contracts::Contract;
use importer_core::ports::{RecordId, Rejected, StewardSession, moment_text};
use importer_core::{Error, ErrorKind, Result};

/// An error when somebody has said of two of these people that they are no duplicates, unless they are to be merged although
/// that was said. Tells who of them were told apart then.
///
/// # Errors
/// As said, or when the database fails.
pub(super) fn no_rejected_pairs(
    session: &mut dyn StewardSession,
    contract: &Contract,
    people: &[RecordId],
    although_rejected: bool,
    operation: &'static str,
) -> Result<Vec<Rejected>> {
    rejected_pairs(session, contract, people, although_rejected, |_| true, operation)
}

/// The same by those rejections alone that count.
///
/// # Errors
/// As there.
pub(super) fn rejected_pairs(
    session: &mut dyn StewardSession,
    contract: &Contract,
    people: &[RecordId],
    although_rejected: bool,
    counts: impl Fn(&Rejected) -> bool,
    operation: &'static str,
) -> Result<Vec<Rejected>> {
    let mut rejected = session.rejected_among(contract, people)?;
    rejected.retain(counts);
    match rejected.first() {
        Some(first) if !although_rejected => Err(refusal(contract, first, rejected.len(), operation)),
        _ => Ok(rejected),
    }
}

fn refusal(contract: &Contract, first: &Rejected, pairs: usize, operation: &'static str) -> Error {
    let Rejected { one, other, suggestion, by, at, .. } = first;
    let entity = contract.entity;
    let more = match pairs {
        1 => String::new(),
        2 => ", and another pair was rejected as well".into(),
        _ => format!(", and {} other pairs were rejected as well", pairs - 1),
    };
    let message = format!(
        "{by} decided on {} that {entity} {one} and {entity} {other} are different people{more}",
        moment_text(*at)
    );
    // Why is in words of somebody's own, which may be about values; errors end in logs.
    Error::new(ErrorKind::Config, operation, message)
        .coded("pair_rejected")
        .at("suggestion", suggestion)
        .hint("a preview shows why; to merge them nevertheless, request it explicitly (`although_rejected`)")
}
