use super::Result;
use super::tidy::{is_noise, tidy};

/// Free text: trimmed, in NFC, without characters that nobody sees; line breaks, tabs and emoji stay.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::text(" Cafe\u{301}\r\nat\u{200B} noon 👩‍💻 ", &mut out)?;
/// assert_eq!(out, "Café\nat noon 👩‍💻");
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn text(input: &str, out: &mut String) -> Result {
    out.push_str(&tidy(input.trim_matches(|c: char| c.is_whitespace() || is_noise(c)), is_noise));
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn keeps_the_text() {
        laws::check(
            text,
            &[
                ("", ""),
                (" \u{200B}\0 ", ""),
                ("Said \"call me maybe\", then hung up", "Said \"call me maybe\", then hung up"),
                ("Line one\r\nLine two", "Line one\nLine two"),
                ("Emoji 🙋\u{200D}♀️🙋\u{200D}♂️ volunteer", "Emoji 🙋\u{200D}♀️🙋\u{200D}♂️ volunteer"),
                ("=SUM(A1:A2)", "=SUM(A1:A2)"),
                ("tab\there  and  spaces", "tab\there  and  spaces"),
                ("日本語のメモ", "日本語のメモ"),
                ("bell\x07 and nul\0", "bell and nul"),
            ],
        );
        laws::survives_awkward_strings(text);
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in laws::any_text()) {
            laws::normal(text, &input).unwrap();
        }
    }
}
