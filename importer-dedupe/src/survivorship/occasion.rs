//! What an occasion lets pass: another id is another statement, a corrected row is as old as when it came, a refused consent stands,
//! and the result of a check is nobody else's.

use importer_core::contracts::{Contract, Field, FieldKind};
use importer_core::ports::{CoreRecord, Occasion, Origin};
use importer_core::reasons::Reason;

/// How a flag that refuses is stored.
const REFUSED: &str = "false";

/// A field of two records that differ in it.
pub(super) struct Difference<'a> {
    pub(super) contract: &'a Contract,
    pub(super) place: usize,
    pub(super) field: &'a Field,
    pub(super) existing: &'a CoreRecord,
    pub(super) incoming: &'a CoreRecord,
    pub(super) occasion: Occasion<'a>,
}

impl Difference<'_> {
    /// Whether a source corrects what it said before. A statement under another id is no correction, nor is one that was made
    /// before.
    pub(super) fn corrects(&self) -> bool {
        self.occasion == Occasion::Unnamed || self.is_own()
    }

    /// Whether the id that is the record's own says something new.
    fn is_own(&self) -> bool {
        match self.occasion {
            Occasion::OwnRow => true,
            Occasion::OneOfSeveral { before } => before
                .is_some_and(|before| before.record.get(self.place) != self.incoming.record.get(self.place)),
            _ => false,
        }
    }

    /// Whether a person set this field of the incoming row.
    pub(super) fn is_set(&self) -> bool {
        matches!(self.occasion, Occasion::Correction { set } if set.iter().any(|name| name == self.field.name))
    }

    /// What becomes of the policy's verdict on this occasion.
    pub(super) fn settle(&self, verdict: (bool, Reason)) -> (bool, Reason) {
        let (wins, reason) = verdict;
        if self.is_set() {
            // What somebody entered at the record is as much a person's word, and it is about the record.
            let decided = matches!(reason, Reason::ManualValue | Reason::FirstValue);
            return if decided { verdict } else { (true, Reason::SetByHand) };
        }
        let is_correction = matches!(self.occasion, Occasion::Correction { .. });
        if !wins {
            // Under which id the row came has nothing to do with it.
            let unset = is_correction && reason == Reason::OtherIdKept;
            return if unset { (false, Reason::OlderRow) } else { verdict };
        }
        if is_correction && (self.field.consent || reason != Reason::FirstValue) {
            return (false, Reason::OlderRow);
        }
        if self.overrules_refusal() {
            return (false, Reason::ConsentStands);
        }
        if self.field.check && !self.check_passes() {
            return (false, Reason::SensitiveValueKept);
        }
        verdict
    }

    /// Whether a refusal would become a consent that is neither newer, nor a person's word, nor from the row that refused.
    fn overrules_refusal(&self) -> bool {
        if !self.field.consent || self.field.kind != FieldKind::Flag {
            return false;
        }
        let refuses = |person: &CoreRecord| self.value(person, self.field.name) == Some(REFUSED);
        let (old, new) = self.origins();
        let own = self.is_own() && old.source == new.source;
        refuses(self.existing) && !own && !self.is_newer() && new.source != Origin::MANUAL
    }

    /// Whether the result of a check may come from this row or record.
    fn check_passes(&self) -> bool {
        if self.is_own() || self.origins().1.source == Origin::MANUAL {
            return true;
        }
        let born = |person| self.value(person, "dob");
        let (old, new) = (born(self.existing), born(self.incoming));
        let checks = self.contract.columns().filter(|(_, field)| field.check);
        let is_checked = checks.into_iter().any(|(place, _)| self.existing.record.get(place).is_some());
        match (old, new) {
            // A source without ids corrects itself, as long as it is certain whom the row is about.
            (Some(old), Some(new)) if is_checked => {
                old == new && (self.is_newer() || self.occasion == Occasion::Unnamed)
            }
            (Some(old), Some(new)) => old == new,
            _ => !is_checked,
        }
    }

    fn is_newer(&self) -> bool {
        let (old, new) = self.origins();
        matches!((&old.verified_at, &new.verified_at), (Some(old), Some(new)) if new > old)
    }

    fn origins(&self) -> (&Origin, &Origin) {
        (self.existing.origin_of(self.field.name), self.incoming.origin_of(self.field.name))
    }

    fn value<'r>(&self, person: &'r CoreRecord, field: &str) -> Option<&'r str> {
        self.contract.index(field).and_then(|place| person.record.get(place))
    }
}
