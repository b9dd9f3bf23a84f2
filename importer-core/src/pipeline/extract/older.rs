//! Rows that changed back into what they were before.

use rustc_hash::FxHashMap;

use super::{Extraction, Taken};
use crate::Result;
use crate::pipeline::working::Working;
use crate::ports::{RunId, SeenAs, Session};

use super::recognise::KnownIds;

impl Extraction<'_> {
    /// Compares rows that changed with the earlier rows of their ids.
    pub(super) fn compare_with_earlier<'t>(
        &self,
        session: &mut dyn Session,
        work: &mut Working,
        fresh: impl Iterator<Item = &'t Taken>,
        known: &KnownIds,
    ) -> Result<()> {
        let run = work.run.id;
        let replaces = |row: &&Taken| {
            let known = known.get(&row.external_id).map_or(&[][..], Vec::as_slice);
            known.iter().any(|seen| seen.seen_as == SeenAs::Current && seen.staging_id.run() != run)
        };
        let changed: Vec<&Taken> = fresh.filter(replaces).take(work.metrics.older.left()).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = changed.iter().map(|row| row.external_id.as_str()).collect();
        let contract = self.context.contract;
        let earlier = session.replaced_rows(contract, &work.run.new.external_system, &ids)?;
        let mut brought: FxHashMap<(&str, i64), RunId> = FxHashMap::default();
        for (id, hash, run) in &earlier {
            brought.insert((id, *hash), *run);
        }
        let returned =
            changed.iter().filter_map(|row| brought.get(&(row.external_id.as_str(), row.row_hash)).copied());
        work.metrics.older.compare(changed.len(), returned);
        Ok(())
    }
}
