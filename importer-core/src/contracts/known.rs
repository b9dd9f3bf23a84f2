use super::{CONTRACTS, Contract};
use crate::{Error, ErrorKind, Result};

/// The contracts that an importer knows: those that ship, and those that its host brings.
///
/// ```
/// use importer_core::contracts::{Contract, Contracts, Field, FieldKind, PiiClass};
///
/// const FIELDS: &[Field] = &[
///     Field::new("external_id", FieldKind::Identifier, PiiClass::None, "Its number in the source."),
///     Field::new("title", FieldKind::Text, PiiClass::None, "What it is called.").required(),
/// ];
/// static EVENT: Contract =
///     Contract { entity: "event", plural: "events", version: "1.0", fields: FIELDS, needed: &[&["title"]] };
///
/// let contracts = Contracts::default().with(&EVENT)?;
/// assert_eq!(contracts.find("event"), Some(&EVENT));
/// assert!(contracts.find("volunteer").is_some());
/// assert!(contracts.with(&EVENT).is_err(), "an entity has one contract");
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Contracts(Vec<&'static Contract>);

impl Default for Contracts {
    /// Those that ship.
    fn default() -> Self {
        Self(CONTRACTS.to_vec())
    }
}

impl Contracts {
    /// These and one more.
    ///
    /// # Errors
    /// When there is a contract with its entity or its tables, or its names cannot stand in names of tables and columns.
    pub fn with(mut self, contract: &'static Contract) -> Result<Self> {
        let names = contract.fields.iter().map(|field| field.name).chain([contract.entity, contract.plural]);
        for name in names {
            if !is_plain(name) {
                let message = format!("`{name}` cannot be part of the name of a table or column");
                return Err(refuse(contract, message)
                    .hint("use small letters, digits and underscores, a letter first"));
            }
        }
        let taken = |known: &&&Contract| known.entity == contract.entity || known.plural == contract.plural;
        if let Some(known) = self.0.iter().find(taken) {
            let message =
                format!("there is a contract `{}` already, with tables of `{}`", known.entity, known.plural);
            return Err(refuse(contract, message).hint("give it another entity and another plural"));
        }
        self.0.push(contract);
        Ok(self)
    }

    /// The contract of an entity.
    pub fn find(&self, entity: &str) -> Option<&'static Contract> {
        self.0.iter().copied().find(|contract| contract.entity == entity)
    }

    /// All of them, those that ship first.
    pub fn all(&self) -> impl Iterator<Item = &'static Contract> {
        self.0.iter().copied()
    }

    /// The names of the entities.
    pub fn entities(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|contract| contract.entity)
    }
}

/// Whether a name can stand in a statement as it is: names of contracts become names of tables and columns.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn refuse(contract: &Contract, message: String) -> Error {
    Error::new(ErrorKind::Config, "add a contract", message).at("entity", contract.entity)
}

#[cfg(test)]
mod tests {
    use super::super::VOLUNTEER;
    use super::*;

    #[test]
    fn the_contracts_that_ship_could_be_added_too() {
        for contract in CONTRACTS {
            assert!(Contracts(Vec::new()).with(contract).is_ok(), "{}", contract.entity);
        }
    }

    #[test]
    fn names_that_would_be_something_else_in_a_statement_are_refused() {
        static ODD: Contract = Contract { entity: "odd entity", plural: "odds", ..VOLUNTEER };
        static SAME_TABLES: Contract = Contract { entity: "helper", ..VOLUNTEER };
        let refusal = |contract| Contracts::default().with(contract).unwrap_err().to_string();
        assert!(refusal(&ODD).contains("`odd entity` cannot be part"), "{}", refusal(&ODD));
        assert!(refusal(&SAME_TABLES).contains("tables of `volunteers`"), "{}", refusal(&SAME_TABLES));
    }
}
