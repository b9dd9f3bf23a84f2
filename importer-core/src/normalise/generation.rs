/// The generation that a suffix of a name says: 1 for Sr and I, 2 for Jr and II, 3 for III, 4 for IV; `None` for any other text.
///
/// ```
/// use importer_core::normalise::generation;
/// assert_eq!((generation("Jr."), generation("ii"), generation("MD")), (Some(2), Some(2), None));
/// ```
pub fn generation(suffix: &str) -> Option<u8> {
    match suffix.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase().as_str() {
        "sr" | "snr" | "senior" | "i" | "1st" => Some(1),
        "jr" | "jnr" | "junior" | "ii" | "2nd" => Some(2),
        "iii" | "3rd" => Some(3),
        "iv" | "4th" => Some(4),
        _ => None,
    }
}

/// A name without the generation that it ends with, and the generation as it was typed; `None` when it ends with none.
///
/// A word has to stand before it. A lone `I` is a generation only behind a word of several letters, and `I.` is an initial.
///
/// ```
/// use importer_core::normalise::cut_generation;
/// assert_eq!(cut_generation("Behr, Jr."), Some(("Behr", "Jr.")));
/// assert_eq!(cut_generation("Morris I"), Some(("Morris", "I")));
/// assert_eq!(cut_generation("Senior"), None, "a family name");
/// assert_eq!((cut_generation("Mary I."), cut_generation("J I")), (None, None), "initials");
/// ```
pub fn cut_generation(name: &str) -> Option<(&str, &str)> {
    let is_gap = |c: char| c.is_whitespace() || c == ',';
    let name = name.trim_matches(is_gap);
    let at = name.rfind(is_gap)?;
    let (before, end) = (name[..at].trim_end_matches(is_gap), name[at..].trim_start_matches(is_gap));
    generation(end)?;
    let last = before.rsplit(is_gap).next().unwrap_or_default();
    let is_name = last.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    match end.eq_ignore_ascii_case("i") {
        true => is_name.then_some((before, end)),
        // What ends with a dot is an initial.
        false if end.trim_end_matches('.').eq_ignore_ascii_case("i") => None,
        false => before.contains(char::is_alphanumeric).then_some((before, end)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn generations_are_found_behind_a_name() {
        for (name, parts) in [
            ("Behr Jr", Some(("Behr", "Jr"))),
            ("BEHR  SR.", Some(("BEHR", "SR."))),
            ("Behr,III", Some(("Behr", "III"))),
            ("Behr (Jr.)", Some(("Behr", "(Jr.)"))),
            ("Mary Ann II", Some(("Mary Ann", "II"))),
            ("Silva Junior", Some(("Silva", "Junior"))),
            ("van der Berg IV ", Some(("van der Berg", "IV"))),
            ("Jr", None),
            (", Jr", None),
            ("II", None),
            ("Behr", None),
            ("Jr Behr", None),
            ("A. I", None),
            ("", None),
        ] {
            assert_eq!(cut_generation(name), parts, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn parts_come_from_the_input(input in prop_oneof![laws::any_text(), "([a-z]{1,3}|jr|I|I\\.|,| ){0,6}"]) {
            if let Some((before, end)) = cut_generation(&input) {
                prop_assert!(input.contains(before) && input.contains(end) && generation(end).is_some());
                prop_assert!(before.contains(char::is_alphanumeric));
            }
        }
    }
}
