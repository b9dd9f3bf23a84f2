//! Groups of records that are merged without a human.

use rustc_hash::FxHashMap;

use super::cluster::Pair;
use super::features::{About, MISSING, Term, family_name};
use super::frame::Frame;
use super::model::{Objection, PairVerdict, Thresholds};
use super::scan::Scan;

impl Scan {
    /// The group of each record, by the lowest record in it, when all pairs that need no human are merged.
    ///
    /// A chain of pairs merges nobody whose ends contradict: a father and his son stay two, though a record without a birth date
    /// fits both. Ends that contradict are one person's where records that have the value lead from one to the other, each of
    /// them near the next: who writes badly writes each time something else.
    pub fn merged(&self, frame: &Frame, thresholds: &Thresholds) -> Vec<u32> {
        let is_merged =
            |pair: &&Pair| self.judge(frame, pair.a, pair.b, thresholds).verdict == PairVerdict::Merge;
        let likely = self.pairs.iter().filter(|pair| pair.probability() >= thresholds.auto);
        let pairs: Vec<Pair> = likely.filter(is_merged).copied().collect();
        joined(frame.len(), &pairs, |ours, theirs| {
            let all = [ours, theirs].concat();
            let contradict = |a: u32, b: u32| {
                let mut found = self.judge(frame, a, b, thresholds).objections;
                found.retain(|objection| objection.is_contradiction());
                found
            };
            let next = |objection: Objection, a: u32, b: u32| {
                let levels = frame.compare(a, b);
                let terms = || frame.terms().iter().zip(levels);
                let is_swapped = |(term, level): (&Term, u8)| {
                    term.about == About::FamilyName && level == family_name::SWAPPED
                };
                let is_compared =
                    terms().any(|(term, level)| Some(term.about) == objection.about() && level != MISSING);
                // First and last name that are swapped are compared as one.
                let is_compared =
                    is_compared || (objection.about() == Some(About::GivenName) && terms().any(is_swapped));
                is_compared && !contradict(a, b).contains(&objection)
            };
            let mut led: Vec<(Objection, Vec<usize>)> = Vec::new();
            (0..ours.len()).flat_map(|x| (ours.len()..all.len()).map(move |y| (x, y))).all(|(x, y)| {
                contradict(all[x], all[y]).into_iter().all(|objection| {
                    let known = led.iter().position(|(of, _)| *of == objection).unwrap_or_else(|| {
                        led.push((objection, parts(all.len(), |a, b| next(objection, all[a], all[b]))));
                        led.len() - 1
                    });
                    led[known].1[x] == led[known].1[y]
                })
            })
        })
    }
}

/// The connected part of each of so many.
fn parts(many: usize, are_linked: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut part: Vec<usize> = (0..many).collect();
    for (a, b) in (0..many).flat_map(|a| (a + 1..many).map(move |b| (a, b))) {
        let (one, other) = (part[a], part[b]);
        if one != other && are_linked(a, b) {
            part.iter_mut().filter(|part| **part == other).for_each(|part| *part = one);
        }
    }
    part
}

