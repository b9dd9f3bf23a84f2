//! Email addresses.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same mailbox: no case, no tag, no dots where Gmail ignores them | `A.Smith+news@Gmail.com` and `asmith@googlemail.com` |
//! | `near` | one or two letters off, with the same digits and initials, or a known slip of a provider's domain | `asmith@example.com` and `asmith@exmaple.com`, `li@gmail.com` and `li@gmial.com` |
//! | `handle` | the same before the @, of four letters or more | `a.smith@example.com` and `a.smith@work.org` |
//! | `similar` | up to four letters off, alike from the beginning, or another initial or digit | `j.smith@example.com` and `k.smith@example.com` |
//! | `differ` | other addresses, also where several digits differ | `smith12@example.com` and `smith34@example.com` |

use importer_core::normalise::{email_match_form, is_nobodys_email, meant_email};
use xxhash_rust::xxh3::xxh3_64;

use super::{About, Feature, Level, MISSING, Term, level as l};
use crate::matching::dictionary::{Dictionary, ListColumn};
use crate::matching::similarity::{edits, jaro_winkler, one_edit};

const LEVELS: &[Level] = &[
    l("exact", 0.72, 0.000_05),
    l("near", 0.08, 0.000_05),
    l("handle", 0.05, 0.000_1),
    l("similar", 0.03, 0.001),
    l("differ", 0.12, 0.9988),
];

/// An address in matching form, and where its domain begins.
#[derive(Debug, Clone)]
struct Email {
    text: Box<[u8]>,
    at: usize,
    /// The hash of the mailbox that was probably meant: of the address itself, unless its domain is a known slip.
    meant: u64,
}

impl Email {
    /// In small letters and in matching form. What identifies nobody is no address.
    fn read(raw: &str) -> Option<(u64, Self)> {
        let raw = raw.trim().to_lowercase();
        if is_nobodys_email(&raw) {
            return None;
        }
        let form = email_match_form(&raw, true);
        let at = form.rfind('@').unwrap_or(form.len());
        if at == 0 {
            return None;
        }
        let own = xxh3_64(form.as_bytes());
        let meant = meant_email(&raw, true).map_or(own, |meant| xxh3_64(meant.as_bytes()));
        Some((own, Self { text: form.as_bytes().into(), at, meant }))
    }

    fn local(&self) -> &[u8] {
        &self.text[..self.at]
    }
}

/// Email addresses of all records, of one column or several.
pub(crate) struct Emails {
    terms: [Term; 1],
    emails: Dictionary<Email>,
    column: ListColumn,
}

impl Emails {
    pub(crate) fn new() -> Self {
        Self {
            terms: [Term::new("email", About::Contact, LEVELS, 0.5)],
            emails: Dictionary::default(),
            column: ListColumn::default(),
        }
    }
}

impl Feature for Emails {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let read = |raw: &&str| self.emails.intern(raw.as_bytes(), || Email::read(raw));
        let ids: Vec<_> = cells.iter().flatten().map(read).collect();
        self.column.push(&ids);
    }

    fn finish(&mut self) {
        self.emails.finish();
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        let level = |x, y| different(self.emails.get(x), self.emails.get(y));
        out[0] = self.column.best(a, b, level).unwrap_or(MISSING);
    }

    fn frequency(&self, _: usize, level: u8, a: u32, b: u32) -> Option<f32> {
        if level == 0 { self.column.frequency(a, b) } else { None }
    }

    fn shared_by(&self, a: u32, b: u32) -> Option<u32> {
        self.column.shared_by(a, b)
    }

    fn count_people(&mut self, person_of: &[u32]) {
        self.column.count_people(person_of);
    }

    fn parts(&self) -> Vec<String> {
        ["email", "email_handle", "email_prefix"].map(String::from).to_vec()
    }

    fn part(&self, part: usize, record: u32) -> u32 {
        let Some(&id) = self.column.ids(record).first() else { return 0 };
        let email = self.emails.get(id);
        match part {
            0 => super::hash(&email.text),
            1 => super::hash(email.local()),
            _ => super::hash(&email.local()[..email.at.min(5)]),
        }
    }
}

fn different(a: &Email, b: &Email) -> u8 {
    if a.meant == b.meant {
        return 1;
    }
    let shorter = a.text.len().min(b.text.len());
    // Many local parts are made of the name; what tells namesakes apart is the number after it.
    if shorter < 8 || !numbers_agree(a.local(), b.local()) {
        return 4;
    }
    if edits(&a.text, &b.text, 2).is_some() {
        // Namesakes number their addresses, and families part them by initials.
        return if digits(a.local()).eq(digits(b.local())) && initials_agree(a.local(), b.local()) {
            1
        } else {
            3
        };
    }
    if a.at >= 4 && a.local() == b.local() {
        return 2;
    }
    if edits(&a.text, &b.text, 4).is_some() || jaro_winkler(&a.text, &b.text) >= 0.93 {
        return 3;
    }
    4
}

fn digits(text: &[u8]) -> impl Iterator<Item = &u8> {
    text.iter().filter(|c| c.is_ascii_digit()).take(12)
}

/// True when the digits of both are the same, one typo aside.
fn numbers_agree(a: &[u8], b: &[u8]) -> bool {
    let (a, b): (Vec<u8>, Vec<u8>) = (digits(a).copied().collect(), digits(b).copied().collect());
    a == b || (a.len().min(b.len()) >= 2 && one_edit(&a, &b))
}

/// False where the first letters differ, or a word of one letter: `j.smith` and `k.smith`, `jsmith` and `ksmith`, `smith_j` and
/// `smith_k`.
fn initials_agree(a: &[u8], b: &[u8]) -> bool {
    let is_gap = |c: &u8| !c.is_ascii_alphanumeric();
    let mut words = a.split(is_gap).zip(b.split(is_gap));
    a.first() == b.first() && words.all(|(x, y)| x == y || x.len() != 1 || y.len() != 1)
}
