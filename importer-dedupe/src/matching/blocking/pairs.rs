//! The distinct pairs of all blocks.

use rayon::prelude::*;

use super::sign::{Entry, Sign, quarters};
use super::{AT_ONCE, Blocks, Partners, ranges};

/// The distinct pairs of all blocks, by their lower record, with what is known of them.
pub(super) fn pairs(records: u32, blocks: &[Blocks], window: usize, kinds: &[u16]) -> Vec<Partners> {
    let mut starts = vec![0_usize; records as usize + 1];
    for blocks in blocks {
        blocks.each(window, &(0..records), |a, _, _| starts[a as usize] += 1);
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += std::mem::replace(start, sum);
    }
    let jobs = ranges(starts[..records as usize].iter().copied(), AT_ONCE, records as usize);
    jobs.into_par_iter()
        .map(|range| {
            let first = starts[range.start as usize];
            let mut entries = vec![Entry::default(); starts[range.end as usize] - first];
            let mut ends: Vec<usize> =
                starts[range.start as usize..range.end as usize].iter().map(|s| s - first).collect();
            for (key, blocks) in blocks.iter().enumerate() {
                blocks.each(window, &range, |a, b, block| {
                    let end = &mut ends[(a - range.start) as usize];
                    entries[*end] = Entry::new(b, key, quarters(records, block.size), block.is_cut);
                    *end += 1;
                });
            }
            let mut part =
                Partners { first: range.start, ends: Vec::new(), partners: Vec::new(), signs: Vec::new() };
            let mut start = 0;
            for end in ends {
                let entries = &mut entries[start..end];
                entries.sort_unstable();
                for same in entries.chunk_by(|a, b| a.record() == b.record()) {
                    part.partners.push(same[0].record());
                    part.signs.push(Sign::of(same, kinds));
                }
                part.ends.push(u32::try_from(part.partners.len()).unwrap_or(u32::MAX));
                start = end;
            }
            part
        })
        .collect()
}