/// The group of each record when these pairs are merged one after the other, the most probable first, and each of two groups
/// of which `may_join` says so.
fn joined(records: u32, pairs: &[Pair], may_join: impl Fn(&[u32], &[u32]) -> bool) -> Vec<u32> {
    let mut pairs: Vec<&Pair> = pairs.iter().collect();
    pairs.sort_unstable_by(|p, q| q.log_odds.total_cmp(&p.log_odds).then((p.a, p.b).cmp(&(q.a, q.b))));
    let mut group_of: Vec<u32> = (0..records).collect();
    // Of groups of several.
    let mut members: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for pair in pairs {
        let (a, b) = (group_of[pair.a as usize], group_of[pair.b as usize]);
        let (low, high) = (a.min(b), a.max(b));
        let of = |group: u32| members.get(&group).cloned().unwrap_or_else(|| vec![group]);
        let (mut ours, theirs) = (of(low), of(high));
        if low == high || !may_join(&ours, &theirs) {
            continue;
        }
        for record in &theirs {
            group_of[*record as usize] = low;
        }
        ours.extend(theirs);
        members.remove(&high);
        members.insert(low, ours);
    }
    group_of
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matching::frame::ColumnSpec;
    use crate::matching::role::Role;
    use crate::matching::scan::scan;

    const RECORDS: u32 = 9;

    proptest! {
        #[test]
        fn groups_are_a_partition_without_pairs_that_must_not_join(
            pairs in prop::collection::btree_map((0..RECORDS, 0..RECORDS), 3.0_f32..12.0, 0..25),
            against in prop::collection::btree_set((0..RECORDS, 0..RECORDS), 0..12),
            seed in any::<u64>(),
        ) {
            let pairs = pairs.into_iter().filter(|((a, b), _)| a < b);
            let pairs: Vec<_> = pairs.map(|((a, b), log_odds)| Pair { a, b, log_odds }).collect();
            let apart = |a: u32, b: u32| against.contains(&(a.min(b), a.max(b)));
            let may_join = |x: &[u32], y: &[u32]| !x.iter().any(|a| y.iter().any(|b| apart(*a, *b)));
            let of = joined(RECORDS, &pairs, may_join);
            for (a, b) in (0..RECORDS).flat_map(|a| (a + 1..RECORDS).map(move |b| (a, b))) {
                prop_assert!(of[a as usize] != of[b as usize] || !apart(a, b));
            }
            for (record, group) in (0..).zip(&of) {
                prop_assert!(*group <= record && of[*group as usize] == *group);
            }
            let mut shuffled = pairs;
            shuffled.sort_by_key(|pair| seed.rotate_left(pair.a * 7 + pair.b * 11) ^ seed);
            prop_assert_eq!(of, joined(RECORDS, &shuffled, may_join));
        }
    }

    /// The groups of the people of one home; strangers make the names and dates of a frame what they are elsewhere.
    fn groups(home: &[[&str; 4]]) -> Vec<u32> {
        let columns = [
            ("first", Role::GivenName),
            ("last", Role::FamilyName),
            ("born", Role::BirthDate),
            ("mail", Role::Email),
        ];
        let columns = columns.map(|(name, role)| ColumnSpec { name: name.to_owned(), role });
        let mut frame = Frame::new(&columns);
        for person in home {
            frame.push(&person.map(|cell| (!cell.is_empty()).then_some(cell)));
        }
        let syllable = |n: usize| ["ba", "ke", "li", "mo", "nu", "ra", "so", "ty"][n % 8];
        for n in 0..400 {
            let word = |n: usize| [syllable(n), syllable(n / 8), syllable(n / 64), "x"].concat();
            let (first, last) = (word(n * 7), word(n * 11 + 3));
            let born = format!("{}-{:02}-{:02}", 1930 + n % 70, 1 + n % 12, 2 + n % 26);
            let mail = format!("{first}.{last}@example.org");
            frame.push(&[Some(&first), Some(&last), Some(&born), Some(&mail)]);
            if n % 4 == 0 {
                frame.push(&[Some(&first), Some(&last), Some(&born), Some(&mail)]);
            }
        }
        frame.finish();
        let merged = scan(&mut frame).merged(&frame, &Thresholds::default());
        merged[..home.len()].to_vec()
    }

    #[test]
    fn who_has_no_birth_date_joins_no_father_with_his_son() {
        let (otto, mail) = (["Otto", "Behr"], "b@example.org");
        let born = |date| [otto[0], otto[1], date, mail];
        assert_eq!(groups(&[born("1948-03-02"), born("1948-03-02")]), [0, 0], "the same");
        let of = groups(&[born("1948-03-02"), born(""), born("1979-08-09")]);
        assert_ne!(of[0], of[2], "{of:?}");
    }
}
