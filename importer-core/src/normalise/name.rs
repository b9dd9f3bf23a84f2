use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::tidy::{is_hidden, tidy};
use super::{Result, title_case};

/// A person's name: trimmed, single spaces, NFC, and title case when it was typed in capitals or small letters alone.
///
/// Mixed case is what somebody typed on purpose and stays. In title case `MCCARTHY` is McCarthy and `O'NEIL` O'Neil;
/// particles before another word are small (`VAN DER BERG` is van der Berg); Jr, Sr, III and initials such as `AJ` or `J.R.`
/// keep their form; `MACDONALD` is Macdonald, since the other spelling cannot be told from capitals.
///
/// ```
/// use importer_core::normalise;
/// for (input, expected) in [("  DE LA   CRUZ", "de la Cruz"), ("o’neil-smith", "O’Neil-Smith"), ("deShawn", "deShawn")] {
///     let mut out = String::new();
///     normalise::name(input, &mut out)?;
///     assert_eq!(out, expected);
/// }
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn name(input: &str, out: &mut String) -> Result {
    let text = tidy(input, is_hidden);
    if is_deliberate(&text) {
        let mut separator = "";
        for word in text.split_whitespace() {
            out.push_str(separator);
            out.push_str(word);
            separator = " ";
        }
        return Ok(());
    }
    let start = out.len();
    title_case::push(&text, out);
    if !text.is_ascii() && is_nfc_quick(out[start..].chars()) != IsNormalized::Yes {
        // A capital may compose with the mark behind it where the small letter does not.
        let composed: String = out[start..].nfc().collect();
        out.truncate(start);
        out.push_str(&composed);
    }
    Ok(())
}

/// True for mixed case and for scripts without case.
fn is_deliberate(text: &str) -> bool {
    let (mut upper, mut lower) = (false, false);
    if text.is_ascii() {
        for byte in text.bytes() {
            upper |= byte.is_ascii_uppercase();
            lower |= byte.is_ascii_lowercase();
        }
    } else {
        for c in text.chars() {
            upper |= c.is_uppercase();
            // The ordinal signs of `Mª` and `Nº` stand beside capitals too.
            lower |= c.is_lowercase() && !matches!(c, 'ª' | 'º');
        }
    }
    upper == lower
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn leaves_what_was_typed_on_purpose() {
        let kept = "Mary Jo|MacDonald|McCarthy|deShawn|van der Berg|de la Cruz|St. John|D'Angelo|O’Neal|Anne-Marie|Łukaszewicz|\
                    Nguyễn|Владимир|小龙|さくら|李|田中|José|Đức|Ayşe|Şahin|LaToya|A.|Jo K.|Leigh Ann|DeVito";
        for name in kept.split('|') {
            laws::check(super::name, &[(name, name)]);
            laws::check(super::name, &[(&format!(" {name}\t"), name)]);
        }
    }

    #[test]
    fn title_cases_capitals_and_small_letters() {
        laws::check(
            name,
            &[
                ("MARY   JO", "Mary Jo"),
                ("josé", "José"),
                ("ŁUKASZ", "Łukasz"),
                ("ÉMILIE", "Émilie"),
                ("İPEK", "İpek"),
                ("ALİ", "Ali"),
                ("ΓΙΏΡΓΟΣ", "Γιώργος"),
                ("ПЕТРОВ", "Петров"),
                ("არჩილ", "არჩილ"),
                ("i\u{307}pek", "İpek"),
                ("JOSÉ Mª", "José Mª"),
                ("", ""),
                ("\u{200B}", ""),
                ("🙋", "🙋"),
            ],
        );
        laws::survives_awkward_strings(name);
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in laws::any_text()) {
            let found = laws::normal(name, &input).unwrap();
            prop_assert!(!found.contains("  ") && found.trim() == found);
        }

        #[test]
        fn capitals_and_small_letters_mean_the_same(input in "[a-z]{1,8}([ '-]|\\. )?[a-z]{0,8}") {
            prop_assert_eq!(laws::normal(name, &input), laws::normal(name, &input.to_uppercase()));
        }
    }
}
