use super::tidy::trimmed;
use super::{Problem, Result};

/// A postal code in the form of its country: `64106-1234`, `M5V 2T6`, `SW1A 1AA`; elsewhere capitals and single spaces.
///
/// A US code that lost its leading zeros in a spreadsheet is refused, with the whole code as the suggestion.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::postal_code("641061234", "US", &mut out)?;
/// assert_eq!(out, "64106-1234");
/// let problem = normalise::postal_code("2134", "US", &mut out).unwrap_err();
/// assert_eq!(problem.suggestion.as_deref(), Some("02134"));
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn postal_code(input: &str, country: &str, out: &mut String) -> Result {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(());
    }
    let code = Code::read(text).ok_or("A postal code has at most 16 letters, digits, spaces and hyphens.");
    code.and_then(|code| match country {
        "US" => code.push_us(out),
        "CA" => code.push_canadian(out),
        "GB" => code.push_british(out),
        _ => code.push_tidy(out),
    })
    .map_err(|message| {
        Problem::new(message).suggest(if country == "US" { us_suggestion(text) } else { None })
    })
}

/// The capitals, digits and separators of a code.
struct Code {
    bytes: [u8; 16],
    len: usize,
}

impl Code {
    /// `None` when there is anything else in it, or too much.
    fn read(text: &str) -> Option<Self> {
        let mut code = Self { bytes: [0; 16], len: 0 };
        for byte in text.bytes() {
            if byte == b' ' && code.as_slice().last() == Some(&b' ') {
                continue;
            }
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-')) {
                return None;
            }
            *code.bytes.get_mut(code.len)? = byte.to_ascii_uppercase();
            code.len += 1;
        }
        code.as_slice().iter().any(u8::is_ascii_alphanumeric).then_some(code)
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The code without separators.
    fn joined(&self) -> Self {
        let mut code = Self { bytes: [0; 16], len: 0 };
        for byte in self.as_slice().iter().filter(|b| b.is_ascii_alphanumeric()) {
            code.bytes[code.len] = *byte;
            code.len += 1;
        }
        code
    }

    fn push_us(&self, out: &mut String) -> std::result::Result<(), &'static str> {
        let digits = self.joined();
        let separated =
            self.as_slice().iter().position(|b| !b.is_ascii_alphanumeric()).is_none_or(|at| at == 5);
        match digits.as_slice() {
            code if code.iter().any(|b| !b.is_ascii_digit()) => Err("A US postal code consists of digits."),
            code if separated && code.len() == 5 => append(out, code, "", &[]),
            code if separated && code.len() == 9 => append(out, &code[..5], "-", &code[5..]),
            _ => Err("A US postal code has 5 or 9 digits; a spreadsheet may have dropped leading zeros."),
        }
    }

    fn push_canadian(&self, out: &mut String) -> std::result::Result<(), &'static str> {
        let code = self.joined();
        let is_letter = |b: u8| b.is_ascii_uppercase() && !b"DFIOQU".contains(&b);
        match code.as_slice() {
            &[a, b, c, d, e, f]
                if [a, c, e].into_iter().all(is_letter)
                    && !matches!(a, b'W' | b'Z')
                    && [b, d, f].iter().all(u8::is_ascii_digit) =>
            {
                append(out, &[a, b, c], " ", &[d, e, f])
            }
            _ => Err("A Canadian postal code looks like M5V 2T6."),
        }
    }

    fn push_british(&self, out: &mut String) -> std::result::Result<(), &'static str> {
        let code = self.joined();
        match code.as_slice() {
            [outward @ .., a, b, c]
                if (2..=4).contains(&outward.len())
                    && outward[0].is_ascii_uppercase()
                    && a.is_ascii_digit()
                    && b.is_ascii_uppercase()
                    && c.is_ascii_uppercase() =>
            {
                append(out, outward, " ", &[*a, *b, *c])
            }
            _ => self.push_tidy(out),
        }
    }

    fn push_tidy(&self, out: &mut String) -> std::result::Result<(), &'static str> {
        append(out, self.as_slice(), "", &[])
    }
}

fn append(
    out: &mut String,
    head: &[u8],
    separator: &str,
    tail: &[u8],
) -> std::result::Result<(), &'static str> {
    out.extend(head.iter().copied().map(char::from));
    out.push_str(separator);
    out.extend(tail.iter().copied().map(char::from));
    Ok(())
}

/// The code with the zeros that a spreadsheet dropped, or without the `.0` that it added.
#[cold]
fn us_suggestion(text: &str) -> Option<String> {
    let code = text.strip_suffix(".0").unwrap_or(text);
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match code.len() {
        3..=5 => Some(format!("{code:0>5}")),
        8 => Some(format!("0{}-{}", &code[..4], &code[4..])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    fn check(country: &str, table: &[(&str, &str)]) {
        laws::check(|input, out| postal_code(input, country, out), table);
    }

    #[test]
    fn knows_the_forms() {
        let us = [
            ("64106", "64106"),
            (" 64106-1234", "64106-1234"),
            ("64106 1234", "64106-1234"),
            ("641061234", "64106-1234"),
            ("64106-", "64106"),
            ("02134", "02134"),
            ("2134", ""),
            ("6410-6", ""),
            ("64106-12", ""),
            ("6410A", ""),
            ("n/a", ""),
            ("", ""),
        ];
        check("US", &us);
        check(
            "CA",
            &[
                ("m5v2t6", "M5V 2T6"),
                ("M5V  2T6", "M5V 2T6"),
                ("M5V-2T6", "M5V 2T6"),
                ("D5V 2T6", ""),
                ("M5V", ""),
            ],
        );
        check(
            "GB",
            &[("sw1a1aa", "SW1A 1AA"), ("SW1A 1AA", "SW1A 1AA"), ("m1 1ae", "M1 1AE"), ("GIR", "GIR")],
        );
        check("DE", &[("10115", "10115"), ("d-10115", "D-10115"), ("1 0115", "1 0115"), ("10115!", "")]);
        check("", &[("1234  ab", "1234 AB"), ("-", ""), ("12345678901234567", "")]);
        laws::survives_awkward_strings(|input, out| postal_code(input, "US", out));
    }

    #[test]
    fn suggests_lost_zeros() {
        for (input, meant) in
            [("2134", "02134"), ("601", "00601"), ("21341234", "02134-1234"), ("64106.0", "64106")]
        {
            let problem = postal_code(input, "US", &mut String::new()).unwrap_err();
            assert_eq!(problem.suggestion.as_deref(), Some(meant), "{input}");
        }
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in prop_oneof![laws::any_text(), "[A-Za-z0-9 -]{0,10}"], country in "(US|CA|GB|NL|)") {
            let _ = laws::normal(|input, out| postal_code(input, &country, out), &input);
        }
    }
}
