//! Rows that changed back into what they were before.

use rustc_hash::FxHashMap;

use super::recognise::KnownIds;
use super::{Extraction, Taken};
use crate::Result;
use crate::pipeline::working::Working;
use crate::ports::{LoadedRow, RunId, SeenAs, Session};

impl Extraction<'_> {
    /// Compares rows that changed with the earlier rows of their ids.
    pub(super) fn compare_with_earlier<'t>(
        &self,
        session: &mut dyn Session,
        work: &mut Working,
        fresh: impl Iterator<Item = &'t Taken>,
        known: &KnownIds,
        raw: impl Fn(&Taken) -> String,
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
        let system = &work.run.new.external_system;
        let mut loaded: FxHashMap<String, Vec<LoadedRow>> = FxHashMap::default();
        for row in session.loaded_rows(self.context.contract, system, &ids)? {
            loaded.entry(row.external_id.clone()).or_default().push(row);
        }
        // A row that is read by another mapping or judged by other rules than before has another hash, and says what it said.
        let (mut compared, mut returned) = (0, Vec::new());
        for row in &changed {
            let Some(loaded) = loaded.get(&row.external_id) else { continue };
            let raw = raw(row);
            if loaded.iter().any(|last| last.last && last.payload_json == raw) {
                continue;
            }
            compared += 1;
            returned.extend(brought_before(loaded, row.row_hash, &raw));
        }
        work.metrics.older.compare(compared, returned.into_iter());
        Ok(())
    }
}

/// The run that brought the same row before another one took its place. Of a row whose bytes are gone, the hash is left.
fn brought_before(loaded: &[LoadedRow], row_hash: i64, raw: &str) -> Option<RunId> {
    let earlier = loaded.iter().filter(|earlier| !earlier.last);
    let same = earlier.filter(|earlier| earlier.row_hash == row_hash || earlier.payload_json == raw);
    same.map(|earlier| earlier.run).max()
}
