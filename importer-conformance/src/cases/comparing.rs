//! Showing pairs to a match feature.

use importer_plugin::Feature;

use crate::case::{Stop, demand, fail};
use crate::samples;

type Rows = [Vec<Option<String>>];

/// The levels of pairs; the feature failing is a finding of the case.
pub(super) fn levels(feature: &dyn Feature, left: &Rows, right: &Rows) -> Result<Vec<Option<usize>>, Stop> {
    let meta = feature.meta();
    let columns = meta.columns.len();
    let mut levels = Vec::new();
    let batches = samples::batch(columns, left).and_then(|l| Ok((l, samples::batch(columns, right)?)));
    if let Err(error) = batches.and_then(|(left, right)| feature.compare_batch(&left, &right, &mut levels)) {
        return fail(format!("match feature `{}`: {}", meta.name, error.message));
    }
    demand(levels.len() == left.len() && levels.iter().flatten().all(|&l| l < meta.levels.len()), || {
        format!("match feature `{}` gives levels it does not have, or too few", meta.name)
    })?;
    Ok(levels)
}
