//! Scores follow the records that they are about. What a scan or an import has stored is as old as that; whoever reads a
//! suggestion whose records have changed since is told what they are like now.

use std::collections::{BTreeMap, HashMap};

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{
    CoreRecord, Moment, RecordId, RunId, StewardSession, SuggestionDecision, SuggestionRow,
};

use super::pair_judge::PairJudge;
use super::pair_terms::PairTerms;
use super::scan::{SCAN_SOURCE, rounded};
use crate::Importer;

/// An import and a scan know of a pair in which systems its ids stand; here that is not looked up.
const NOT_COMPARED: &str = "external_id";

impl Importer {
    /// Gives suggestions that wait, and whose records have changed since they were scored, the score and the terms that they
    /// have now.
    ///
    /// Whether that is so is seen from how the values compare: what was stored, or how old it is, says nothing about a record
    /// that was changed and changed back.
    pub(super) fn rescore_changed(
        &self,
        session: &mut dyn StewardSession,
        rows: &mut [SuggestionRow],
    ) -> Result<()> {
        let mut entities: Vec<String> = rows.iter().map(|row| row.entity.clone()).collect();
        entities.sort_unstable();
        entities.dedup();
        for entity in entities {
            let Some(contract) = self.contracts.find(&entity) else { continue };
            let of_entity: Vec<&mut SuggestionRow> =
                rows.iter_mut().filter(|row| row.entity == entity && waits(row)).collect();
            self.rescore_some(session, contract, of_entity)?;
        }
        Ok(())
    }

    fn rescore_some(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        mut rows: Vec<&mut SuggestionRow>,
    ) -> Result<()> {
        let ids = ids(rows.iter().map(|row| &**row));
        let changed: HashMap<RecordId, Moment> =
            session.changed(contract, &ids)?.iter().map(|person| (person.id, person.at)).collect();
        // Moments are whole seconds, so one and the same may be before or after.
        let since = |id: &RecordId, at| changed.get(id).is_some_and(|changed| *changed >= at);
        rows.retain(|row| since(&row.left, row.created_at) || since(&row.right, row.created_at));
        if rows.is_empty() {
            return Ok(());
        }
        let ids = self::ids(rows.iter().map(|row| &**row));
        let people: HashMap<RecordId, CoreRecord> =
            session.load(contract, &ids)?.into_iter().map(|person| (person.id, person)).collect();
        let judge = self.pair_judge(contract, None);
        let mut of_scans: Option<PairJudge<'_>> = None;
        let mut scans: HashMap<RunId, bool> = HashMap::new();
        for row in rows {
            let (Some(left), Some(right)) = (people.get(&row.left), people.get(&row.right)) else { continue };
            let mut judged = judge.judge(left, right);
            if compare_alike(&row.features_json, &judged.terms) {
                continue;
            }
            let by_scan = match scans.get(&row.run_id) {
                Some(known) => *known,
                None => {
                    let run = session.run(row.run_id)?;
                    *scans.entry(row.run_id).or_insert(run.is_some_and(|run| run.new.source == SCAN_SOURCE))
                }
            };
            if by_scan {
                if of_scans.is_none() {
                    let last = self.last_scan(session, contract)?;
                    of_scans = Some(self.pair_judge(contract, last.map(|last| last.model)));
                }
                judged = of_scans.as_ref().map_or(judged, |judge| judge.judge(left, right));
            }
            row.score = Some(rounded(judged.probability));
            row.features_json = judged.terms;
            row.rescored = true;
        }
        Ok(())
    }
}

fn waits(row: &SuggestionRow) -> bool {
    matches!(row.decision, SuggestionDecision::Open | SuggestionDecision::Deferred)
}

fn ids<'r>(rows: impl Iterator<Item = &'r SuggestionRow>) -> Vec<RecordId> {
    let mut ids: Vec<RecordId> = rows.flat_map(|row| [row.left, row.right]).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether two records compare as they did: in each term that both know at the same level, or equally alike.
fn compare_alike(stored: &str, now: &str) -> bool {
    let (stored, now) = (levels(stored), levels(now));
    stored.iter().all(|(term, level)| now.get(term).is_none_or(|now| now == level))
}

fn levels(terms: &str) -> BTreeMap<String, String> {
    let terms = PairTerms::read(terms).unwrap_or_default().terms.into_iter();
    let compared = terms.filter(|term| term.term != NOT_COMPARED).map(|term| {
        let alike = term.similarity.map(|similarity| format!("{similarity:.2}"));
        (term.term, term.level.or(alike).unwrap_or_default())
    });
    compared.collect()
}
