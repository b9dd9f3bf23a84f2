//! Who is merged together of those who are beyond doubt two by two.
//!
//! A group never has two people who contradict each other, whatever lies between them. Whoever fits both of them is nobody's
//! match when they lack what tells the two apart, or fit neither clearly better: which pair came first is no reason.

use std::collections::{BTreeSet, HashMap};

use importer_core::Result;
use importer_core::ports::{RecordId, SuggestionId};

/// A pair that is beyond doubt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Planned {
    pub(super) suggestion: SuggestionId,
    pub(super) left: RecordId,
    pub(super) right: RecordId,
    pub(super) probability: f64,
    /// The same as the logarithm of the odds to base 2.
    pub(super) bits: f64,
}

/// What is between two people who would be in one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Between {
    Nothing,
    /// They are different people.
    Contradicts,
    /// Somebody has said that they are.
    ToldApart,
}

/// How much better one of two must fit, in bits: twice as likely.
const CLEARLY: f64 = 1.0;

/// What becomes of pairs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Grouped {
    /// The pairs to merge, the likeliest first. Each brings together two whom those before it do not bring together.
    pub(super) joined: Vec<Planned>,
    /// Pairs that are not merged because of a contradiction.
    pub(super) left: BTreeSet<SuggestionId>,
    /// Pairs that are not merged because of somebody's word.
    pub(super) told_apart: BTreeSet<SuggestionId>,
}

/// What is known of people beside the pairs.
pub(super) trait Known {
    /// What is between two who are no pair.
    ///
    /// # Errors
    /// When the database fails.
    fn between(&mut self, one: RecordId, other: RecordId) -> Result<Between>;

    /// Whether somebody lacks what tells two others apart.
    fn lacks(&self, who: RecordId, one: RecordId, other: RecordId) -> bool;
}

/// Groups pairs.
///
/// # Errors
/// When the database fails.
pub(super) fn group(mut pairs: Vec<Planned>, known: &mut dyn Known) -> Result<Grouped> {
    pairs.sort_by(|one, other| other.bits.total_cmp(&one.bits).then(one.suggestion.cmp(&other.suggestion)));
    let mut grouped = Grouped::default();
    loop {
        let mut groups = Groups::default();
        let (mut joined, mut blocked, mut nobodys) = (Vec::new(), Vec::new(), HashMap::new());
        for pair in &pairs {
            let (ones, others) = (groups.of(pair.left), groups.of(pair.right));
            if ones.contains(&pair.right) {
                continue;
            }
            let mut apart = Vec::new();
            for one in &ones {
                for other in &others {
                    let between = known.between(*one, *other)?;
                    if between != Between::Nothing {
                        apart.push((between, *one, *other));
                    }
                }
            }
            let Some((worst, ..)) = apart.iter().max() else {
                groups.join(pair);
                joined.push(*pair);
                continue;
            };
            blocked.push((pair.suggestion, *worst));
            for id in [pair.left, pair.right] {
                let Some(best) = groups.best.get(&id) else { continue };
                let mut of_others = apart.iter().filter(|(_, one, other)| id != *one && id != *other);
                if *best - pair.bits < CLEARLY
                    || of_others.any(|(_, one, other)| known.lacks(id, *one, *other))
                {
                    nobodys.insert(id, *worst);
                }
            }
        }
        let (gone, rest): (Vec<Planned>, Vec<Planned>) = pairs
            .into_iter()
            .partition(|pair| nobodys.contains_key(&pair.left) || nobodys.contains_key(&pair.right));
        let because = |pair: &Planned| nobodys.get(&pair.left).max(nobodys.get(&pair.right)).copied();
        for (suggestion, why) in gone.iter().filter_map(|pair| Some((pair.suggestion, because(pair)?))) {
            grouped.leave(suggestion, why);
        }
        if gone.is_empty() {
            for (suggestion, why) in blocked {
                grouped.leave(suggestion, why);
            }
            grouped.joined = joined;
            return Ok(grouped);
        }
        pairs = rest;
    }
}

impl Grouped {
    fn leave(&mut self, suggestion: SuggestionId, why: Between) {
        match why {
            Between::ToldApart => self.told_apart.insert(suggestion),
            _ => self.left.insert(suggestion),
        };
    }
}

