//! A whole scan: candidates, model, scores, clusters.

use super::blocking::{Candidates, KeyReport};
use super::cluster::{Linkage, Pair, clusters};
use super::frame::Frame;
use super::model::{Histogram, Marginals, Model, ModelDocument};

/// Pairs below these log-odds are forgotten.
const KEEP: f64 = -6.0;

/// What a scan found.
pub struct Scan {
    /// The model it scored with.
    pub model: Model,
    /// Pairs worth keeping.
    pub pairs: Vec<Pair>,
    /// Pairs that are rather two people of one household than one person or strangers.
    pub households: Vec<Pair>,
    /// The cluster of each record.
    pub cluster_of: Vec<u32>,
    /// How many pairs were scored.
    pub scored: u64,
    candidates: Candidates,
}

impl Scan {
    /// True when blocking brought the pair together.
    pub fn compared(&self, a: u32, b: u32) -> bool {
        self.candidates.contains(a, b)
    }

    /// What each blocking key found and cut; empty when everything was compared with everything.
    pub fn keys(&self) -> &[KeyReport] {
        self.candidates.report()
    }
}

/// From this probability on a pair is a household.
const HOUSEHOLD: f64 = 0.5;

/// Scores all candidates of a finished frame by a model that is learned from them.
pub fn scan(frame: &mut Frame) -> Scan {
    scan_with(frame, None)
}

/// The same, by a model that was learned before when there is one.
pub fn scan_with(frame: &mut Frame, known: Option<&ModelDocument>) -> Scan {
    let candidates = Candidates::of(frame);
    let model = match known {
        Some(document) => document.model(frame),
        None => {
            let mut model = Model::shipped(frame);
            let histogram = Histogram::of(frame, &candidates);
            let marginals = Marginals::of(frame);
            model.learn(frame, &histogram, &marginals);
            model
        }
    };
    let scores = Scores::of(frame, &candidates, &model);
    let cluster_of = clusters(frame.len(), &scores.pairs, Linkage::default());
    // Now that it is known who is who, a name that one person repeats no longer passes for a frequent one.
    frame.count_people(&cluster_of);
    let Scores { pairs, households, scored } = Scores::of(frame, &candidates, &model);
    let cluster_of = clusters(frame.len(), &pairs, Linkage::default());
    Scan { model, pairs, households, cluster_of, scored, candidates }
}

#[derive(Default)]
struct Scores {
    pairs: Vec<Pair>,
    households: Vec<Pair>,
    scored: u64,
}

impl Scores {
    fn of(frame: &Frame, candidates: &Candidates, model: &Model) -> Self {
        let parts = candidates.fold(Self::default, |scores, a, b| {
            scores.scored += 1;
            let levels = frame.compare(a, b);
            let score = model.score(frame, &levels, a, b);
            let pair = Pair { a, b, log_odds: narrow(score.log_odds) };
            if score.log_odds > KEEP {
                scores.pairs.push(pair);
            }
            if score.household >= HOUSEHOLD {
                scores.households.push(pair);
            }
        });
        let mut all = Self::default();
        for part in parts {
            all.pairs.extend(part.pairs);
            all.households.extend(part.households);
            all.scored += part.scored;
        }
        all
    }
}

/// Pairs are kept by the million; six digits are enough for log-odds.
#[expect(clippy::cast_possible_truncation, reason = "rounding is the point")]
fn narrow(log_odds: f64) -> f32 {
    log_odds as f32
}
