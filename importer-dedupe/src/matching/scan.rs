//! A whole scan: candidates, model, scores, clusters.

use rustc_hash::FxHashMap;

use super::blocking::{Candidates, KeyReport};
use super::cluster::{Linkage, Pair, clusters};
use super::frame::Frame;
use super::levels::{Levels, pack, unpack};
use super::model::{
    Explanation, HOUSEHOLD, Histogram, Judgement, Marginals, Model, ModelDocument, Objection, PairVerdict,
    Thresholds,
};
use super::scorer::Scorer;

/// Pairs below these log-odds are forgotten.
const KEEP: f64 = -6.0;
/// How far below pairs are remembered until people are counted: a value that one person repeats a hundred times weighs
/// this much more once it counts for one.
const RECOUNT: f64 = 4.6;

/// What a scan found.
pub struct Scan {
    /// The model it scored with.
    pub model: Model,
    /// Pairs worth keeping, in the order of their records.
    pub pairs: Vec<Pair>,
    /// Pairs that are rather two people of one household than one person or strangers.
    pub households: Vec<Pair>,
    /// The cluster of each record.
    pub cluster_of: Vec<u32>,
    /// How many pairs were scored.
    pub scored: u64,
    candidates: Candidates,
    /// The levels of pairs that are likely, where further terms were asked: nobody asks them pair by pair again.
    likely: FxHashMap<(u32, u32), u64>,
}

impl Scan {
    /// True when blocking brought the pair together.
    pub fn compared(&self, a: u32, b: u32) -> bool {
        self.candidates.contains(a, b)
    }

    /// What may be done about a pair, by its score and by its group.
    pub fn judge(&self, frame: &Frame, a: u32, b: u32, thresholds: &Thresholds) -> Judgement {
        let mut judged = self.model.judge_pair(frame, &self.levels(frame, a, b), a, b, thresholds);
        if judged.verdict != PairVerdict::Different && self.keeps_apart(a, b) {
            judged.objections.push(Objection::Apart);
            if judged.verdict == PairVerdict::Merge {
                judged.verdict = PairVerdict::Review;
            }
        }
        judged
    }

    /// What makes up the score of a pair, and what keeps it from being merged without a human.
    pub fn explain(&self, frame: &Frame, a: u32, b: u32, thresholds: &Thresholds) -> Explanation {
        let mut explanation = self.model.explain_pair(frame, &self.levels(frame, a, b), a, b, thresholds);
        if explanation.probability >= thresholds.review && self.keeps_apart(a, b) {
            explanation.held_back.push(Objection::Apart);
        }
        explanation
    }

    /// What makes up the score of a pair by some of the terms alone; see [`Model::explain_by`]. What the group says is left out,
    /// because all terms have made it.
    pub fn explain_by(
        &self,
        frame: &Frame,
        (a, b): (u32, u32),
        thresholds: &Thresholds,
        sees: impl Fn(&str) -> bool,
    ) -> Explanation {
        self.model.explain_pair_by(frame, self.levels(frame, a, b), (a, b), thresholds, sees)
    }

    fn levels(&self, frame: &Frame, a: u32, b: u32) -> Levels {
        self.likely
            .get(&(a.min(b), a.max(b)))
            .map_or_else(|| frame.compare_all(a, b), |levels| unpack(*levels))
    }

    fn keeps_apart(&self, a: u32, b: u32) -> bool {
        self.cluster_of[a as usize] != self.cluster_of[b as usize]
    }

    /// What each blocking key found and cut; empty when everything was compared with everything.
    pub fn keys(&self) -> &[KeyReport] {
        self.candidates.report()
    }
}

/// Scores all candidates of a finished frame by a model that is learned from them.
///
/// The same records in the same order give the same pairs and clusters, with any number of threads.
pub fn scan(frame: &mut Frame) -> Scan {
    scan_with(frame, None)
}

/// The same, by a model that was learned before when there is one.
pub fn scan_with(frame: &mut Frame, known: Option<&ModelDocument>) -> Scan {
    scan_watched(frame, known, &|| ())
}

/// The same; `turn` is called again and again while pairs are scored, and may take its time.
pub fn scan_watched(frame: &mut Frame, known: Option<&ModelDocument>, turn: &(dyn Fn() + Sync)) -> Scan {
    let mut candidates = Candidates::of(frame);
    let mut model = match known {
        Some(document) => document.model(frame),
        None => {
            let mut model = Model::shipped(frame);
            let histogram = Histogram::of(frame, &candidates);
            let marginals = Marginals::of(frame);
            model.learn(frame, &histogram, &marginals);
            model
        }
    };
    candidates.choose(frame, &model);
    turn();
    let likely = score(frame, &candidates, &model, turn);
    turn();
    let pairs: Vec<Pair> =
        likely.iter().map(|(pair, _)| *pair).filter(|pair| f64::from(pair.log_odds) > KEEP).collect();
    let cluster_of = clusters(frame.len(), &pairs, Linkage::default());
    drop(pairs);
    // Now that it is known who is who, a name that one person repeats no longer passes for a frequent one. Levels stay.
    frame.count_people(&cluster_of);
    model.bound_by_equality(frame);
    let (likely, model) = with_further(frame, likely, model, known.is_some());
    let scorer = Scorer::new(&model, frame);
    let (mut pairs, mut households) = (Vec::new(), Vec::new());
    let mut shown = FxHashMap::default();
    for (Pair { a, b, .. }, levels) in likely {
        let Some(score) = scorer.score(&unpack(levels), a, b, KEEP) else { continue };
        let pair = Pair { a, b, log_odds: narrow(score.log_odds) };
        if score.log_odds > KEEP {
            pairs.push(pair);
        }
        if score.household >= HOUSEHOLD {
            households.push(pair);
        }
        if frame.plugin_terms().is_some() && (score.log_odds > 0.0 || score.household >= HOUSEHOLD) {
            shown.insert((a, b), levels);
        }
    }
    let cluster_of = clusters(frame.len(), &pairs, Linkage::default());
    Scan { model, pairs, households, cluster_of, scored: candidates.pairs(), candidates, likely: shown }
}

