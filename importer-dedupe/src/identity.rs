//! Whether a row under a known external id is the person whom the id names.
//!
//! Ids are row numbers in many lists, and some sources give them away again. So an id is not proof: the names and the birth
//! date of the row have to be those of the record, or such as one person's may become. What a household shares (the family
//! name, the address, a phone number) never makes up for another given name.

use importer_core::contracts::Contract;
use importer_core::ports::{CoreRecord, Identity};

use crate::contacts::{ContactRule, ContactsAgree};
use crate::matching::people::People;
use crate::profile::Profile;

/// Who a row is beside the record that its external id names.
pub(crate) fn identity(
    contract: &Contract,
    rule: ContactRule,
    row: &CoreRecord,
    known: &CoreRecord,
) -> Identity {
    let (own, other) = (Profile::of(contract, row), Profile::of(contract, known));
    let suffix_differs = own.suffix_differs(&other);
    if own.names == other.names && !suffix_differs && !own.dob_differs(&other) {
        return Identity::Same;
    }
    let mut people = People::new(contract);
    let (a, b) = (people.push(row), people.push(known));
    people.frame.finish();
    let levels = people.frame.compare(a, b);
    let level = |term: &str| {
        let terms = people.frame.terms();
        let place = terms.iter().position(|t| t.name == term)?;
        let level = terms[place].levels.get(usize::from(levels[place]))?;
        Some((level.name, people.frame.beside(place, levels[place], a, b).are_distinct))
    };
    let family = Family::of(level("family_name"));
    Compared {
        given: if family == Family::Swapped { Given::Same } else { Given::of(level("given_name")) },
        family,
        born: Born::of(level("birth_date")),
        suffix_differs,
        contacts: rule.compare(row, known),
    }
    .judge()
}

/// Whether a row is a record that its external id does not name, beyond doubt: the whole name and the birth date are the same.
pub(crate) fn is_exactly(contract: &Contract, row: &CoreRecord, other: &CoreRecord) -> bool {
    let (own, theirs) = (Profile::of(contract, row), Profile::of(contract, other));
    own.names.are_whole() && own.names == theirs.names && own.dob_agrees(&theirs) && own.fits(&theirs)
}

/// A level's name, and whether both values are known to be two people's.
type Level = Option<(&'static str, bool)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    /// The same, a typo, a nickname, an initial or a part.
    Same,
    /// Somewhat like.
    Like,
    Other,
    Missing,
}

