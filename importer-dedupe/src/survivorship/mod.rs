//! Which value survives: a documented policy file, applied field by field.

mod contacts;
mod document;
mod names;
mod occasion;
#[cfg(test)]
mod occasion_laws;
#[cfg(test)]
mod policies;
mod policy;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use importer_core::contracts::{Contract, FieldKind};
use importer_core::ports::{CoreRecord, FieldChange, Merged, Occasion, Origin};
use importer_core::reasons::Reason;

use occasion::Difference;
use policy::Criterion;
pub use policy::{DEFAULT_POLICY, Policy};

/// Applies a [`Policy`].
///
/// ```
/// use importer_core::ports::Survivorship as _;
/// let survivorship = importer_dedupe::Survivorship::default();
/// assert!(survivorship.checksum().starts_with("default/1"));
/// ```
#[derive(Debug, Clone)]
pub struct Survivorship {
    policy: Policy,
}

impl Default for Survivorship {
    fn default() -> Self {
        Self::new(Policy::shipped())
    }
}

impl Survivorship {
    /// Applies this policy.
    pub fn new(policy: Policy) -> Self {
        Self { policy }
    }

    /// Whether the incoming value replaces the existing one, and which criterion told.
    fn wins(
        &self,
        field: &str,
        existing: Option<&Origin>,
        incoming: &Origin,
        corrects: bool,
    ) -> (bool, Reason) {
        let mut two_statements = false;
        for &criterion in self.policy.order(field) {
            let verdict = match (criterion, existing) {
                (Criterion::NonNull, None) => Some((true, Reason::FirstValue)),
                // What was emptied by hand is compared like a value from here on.
                (_, None) => None,
                (Criterion::NonNull, Some(_)) => None,
                (Criterion::Manual, Some(origin)) => {
                    let (old, new) = (origin.source == Origin::MANUAL, incoming.source == Origin::MANUAL);
                    (old != new).then_some((new, Reason::ManualValue))
                }
                (Criterion::MostRecent, Some(origin)) => match (&origin.verified_at, &incoming.verified_at) {
                    (Some(old), Some(new)) if old != new => Some((new > old, Reason::NewerValue)),
                    _ => None,
                },
                (Criterion::SourcePriority, Some(origin)) => {
                    match self.policy.rank(&incoming.source).cmp(&self.policy.rank(&origin.source)) {
                        Ordering::Less => Some((true, Reason::SourcePriority)),
                        Ordering::Greater => Some((false, Reason::SourcePriority)),
                        Ordering::Equal => None,
                    }
                }
                (Criterion::SameSource, Some(origin)) if origin.source == incoming.source => {
                    two_statements = !corrects;
                    corrects.then_some((true, Reason::SameSource))
                }
                (Criterion::SameSource, Some(_)) => None,
            };
            if let Some(verdict) = verdict {
                return verdict;
            }
        }
        let reason = if two_statements { Reason::OtherIdKept } else { Reason::NoPreference };
        (existing.is_none(), reason)
    }
}

impl Survivorship {
    /// Whether somebody edited the incoming value, and nobody the existing one, where that counts: people know how a name is
    /// written.
    fn edits(&self, field: &str, existing: Option<&Origin>, incoming: &Origin) -> bool {
        self.policy.order(field).contains(&Criterion::Manual)
            && incoming.source == Origin::MANUAL
            && existing.is_some_and(|origin| origin.source != Origin::MANUAL)
    }
}

impl importer_core::ports::Survivorship for Survivorship {
    fn merge(&self, contract: &Contract, existing: &CoreRecord, incoming: &CoreRecord) -> Merged {
        self.merge_on(contract, existing, incoming, Occasion::OwnRow)
    }

    fn merge_on(
        &self,
        contract: &Contract,
        existing: &CoreRecord,
        incoming: &CoreRecord,
        occasion: Occasion<'_>,
    ) -> Merged {
        let mut merged = Merged { person: existing.clone(), changes: Vec::new(), kept: Vec::new() };
        let mut phone_moved = false;
        let swapped = names::are_swapped(contract, existing, incoming);
        for (place, field) in contract.columns() {
            let new = incoming.record.get(place);
            let old = existing.record.get(place);
            // An extension belongs to its number: it moves with it, even when the new number has none.
            let follows = field.kind == FieldKind::PhoneExtension && phone_moved;
            if new == old || (new.is_none() && !follows) {
                continue;
            }
            if field.kind == FieldKind::PhoneExtension
                && !phone_moved
                && phones_differ(contract, existing, incoming)
            {
                continue;
            }
            let difference = Difference { contract, place, field, existing, incoming, occasion };
            // A value that somebody took away stays away: its absence has an origin, too.
            let emptied =
                existing.field_origins.get(field.name).filter(|origin| origin.source == Origin::MANUAL);
            let origin = old.map(|_| existing.origin_of(field.name)).or(emptied);
            if let (FieldKind::Name, Some(old), Some(new)) = (field.kind, old, new)
                && (swapped || names::is_poorer(old, new))
                && !self.edits(field.name, origin, incoming.origin_of(field.name))
                && !difference.is_set()
            {
                merged.kept.push((field.name, Reason::FullerName));
                continue;
            }
            let (wins, reason) = if follows {
                (true, Reason::BelongsToPhone)
            } else {
                difference.settle(self.wins(
                    field.name,
                    origin,
                    incoming.origin_of(field.name),
                    difference.corrects(),
                ))
            };
            if !wins {
                merged.kept.push((field.name, reason));
                continue;
            }
            phone_moved |= field.kind == FieldKind::Phone;
            merged.person.record.set(place, new);
            let origin = incoming.origin_of(field.name);
            if *origin == existing.origin {
                merged.person.field_origins.remove(field.name);
            } else {
                merged.person.field_origins.insert(field.name.into(), origin.clone());
            }
            merged.changes.push(FieldChange {
                field: field.name.into(),
                old: old.map(Into::into),
                new: new.map(Into::into),
                reason,
            });
        }
        contacts::merge(contract, incoming, &mut merged);
        merged
    }

    fn checksum(&self) -> String {
        self.policy.checksum()
    }
}

/// Whether both have a phone number, and not the same.
fn phones_differ(contract: &Contract, a: &CoreRecord, b: &CoreRecord) -> bool {
    let phone = |person: &CoreRecord| {
        let place = contract.index_of_kind(FieldKind::Phone)?;
        person.record.get(place).map(str::to_owned)
    };
    matches!((phone(a), phone(b)), (Some(a), Some(b)) if a != b)
}
