const PARTICLES: &[&str] = &[
    "van", "von", "vom", "zu", "zur", "de", "del", "della", "di", "da", "das", "dos", "du", "der", "den",
    "la", "le", "ter", "ten", "bin", "ibn", "st", "st.", "san", "santa", "'t", "’t",
];
const SUFFIXES: &[&str] = &["jr", "sr", "ii", "iii", "iv", "md", "phd", "esq", "dds", "rn", "cpa"];
const TITLES: &[&str] = &["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev"];

/// First, middle and last name and suffix of a whole name; each is a part of `input`, as it was typed.
///
/// With a comma the last name comes first (`Cruz, Ana M.`), unless what follows the comma is a suffix (`Ana Cruz, Jr.`).
/// Without one the last word is the last name, together with the particles before it (`Ana van der Berg`), and what stands
/// between is the middle name. A single word is a first name: people leave out the family name sooner than their own. Titles
/// in front (`Dr.`) belong to no part.
///
/// ```
/// use importer_core::normalise::split_full_name;
/// assert_eq!(split_full_name("Ana M. de la Cruz Jr."), (Some("Ana"), Some("M."), Some("de la Cruz"), Some("Jr.")));
/// assert_eq!(split_full_name("Cruz, Ana"), (Some("Ana"), None, Some("Cruz"), None));
/// ```
pub fn split_full_name(input: &str) -> (Option<&str>, Option<&str>, Option<&str>, Option<&str>) {
    let (before, suffix) = cut_suffix(input.trim());
    if let Some((last, given)) = before.split_once(',') {
        let (last, own_suffix) = cut_suffix(last.trim_matches(is_gap));
        let (first, middle) = cut_word(cut_title(given.trim_matches(is_gap)));
        return (full(first), full(middle), full(last), suffix.or(own_suffix));
    }
    let (first, rest) = cut_word(cut_title(before));
    let (middle, last) = rest.split_at(last_name_at(rest));
    (full(first), full(middle.trim_end_matches(is_gap)), full(last), suffix)
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || c == ','
}

fn full(part: &str) -> Option<&str> {
    (!part.is_empty()).then_some(part)
}

/// True when `word` is in the list, dots aside.
fn is(word: &str, list: &[&str]) -> bool {
    let letters = || word.bytes().filter(|b| *b != b'.');
    list.iter().any(|entry| {
        letters().count() == entry.len()
            && letters().zip(entry.bytes()).all(|(a, b)| a.eq_ignore_ascii_case(&b))
    })
}

/// Takes the first word off.
fn cut_word(text: &str) -> (&str, &str) {
    let end = text.find(is_gap).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start_matches(is_gap))
}

/// Leaves out titles, as long as a word follows.
fn cut_title(text: &str) -> &str {
    match cut_word(text) {
        (title, rest) if !rest.is_empty() && is(title, TITLES) => cut_title(rest),
        _ => text,
    }
}

/// Takes suffixes off the end, as long as a word stands before them.
fn cut_suffix(text: &str) -> (&str, Option<&str>) {
    let mut start = text.len();
    loop {
        let before = text[..start].trim_end_matches(is_gap);
        let word_at = before
            .rfind(is_gap)
            .map_or(0, |gap| gap + before[gap..].chars().next().map_or(1, char::len_utf8));
        if before[..word_at].trim_matches(is_gap).is_empty() || !is(&before[word_at..], SUFFIXES) {
            return if start == text.len() {
                (text, None)
            } else {
                (before, full(text[start..].trim_end_matches(is_gap)))
            };
        }
        start = word_at;
    }
}

/// Where the last name begins: at the last word, or at the first of the particles before it.
fn last_name_at(rest: &str) -> usize {
    let mut start = 0;
    let mut particles_from = None;
    for (at, _) in rest.match_indices(is_gap).chain([(rest.len(), "")]) {
        let word = &rest[start..at];
        if word.is_empty() {
            start = at + rest[at..].chars().next().map_or(0, char::len_utf8);
            continue;
        }
        if at == rest.len() {
            return particles_from.unwrap_or(start);
        }
        if PARTICLES.iter().any(|particle| particle.eq_ignore_ascii_case(word)) {
            particles_from.get_or_insert(start);
        } else if particles_from.is_some() {
            return particles_from.unwrap_or(start);
        }
        start = at + rest[at..].chars().next().map_or(0, char::len_utf8);
    }
    start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    fn check(input: &str, expected: [&str; 4]) {
        let (first, middle, last, suffix) = split_full_name(input);
        assert_eq!([first, middle, last, suffix].map(Option::unwrap_or_default), expected, "{input:?}");
    }

    #[test]
    fn splits() {
        check("Ana Cruz", ["Ana", "", "Cruz", ""]);
        check("  Ana   Maria  Cruz ", ["Ana", "Maria", "Cruz", ""]);
        check("Cruz, Ana M.", ["Ana", "M.", "Cruz", ""]);
        check("de la Cruz, Ana Maria", ["Ana", "Maria", "de la Cruz", ""]);
        check("Jan van der Berg", ["Jan", "", "van der Berg", ""]);
        check("Ana M. de la Cruz", ["Ana", "M.", "de la Cruz", ""]);
        check("Vincent St. John", ["Vincent", "", "St. John", ""]);
        check("Van Morrison", ["Van", "", "Morrison", ""]);
        check("Ann Le", ["Ann", "", "Le", ""]);
        check("John Smith Jr.", ["John", "", "Smith", "Jr."]);
        check("John Smith, Jr.", ["John", "", "Smith", "Jr."]);
        check("Smith Jr., John A.", ["John", "A.", "Smith", "Jr."]);
        check("Smith, John A., III", ["John", "A.", "Smith", "III"]);
        check("John Smith, Jr., M.D.", ["John", "", "Smith", "Jr., M.D."]);
        check("Dr. Ana Cruz", ["Ana", "", "Cruz", ""]);
        check("Cher", ["Cher", "", "", ""]);
        check("Jr", ["Jr", "", "", ""]);
        check("Smith,", ["", "", "Smith", ""]);
        check(", John", ["John", "", "", ""]);
        check("Smith,Jr,", ["Smith", "", "", "Jr"]);
        check(",jr", ["jr", "", "", ""]);
        check("", ["", "", "", ""]);
        check(" , ", ["", "", "", ""]);
        check("Robert \"Bob\" Smith", ["Robert", "\"Bob\"", "Smith", ""]);
        check("李小龙", ["李小龙", "", "", ""]);
        check("Ana\u{3000}Cruz", ["Ana", "", "Cruz", ""]);
    }

    proptest! {
        #[test]
        fn parts_come_from_the_input(input in prop_oneof![laws::any_text(), "([a-z]{1,4}|van|de|jr|dr\\.|,| ){0,8}"]) {
            let (first, middle, last, suffix) = split_full_name(&input);
            for part in [first, middle, last, suffix].into_iter().flatten() {
                prop_assert!(!part.is_empty() && input.contains(part));
                prop_assert_eq!(part.trim_matches(is_gap), part);
            }
            prop_assert_eq!(first.or(last).is_none(), input.trim_matches(is_gap).is_empty());
        }
    }
}