impl Given {
    fn of(level: Level) -> Self {
        match level {
            None => Self::Missing,
            Some(("differ", _) | ("near" | "similar", true)) => Self::Other,
            Some(("similar", _)) => Self::Like,
            Some(_) => Self::Same,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Same,
    /// It is the other's given name, and the other way round.
    Swapped,
    Other,
    Missing,
}

impl Family {
    fn of(level: Level) -> Self {
        match level {
            None => Self::Missing,
            Some(("swapped", _)) => Self::Swapped,
            Some(("differ" | "similar", _)) => Self::Other,
            Some(_) => Self::Same,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Born {
    Same,
    /// A slip of the hand may explain it.
    Near,
    Other,
    Unknown,
}

impl Born {
    fn of(level: Level) -> Self {
        match level {
            None => Self::Unknown,
            Some(("exact", _)) => Self::Same,
            Some((_, true)) | Some(("differ", _)) => Self::Other,
            Some(_) => Self::Near,
        }
    }
}

/// What of a row and a record is compared.
#[derive(Debug, Clone, Copy)]
struct Compared {
    given: Given,
    family: Family,
    born: Born,
    suffix_differs: bool,
    contacts: ContactsAgree,
}

impl Compared {
    fn judge(self) -> Identity {
        let Self { given, family, born, suffix_differs, contacts } = self;
        let by_names = match (given, family) {
            // Another given name: a new one, where the birth date is the same and not everything else is new.
            (Given::Other, Family::Other) if contacts == ContactsAgree::AllDiffer => Identity::Other,
            (Given::Other, _) if born == Born::Same => Identity::Doubtful,
            (Given::Other, _) => Identity::Other,
            // Another family name: somebody married, as long as the birth date or a contact stays.
            (Given::Same | Given::Missing, Family::Other) => match (born, contacts) {
                (Born::Same, _) if given == Given::Same => Identity::Same,
                (Born::Other, _) | (_, ContactsAgree::AllDiffer) => Identity::Other,
                (_, ContactsAgree::Shared) if given == Given::Same => Identity::Same,
                _ => Identity::Doubtful,
            },
            (Given::Like, Family::Other) if born == Born::Same => Identity::Doubtful,
            (Given::Like, Family::Other) => Identity::Other,
            // Khadija and Khalid: too far apart for a slip.
            (Given::Like, _) => match born {
                Born::Same => Identity::Doubtful,
                _ => Identity::Other,
            },
            // The same name: a birth date is corrected more often than an id is given to a namesake.
            (Given::Same | Given::Missing, _) => match born {
                Born::Other => Identity::Doubtful,
                _ => Identity::Same,
            },
        };
        match by_names {
            // Father and son.
            Identity::Same | Identity::Doubtful if suffix_differs => match born {
                Born::Other => Identity::Other,
                _ => Identity::Doubtful,
            },
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use importer_core::contracts::VOLUNTEER;

    use super::*;
    use crate::testing;

    /// A person from `first/last/email/phone/dob`, empty for missing.
    fn person(text: &str) -> CoreRecord {
        let fields = ["first_name", "last_name", "email_normalized", "phone_e164", "dob", "name_suffix"];
        let values: Vec<_> =
            fields.into_iter().zip(text.split('/').map(str::trim)).filter(|(_, v)| !v.is_empty()).collect();
        testing::person(&values, "csv", None)
    }

    fn check(known: &str, row: &str, expected: Identity) {
        let found = identity(
            &VOLUNTEER,
            ContactRule { strip_email_tags: true, role_addresses_identify: false },
            &person(row),
            &person(known),
        );
        assert_eq!(found, expected, "{known} -> {row}");
    }

    #[test]
    fn one_person_may_change() {
        for (known, row) in [
            // Marriage.
            ("Gina/Roth/gina@x.org/+18165550161/1975-01-02", "Gina/Ochs/gina.ochs@x.org//1975-01-02"),
            ("Gina/Roth/gina@x.org/+18165550161/", "Gina/Ochs/ochs@x.org/+18165550161/"),
            // Typos, nicknames, initials, swapped names.
            ("Jhon/Reed/a@x.org//", "John/Reed/b@x.org//"),
            ("Bob/Reed/a@x.org//", "Robert/Reed/b@x.org//1950-01-02"),
            ("R./Reed/a@x.org//", "Robert/Reed/b@x.org//"),
            ("Reed/Robert/a@x.org//", "Robert/Reed/a@x.org//"),
            // All contacts are new.
            ("Ana/Ruiz/a@x.org/+18165550161/1975-01-02", "Ana/Ruiz/b@x.org/+18165550162/1975-01-02"),
            ("Ana/Ruiz/a@x.org//1975-01-02", "Ana/Ruiz/a@x.org//1975-01-20"),
            ("Ana/Ruiz/a@x.org//", "Ana//a@x.org//"),
        ] {
            check(known, row, Identity::Same);
        }
    }

    #[test]
    fn what_a_household_shares_does_not_outweigh_another_given_name() {
        for (known, row) in [
            ("Gina/Roth/gina@x.org/+18165550161/1975-01-02", "Paul/Roth/paul@x.org//1999-09-09"),
            ("Gina/Roth/home@x.org//", "Sven/Ochs/home@x.org//"),
            ("Karin/Roth/roth@x.org/+18165550161/1975-02-01", "Nils/Roth/roth@x.org/+18165550161/"),
            ("Mia/Brand/mum@x.org/+18165550142/2012-05-06", "Leo/Ford/mum@x.org//2014-08-09"),
            ("Kim/Stone/stone@x.org//2010-05-01", "Kim/Marsh/marsh@x.org//2010-05-02"),
            ("Kai/Moss/kai@x.org/+18165550144/1971-01-02", "Kai/Nash/nash@x.org/+18165550154/1990-03-04"),
            ("Luca/Bauer/home@x.org//", "Lucy/Bauer/home@x.org//"),
            ("Khadija/Bauer//+18165550145/", "Khalid/Bauer//+18165550145/"),
            ("Ann/Lund/ann@x.org/+18165550145/1972-01-02", "Joe/Ruiz/joe@x.org/+18165550145/"),
            ("Otto/Behr/o@x.org//1950-01-02/Sr", "Otto/Behr/o@x.org//1979-08-09/Jr"),
        ] {
            check(known, row, Identity::Other);
        }
    }

    #[test]
    fn a_new_name_with_the_old_birth_date_depends_on_who_else_there_is() {
        for (known, row) in [
            ("Lea/Senn/senn@x.org//2011-03-04", "Leo/Senn/senn@x.org//2011-03-04"),
            ("Xiao/Chen/x@x.org//1990-05-06", "Kevin/Chen/x@x.org//1990-05-06"),
            ("Otto/Behr/o@x.org//1950-01-02", "Otto/Behr/o@x.org//1979-08-09"),
            ("Otto/Behr/o@x.org///Sr", "Otto/Behr/o@x.org///Jr"),
            ("Gina/Roth///", "Gina/Ochs///"),
        ] {
            check(known, row, Identity::Doubtful);
        }
    }

    #[test]
    fn exactly_somebody_is_the_whole_name_and_the_birth_date() {
        let is = |a: &str, b: &str| is_exactly(&VOLUNTEER, &person(a), &person(b));
        assert!(is("José/Núñez/a@x.org//1990-05-06", "JOSE/NUNEZ/b@x.org//1990-05-06"));
        assert!(!is("J./Nunez/a@x.org//1990-05-06", "Jose/Nunez/a@x.org//1990-05-06"));
        assert!(!is("Jose/Nunez/a@x.org//", "Jose/Nunez/a@x.org//1990-05-06"));
        assert!(!is("Jose/Nunez/a@x.org//1990-05-06/Sr", "Jose/Nunez/a@x.org//1990-05-06/Jr"));
    }
}
