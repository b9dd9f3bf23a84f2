//! The contacts of records, as far as they tell who somebody is.

use std::borrow::Cow;

use importer_core::normalise::{
    email_match_form, is_nobodys_email, is_nobodys_phone, is_placeholder_email, meant_email,
};
use importer_core::ports::{Contact, ContactKind, CoreRecord};
use importer_core::reasons::Reason;

/// How contacts are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContactRule {
    /// Whether `ann+news@example.org` is found under `ann@example.org`. What is stored keeps its tag either way.
    pub(crate) strip_email_tags: bool,
    /// Whether `info@example.org` identifies somebody, as in a small club whose people sign with it.
    pub(crate) role_addresses_identify: bool,
}

impl ContactRule {
    /// False for placeholders, filler numbers and, unless they were said to identify somebody, mailboxes of a function.
    pub(crate) fn identifies(self, kind: ContactKind, value: &str) -> bool {
        match kind {
            ContactKind::Email if self.role_addresses_identify => !is_placeholder_email(value),
            ContactKind::Email => !is_nobodys_email(value),
            ContactKind::Phone => !is_nobodys_phone(value),
        }
    }

    /// The contacts of a record, prepared for comparing it with many.
    pub(crate) fn contacts(self, person: &CoreRecord) -> Contacts<'_> {
        let strip_email_tags = self.strip_email_tags;
        let of = |kind| {
            let all = person.contacts.iter();
            all.filter(move |c| c.kind == kind && self.identifies(kind, &c.value))
        };
        Contacts {
            emails: of(ContactKind::Email).map(|c| email_match_form(&c.value, strip_email_tags)).collect(),
            meant: of(ContactKind::Email).filter_map(|c| meant_email(&c.value, strip_email_tags)).collect(),
            phones: of(ContactKind::Phone).collect(),
        }
    }

    /// How the contacts of two records compare.
    pub(crate) fn compare(self, a: &CoreRecord, b: &CoreRecord) -> ContactsAgree {
        let (a, b) = (self.contacts(a), self.contacts(b));
        match () {
            () if a.share_email(&b) || a.share_phone(&b) => ContactsAgree::Shared,
            () if a.are_missing() || b.are_missing() => ContactsAgree::Unknown,
            () => ContactsAgree::AllDiffer,
        }
    }
}

/// How the email addresses and phone numbers of two records compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContactsAgree {
    /// They have one in common.
    Shared,
    /// Both have some, and none in common.
    AllDiffer,
    /// One has none.
    Unknown,
}

/// The contacts of a record that identify somebody, in matching form.
pub(crate) struct Contacts<'a> {
    emails: Vec<Cow<'a, str>>,
    /// The addresses that were probably meant where the domain is a known slip.
    meant: Vec<String>,
    phones: Vec<&'a Contact>,
}

impl Contacts<'_> {
    fn are_missing(&self) -> bool {
        self.emails.is_empty() && self.phones.is_empty()
    }

    pub(crate) fn share_email(&self, other: &Contacts<'_>) -> bool {
        self.emails.iter().any(|email| other.emails.contains(email))
    }

    /// Whether an address of each would be the same but for a slip in the domain of one.
    pub(crate) fn share_meant_email(&self, other: &Contacts<'_>) -> bool {
        let has = |of: &Contacts<'_>, meant: &String| {
            of.meant.contains(meant) || of.emails.iter().any(|email| **email == **meant)
        };
        self.meant.iter().any(|meant| has(other, meant)) || other.meant.iter().any(|meant| has(self, meant))
    }

    /// Another extension is another desk.
    pub(crate) fn share_phone(&self, other: &Contacts<'_>) -> bool {
        let is_one = |a: &Contact, b: &Contact| {
            let other_desk = matches!((&a.extension, &b.extension), (Some(x), Some(y)) if x != y);
            a.value == b.value && !other_desk
        };
        self.phones.iter().any(|a| other.phones.iter().any(|b| is_one(a, b)))
    }

    /// Both have email addresses, or both phone numbers, and none of them in common.
    pub(crate) fn contradict(&self, other: &Contacts<'_>) -> bool {
        let emails = !self.emails.is_empty() && !other.emails.is_empty() && !self.share_email(other);
        let phones = !self.phones.is_empty() && !other.phones.is_empty() && !self.share_phone(other);
        emails || phones
    }
}

/// Why a record is the same that shares an email address, or else a phone number, and whose name agrees.
pub(crate) fn by_contact(email: bool) -> Reason {
    if email { Reason::SameEmailAndName } else { Reason::SamePhoneAndName }
}
