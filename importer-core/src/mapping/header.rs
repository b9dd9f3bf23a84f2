use strsim::normalized_damerau_levenshtein;
use unicode_normalization::UnicodeNormalization;

use crate::contracts::Field;
use crate::normalise::LONGEST;

/// How like two headers must be for one to be offered in place of the other.
const LIKENESS: f64 = 0.7;

/// The form in which headers are compared: letters and digits in small letters, without spaces, punctuation and marks that
/// nobody sees.
///
/// ```
/// use importer_core::mapping::header_key;
/// assert_eq!(header_key("\u{FEFF}E-Mail Address "), header_key("email_address"));
/// assert_ne!(header_key("Email 2"), header_key("Email"));
/// ```
pub fn header_key(header: &str) -> String {
    if header.is_ascii() {
        return header.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    }
    // Composed, full-width and other forms of a letter are one letter.
    header.nfkc().flat_map(char::to_lowercase).nfkc().filter(|c| c.is_alphanumeric()).collect()
}

/// True for the column in which adapters keep the cells that a row has beyond its header.
pub(super) fn is_surplus(column: &str) -> bool {
    without_number(column).unwrap_or(column) == "(surplus)"
}

/// The name in front of the number that an adapter gives to a repeated header, as in `Email (2)`.
pub(super) fn without_number(column: &str) -> Option<&str> {
    let (name, number) = column.strip_suffix(')')?.rsplit_once(" (")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(name)
}

/// Every name of a field, with how exact a match it is: its own names before its synonyms.
pub(super) fn names(field: &Field) -> impl Iterator<Item = (&'static str, u8)> {
    [(field.name, 0), (field.header, 0)].into_iter().chain(field.synonyms.iter().map(|name| (*name, 1)))
}

/// The candidate that `wanted` was probably meant to be.
pub(super) fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = header_key(wanted);
    best(candidates.into_iter().map(|candidate| (candidate, likeness(&wanted, &header_key(candidate)))))
}

/// The field that a header was probably meant for.
pub(super) fn nearest_field(header: &str, fields: &'static [Field]) -> Option<&'static Field> {
    let key = header_key(header);
    best(fields.iter().map(|field| (field, likeness_to_field(&key, field))))
}

/// How like a header, as its key, is to any name of a field.
pub(super) fn likeness_to_field(key: &str, field: &Field) -> f64 {
    names(field).map(|(name, _)| likeness(key, &header_key(name))).fold(0.0, f64::max)
}

/// The first of the candidates that are most alike and alike enough.
pub(super) fn best<T>(candidates: impl IntoIterator<Item = (T, f64)>) -> Option<T> {
    let mut found: Option<(T, f64)> = None;
    for (candidate, score) in candidates {
        if score >= LIKENESS && found.as_ref().is_none_or(|(_, most)| score > *most) {
            found = Some((candidate, score));
        }
    }
    found.map(|(candidate, _)| candidate)
}

fn likeness(a: &str, b: &str) -> f64 {
    if a.len().max(b.len()) > LONGEST {
        return 0.0;
    }
    let written = normalized_damerau_levenshtein(a, b);
    // `applicantemailaddr` is about an `email`, however much else it says.
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let contained = short.len() >= 4 && long.contains(short);
    if contained { written.max(0.75) } else { written }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::contracts::VOLUNTEER;

    #[test]
    fn what_people_vary_is_forgiven() {
        for header in [
            "E-Mail Address",
            "email_address",
            " EMAIL  address*",
            "\u{FEFF}email.address",
            "ｅｍａｉｌ Address",
        ] {
            assert_eq!(header_key(header), "emailaddress", "{header:?}");
        }
        assert_eq!(header_key("Pre\u{301}nom"), header_key("PRÉNOM"));
        assert_eq!(header_key("***"), "");
    }

    #[test]
    fn surplus_columns_are_known() {
        assert!(is_surplus("(surplus)") && is_surplus("(surplus) (2)"));
        assert!(!is_surplus("surplus") && !is_surplus("(surplus) (x)") && !is_surplus("column 2 (2)"));
    }

    #[test]
    fn slips_find_what_was_meant() {
        for (header, field) in [
            ("Emial", Some("email_normalized")),
            ("Applicant Email Addr", Some("email_normalized")),
            ("Frist Name", Some("first_name")),
            ("Shirt size", None),
            ("", None),
        ] {
            assert_eq!(nearest_field(header, VOLUNTEER.fields).map(|f| f.name), field, "{header}");
        }
        assert_eq!(nearest("frist", ["last", "first"]), Some("first"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_key_is_its_own_key(header in "[ -~\u{A0}-\u{24F}\u{400}-\u{4FF}\u{3040}-\u{30FF}\u{FEFF}]*") {
            let key = header_key(&header);
            prop_assert_eq!(header_key(&key), key);
        }
    }
}
