use importer_core::normalise::{email_match_form, email_without_tag, meant_email};
use importer_core::ports::{ContactKind, CoreRecord, MatchKey};
use xxhash_rust::xxh3::xxh3_64;

use crate::contacts::ContactRule;

/// The kind of keys made of email addresses.
pub const EMAIL_KEY: i16 = 1;
/// The kind of keys made of phone numbers.
pub const PHONE_KEY: i16 = 2;

/// Whether keys of a kind are contacts.
pub(crate) fn are_contacts(kind: i16) -> bool {
    matches!(kind, EMAIL_KEY | PHONE_KEY)
}

/// The keys of every contact of a record that identifies somebody.
pub(crate) fn keys(person: &CoreRecord, rule: ContactRule, out: &mut Vec<MatchKey>) {
    let strip_tags = rule.strip_email_tags;
    let start = out.len();
    for contact in person.contacts.iter().filter(|contact| rule.identifies(contact.kind, &contact.value)) {
        let mut add = |kind, text: &str| {
            let key = MatchKey { kind, hash: hash(text) };
            if !out[start..].contains(&key) {
                out.push(key);
            }
        };
        let value = &*contact.value;
        match contact.kind {
            ContactKind::Email => {
                add(EMAIL_KEY, &email_match_form(value, strip_tags));
                // The form that earlier versions made keys of; most addresses have but one.
                add(EMAIL_KEY, &email_without_tag(value, strip_tags));
                if let Some(meant) = meant_email(value, strip_tags) {
                    add(EMAIL_KEY, &meant);
                }
            }
            ContactKind::Phone => add(PHONE_KEY, value),
        }
    }
}

fn hash(text: &str) -> i64 {
    xxh3_64(text.as_bytes()).cast_signed()
}
