use crate::contracts::{Contract, FieldKind};

/// What a field has to do with other fields of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing.
    Plain,
    /// The country, which decides how others are read.
    Country,
    /// The primary email address, which its list does not repeat.
    Email,
    /// The primary phone number, which its list does not repeat and an extension may follow.
    Phone,
    /// The extension behind the primary phone number.
    Extension,
    /// A part of the whole name, by its place in what [`split_full_name`](crate::normalise::split_full_name) gives.
    NamePart(usize),
    /// Further values beside a primary one.
    List,
}

/// Which part of a name is which, among [`Places::name_parts`].
pub(super) const FIRST_NAME: usize = 0;
pub(super) const LAST_NAME: usize = 2;
pub(super) const NAME_SUFFIX: usize = 3;

/// The fields that others depend on, by their places in the contract, and the role of every field.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) country: Option<usize>,
    pub(super) email: Option<usize>,
    pub(super) phone: Option<usize>,
    pub(super) full_name: Option<usize>,
    /// The parts of a whole name, where the contract has them.
    pub(super) name_parts: [Option<usize>; 4],
    pub(super) roles: Vec<Role>,
}

impl Places {
    pub(super) fn of(contract: &Contract) -> Self {
        const PARTS: [&str; 4] = ["first_name", "middle_name", "last_name", "name_suffix"];
        let first = |kind| contract.index_of_kind(kind);
        let role = |(place, field): (usize, &crate::contracts::Field)| {
            let is_first = first(field.kind) == Some(place);
            match field.kind {
                kind if kind.is_list() => Role::List,
                FieldKind::Country if is_first => Role::Country,
                FieldKind::Email if is_first => Role::Email,
                FieldKind::Phone if is_first => Role::Phone,
                FieldKind::PhoneExtension if is_first => Role::Extension,
                _ => PARTS.iter().position(|part| *part == field.name).map_or(Role::Plain, Role::NamePart),
            }
        };
        Self {
            country: first(FieldKind::Country),
            email: first(FieldKind::Email),
            phone: first(FieldKind::Phone),
            full_name: first(FieldKind::FullName),
            name_parts: PARTS.map(|part| contract.index(part)),
            roles: contract.fields.iter().enumerate().map(role).collect(),
        }
    }

    /// The primary field of a list.
    pub(super) fn primary_of(&self, list: FieldKind) -> Option<usize> {
        match list {
            FieldKind::EmailList => self.email,
            FieldKind::PhoneList => self.phone,
            _ => None,
        }
    }
}
