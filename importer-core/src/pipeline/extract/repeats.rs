//! What a run has said of ids so far, so that a row which is known is passed over only where it says nothing new.
//!
//! The last row of an id counts. A row that equals the last one which was loaded says nothing new. One that equals an earlier row
//! of the same run says something new, unless what followed it then follows it now as well: a file that repeats ids changes nothing
//! when it comes again, and a file that goes back to an earlier row does. So such a row waits until the run tells which it is.
//! Nothing is kept of ids that a source brings once, but for a number of each that changed.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ports::RepeatedRow;

/// What a row says that is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// What was known.
    Nothing,
    /// What was known, if the rows follow that followed it before.
    Waits,
    /// Something new; and so do these, which waited for it.
    New(Vec<RepeatedRow>),
}

/// Ids of which a row waits, with those rows.
#[derive(Debug)]
struct Waiting {
    /// Where in the known rows the last one may stand.
    places: Vec<usize>,
    rows: Vec<RepeatedRow>,
}

/// What a run has said of ids so far; an id is told by its hash.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Repeats {
    changed: FxHashSet<i64>,
    waiting: FxHashMap<i64, Waiting>,
    /// Rows that ended in quarantine when they came before, because another one followed, and that are the last ones of their ids now.
    held: FxHashMap<i64, RepeatedRow>,
}

impl Repeats {
    /// A row that may equal one of the loaded rows of its id: `known` are their hashes, in the order in which one run brought
    /// them, so that the last one counts. Of rows that are alike and follow each other, one is enough.
    pub(super) fn say(&mut self, id: i64, hash: i64, row: RepeatedRow, known: &[i64]) -> Said {
        let Some(last) = known.len().checked_sub(1).filter(|_| !self.changed.contains(&id)) else {
            return Said::New(Vec::new());
        };
        let places: Vec<usize> = match self.waiting.get(&id) {
            // Of rows in a row that are alike, one is kept.
            Some(waiting) => {
                let next = waiting.places.iter().flat_map(|place| [*place, place + 1]);
                next.filter(|place| known.get(*place) == Some(&hash)).collect()
            }
            None if known[last] == hash => return Said::Nothing,
            None => (0..last).filter(|place| known[*place] == hash).collect(),
        };
        if places.is_empty() {
            return Said::New(self.news(id));
        }
        if places.contains(&last) {
            self.waiting.remove(&id);
            return Said::Nothing;
        }
        let waiting =
            self.waiting.entry(id).or_insert_with(|| Waiting { places: Vec::new(), rows: Vec::new() });
        waiting.places = places;
        waiting.rows.push(row);
        Said::Waits
    }

    /// A row of an id with known rows that equals none of them: whatever comes of the id from here on says something new. So do the
    /// rows that are returned, which waited.
    pub(super) fn news(&mut self, id: i64) -> Vec<RepeatedRow> {
        self.changed.insert(id);
        self.waiting.remove(&id).map(|waiting| waiting.rows).unwrap_or_default()
    }

    /// Notes the last row of an id so far: one that is in quarantine and had ended there, or another.
    pub(super) fn last(&mut self, id: i64, ended: Option<RepeatedRow>) {
        match ended {
            Some(row) => {
                self.held.insert(id, row);
            }
            None if self.held.is_empty() => {}
            None => {
                self.held.remove(&id);
            }
        }
    }

    /// What still waits when everything was read: it says something new.
    pub(super) fn left(&mut self) -> Vec<RepeatedRow> {
        let waiting = std::mem::take(&mut self.waiting).into_values().flat_map(|waiting| waiting.rows);
        let mut left: Vec<RepeatedRow> =
            waiting.chain(std::mem::take(&mut self.held).into_values()).collect();
        left.sort_unstable_by_key(|row| row.row);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::RowId;

    fn row(number: i64) -> RepeatedRow {
        RepeatedRow {
            row: RowId(number),
            staging_id: RowId(100 + number),
            position: Some(number),
            held: false,
        }
    }

    /// Which of the rows say something new, in the end.
    fn new(known: &[i64], said: &[i64]) -> Vec<i64> {
        let (mut repeats, mut new) = (Repeats::default(), Vec::new());
        for (number, hash) in (0..).zip(said) {
            match repeats.say(7, *hash, row(number), known) {
                Said::New(waited) => {
                    new.extend(waited.iter().map(|row| row.row.0));
                    new.push(number);
                    repeats.news(7);
                }
                Said::Nothing | Said::Waits => {}
            }
        }
        new.extend(repeats.left().iter().map(|row| row.row.0));
        new.sort_unstable();
        new
    }

    #[test]
    fn the_last_row_says_nothing_new_and_an_earlier_one_does_unless_the_rest_follows() {
        for (known, said, expected) in [
            (&[1][..], &[1][..], &[][..]),
            (&[1], &[1, 1, 1], &[]),
            (&[1], &[2], &[0]),
            (&[1], &[2, 1], &[0, 1]),
            (&[1, 2], &[1, 2], &[]),
            (&[1, 2], &[1, 1, 2, 2], &[]),
            (&[1, 2], &[2], &[]),
            (&[1, 2], &[2, 1, 2], &[]),
            (&[1, 2], &[1, 2, 1, 2], &[]),
            (&[1, 2], &[1], &[0]),
            (&[1, 2], &[1, 2, 1], &[2]),
            (&[1, 2], &[1, 3], &[0, 1]),
            (&[1, 2], &[1, 3, 2], &[0, 1, 2]),
            (&[1, 2], &[2, 3, 2], &[1, 2]),
            (&[1, 2, 3], &[2, 3], &[]),
            (&[1, 2, 3], &[1, 3], &[0, 1]),
            (&[1, 2, 1, 3], &[1, 2, 1, 3], &[]),
            (&[1, 2, 1, 3], &[1, 3], &[]),
            (&[1, 2, 1, 3], &[1, 2, 3], &[0, 1, 2]),
        ] {
            assert_eq!(new(known, said), expected, "{said:?} after {known:?}");
        }
    }

    #[test]
    fn a_row_that_had_ended_in_quarantine_is_news_only_as_the_last_one() {
        let mut repeats = Repeats::default();
        repeats.last(7, Some(row(1)));
        repeats.last(7, Some(row(2)));
        repeats.last(8, Some(row(3)));
        repeats.last(8, None);
        assert_eq!(repeats.left(), [row(2)]);
        assert_eq!(repeats.left(), []);
    }
}
