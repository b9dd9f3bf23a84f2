use std::borrow::Cow;

use importer_core::contracts::Contract;
use importer_core::normalise::{
    email_match_form, is_nobodys_email, is_nobodys_phone, is_placeholder_email, meant_email,
};
use importer_core::ports::{
    CandidateFacts, ContactKind, CoreRecord, Decision, LookAt, MatchKey, Resolver, SuggestionKind,
};
use importer_core::reasons::Reason;

use crate::agreement::{FieldValue, NameAgreement, Names, agrees, name_agreement};

/// How many pairs one row may bring to review; the rest says nothing new about it.
pub(crate) const PAIRS_PER_ROW: usize = 5;

/// Matches a row to the record that shares an email address or phone number **and** has an agreeing name, unless birth
/// date or name suffix contradict. Everybody else who shares a contact becomes a pair to look at: a household when the
/// names say so.
///
/// ```
/// let resolver = importer_dedupe::Deterministic::default();
/// assert!(resolver.strip_email_tags);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Deterministic {
    /// Whether `ann+news@example.org` is found under `ann@example.org`. What is stored keeps its tag either way.
    pub strip_email_tags: bool,
    /// Whether `info@example.org` identifies somebody, as in a small club whose people sign with it.
    pub role_addresses_identify: bool,
}

impl Default for Deterministic {
    /// Tags are stripped: with agreeing names the risk is nil and duplicates are many.
    fn default() -> Self {
        Self { strip_email_tags: true, role_addresses_identify: false }
    }
}

impl Resolver for Deterministic {
    fn keys(&self, _: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        crate::keys::keys(person, *self, out);
    }

    fn decide(&self, contract: &Contract, incoming: &CoreRecord, candidates: &[&CoreRecord]) -> Decision {
        self.decide_known(contract, incoming, candidates, CandidateFacts::default())
    }

    fn is_shared_by_homes(&self, kind: i16) -> bool {
        crate::keys::are_contacts(kind)
    }

    fn looks_at(&self, contract: &Contract) -> Vec<usize> {
        ["first_name", "last_name", "name_suffix", "dob"]
            .iter()
            .filter_map(|name| contract.index(name))
            .collect()
    }

    fn decide_known(
        &self,
        contract: &Contract,
        incoming: &CoreRecord,
        candidates: &[&CoreRecord],
        facts: CandidateFacts<'_>,
    ) -> Decision {
        let mut same = Vec::new();
        let mut look_at = Vec::new();
        let (contacts, own) = (self.contacts(incoming), Names::of(contract, incoming));
        let [dob, suffix] = ["dob", "name_suffix"].map(|field| FieldValue::of(contract, incoming, field));
        for (place, candidate) in candidates.iter().enumerate() {
            let (email, phone) = (contacts.share_email(candidate), contacts.share_phone(candidate));
            if !email && !phone {
                // Only their hashes are equal.
                continue;
            }
            let names = own.agreement(&Names::of(contract, candidate));
            if facts.by_name_alone.contains(&place) && !names.may_be_one() {
                continue;
            }
            let dob_differs = dob.contradicts(contract, candidate);
            let suffix_differs = suffix.contradicts(contract, candidate);
            let kind = match names {
                NameAgreement::Agree if !dob_differs && !suffix_differs => {
                    same.push((place, email));
                    SuggestionKind::Ambiguous
                }
                NameAgreement::Agree | NameAgreement::Near => SuggestionKind::PossibleDuplicate,
                NameAgreement::Family | NameAgreement::Differ => SuggestionKind::Household,
            };
            let terms = terms(email, phone, names, dob_differs, suffix_differs);
            look_at.push(LookAt { candidate: place, kind, score: None, terms });
        }
        if same.len() > 1 {
            // An equal birth date tells apart what names and contacts cannot.
            let certain: Vec<_> =
                same.iter().copied().filter(|&(place, _)| dob.agrees(contract, candidates[place])).collect();
            if certain.len() == 1 {
                same = certain;
            }
        }
        if let [(candidate, email)] = same[..] {
            return Decision::Same { candidate, reason: by_contact(email).to_string() };
        }
        // What may be the same person is worth more than a neighbour at the same phone.
        look_at.sort_by_key(|pair| (pair.kind == SuggestionKind::Household, pair.candidate));
        look_at.truncate(PAIRS_PER_ROW);
        Decision::New { look_at }
    }

    fn contradicts(&self, contract: &Contract, incoming: &CoreRecord, known: &CoreRecord) -> bool {
        name_agreement(contract, incoming, known) == NameAgreement::Differ
            && !self.shares(incoming, known)
            && !agrees(contract, incoming, known, "dob")
    }

    fn checksum(&self) -> String {
        let roles = if self.role_addresses_identify { " role_addresses_identify=true" } else { "" };
        format!("deterministic/1 strip_email_tags={}{roles}", self.strip_email_tags)
    }
}

impl Deterministic {
    /// False for placeholders, filler numbers and, unless they were said to identify somebody, mailboxes of a function.
    pub(crate) fn identifies(self, kind: ContactKind, value: &str) -> bool {
        match kind {
            ContactKind::Email if self.role_addresses_identify => !is_placeholder_email(value),
            ContactKind::Email => !is_nobodys_email(value),
            ContactKind::Phone => !is_nobodys_phone(value),
        }
    }

    fn shares(&self, a: &CoreRecord, b: &CoreRecord) -> bool {
        let contacts = self.contacts(a);
        contacts.share_email(b) || contacts.share_phone(b)
    }

