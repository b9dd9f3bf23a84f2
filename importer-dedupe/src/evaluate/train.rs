//! What training brings: learned from one half of the people, measured on the other.

use importer_core::Result;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::metrics::{ClusterRates, Ranking, Rates};
use super::recognise::Recognised;
use super::table::Table;
use super::truth::{Truth, wrong};
use super::{AUTO_MERGE, REVIEW};
use crate::matching::model::{Labelled, ModelDocument};
use crate::matching::scan::{scan, scan_with};

/// What training brings.
///
/// The people are halved. Each half is scanned, somebody who knows the truth decides about everything that is suggested there,
/// and the model learned from that is used on the other half. Both halves are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trained {
    /// Decisions that two records are one person.
    pub decided_same: u64,
    /// Decisions that two records are two people.
    pub decided_other: u64,
    /// Each half by what it tells itself, without labels.
    pub untrained: HalfRates,
    /// Each half by what was learned from the other.
    pub trained: HalfRates,
}

/// How well the halves are recognised, counted together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HalfRates {
    /// Pairs with a probability of 0.95 or more.
    pub auto_merge: Rates,
    /// Pairs with a probability of 0.80 or more.
    pub review: Rates,
    /// Pairs within clusters.
    pub clusters: Rates,
}

impl HalfRates {
    fn both(one: &Self, other: &Self) -> Self {
        let sum = |x: &Rates, y: &Rates| {
            Rates::new(x.predicted + y.predicted, x.right + y.right, x.right + x.missed + y.right + y.missed)
        };
        Self {
            auto_merge: sum(&one.auto_merge, &other.auto_merge),
            review: sum(&one.review, &other.review),
            clusters: sum(&one.clusters, &other.clusters),
        }
    }
}

/// The records of every other person.
struct Half {
    records: Table,
    truth: Truth,
}

/// What a half tells without labels, and what is learned from decisions about it.
struct Learned {
    rates: HalfRates,
    document: ModelDocument,
    same: u64,
    other: u64,
}

pub(super) fn trained(records: &Table, recognised: &Recognised, truth: &Truth) -> Result<Trained> {
    let halves = [Half::new(records, truth, 0)?, Half::new(records, truth, 1)?];
    let learned = [halves[0].learn(recognised)?, halves[1].learn(recognised)?];
    let tested = [
        halves[0].test(recognised, &learned[1].document)?,
        halves[1].test(recognised, &learned[0].document)?,
    ];
    Ok(Trained {
        decided_same: learned.iter().map(|l| l.same).sum(),
        decided_other: learned.iter().map(|l| l.other).sum(),
        untrained: HalfRates::both(&learned[0].rates, &learned[1].rates),
        trained: HalfRates::both(&tested[0], &tested[1]),
    })
}

impl Half {
    fn new(records: &Table, truth: &Truth, side: u64) -> Result<Self> {
        // All records of a person are on one side; a hash, because files may be in an order that means something.
        let here = |row: &usize| xxh3_64(&truth.person_of[*row].to_le_bytes()) % 2 == side;
        let rows: Vec<usize> = (0..records.rows()).filter(here).collect();
        let mut half = Table::new(records.columns());
        for row in &rows {
            let cells = (0..records.columns().len()).map(|column| records.cell(*row, column));
            half.push(records.line(*row), cells);
        }
        let truth = truth
            .of_rows(&rows)
            .map_err(|_| wrong("too few people have several records to train with half of them"))?;
        Ok(Self { records: half, truth })
    }

    fn learn(&self, recognised: &Recognised) -> Result<Learned> {
        let mut frame = super::frame(&self.records, recognised)?;
        let mut found = scan(&mut frame);
        let rates = self.rates(&found.pairs, &found.cluster_of);
        let suggested = found.pairs.iter().filter(|pair| pair.probability() >= REVIEW);
        // A household that is said to be none tells nothing, as in `train`.
        let households = found
            .households
            .iter()
            .filter(|pair| pair.probability() < REVIEW && !self.truth.same(pair.a, pair.b));
        let decided: Vec<Labelled> = suggested
            .chain(households)
            .map(|pair| Labelled {
                levels: frame.compare(pair.a, pair.b),
                same: self.truth.same(pair.a, pair.b),
            })
            .collect();
        found.model.refine(&decided, 1.0);
        let same = decided.iter().filter(|pair| pair.same).count() as u64;
        Ok(Learned {
            rates,
            document: ModelDocument::of(&found.model, self.records.rows() as u64),
            same,
            other: decided.len() as u64 - same,
        })
    }

    fn test(&self, recognised: &Recognised, document: &ModelDocument) -> Result<HalfRates> {
        let found = scan_with(&mut super::frame(&self.records, recognised)?, Some(document));
        Ok(self.rates(&found.pairs, &found.cluster_of))
    }

    fn rates(&self, pairs: &[crate::matching::cluster::Pair], cluster_of: &[u32]) -> HalfRates {
        let ranking = Ranking::new(pairs, &self.truth);
        HalfRates {
            auto_merge: ranking.at(AUTO_MERGE).rates,
            review: ranking.at(REVIEW).rates,
            clusters: ClusterRates::new(cluster_of, &self.truth).pairs,
        }
    }
}
