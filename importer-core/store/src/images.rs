//! What a run changes, as it was before: for taking the run back.

use super::bulk::{Bulk, Column, Conflict, plain};
use super::cell::Cell;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{CoreWrite, MapImage, RecordImage, RunRecord};

const IMAGE: &str = "keep what was before";

pub(super) const RECORDS: [Column; 4] =
    [plain("run_id").shared(), plain("entity_type").shared(), plain("core_id"), plain("image_json")];
const MAP: [Column; 7] = [
    plain("run_id").shared(),
    plain("entity_type").shared(),
    plain("external_system").shared(),
    plain("external_id"),
    plain("core_id"),
    plain("image_json"),
    plain("id_hash"),
];

impl SqlSession {
    /// Keeps records and entries of the id map as they were before a run; what it has kept of one before stays.
    pub(super) fn write_images(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        write: &CoreWrite,
    ) -> Result<()> {
        let images: Vec<String> = write
            .images
            .iter()
            .map(|person| serde_json::to_string(&RecordImage::of(contract, person)).unwrap_or_default())
            .collect();
        let mut rows = Bulk::new("record_images", &RECORDS).on_conflict(Conflict::Keep);
        for (person, image) in write.images.iter().zip(&images) {
            rows.row([Cell::id(run.id), Cell::Text(contract.entity), Cell::id(person.id), Cell::Text(image)]);
        }
        rows.insert(&mut self.connection, IMAGE)?;
        let system = &run.new.external_system;
        let images: Vec<String> = write
            .map_images
            .iter()
            .map(|entry| {
                let image = MapImage {
                    id: 0,
                    system: system.clone(),
                    external_id: entry.external_id.clone(),
                    core_id: entry.core_id,
                    row_hash: entry.row_hash,
                    other_rows: entry.other_rows.clone(),
                    staging_id: entry.staging_id,
                    last_run: entry.last_run,
                };
                serde_json::to_string(&image).unwrap_or_default()
            })
            .collect();
        let mut rows = Bulk::new("map_images", &MAP).on_conflict(Conflict::Keep);
        for (entry, image) in write.map_images.iter().zip(&images) {
            rows.row([
                Cell::id(run.id),
                Cell::Text(contract.entity),
                Cell::Text(system),
                Cell::Text(&entry.external_id),
                Cell::id(entry.core_id),
                Cell::Text(image),
                self.connection.hash_cell(&entry.external_id),
            ]);
        }
        rows.insert(&mut self.connection, IMAGE)
    }
}
