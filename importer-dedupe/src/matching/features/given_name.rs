//! The first name.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same in matching form: no case, no accents | `José` and `jose` |
//! | `nickname` | names that stand for each other | `William` and `Bill` |
//! | `near` | a typo, or very like | `Marlon` and `Marlno` |
//! | `initial` | one is the first letter of the other | `J.` and `John` |
//! | `part` | one is part of the other, initials aside | `Mary-Jane` and `Jane`, `John A` and `John` |
//! | `similar` | somewhat like, the same letters in another order, or another form | `Christa` and `Christoph`, `Mario` and `Maria` |
//! | `differ` | other names, also with a word in common | `Jean Luc` and `Jean Paul`, `John A` and `John B` |

use super::names::{Name, Word};
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
    // Of two names of several words the first ones alone say nothing: Jean Luc is not Jean Paul.
    let both_compound = a.is_compound() && b.is_compound();
    if both_compound && (has_own_initial(a, b) || has_own_initial(b, a)) {
        return 6;
    }
    let common = common_words(a, b);
    if matches!(common, Common::Part) {
        return 4;
    }
    if !both_compound && a.nicknames.iter().any(|n| *n != 0 && b.nicknames.contains(n)) {
        return 1;
    }
    let other_form = !both_compound && is_other_form(&short.text, &long.text);
    if !other_form && short.text.len() >= 4 && a.may_be_one_edit(b) && one_edit(&a.text, &b.text) {
        return 2;
    }
    if matches!(common, Common::Overlap) {
        return 6;
    }
    if other_form {
        return SIMILAR;
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

/// Endings that make another name of a name, mostly a woman's of a man's: Mario and Maria, Erik and Erika, Noah and Noa.
const ENDINGS: [(&[u8], &[u8]); 6] =
    [(b"", b"a"), (b"o", b"a"), (b"e", b"a"), (b"", b"e"), (b"us", b"a"), (b"io", b"ia")];

/// Whether two names are forms of one name that two people of one home may have.
fn is_other_form(a: &[u8], b: &[u8]) -> bool {
    let form = |x: &[u8], y: &[u8]| {
        ENDINGS.iter().any(|(one, other)| {
            let (Some(x), Some(y)) = (x.strip_suffix(*one), y.strip_suffix(*other)) else { return false };
            x == y && x.len() >= 2
        })
    };
    form(a, b) || form(b, a)
}

/// What names have in common of which one has several words.
pub(crate) enum Common {
    /// No word, or both have only one.
    None,
    /// All words of one are words of the other.
    Part,
    /// Some words, and each has others beside them.
    Overlap,
}

pub(crate) fn common_words(a: &Name, b: &Name) -> Common {
    if !a.is_compound() && !b.is_compound() {
        return Common::None;
    }
    let has = |name: &Name, word: &Word| name.words.iter().any(|other| word.fits(*other));
    let has_all = |long: &Name, short: &Name| short.words.iter().all(|word| has(long, word));
    // The W. of Thomas W. is not William.
    let mut whole = a.words.iter().filter(|word| !word.is_initial);
    let share_a_word = whole.any(|word| b.words.iter().any(|other| word.is(*other)));
    let all_in_order =
        a.words.len() == b.words.len() && a.words.iter().zip(&b.words).all(|(one, other)| one.fits(*other));
    if all_in_order || (share_a_word && (has_all(a, b) || has_all(b, a))) {
        return Common::Part;
    }
    match a.words.iter().any(|word| has(b, word)) {
        true => Common::Overlap,
        false => Common::None,
    }
}

/// Whether a name has an initial that fits no word of the other.
fn has_own_initial(a: &Name, b: &Name) -> bool {
    a.words.iter().any(|word| word.is_initial && !b.words.iter().any(|other| word.fits(*other)))
}
