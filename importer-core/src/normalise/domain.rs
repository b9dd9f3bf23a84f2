//! The part of an email address behind its @.

use std::borrow::Cow;

use idna::AsciiDenyList;

/// Top-level domains that do not exist, and what was meant.
const SLIPS: &[(&str, &str)] = &[
    ("con", "com"),
    ("cmo", "com"),
    ("ocm", "com"),
    ("comm", "com"),
    ("coom", "com"),
    ("vom", "com"),
    ("xom", "com"),
    ("nte", "net"),
    ("ogr", "org"),
    ("rog", "org"),
    ("orgg", "org"),
    ("eud", "edu"),
    ("eduu", "edu"),
];

/// Appends the domain in small ASCII letters, after checking its labels.
pub(super) fn push(domain: &str, out: &mut String) -> Result<(), &'static str> {
    let start = out.len();
    // `xn--` is how other scripts look in ASCII, and can be wrong.
    if domain.is_ascii() && !domain.as_bytes().windows(4).any(|w| w.eq_ignore_ascii_case(b"xn--")) {
        out.extend(domain.bytes().map(|b| char::from(b.to_ascii_lowercase())));
    } else {
        let ascii: Cow<'_, str> = idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL)
            .map_err(|_| "The domain is not one that can be written in ASCII.")?;
        out.push_str(&ascii);
    }
    check(&out[start..])
}

/// What was meant by a top-level domain that does not exist.
pub(super) fn meant_top_level(top: &str) -> Option<&'static str> {
    SLIPS.iter().find(|(slip, _)| slip.eq_ignore_ascii_case(top)).map(|(_, meant)| *meant)
}

fn check(domain: &str) -> Result<(), &'static str> {
    if domain.is_empty() {
        return Err("There is nothing behind the @.");
    }
    if domain.len() > 253 {
        return Err("The domain has more than 253 characters.");
    }
    let Some((_, top)) = domain.rsplit_once('.') else {
        return Err("The domain has no dot, so it is not one of the internet.");
    };
    for label in domain.split('.') {
        check_label(label.as_bytes())?;
    }
    if top.len() < 2 || !top.starts_with("xn--") && !top.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err("The domain does not end in a top-level domain such as .org.");
    }
    if meant_top_level(top).is_some() {
        return Err("The domain ends in a top-level domain that does not exist.");
    }
    Ok(())
}

fn check_label(label: &[u8]) -> Result<(), &'static str> {
    match label {
        [] => Err("In the domain, a dot stands between two other characters."),
        [b'-', ..] | [.., b'-'] => Err("No part of a domain begins or ends with a hyphen."),
        label if label.len() > 63 => Err("A part of the domain has more than 63 characters."),
        label if label.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-') => Ok(()),
        _ => Err("There is a character in the domain that domains do not have."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_labels() {
        for (domain, expected) in [
            ("Example.ORG", Some("example.org")),
            ("a-b.example.org", Some("a-b.example.org")),
            ("3m.com", Some("3m.com")),
            ("bücher.example.org", Some("xn--bcher-kva.example.org")),
            ("例え.テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("example。org", Some("example.org")),
            ("xn--a.org", None),
            ("-a.org", None),
            ("a-.org", None),
            ("a..org", None),
            (".org", None),
            ("a.org.", None),
            ("a b.org", None),
            ("ü ü.org", None),
            ("a.123", None),
            ("a.o", None),
            ("org", None),
        ] {
            let mut out = String::new();
            assert_eq!(push(domain, &mut out).ok().map(|()| out.as_str()), expected, "{domain}");
        }
        assert!(push(&format!("{}.org", "a".repeat(64)), &mut String::new()).is_err());
    }
}
