//! The first name.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same in matching form: no case, no accents | `José` and `jose` |
//! | `nickname` | names that stand for each other | `William` and `Bill` |
//! | `near` | a typo, or very like | `Marlon` and `Marlno` |
//! | `initial` | one is the first letter of the other | `J.` and `John` |
//! | `part` | a word in common, where one has several | `Mary-Jane` and `Jane` |
//! | `similar` | somewhat like, or the same letters in another order | `Christa` and `Christoph` |
//! | `differ` | other names | `Peter` and `Susan` |

use super::names::Name;
use super::{About, Level, Term, level as l};
use crate::matching::similarity::one_edit;

/// From here on the names are not the same by themselves.
pub(crate) const SIMILAR: u8 = 5;

const LEVELS: &[Level] = &[
    l("exact", 0.66, 0.006),
    l("nickname", 0.06, 0.004),
    l("near", 0.14, 0.004),
    l("initial", 0.03, 0.006),
    l("part", 0.03, 0.002),
    l("similar", 0.04, 0.03),
    l("differ", 0.04, 0.948),
];

pub(crate) fn term() -> Term {
    Term::new("given_name", About::GivenName, LEVELS, 0.04)
}

/// The level of two different names.
pub(crate) fn level(a: &Name, b: &Name) -> u8 {
    let (short, long) = if a.text.len() <= b.text.len() { (a, b) } else { (b, a) };
    if short.text.len() == 1 {
        return if short.text[0] == long.text[0] { 3 } else { 6 };
    }
    if a.nicknames.iter().any(|n| *n != 0 && b.nicknames.contains(n)) {
        return 1;
    }
    if short.text.len() >= 4 && a.may_be_one_edit(b) && one_edit(&a.text, &b.text) {
        return 2;
    }
    if shares_a_word(a, b) {
        return 4;
    }
    if !a.may_be_similar(b) {
        return 6;
    }
    if a.is_scrambled(b) {
        return SIMILAR;
    }
    match a.similarity(b, 0.80) {
        s if s >= 0.92 => 2,
        s if s >= 0.80 => SIMILAR,
        _ => 6,
    }
}

/// One of both has several words, and one of them is the other, or both have one in common.
pub(crate) fn shares_a_word(a: &Name, b: &Name) -> bool {
    match (a.words.is_empty(), b.words.is_empty()) {
        (true, true) => false,
        (false, true) => a.words.contains(&super::hash(&b.text)),
        (true, false) => b.words.contains(&super::hash(&a.text)),
        (false, false) => a.words.iter().any(|w| b.words.contains(w)),
    }
}
