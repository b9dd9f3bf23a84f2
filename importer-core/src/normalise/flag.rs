use super::tidy::trimmed;
use super::{Problem, Result};

/// Yes or no, as `true` or `false`; letter case does not matter.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::flag("Yes", &mut out)?;
/// assert_eq!(out, "true");
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn flag(input: &str, out: &mut String) -> Result {
    let word = trimmed(input);
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(word));
    if is(&["true", "yes", "y", "1", "t", "x", "on"]) {
        out.push_str("true");
    } else if is(&["false", "no", "n", "0", "f", "off"]) {
        out.push_str("false");
    } else if !word.is_empty() {
        return Err(Problem::new("This is neither yes nor no; write true or false."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn reads_yes_and_no() {
        for word in "true True YES y 1 t x ON".split(' ') {
            laws::check(flag, &[(word, "true")]);
        }
        for word in "false FALSE No n 0 F off".split(' ') {
            laws::check(flag, &[(word, "false")]);
        }
        for word in "maybe 2 yes! - ja N/A".split(' ') {
            laws::check(flag, &[(word, "")]);
        }
        laws::check(flag, &[("", ""), ("  ", "")]);
        laws::survives_awkward_strings(flag);
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in laws::any_text()) {
            let _ = laws::normal(flag, &input);
        }
    }
}
