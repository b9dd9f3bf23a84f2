use deunicode::deunicode_char;

/// The matching form of a name: Latin letters and digits alone, small, without accents.
///
/// Letters without a Latin transliteration stay as they are, so that names of any script can be compared.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::fold("O’Neil-Müller Jr.", &mut out);
/// assert_eq!(out, "oneilmullerjr");
/// ```
pub fn fold(input: &str, out: &mut String) {
    if input.is_ascii() {
        out.extend(
            input.bytes().filter(u8::is_ascii_alphanumeric).map(|b| char::from(b.to_ascii_lowercase())),
        );
        return;
    }
    // Small letters first: they have transliterations where some capitals have none.
    for c in input.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()) {
        match deunicode_char(c) {
            Some(latin) => {
                out.extend(
                    latin
                        .bytes()
                        .filter(u8::is_ascii_alphanumeric)
                        .map(|b| char::from(b.to_ascii_lowercase())),
                );
            }
            None => out.push(c),
        }
    }
}

/// The matching form as a string of its own.
pub(super) fn folded(input: &str) -> String {
    let mut out = String::with_capacity(input.len());
    fold(input, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Result, laws};
    use super::*;

    fn law(input: &str, out: &mut String) -> Result {
        fold(input, out);
        Ok(())
    }

    #[test]
    fn folds() {
        laws::check(
            law,
            &[
                ("Müller", "muller"),
                ("MU\u{308}LLER", "muller"),
                ("O’Neil", "oneil"),
                ("O'Neil", "oneil"),
                ("St. John", "stjohn"),
                ("Łukasz Straße", "lukaszstrasse"),
                ("Đức Nguyễn", "ducnguyen"),
                ("Søren Æbelø", "sorenaebelo"),
                ("İpek Işık", "ipekisik"),
                ("Петров", "petrov"),
                ("小龙", "xiaolong"),
                ("さくら", "sakura"),
                ("🙋 Ann-2", "ann2"),
                ("—", ""),
            ],
        );
        laws::survives_awkward_strings(law);
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in laws::any_text()) {
            let found = laws::normal(law, &input).unwrap();
            prop_assert!(found.chars().all(char::is_alphanumeric));
        }
    }
}