    /// The contacts of a record, prepared for comparing it with many.
    pub(crate) fn contacts<'a>(&self, person: &'a CoreRecord) -> Contacts<'a> {
        let strip_email_tags = self.strip_email_tags;
        let of = |kind| person.contact_values(kind).filter(move |value| self.identifies(kind, value));
        Contacts {
            emails: of(ContactKind::Email).map(|email| email_match_form(email, strip_email_tags)).collect(),
            phones: of(ContactKind::Phone).collect(),
            strip_email_tags,
        }
    }
}

/// The contacts of a record that identify somebody, in matching form.
pub(crate) struct Contacts<'a> {
    emails: Vec<Cow<'a, str>>,
    phones: Vec<&'a str>,
    strip_email_tags: bool,
}

impl Contacts<'_> {
    pub(crate) fn share_email(&self, other: &CoreRecord) -> bool {
        !self.emails.is_empty()
            && other.contact_values(ContactKind::Email).any(|email| {
                let email = email_match_form(email, self.strip_email_tags);
                self.emails.contains(&email)
            })
    }

    /// Whether an address of each would be the same but for a slip in the domain of one.
    pub(crate) fn share_meant_email(&self, other: &CoreRecord) -> bool {
        let meant = |email| meant_email(email, self.strip_email_tags);
        other.contact_values(ContactKind::Email).any(|email| match meant(email) {
            Some(theirs) => {
                self.emails.iter().any(|own| **own == theirs || meant(own).as_ref() == Some(&theirs))
            }
            None => {
                let theirs = email_match_form(email, self.strip_email_tags);
                self.emails.iter().any(|own| meant(own).is_some_and(|own| own == theirs))
            }
        })
    }

    pub(crate) fn share_phone(&self, other: &CoreRecord) -> bool {
        other.contact_values(ContactKind::Phone).any(|phone| self.phones.contains(&phone))
    }
}

/// Why a record is the same that shares an email address, or else a phone number, and whose name agrees.
pub(crate) fn by_contact(email: bool) -> Reason {
    if email { Reason::SameEmailAndName } else { Reason::SamePhoneAndName }
}

fn terms(email: bool, phone: bool, names: NameAgreement, dob: bool, suffix: bool) -> String {
    let names = match names {
        NameAgreement::Agree => "agree",
        NameAgreement::Near => "near",
        NameAgreement::Family => "same family name, another given name",
        NameAgreement::Differ => "differ",
    };
    serde_json::json!({
        "model": "deterministic",
        "same_email": email,
        "same_phone": phone,
        "names": names,
        "dob_contradicts": dob,
        "suffix_contradicts": suffix,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use importer_core::contracts::VOLUNTEER;

    use super::*;
    use crate::testing;

    /// A person from `first last / email / phone / dob`, `-` for missing.
    fn person(text: &str) -> CoreRecord {
        let parts: Vec<&str> = text.split('/').map(str::trim).collect();
        let (first, last) = parts[0].split_once(' ').unwrap();
        let mut values = vec![("first_name", first), ("last_name", last)];
        let others = ["email_normalized", "phone_e164", "dob"].into_iter().zip(parts[1..].iter().copied());
        values.extend(others.filter(|(_, value)| *value != "-"));
        testing::person(&values, "csv", None)
    }

    fn check(incoming: &str, candidates: &[&str], expected: &str) {
        let people: Vec<CoreRecord> = candidates.iter().map(|c| person(c)).collect();
        let people: Vec<&CoreRecord> = people.iter().collect();
        let decision = Deterministic::default().decide(&VOLUNTEER, &person(incoming), &people);
        let got = match decision {
            Decision::Same { candidate, .. } => format!("same {candidate}"),
            Decision::New { look_at } => {
                let pairs: Vec<String> =
                    look_at.iter().map(|pair| format!("{} {}", pair.kind.as_str(), pair.candidate)).collect();
                format!("new {}", pairs.join(", ")).trim().to_owned()
            }
        };
        assert_eq!(got, expected, "{incoming} among {candidates:?}");
    }

    #[test]
    fn an_equal_contact_with_an_agreeing_name_is_the_same_person() {
        check("Ann Lee / a@x.org", &["Ann Lee / a@x.org"], "same 0");
        check("Ann Lee / - / +18162345678", &["A. Lee / - / +18162345678"], "same 0");
        check("Zoë Núñez / a+news@x.org", &["ZOE Nunez / a@x.org"], "same 0");
        check("Lee Ann / a@x.org", &["Ann Lee / a@x.org"], "same 0");
    }

    #[test]
    fn an_equal_contact_alone_never_merges() {
        check("Tom Lee / a@x.org", &["Ann Lee / a@x.org"], "new household 0");
        check("Tom Fox / a@x.org", &["Ann Lee / a@x.org"], "new household 0");
        check("Anne Lee / a@x.org", &["Annie Lee / a@x.org"], "new possible_duplicate 0");
        check("Ann Fox / a@x.org", &["Ann Lee / a@x.org"], "new possible_duplicate 0");
    }

    #[test]
    fn contradictions_and_ties_go_to_people() {
        check(
            "Ann Lee / a@x.org / - / 1980-01-02",
            &["Ann Lee / a@x.org / - / 2001-05-06"],
            "new possible_duplicate 0",
        );
        check(
            "Ann Lee / a@x.org",
            &["Ann Lee / a@x.org", "Ann Lee / a@x.org"],
            "new ambiguous 0, ambiguous 1",
        );
    }

    #[test]
    fn a_shared_name_with_the_neighbour_is_nothing() {
        check("Ann Lee / a@x.org", &["Ann Lee / b@x.org"], "new");
    }
}