/// Who is brought together so far.
#[derive(Default)]
struct Groups {
    group_of: HashMap<RecordId, usize>,
    members: Vec<Vec<RecordId>>,
    /// How well each fits the one of the group that it fits best, in bits.
    best: HashMap<RecordId, f64>,
}

impl Groups {
    fn of(&self, id: RecordId) -> Vec<RecordId> {
        self.group_of.get(&id).map_or_else(|| vec![id], |group| self.members[*group].clone())
    }

    fn join(&mut self, pair: &Planned) {
        let together = [self.of(pair.left), self.of(pair.right)].concat();
        let group = self.members.len();
        self.group_of.extend(together.iter().map(|id| (*id, group)));
        self.members.push(together);
        // The likeliest pairs come first.
        for id in [pair.left, pair.right] {
            self.best.entry(id).or_insert(pair.bits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(i64, i64, f64)]) -> Vec<Planned> {
        let pair = |(at, (left, right, bits)): (usize, &(i64, i64, f64))| Planned {
            suggestion: SuggestionId(at as i64 + 1),
            left: RecordId(*left),
            right: RecordId(*right),
            probability: 0.99,
            bits: *bits,
        };
        of.iter().enumerate().map(pair).collect()
    }

    /// Who contradicts whom, and who lacks what would tell.
    struct World<'a>(&'a [(i64, i64)], &'a [i64]);

    impl Known for World<'_> {
        fn between(&mut self, one: RecordId, other: RecordId) -> Result<Between> {
            let apart = self.0.contains(&(one.0.min(other.0), one.0.max(other.0)));
            Ok(if apart { Between::Contradicts } else { Between::Nothing })
        }

        fn lacks(&self, who: RecordId, _: RecordId, _: RecordId) -> bool {
            self.1.contains(&who.0)
        }
    }

    /// The suggestions that are merged, and those that are left.
    fn check_with(of: &[(i64, i64, f64)], mut world: World<'_>) -> (Vec<i64>, Vec<i64>) {
        let grouped = group(pairs(of), &mut world).unwrap();
        let merged = grouped.joined.iter().map(|pair| pair.suggestion.0).collect();
        (merged, grouped.left.iter().map(|id| id.0).collect())
    }

    fn check(of: &[(i64, i64, f64)], apart: &[(i64, i64)]) -> (Vec<i64>, Vec<i64>) {
        check_with(of, World(apart, &[]))
    }

    #[test]
    fn each_merge_brings_somebody_in() {
        assert_eq!(check(&[(1, 2, 9.0), (2, 3, 8.0), (1, 3, 7.0)], &[]), (vec![1, 2], vec![]));
        assert_eq!(check(&[(1, 2, 9.0), (3, 4, 12.0)], &[]), (vec![2, 1], vec![]));
    }

    #[test]
    fn who_fits_two_who_contradict_is_nobodys() {
        assert_eq!(check(&[(1, 2, 9.0), (2, 3, 9.0)], &[(1, 3)]), (vec![], vec![1, 2]));
        assert_eq!(check(&[(1, 2, 9.0), (2, 3, 8.5)], &[(1, 3)]), (vec![], vec![1, 2]));
        // The others of a group stay together.
        let father = [(1, 2, 9.0), (2, 3, 9.0), (1, 4, 20.0)];
        assert_eq!(check(&father, &[(1, 3), (3, 4)]), (vec![3], vec![1, 2]));
    }

    #[test]
    fn who_fits_one_of_them_clearly_better_is_that_one() {
        assert_eq!(check(&[(1, 2, 20.0), (2, 3, 6.0)], &[(1, 3)]), (vec![1], vec![2]));
    }

    #[test]
    fn who_lacks_what_tells_two_apart_is_neither_of_them() {
        let pairs = [(1, 2, 20.0), (2, 3, 6.0)];
        assert_eq!(check_with(&pairs, World(&[(1, 3)], &[2])), (vec![], vec![1, 2]));
        assert_eq!(check_with(&pairs, World(&[(1, 3)], &[1, 3])), (vec![1], vec![2]));
    }

    #[test]
    fn a_chain_is_cut_where_its_ends_contradict() {
        let chain = [(1, 2, 20.0), (2, 3, 15.0), (3, 4, 10.0)];
        assert_eq!(check(&chain, &[(1, 4)]), (vec![1, 2], vec![3]));
    }
}
