//! A whole scan: candidates, model, scores, clusters.

use super::blocking::{Candidates, KeyReport};
use super::cluster::{Linkage, Pair, clusters};
use super::frame::Frame;
use super::model::{Histogram, Marginals, Model};

/// Pairs below these log-odds are forgotten.
const KEEP: f64 = -6.0;

/// What a scan found.
pub struct Scan {
    /// The model it scored with.
    pub model: Model,
    /// Pairs worth keeping.
    pub pairs: Vec<Pair>,
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

/// Scores all candidates of a finished frame.
pub fn scan(frame: &mut Frame) -> Scan {
    let candidates = Candidates::of(frame);
    let mut model = Model::shipped(frame);
    let histogram = Histogram::of(frame, &candidates);
    let marginals = Marginals::of(frame);
    model.learn(frame, &histogram, &marginals);
    let (pairs, _) = score(frame, &candidates, &model);
    let cluster_of = clusters(frame.len(), &pairs, Linkage::default());
    // Now that it is known who is who, a name that one person repeats no longer passes for a frequent one.
    frame.count_people(&cluster_of);
    let (pairs, scored) = score(frame, &candidates, &model);
    let cluster_of = clusters(frame.len(), &pairs, Linkage::default());
    Scan { model, pairs, cluster_of, scored, candidates }
}

fn score(frame: &Frame, candidates: &Candidates, model: &Model) -> (Vec<Pair>, u64) {
    let parts = candidates.fold(
        || (Vec::new(), 0_u64),
        |(pairs, scored), a, b| {
            *scored += 1;
            let levels = frame.compare(a, b);
            let score = model.score(frame, &levels, a, b);
            if score.log_odds > KEEP {
                pairs.push(Pair { a, b, log_odds: narrow(score.log_odds) });
            }
        },
    );
    let scored = parts.iter().map(|(_, n)| n).sum();
    (parts.into_iter().flat_map(|(pairs, _)| pairs).collect(), scored)
}

/// Pairs are kept by the million; six digits are enough for log-odds.
#[expect(clippy::cast_possible_truncation, reason = "rounding is the point")]
fn narrow(log_odds: f64) -> f32 {
    log_odds as f32
}
