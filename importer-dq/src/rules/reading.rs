//! What the format rules share: telling "given but unreadable" from "not given".

use std::borrow::Cow;

use importer_core::normalise;
use importer_core::plugin::RuleRow;

/// What the source said in the `pair`-th pair of columns (`<field>`, `<field>.original`) where nothing was made of it.
pub(super) fn unreadable<'a>(row: &RuleRow<'a>, pair: usize) -> Option<&'a str> {
    // Most cells are readable, so the normal form is looked at first and alone.
    if row.get(2 * pair).is_some() { None } else { row.get(2 * pair + 1) }
}

/// Why a value has no normal form; `None` when it has none because it is blank to the normaliser.
///
/// Rules do not know what the mapping declares (formats, zones). Where the plain normaliser understands a value that the
/// mapping did not, `otherwise` is the reason.
#[cold]
pub(super) fn why(
    normalise: impl FnOnce(&mut String) -> normalise::Result,
    otherwise: &'static str,
) -> Option<Cow<'static, str>> {
    let mut out = String::new();
    match normalise(&mut out) {
        Err(problem) => Some(problem.message),
        Ok(()) if out.is_empty() => None,
        Ok(()) => Some(otherwise.into()),
    }
}

/// Entries of a list cell that `normalise` refuses: place (from 1), number of entries, reason.
///
/// `given` is the cell as the source wrote it, so its entries are told apart as the mapping does without a declared
/// separator: `hard` marks always separate, `soft` ones only where the whole is no value. Of several pieces some of which are
/// values, only those that `resembles` one are entries; the others are what stood between (`a@example.org or …`).
pub(super) struct ListReader {
    pub(super) hard: &'static [char],
    pub(super) soft: fn(char) -> bool,
    pub(super) resembles: fn(char) -> bool,
}

impl ListReader {
    /// The bad entries of a cell of which `good` is left.
    pub(super) fn bad_entries(
        &self,
        good: Option<&str>,
        given: &str,
        normalise: impl Fn(&str, &mut String) -> normalise::Result,
    ) -> Vec<(usize, usize, Cow<'static, str>)> {
        // One entry that was understood: by far the most lists.
        if good.is_some() && !given.contains(|c| self.hard.contains(&c) || (self.soft)(c)) {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        for part in given.split(self.hard).filter(|part| !part.trim().is_empty()) {
            let reason =
                |entry: &str| normalise(entry, &mut String::new()).err().map(|problem| problem.message);
            let of_part = reason(part);
            let pieces: Vec<_> =
                (part.split(self.soft)).filter(|piece| piece.contains(self.resembles)).map(reason).collect();
            if of_part.is_some() && pieces.iter().any(Option::is_none) {
                reasons.extend(pieces);
            } else if of_part.is_none() || part.contains(self.resembles) || !is_half_quoted(part) {
                reasons.push(of_part);
            }
        }
        let all = reasons.len();
        (reasons.into_iter().enumerate()).filter_map(|(at, reason)| Some((at + 1, all, reason?))).collect()
    }
}

/// True for the first half of `"Cruz, Ana" <ana@example.org>`.
fn is_half_quoted(part: &str) -> bool {
    part.matches('"').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::super::email_format::ADDRESSES;
    use super::super::phone_format::NUMBERS;
    use super::*;

    fn emails(good: Option<&str>, given: &str) -> Vec<(usize, usize)> {
        let bad = ADDRESSES.bad_entries(good, given, normalise::email);
        bad.into_iter().map(|(at, all, _)| (at, all)).collect()
    }

    fn phones(good: Option<&str>, given: &str) -> Vec<(usize, usize)> {
        let bad = NUMBERS.bad_entries(good, given, |n, out| normalise::phone(n, "US", out).map(drop));
        bad.into_iter().map(|(at, all, _)| (at, all)).collect()
    }

    #[test]
    fn bad_entries_have_a_place() {
        let good = Some("a@x.org");
        for (given, expected) in [
            ("a@x.org", vec![]),
            ("a@x.org; A@X.ORG", vec![]),
            ("a@x.org\n\nb@", vec![(2, 2)]),
            ("a@x.org; not one; ", vec![(2, 2)]),
            ("a@x.org b@", vec![(2, 2)]),
            ("a@x.org and b@x.org", vec![]),
            ("\"Cruz, Ana\" <a@x.org>", vec![]),
        ] {
            assert_eq!(emails(good, given), expected, "{given:?}");
        }
        assert_eq!(emails(None, "n/a"), [(1, 1)]);
        assert_eq!(emails(None, "x, y"), [(1, 2), (2, 2)]);
        assert_eq!(emails(None, "me@x.org"), [], "a list that repeats the primary address");
    }

    #[test]
    fn numbers_contain_blanks() {
        let good = Some("+19132345678");
        for (given, expected) in [
            ("(913) 234-5678", vec![]),
            ("913-234-5678, 913-234-5679 / 12345", vec![(3, 3)]),
            ("913-234-5678, ext. 4", vec![]),
            ("913-234-5678; call me", vec![(2, 2)]),
        ] {
            assert_eq!(phones(good, given), expected, "{given:?}");
        }
    }

    #[test]
    fn what_is_blank_to_the_normaliser_was_not_given() {
        assert_eq!(why(|out| normalise::email("\u{200B}", out), "?"), None);
        assert_eq!(why(|out| normalise::email("a@example.org", out), "?").as_deref(), Some("?"));
    }
}
