//! Which addresses are one mailbox, and which are probably meant to be.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The domains under which Google keeps one mailbox, the one that stands for both first.
const GOOGLE: [&str; 2] = ["gmail.com", "googlemail.com"];

static TYPO_DOMAINS: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| entries(include_str!("typo_domains.txt")).collect());

/// The form in which addresses are compared: two with one form are one mailbox. At Google, dots before the `@` say nothing, and its
/// two domains are one; `+tag` at the end of the local part is left out when `strip_tag` is set.
///
/// ```
/// use importer_core::normalise::email_match_form;
/// assert_eq!(email_match_form("ana+kc@example.org", true), "ana@example.org");
/// assert_eq!(email_match_form("ana+kc@example.org", false), "ana+kc@example.org");
/// assert_eq!(email_match_form("ana.cruz@googlemail.com", true), "anacruz@gmail.com");
/// ```
pub fn email_match_form(email: &str, strip_tag: bool) -> Cow<'_, str> {
    let untagged = email_without_tag(email, strip_tag);
    let Some((local, domain)) = untagged.rsplit_once('@') else { return untagged };
    let is_same = domain == GOOGLE[0] && !local.contains('.');
    if !GOOGLE.contains(&domain) || is_same {
        return untagged;
    }
    let mut form: String = local.chars().filter(|c| *c != '.').collect();
    if form.is_empty() {
        return untagged;
    }
    form.push('@');
    form.push_str(GOOGLE[0]);
    Cow::Owned(form)
}

/// The address without `+tag` at the end of the local part, when `strip_tag` is set and a person remains. Stored hashes are made of
/// this form, so it stays as it is.
///
/// ```
/// use importer_core::normalise::email_without_tag;
/// assert_eq!(email_without_tag("ana.cruz+kc@gmail.com", true), "ana.cruz@gmail.com");
/// ```
pub fn email_without_tag(email: &str, strip_tag: bool) -> Cow<'_, str> {
    if strip_tag
        && let Some((local, domain)) = email.rsplit_once('@')
        && let Some((person, _tag)) = local.split_once('+')
        && !person.is_empty()
    {
        return Cow::Owned([person, "@", domain].concat());
    }
    Cow::Borrowed(email)
}

/// The mailbox that was probably meant, in matching form, where the domain is a known slip of a large provider's. It may be somebody
/// else's all the same: it is a reason to compare two people, and none to merge them.
///
/// ```
/// use importer_core::normalise::meant_email;
/// assert_eq!(meant_email("ana.cruz@gmial.com", true).as_deref(), Some("anacruz@gmail.com"));
/// assert_eq!(meant_email("ana.cruz@gmail.com", true), None);
/// ```
pub fn meant_email(email: &str, strip_tag: bool) -> Option<String> {
    let (local, domain) = email.rsplit_once('@')?;
    let meant = TYPO_DOMAINS.get(domain)?;
    Some(email_match_form(&[local, "@", meant].concat(), strip_tag).into_owned())
}

/// The lines of the list: the slip, and what was meant.
fn entries(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_tags_where_a_person_remains() {
        assert_eq!(email_match_form("+tag@x.org", true), "+tag@x.org");
        assert_eq!(email_match_form("jo+a+b@x.org", true), "jo@x.org");
        assert_eq!(email_match_form("jo@x+y.org", true), "jo@x+y.org");
        assert_eq!(email_match_form("", true), "");
    }

    #[test]
    fn one_mailbox_at_google_has_many_addresses_and_elsewhere_it_has_one() {
        for same in ["rita.kohl@gmail.com", "ritakohl@googlemail.com", "r.i.t.a.kohl+x@gmail.com"] {
            assert_eq!(email_match_form(same, true), "ritakohl@gmail.com");
        }
        assert_eq!(email_match_form("rita.kohl+x@gmail.com", false), "ritakohl+x@gmail.com");
        for other in ["rita.kohl@example.org", "rita.kohl@mail.gmail.com", "rita.kohl@gmail.com.example.org"]
        {
            assert_eq!(email_match_form(other, true), other);
        }
        for odd in ["...@gmail.com", "@gmail.com", "gmail.com"] {
            assert_eq!(email_match_form(odd, true), odd);
        }
    }

    #[test]
    fn stored_hashes_are_made_of_what_they_were_made_of() {
        assert_eq!(email_without_tag("rita.kohl+x@googlemail.com", true), "rita.kohl@googlemail.com");
        assert_eq!(email_without_tag("rita.kohl+x@googlemail.com", false), "rita.kohl+x@googlemail.com");
    }

    #[test]
    fn a_slip_is_close_to_what_was_meant_and_is_no_provider_itself() {
        let all: Vec<_> = entries(include_str!("typo_domains.txt")).collect();
        assert!(all.len() > 100 && TYPO_DOMAINS.len() == all.len(), "{} lines, one twice", all.len());
        for (slip, meant) in all {
            assert!(strsim::damerau_levenshtein(slip, meant) <= 2, "{slip} is far from {meant}");
            assert!(!TYPO_DOMAINS.values().any(|provider| *provider == slip), "{slip} is a provider");
        }
    }
}
