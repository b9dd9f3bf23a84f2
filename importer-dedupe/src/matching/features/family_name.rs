//! The last name.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same in matching form, without a suffix | `O'Brien` and `OBRIEN` |
//! | `near` | a typo, or very like | `Johnson` and `Jonson` |
//! | `part` | one is part of the other | `García-López` and `López` |
//! | `similar` | somewhat like, or the same letters in another order | `Robertson` and `Robinson` |
//! | `swapped` | it is the other's first name, and the other way round; a typo is allowed | `Anna / Meyer` and `Meier / Anna` |
//! | `differ` | other names, also with a word in common | `Smith` and `Garcia`, `van Dyk` and `van Berg` |
//!
//! The example of `swapped` is first and last name.

use super::given_name::{Common, common_words};
use super::names::Name;
use super::{About, Level, Term, level as l};
use crate::matching::similarity::one_edit;

pub(crate) const NEAR: u8 = 1;
/// From here on the names are not the same by themselves.
pub(crate) const SIMILAR: u8 = 3;
/// It is the other record's first name, and the other way round.
pub(crate) const SWAPPED: u8 = 4;

const LEVELS: &[Level] = &[
    l("exact", 0.72, 0.003),
    l("near", 0.14, 0.002),
    l("part", 0.03, 0.001),
    l("similar", 0.03, 0.02),
    l("swapped", 0.01, 0.000_01),
    l("differ", 0.07, 0.974),
];

pub(crate) fn term() -> Term {
    Term::new("family_name", About::FamilyName, LEVELS, 0.9)
}

/// The level of two different names.
pub(crate) fn level(a: &Name, b: &Name) -> u8 {
    if a.text.len().min(b.text.len()) >= 4 && a.may_be_one_edit(b) && one_edit(&a.text, &b.text) {
        return NEAR;
    }
    match common_words(a, b) {
        Common::Part => return 2,
        Common::Overlap => return 5,
        Common::None => {}
    }
    if !a.may_be_similar(b) {
        return 5;
    }
    if a.is_scrambled(b) {
        return SIMILAR;
    }
    match a.similarity(b, 0.80) {
        s if s >= 0.92 => NEAR,
        s if s >= 0.80 => SIMILAR,
        _ => 5,
    }
}
