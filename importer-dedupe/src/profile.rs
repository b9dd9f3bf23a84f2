//! What tells people apart who share a contact.

use importer_core::contracts::Contract;
use importer_core::ports::CoreRecord;

use crate::agreement::{Birth, FieldValue, NameAgreement, Names, Suffix};

/// The values of a record that tell it apart from others at its contacts, in matching form.
#[derive(PartialEq, Eq)]
pub(crate) struct Profile<'a> {
    pub(crate) names: Names,
    dob: Birth<'a>,
    suffix: Suffix,
    /// Middle name and gender: they contradict, and their absence says nothing.
    others: [FieldValue; 2],
    school: FieldValue,
    grad_year: FieldValue,
}

impl<'a> Profile<'a> {
    pub(crate) fn of(contract: &Contract, person: &'a CoreRecord) -> Self {
        let value = |field| FieldValue::of(contract, person, field);
        Self {
            names: Names::of(contract, person),
            dob: Birth::of(contract, person),
            suffix: Suffix::of(contract, person),
            others: [value("middle_name"), value("gender")],
            school: value("school_affiliation"),
            grad_year: value("grad_year"),
        }
    }

    /// The names agree and nothing contradicts: both may be one person.
    pub(crate) fn fits(&self, other: &Profile<'_>) -> bool {
        self.names.agreement(&other.names) == NameAgreement::Agree
            && !self.dob_differs(other)
            && !self.suffix_differs(other)
            && !self.others.iter().zip(&other.others).any(|(a, b)| a.contradicts(b))
            && !self.school_differs(other)
    }

    pub(crate) fn dob_differs(&self, other: &Profile<'_>) -> bool {
        self.dob.contradicts(&other.dob)
    }

    pub(crate) fn dob_agrees(&self, other: &Profile<'_>) -> bool {
        self.dob.agrees(&other.dob)
    }

    pub(crate) fn suffix_differs(&self, other: &Profile<'_>) -> bool {
        self.suffix.contradicts(&other.suffix, self.dob_agrees(other))
    }

    /// Another school, and years of graduation that are more than one apart: siblings, or namesakes.
    pub(crate) fn school_differs(&self, other: &Profile<'_>) -> bool {
        self.school.contradicts(&other.school)
            && match (self.grad_year.number(), other.grad_year.number()) {
                (Some(a), Some(b)) => a.abs_diff(b) > 1,
                _ => false,
            }
    }
}