/// Asks further terms about the pairs that are worth keeping, and learns what they weigh unless that is known.
fn with_further(
    frame: &Frame,
    likely: Vec<(Pair, u64)>,
    mut model: Model,
    is_known: bool,
) -> (Vec<(Pair, u64)>, Model) {
    let Some(plugin_terms) = frame.plugin_terms() else { return (likely, model) };
    let scorer = Scorer::new(&model, frame);
    let (mut kept, mut probabilities) = (Vec::new(), Vec::new());
    for (Pair { a, b, .. }, levels) in likely {
        let levels = unpack(levels);
        if let Some(score) = scorer.score(&levels, a, b, KEEP) {
            kept.push((a, b, levels));
            probabilities.push(score.probability());
        }
    }
    plugin_terms.compare(&mut kept);
    if !is_known {
        let start = frame.terms().len();
        let judged =
            probabilities.iter().zip(&kept).map(|(probability, (_, _, levels))| (*probability, *levels));
        super::model::plugin_weights::learn(&mut model.terms[start..], start, judged);
    }
    let pair = |(a, b, levels): (u32, u32, Levels)| (Pair { a, b, log_odds: 0.0 }, pack(&levels));
    (kept.into_iter().map(pair).collect(), model)
}

/// The pairs that may be worth keeping, with their levels.
fn score(
    frame: &Frame,
    candidates: &Candidates,
    model: &Model,
    turn: &(dyn Fn() + Sync),
) -> Vec<(Pair, u64)> {
    let scorer = Scorer::new(model, frame);
    let parts = candidates.fold(
        // Called once for each of the parts that pairs are scored in.
        || {
            turn();
            Vec::new()
        },
        |soon| frame.touch(soon),
        |pairs: &mut Vec<(Pair, u64)>, a, b| {
            let levels = frame.compare(a, b);
            if let Some(score) = scorer.score(&levels, a, b, KEEP - RECOUNT) {
                pairs.push((Pair { a, b, log_odds: narrow(score.log_odds) }, pack(&levels)));
            }
        },
    );
    parts.into_iter().flatten().collect()
}

/// Pairs are kept by the million; six digits are enough for log-odds.
#[expect(clippy::cast_possible_truncation, reason = "rounding is the point")]
fn narrow(log_odds: f64) -> f32 {
    log_odds as f32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::matching::frame::ColumnSpec;
    use crate::matching::role::Role;

    /// Enough people that keys choose the pairs; every tenth comes again with another date of birth.
    fn people() -> Frame {
        let columns = [("first", Role::GivenName), ("last", Role::FamilyName), ("born", Role::BirthDate)];
        let columns = columns.map(|(name, role)| ColumnSpec { name: name.to_owned(), role });
        let mut frame = Frame::new(&columns);
        let word = |n: u32| {
            (0..4).map(move |i| ["ba", "ke", "li", "mo", "nu", "ra", "so", "ty"][(n >> (3 * i)) as usize % 8])
        };
        for n in 0..2_400_u32 {
            let (n, again) = if n % 10 == 9 { (n - 9, 1) } else { (n, 0) };
            let first: String = word(n.wrapping_mul(2_654_435_761) >> 20).collect();
            let last: String = word(n.wrapping_mul(40_503) >> 3).collect();
            let born = format!("{}-{:02}-{:02}", 1930 + n % 70, 1 + n % 12, 1 + (n + again) % 27);
            frame.push(&[Some(&first), Some(&last), Some(&born)]);
        }
        frame.finish();
        frame
    }

    #[test]
    fn the_number_of_threads_makes_no_difference() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| scan(&mut people()))
        };
        let (one, three) = (with(1), with(3));
        assert!(!one.pairs.is_empty());
        assert_eq!(one.pairs, three.pairs);
        assert_eq!(one.cluster_of, three.cluster_of);
        assert_eq!(one.model, three.model);
    }

    #[test]
    fn each_pair_comes_once_and_counts_for_one_key() {
        let frame = people();
        let candidates = Candidates::of(&frame);
        let all = candidates.fold(Vec::new, |_| (), |all, a, b| all.push((a, b))).concat();
        let distinct: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|(a, b)| a < b && candidates.contains(*a, *b) && candidates.contains(*b, *a)));
        assert_eq!(candidates.pairs(), all.len() as u64);
        assert_eq!(candidates.report().iter().map(|key| key.pairs).sum::<u64>(), all.len() as u64);
    }

    #[test]
    fn the_scorer_says_what_the_model_says() {
        let frame = people();
        let model = Model::shipped(&frame);
        let scorer = Scorer::new(&model, &frame);
        for (a, b) in (0..400).flat_map(|a| (a + 1..400).map(move |b| (a, b))) {
            let levels = frame.compare(a, b);
            let expected = model.score(&frame, &levels, a, b).log_odds;
            match scorer.score(&levels, a, b, KEEP) {
                Some(score) => assert!((score.log_odds - expected).abs() < 1e-6, "{a} {b}"),
                None => assert!(expected <= KEEP + 1e-6, "{a} {b}"),
            }
        }
    }
}
