//! What a batch remembers of its own rows, and what it writes in the end.

use super::{Batch, Fate, Mapped, Resolved};
use crate::ports::{CoreId, CoreRecord, MapEntry, RowId};

impl Batch<'_> {
    pub(super) fn note_keys(&mut self, person: &CoreRecord) {
        self.keys.clear();
        self.policies.resolver.keys(self.contract, person, &mut self.keys);
        for &key in &self.keys {
            let ids = self.under_key.entry(key).or_default();
            let generic = ids.len() > self.policies.resolver.most_candidates(key.kind);
            if generic || !ids.contains(&person.id) {
                self.out.write.keys.push((key, person.id));
                if !generic {
                    ids.push(person.id);
                }
            }
        }
    }

    pub(super) fn note_map(&mut self, external_id: &str, core_id: CoreId, row_hash: i64, row: RowId) {
        if self.owner_of_id.is_some() {
            // The map names one record by this id and keeps to it; the row counts as seen all the same.
            if let Some(Mapped { entry, touched, before }) = self.map.get_mut(external_id) {
                if !*touched {
                    *before = Some(entry.clone());
                }
                if !entry.other_hashes.contains(&row_hash) {
                    entry.other_hashes.push(row_hash);
                }
                *touched = true;
            }
            return;
        }
        let mapped = self.map.remove(external_id);
        let known = mapped.as_ref().is_some_and(|mapped| mapped.entry.known);
        let first = mapped.as_ref().and_then(|mapped| match mapped.touched {
            true => mapped.before.clone(),
            false => Some(mapped.entry.clone()),
        });
        let mut other_hashes = Vec::new();
        if let Some(mut before) = mapped.map(|mapped| mapped.entry).filter(|b| b.last_run == self.run.id) {
            // The source repeats the id: each of its rows counts as seen.
            other_hashes = std::mem::take(&mut before.other_hashes);
            if !other_hashes.contains(&before.row_hash) {
                other_hashes.push(before.row_hash);
            }
            other_hashes.retain(|&hash| hash != row_hash);
        }
        let entry = MapEntry {
            external_id: external_id.into(),
            core_id,
            row_hash,
            other_hashes,
            staging_id: row,
            last_run: self.run.id,
            known,
        };
        self.map.insert(external_id.into(), Mapped { entry, touched: true, before: first });
    }

    pub(super) fn finish(self) -> Resolved {
        let mut out = self.out;
        for person in self.people.into_values() {
            match person.fate {
                Fate::Known => {}
                Fate::Created => out.write.inserts.push(person.record),
                Fate::Changed => {
                    out.write.images.extend(person.before);
                    out.write.updates.push(person.record);
                }
            }
        }
        // In the order of their ids: the same rows give the same database, byte for byte.
        out.write.inserts.sort_unstable_by_key(|record| record.id);
        out.write.updates.sort_unstable_by_key(|record| record.id);
        out.write.images.sort_unstable_by_key(|record| record.id);
        for mapped in self.map.into_values().filter(|mapped| mapped.touched) {
            out.write.map.push(mapped.entry);
            out.write.map_images.extend(mapped.before.filter(|before| before.known));
        }
        out.write.map_images.sort_unstable_by_key(|entry| entry.staging_id);
        out.write.map.sort_unstable_by_key(|entry| entry.staging_id);
        out
    }
}
