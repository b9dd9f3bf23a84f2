//! Where a contract keeps what identity is decided by.

use importer_core::contracts::Contract;
use importer_core::normalise::{comparable, fold};
use importer_core::ports::CoreRecord;

/// The places of the fields; a contract without one has `None`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) entity: &'static str,
    given: Option<usize>,
    family: Option<usize>,
    dob: Option<usize>,
    street: Option<usize>,
    postal_code: Option<usize>,
}

impl Fields {
    pub(super) fn of(contract: &Contract) -> Self {
        Self {
            entity: contract.entity,
            given: contract.index("first_name"),
            family: contract.index("last_name"),
            dob: contract.index("dob"),
            street: contract.index("street"),
            postal_code: contract.index("postal_code"),
        }
    }

    pub(super) fn given<'a>(&self, person: &'a CoreRecord) -> Option<&'a str> {
        person.record.get(self.given?)
    }

    pub(super) fn family<'a>(&self, person: &'a CoreRecord) -> Option<&'a str> {
        person.record.get(self.family?)
    }

    pub(super) fn dob<'a>(&self, person: &'a CoreRecord) -> Option<&'a str> {
        person.record.get(self.dob?)
    }

    pub(super) fn street<'a>(&self, person: &'a CoreRecord) -> Option<&'a str> {
        person.record.get(self.street?)
    }

    pub(super) fn postal_code<'a>(&self, person: &'a CoreRecord) -> Option<&'a str> {
        person.record.get(self.postal_code?)
    }
}

/// A value in matching form, as short as what is compared; empty when it is missing.
pub(super) fn folded(value: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(value) = value {
        fold(&comparable(value), &mut out);
    }
    out
}
