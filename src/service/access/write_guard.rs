//! What a role does not see it does not set: what becomes of a guess would tell whether it is right.

use importer_core::contracts::{Contract, PiiClass};
use importer_core::{Error, Result};

use super::columns::class_of;
use super::{Action, Desk, Note};

/// What to do about a value that a role may not set.
pub(crate) const ASK: &str = "leave it out; a role that sees the field can set it";

impl Desk<'_> {
    /// Nothing, if the role sees every column or field that is to be set; otherwise an error that names the first one it does
    /// not see, kept in the audit log. Never asked within a transaction: the log is written in one of its own.
    pub(crate) fn guard_write<'a>(
        &self,
        action: Action,
        note: &Note,
        set: impl IntoIterator<Item = (&'a str, PiiClass)>,
    ) -> Result<()> {
        match set.into_iter().find(|(_, class)| self.mask().hides(*class)) {
            Some((name, _)) => Err(self.not_set(action, note, name)?),
            None => Ok(()),
        }
    }

    /// [`Desk::guard_write`] for fields of a contract; a field that it does not have is somebody else's error.
    pub(crate) fn guard_write_fields<'a>(
        &self,
        action: Action,
        note: &Note,
        contract: &Contract,
        fields: impl IntoIterator<Item = &'a str>,
    ) -> Result<()> {
        let known = fields.into_iter().filter(|field| contract.field(field).is_some());
        self.guard_write(action, note, known.map(|field| (field, class_of(contract, field))))
    }

    fn not_set(&self, action: Action, note: &Note, name: &str) -> Result<Error> {
        let error = self.refuse(action, note, &format!("set `{name}`, which this role does not see"))?;
        Ok(error.at("field", name).hint(ASK))
    }
}
