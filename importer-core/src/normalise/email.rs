use email_address::EmailAddress;
use unicode_normalization::UnicodeNormalization;

use super::tidy::trimmed;
use super::{Problem, Result, domain};

/// An email address: small letters, an ASCII domain, strict syntax, without `mailto:` and what surrounds `<…>`.
///
/// Whether the domain exists is not asked, except for top-level domains that are slips of the finger (`.con`). Quoted local
/// parts and addresses of machines in brackets are refused: no person has one.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::email(" Ana Cruz <Ana.Cruz@Exämple.ORG>", &mut out)?;
/// assert_eq!(out, "ana.cruz@xn--exmple-cua.org");
/// assert!(normalise::email("ana@-example.org", &mut out).is_err());
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn email(input: &str, out: &mut String) -> Result {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(());
    }
    let address = bare(text);
    parse(address, out).map_err(|message| Problem::new(message).suggest(suggestion(address)))
}

/// The address without what mail programs put around it.
fn bare(text: &str) -> &str {
    let mut address = text;
    if let Some(inner) = address.strip_suffix('>')
        && let Some((_, inner)) = inner.rsplit_once('<')
    {
        address = trimmed(inner);
    }
    match address.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
            let address = &address[7..];
            trimmed(address.split_once('?').map_or(address, |(address, _)| address))
        }
        _ => address,
    }
}

fn parse(address: &str, out: &mut String) -> std::result::Result<(), &'static str> {
    let (local, domain) = address.rsplit_once('@').ok_or("An email address needs an @.")?;
    let start = out.len();
    if local.is_ascii() {
        out.extend(local.bytes().map(|b| char::from(b.to_ascii_lowercase())));
    } else {
        out.extend(local.chars().flat_map(char::to_lowercase).nfc());
    }
    check_local(&out[start..])?;
    out.push('@');
    domain::push(domain, out)?;
    if out.len() - start > 254 { Err("An email address has at most 254 characters.") } else { Ok(()) }
}

fn check_local(local: &str) -> std::result::Result<(), &'static str> {
    if local.is_empty() {
        Err("There is nothing before the @.")
    } else if local.contains('@') {
        Err("There is more than one @; one address belongs in a cell.")
    } else if local.len() > 64 {
        Err("There are more than 64 characters before the @.")
    } else if local.contains(char::is_whitespace) {
        Err("An email address has no spaces.")
    } else if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        Err("Before the @, a dot stands between two other characters.")
    } else if local.starts_with('"')
        || !EmailAddress::is_valid_local_part(local)
        || local.chars().any(|c| !c.is_ascii() && !c.is_alphanumeric())
    {
        Err("There is a character before the @ that email addresses do not have.")
    } else {
        Ok(())
    }
}

/// The address with the usual slips of the finger undone, if that makes it one.
#[cold]
fn suggestion(address: &str) -> Option<String> {
    let mut fixed =
        address.trim_matches(['.', ',', ';', ':', '\'', '"', '(', ')', '<', '>', ' ']).replace("@@", "@");
    while fixed.contains("..") {
        fixed = fixed.replace("..", ".");
    }
    fixed = fixed
        .replace(" @", "@")
        .replace("@ ", "@")
        .replace("@.", "@")
        .replace(".@", "@")
        .replace(",com", ".com");
    if let Some((name, top)) = fixed.rsplit_once('.')
        && let Some(meant) = domain::meant_top_level(top)
    {
        fixed = format!("{name}.{meant}");
    }
    let mut out = String::new();
    parse(&fixed, &mut out).ok().map(|()| out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn accepts_addresses() {
        laws::check(
            email,
            &[
                ("Jo.Smith7@Gmail.Com", "jo.smith7@gmail.com"),
                (" JSMITH@SUB.MAIL.EXAMPLE.CO.UK", "jsmith@sub.mail.example.co.uk"),
                ("jo+vol@example.org", "jo+vol@example.org"),
                ("o'neil_jo-1@example.org", "o'neil_jo-1@example.org"),
                ("mailto:Jo@example.org?subject=Hi", "jo@example.org"),
                ("<jo@example.org>", "jo@example.org"),
                ("Jo Smith <jo@example.org>", "jo@example.org"),
                ("\u{FEFF}jo@example.org\u{200B}", "jo@example.org"),
                ("jo@bücher.de", "jo@xn--bcher-kva.de"),
                ("jo@BU\u{308}CHER.de", "jo@xn--bcher-kva.de"),
                ("jo@xn--bcher-kva.de", "jo@xn--bcher-kva.de"),
                ("josé@example.org", "josé@example.org"),
                ("", ""),
                (" ", ""),
            ],
        );
        laws::survives_awkward_strings(email);
    }

    #[test]
    fn refuses_what_is_none() {
        let refused = "smith7@|@gmail.com|smith7gmail.com|smith7@@gmail.com|jo smith@gmail.com|jo@gmail.com..com|jo@-gmail.com|\
                       jo.@gmail.com|.jo@gmail.com|jo@localhost|n/a|jo@gmail.com,jo2@gmail.com|jo..x@gmail.com|jo@gmail-.com|\
                       jo@x..com|jo@gmail.com.|jo@[127.0.0.1]|jo@127.0.0.1|\"jo smith\"@x.org|jo@ex_ample.org|jo@example.c|\
                       jo@example.con|jo@xn--a.org|jo<x@y.org|jo@example.org;|jo\u{301}\u{302}\u{303}@x.org|jo\0@x.org|<>";
        for address in refused.split('|') {
            laws::check(email, &[(address, "")]);
            assert!(email(address, &mut String::new()).is_err(), "{address}");
        }
        assert!(email(&format!("{}@x.org", "a".repeat(65)), &mut String::new()).is_err());
    }

    #[test]
    fn suggests_what_was_meant() {
        for (address, meant) in [
            ("jo@gmail.com..com", Some("jo@gmail.com.com")),
            ("jo@@gmail.com", Some("jo@gmail.com")),
            ("jo@gmail.con", Some("jo@gmail.com")),
            ("jo@gmail,com", Some("jo@gmail.com")),
            ("jo @gmail.com", Some("jo@gmail.com")),
            ("jo@gmail.com;", Some("jo@gmail.com")),
            ("jo smith@gmail.com", None),
            ("a@x.org,b@x.org", None),
            ("n/a", None),
        ] {
            let problem = email(address, &mut String::new()).unwrap_err();
            assert_eq!(problem.suggestion.as_deref(), meant, "{address}");
        }
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in prop_oneof![laws::any_text(), "[A-Za-zİſßéü0-9.+_'-]{1,9}@[a-zA-ZüßİΣ0-9.。-]{1,9}\\.[a-zA-Zé]{2,4}"]) {
            if let Ok(found) = laws::normal(email, &input) {
                prop_assert_eq!(found.to_lowercase(), found.as_str());
                prop_assert_eq!(crate::normalise::email_without_tag(&found, false), found.as_str());
            }
        }

        #[test]
        fn letter_case_does_not_matter(input in "[a-z0-9.+_-]{1,9}@[a-z0-9.-]{1,9}\\.[a-z]{2,4}") {
            prop_assert_eq!(laws::normal(email, &input), laws::normal(email, &input.to_uppercase()));
        }
    }
}
