use importer_core::normalise::{email_match_form, is_nobodys_email, is_nobodys_phone};
use importer_core::ports::{ContactKind, CoreRecord, MatchKey};
use xxhash_rust::xxh3::xxh3_64;

/// The kind of keys made of email addresses.
pub const EMAIL_KEY: i16 = 1;
/// The kind of keys made of phone numbers.
pub const PHONE_KEY: i16 = 2;

/// Whether keys of a kind are contacts.
pub(crate) fn are_contacts(kind: i16) -> bool {
    matches!(kind, EMAIL_KEY | PHONE_KEY)
}

/// The keys of every contact of a record that identifies somebody.
pub(crate) fn keys(person: &CoreRecord, strip_tags: bool, out: &mut Vec<MatchKey>) {
    let start = out.len();
    for contact in person.contacts.iter().filter(|contact| identifies(contact.kind, &contact.value)) {
        let key = match contact.kind {
            ContactKind::Email => {
                MatchKey { kind: EMAIL_KEY, hash: hash(&email_match_form(&contact.value, strip_tags)) }
            }
            ContactKind::Phone => MatchKey { kind: PHONE_KEY, hash: hash(&contact.value) },
        };
        if !out[start..].contains(&key) {
            out.push(key);
        }
    }
}

/// False for placeholders and mailboxes of a function.
pub(crate) fn identifies(kind: ContactKind, value: &str) -> bool {
    match kind {
        ContactKind::Email => !is_nobodys_email(value),
        ContactKind::Phone => !is_nobodys_phone(value),
    }
}

fn hash(text: &str) -> i64 {
    xxh3_64(text.as_bytes()).cast_signed()
}
