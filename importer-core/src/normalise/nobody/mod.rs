//! Contacts that identify nobody: placeholders, mailboxes of a function, numbers that nobody has. What is no value or no name.

mod dates;
mod no_value;

pub use dates::{is_nobodys_date, is_unreadable_date};
pub use no_value::{is_no_name, is_no_value, without_title};

use std::collections::HashSet;
use std::sync::LazyLock;

const ROLES: &str = include_str!("role_addresses.txt");
const PLACEHOLDERS: &str = include_str!("placeholders.txt");

/// Marks a word that is a placeholder before the @ only.
const BEFORE_AT: char = '@';

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

static ROLE_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| words(ROLES).collect());
static LOCAL_PARTS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(PLACEHOLDERS).map(|word| word.trim_start_matches(BEFORE_AT)).collect());
static DOMAINS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(PLACEHOLDERS).filter(|word| !word.starts_with(BEFORE_AT)).collect());

/// Whether an email address says nothing about who has it: a placeholder such as `none@example.org`, or the mailbox of a
/// function such as `info@example.org`. A record keeps such an address, and is neither found nor merged by it.
///
/// The words are those of two lists beside this function. What stands behind a `+` and, in longer words, dots, dashes and
/// underscores are left out, so that `no-reply+kc@…` counts as `noreply@…`.
///
/// ```
/// use importer_core::normalise::is_nobodys_email;
/// for address in ["none@example.org", "No.Email@example.org", "x@noemail.com", "office@example.org"] {
///     assert!(is_nobodys_email(address), "{address}");
/// }
/// for address in ["ann@example.org", "noah@example.org", "information.jones@example.org"] {
///     assert!(!is_nobodys_email(address), "{address}");
/// }
/// ```
pub fn is_nobodys_email(address: &str) -> bool {
    ROLE_WORDS.contains(&*bare(before_at(address))) || is_placeholder_email(address)
}

/// Whether an email address is a placeholder, whatever its function: such as `none@example.org`, and not `info@example.org`.
///
/// ```
/// use importer_core::normalise::is_placeholder_email;
/// assert!(is_placeholder_email("none@example.org") && !is_placeholder_email("info@example.org"));
/// ```
pub fn is_placeholder_email(address: &str) -> bool {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let top = domain.rsplit('.').next().unwrap_or_default();
    // Every label before the top-level domain counts: public suffixes have one label or several.
    LOCAL_PARTS.contains(&*bare(before_at(address)))
        || top.eq_ignore_ascii_case("invalid")
        || domain.split('.').rev().skip(1).any(|label| DOMAINS.contains(&*bare(label)))
}

/// What stands before the `@`, without a tag.
fn before_at(address: &str) -> &str {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.split_once('+').map_or(local, |(person, _)| person)
}

/// Words of at least so many letters are the same with and without dots, dashes and underscores; `n.a` are the initials of a
/// person, and `na` is not.
const PARTED: usize = 5;

/// A word as it stands in the lists.
fn bare(text: &str) -> String {
    let text = text.to_lowercase();
    let whole: String = text.chars().filter(|c| !matches!(c, '.' | '-' | '_')).collect();
    if whole.len() < PARTED { text } else { whole }
}

/// The digits of numbers that forms are filled with.
const FILLERS: [&str; 5] = ["1234567890", "0123456789", "9876543210", "1234567", "5551234"];
/// How many equal digits at the end make a number nobody's. Numbers with seven equal digits are given to nobody in most
/// countries, and sold as vanity numbers of companies in the others.
const EQUAL_DIGITS: usize = 7;

/// Whether a phone number is one that people type where a form insists on one, such as `+1 000 000 0000`.
///
/// ```
/// use importer_core::normalise::is_nobodys_phone;
/// for number in ["+10000000000", "+19999999999", "+11234567890", "+12125551234"] {
///     assert!(is_nobodys_phone(number), "{number}");
/// }
/// assert!(!is_nobodys_phone("+18165550142") && !is_nobodys_phone("+12125555512"));
/// ```
pub fn is_nobodys_phone(number: &str) -> bool {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
    let ends_alike = digits.last_chunk::<EQUAL_DIGITS>().is_some_and(|end| end.iter().all(|d| *d == end[0]));
    ends_alike || FILLERS.iter().any(|filler| digits.ends_with(filler.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_the_form_in_which_they_are_looked_up() {
        for word in words(ROLES).chain(words(PLACEHOLDERS)) {
            let word = word.trim_start_matches(BEFORE_AT);
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
        }
    }

    #[test]
    fn what_looks_like_a_placeholder_and_is_a_persons() {
        for address in [
            "nora@example.org",
            "n@example.org",
            "n.a@example.org",
            "testa@example.org",
            "ann@test.example.org",
            "ann@example.com",
            "officer.smith@example.org",
            "admin.jones@example.org",
            "noel@none-such.org",
        ] {
            assert!(!is_nobodys_email(address), "{address}");
        }
        for number in ["+18165550142", "+4930123456", "+12125557777", "5550123"] {
            assert!(!is_nobodys_phone(number), "{number}");
        }
    }

    #[test]
    fn placeholders_in_every_writing() {
        for address in [
            "NONE@EXAMPLE.ORG",
            "no-reply@example.org",
            "na@example.org",
            "xx@example.org",
            "keine@example.de",
            "none@gmail.com",
            "sekretariat@example.de",
            "noemail@noemail.com",
            "ann@nomail.com",
            "ann@mail.noemail.co.uk",
            "somebody@example.invalid",
        ] {
            assert!(is_nobodys_email(address), "{address}");
        }
        for number in ["0000000000", "+15555555555", "+11234567890", "555-1234"] {
            assert!(is_nobodys_phone(number), "{number}");
        }
    }
}
