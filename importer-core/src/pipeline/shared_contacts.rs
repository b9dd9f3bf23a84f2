//! Contacts that many people share, and what a run does about them.
//!
//! Families share a phone, offices an address. In a list in which nearly everybody shares one with many, as after a column was
//! filled down, that says nothing about anybody, and comparing them all takes most of the run. So a run compares only so many
//! people who have nothing in common but a contact. Of the others it compares the names, as long as they are not the most; then
//! nobody is looked up any more by a contact that many share, as by one that a hundred share. How many were passed over is told, and
//! that the list looks wrong.

use serde::{Deserialize, Serialize};

use super::Anomaly;

/// How many pairs that share a contact and nothing else a run compares in any case, and one more for how many rows.
const FREE_PAIRS: u64 = 2_000;
const ROWS_PER_PAIR: u64 = 5;
/// A contact that so many people have is shared by many.
const MANY: u64 = 5;
/// How many others may have a contact by which a row is looked up, where the most pairs are compared by their names alone.
const MOST_OTHERS: usize = 3;
/// A list looks wrong when so many contacts are shared by many, and so many rows in a hundred have one of them.
const CONTACTS: u64 = 50;
const PERCENT: u64 = 10;

/// What a run met so far; stored with it, so that a resumed one goes on counting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SharedContacts {
    /// Rows that were looked up by their keys.
    rows: u64,
    /// Pairs that share a contact and nothing else, and were compared; and those of which the names alone were.
    compared: u64,
    by_name_alone: u64,
    /// Rows that were not looked up by a contact, because so many share it.
    passed_over: u64,
    /// Contacts that came to be shared by many, and rows that came to them then.
    contacts: u64,
    crowded: u64,
}

impl SharedContacts {
    /// Notes a row with how many people have each of its contacts; one that too many have is known to be had by more.
    pub(super) fn row(&mut self, known: impl Iterator<Item = usize>) {
        self.rows += 1;
        let mut is_crowded = false;
        for others in known {
            let people = others as u64 + 1;
            self.contacts += u64::from(people == MANY);
            is_crowded |= people >= MANY;
        }
        self.crowded += u64::from(is_crowded);
    }

    /// True when so many more pairs may be compared, which counts as done.
    pub(super) fn may_compare(&mut self, pairs: usize) -> bool {
        let most = FREE_PAIRS + self.rows / ROWS_PER_PAIR;
        let pairs = pairs as u64;
        let may = self.compared + pairs <= most;
        *(if may { &mut self.compared } else { &mut self.by_name_alone }) += pairs;
        may
    }

    /// How many people may have a contact by which a row is still looked up, unless fewer are wanted anyway. Asked once for a batch.
    pub(super) fn most(&self) -> usize {
        if self.by_name_alone > self.compared { MOST_OTHERS } else { usize::MAX }
    }

    /// Notes that a row was not looked up by a contact.
    pub(super) fn pass_over(&mut self) {
        self.passed_over += 1;
    }

    /// That the list looks wrong.
    pub(super) fn anomaly(&self) -> Option<Anomaly> {
        if self.contacts < CONTACTS || self.crowded * 100 < self.rows * PERCENT {
            return None;
        }
        // The fifth one of each contact is the first that is crowded.
        let people = (self.contacts * (MANY - 1) + self.crowded) / self.contacts;
        let message = format!(
            "{} phone numbers and email addresses are shared by {people} people each. The source looks wrong, as if a column had been filled \
             down. Check these columns in the source, correct them there and import it again. Nobody was merged because of \
             these contacts alone",
            self.contacts
        );
        Some(Anomaly { code: "shared_contacts".into(), message })
    }

    /// What was passed over.
    pub(super) fn note(&self) -> Option<String> {
        let alone = (self.by_name_alone > 0).then(|| {
            format!(
                "of {} pairs who share a phone number or email address and nothing else, {} were compared by their names alone, because \
                 there are too many",
                self.compared + self.by_name_alone,
                self.by_name_alone
            )
        });
        let passed_over = (self.passed_over > 0).then(|| {
            format!(
                "a contact was not used to find candidates {} times, because too many people share it",
                self.passed_over
            )
        });
        let sentences: Vec<String> = alone.into_iter().chain(passed_over).collect();
        (!sentences.is_empty())
            .then(|| format!("{}; a scan of the core compares more pairs", sentences.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list in which groups of so many share a contact, one after the other.
    fn list(rows: u64, share: u64) -> SharedContacts {
        let mut met = SharedContacts::default();
        for row in 0..rows {
            let others = usize::try_from(row % share).unwrap();
            met.row(std::iter::once(others));
            met.may_compare(others);
        }
        met
    }

    #[test]
    fn pairs_per_row_are_bounded_however_many_share_a_contact() {
        for (rows, share) in [(60_000, 6), (60_300, 90), (999, 3), (500_000, 2)] {
            let met = list(rows, share);
            assert!(met.compared <= FREE_PAIRS + rows / ROWS_PER_PAIR, "{met:?}");
            assert_eq!(met.compared + met.by_name_alone, rows / share * (share * (share - 1) / 2), "{met:?}");
        }
    }

    #[test]
    fn once_most_pairs_are_passed_over_nobody_is_looked_for_by_a_contact_of_many() {
        assert_eq!(list(600, 6).most(), usize::MAX);
        let mut met = list(60_000, 6);
        assert_eq!(met.most(), MOST_OTHERS);
        met.pass_over();
        assert!(met.note().unwrap().contains("not used to find candidates"), "{:?}", met.note());
    }

    #[test]
    fn small_lists_and_lists_of_small_families_are_compared_whole() {
        for met in [list(600, 4), list(200, 6)] {
            assert_eq!((met.by_name_alone, met.note(), met.anomaly()), (0, None, None));
        }
    }

    #[test]
    fn a_list_in_which_many_share_every_contact_looks_wrong() {
        let met = list(60_000, 6);
        let anomaly = met.anomaly().unwrap();
        assert_eq!(anomaly.code, "shared_contacts");
        let says =
            "10000 phone numbers and email addresses are shared by 6 people each. The source looks wrong";
        assert!(anomaly.message.contains(says), "{}", anomaly.message);
        assert!(met.note().unwrap().starts_with("of 150000 pairs"), "{:?}", met.note());
        assert_eq!(list(60_000, 4).anomaly(), None);
        // A few large families in a large list.
        let mut met = list(60_000, 1);
        for _ in 0..100 {
            (0..8).for_each(|others| met.row(std::iter::once(others)));
        }
        assert_eq!(met.anomaly(), None);
    }
}
