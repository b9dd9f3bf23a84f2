//! Taking a whole run back, page by page: everybody the run changed is who they would be without it, unless somebody has built
//! on it since; then it is told and left as it is.

mod page;
mod standing;

use std::collections::{BTreeSet, HashMap};

use importer_core::Result;
use importer_core::ports::{MapImage, RecordId, RollbackRow, RowId, RunId, RunRecord, StewardSession};

use self::page::Page;
use self::standing::Standing;
use super::merge_order::MergeContext;

/// How many records or rows one page has.
pub const ROLLBACK_PAGE: usize = 1000;

/// Takes back what a run did to the next records; true when there were none. It belongs in a transaction.
///
/// # Errors
/// When the database fails. What cannot be taken back is no error but an item.
pub fn roll_back_records(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    run: &RunRecord,
    rollback: &mut RollbackRow,
) -> Result<bool> {
    let contract = context.contract;
    session.lock_core(contract)?;
    // A later attempt looks again at whom the one before it left as they were.
    let people = match session.earlier_rollback(rollback)? {
        Some(earlier) => session.left_by(earlier, rollback.records_through, ROLLBACK_PAGE)?,
        None => session.changed_by(contract, run.id, rollback.records_through, ROLLBACK_PAGE)?,
    };
    let Some(&last) = people.last() else { return Ok(true) };
    let mut page = Page::read(session, context, run, &people)?;
    for &id in &people {
        page.one(session, id)?;
    }
    page.write(session, rollback)?;
    page.count(rollback);
    rollback.records_through = last;
    session.save_rollback(rollback)?;
    Ok(false)
}

/// Takes back what a run wrote into the id map for the next rows; true when there were none. It belongs in a transaction.
///
/// # Errors
/// When the database fails.
pub fn roll_back_rows(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    run: &RunRecord,
    rollback: &mut RollbackRow,
) -> Result<bool> {
    let contract = context.contract;
    session.lock_core(contract)?;
    let rows = session.landed_by(contract, run.id, rollback.rows_through, ROLLBACK_PAGE)?;
    let Some(&(last, _)) = rows.last() else { return Ok(true) };
    let names: Vec<&str> = rows.iter().map(|(_, name)| name.as_str()).collect();
    let entries = session.map_named(contract, &run.new.external_system, &names)?;
    let owners: Vec<RecordId> = entries.iter().map(|entry| entry.core_id).collect();
    let kept: BTreeSet<RecordId> = session.kept_by(rollback.id, &owners)?.into_iter().collect();
    let system = &run.new.external_system;
    let images: HashMap<String, MapImage> = session
        .map_images(contract, system, run.id, &names)?
        .into_iter()
        .map(|image| (image.external_id.clone(), image))
        .collect();
    let runs = entries.iter().flat_map(|entry| [entry.last_run, entry.staging_id.run()]);
    let runs: BTreeSet<RunId> = runs.chain(images.values().map(|image| image.staging_id.run())).collect();
    // What is asked of each row is asked once for the page.
    let standing = Standing::of(session, run.id, runs.iter().copied(), &owners)?;
    let page = RowsOfPage { context, run, images, standing, runs };
    let (mut back, mut gone) = (Vec::new(), Vec::new());
    for entry in entries.into_iter().filter(|entry| !kept.contains(&entry.core_id)) {
        // A later run that brought another row, or this one again, stands by it.
        let by = [entry.last_run, entry.staging_id.run()];
        if by.iter().any(|by| page.standing.stands(*by, entry.core_id)) {
            continue;
        }
        match page.images.get(&entry.external_id).cloned() {
            Some(image) => match page.before_all(session, entry.core_id, image)? {
                // Whose it is by now, it stays.
                Some(image) => back.push(MapImage { id: entry.id, core_id: entry.core_id, ..image }),
                None => gone.push(entry.id),
            },
            // It was made by this run, or by one that was taken back while this one stood by it.
            None => {
                let (id, core_id, staging) = (entry.id, entry.core_id, entry.staging_id);
                match page.before_all(session, core_id, entry)? {
                    Some(image) if image.staging_id != staging => {
                        back.push(MapImage { id, core_id, ..image });
                    }
                    Some(_) => {}
                    None => gone.push(id),
                }
            }
        }
    }
    session.put_map(contract, &back, context.now)?;
    session.remove_map(&gone)?;
    rollback.rows_through = last;
    session.save_rollback(rollback)?;
    Ok(false)
}

/// What is known about the rows of a page.
struct RowsOfPage<'a> {
    context: &'a MergeContext<'a>,
    run: &'a RunRecord,
    /// What the run found in the map before it wrote there, by external id.
    images: HashMap<String, MapImage>,
    standing: Standing,
    /// The runs of which `standing` knows.
    runs: BTreeSet<RunId>,
}

impl RowsOfPage<'_> {
    /// The entry before the first of the runs in a row that were taken back; none when that one made it.
    fn before_all(
        &self,
        session: &mut dyn StewardSession,
        owner: RecordId,
        mut image: MapImage,
    ) -> Result<Option<MapImage>> {
        loop {
            let by = image.staging_id.run();
            if by != self.run.id && self.stands(session, by, owner)? {
                return Ok(Some(image));
            }
            let earlier = match by == self.run.id {
                true => self.images.get(&image.external_id).cloned(),
                false => {
                    let (system, name) = (&self.run.new.external_system, [image.external_id.as_str()]);
                    session.map_images(self.context.contract, system, by, &name)?.pop()
                }
            };
            match earlier.filter(|earlier| earlier.staging_id < image.staging_id) {
                Some(earlier) => image = earlier,
                None => return Ok(None),
            }
        }
    }

    fn stands(&self, session: &mut dyn StewardSession, run: RunId, owner: RecordId) -> Result<bool> {
        if self.runs.contains(&run) {
            return Ok(self.standing.stands(run, owner));
        }
        Ok(Standing::of(session, self.run.id, [run], &[owner])?.stands(run, owner))
    }
}

fn landed_by(run: RunId, entry: &MapImage) -> bool {
    entry.staging_id > RowId::of(run, 0) && entry.staging_id < RowId::behind(run)
}
