//! The middle name or initial.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same in matching form | `Renée` and `renee` |
//! | `initial` | one is the first letter of the other | `Lee` and `L.` |
//! | `near` | one letter less, more or other, or two swapped | `Louise` and `Luise` |
//! | `differ` | other names | `Lee` and `Anne` |

use super::names::Name;
use super::{About, Level, Term, level as l};
use crate::matching::similarity::one_edit;

const LEVELS: &[Level] =
    &[l("exact", 0.75, 0.02), l("initial", 0.12, 0.05), l("near", 0.06, 0.005), l("differ", 0.07, 0.925)];

pub(crate) fn term() -> Term {
    Term::new("middle_name", About::MiddleName, LEVELS, 0.05)
}

pub(crate) fn level(a: &Name, b: &Name) -> u8 {
    if a.text == b.text {
        return 0;
    }
    let one = a.text.len() == 1 || b.text.len() == 1;
    match () {
        () if one && a.text[0] == b.text[0] => 1,
        () if !one && one_edit(&a.text, &b.text) => 2,
        () => 3,
    }
}
