//! What a batch can need of the core, read beforehand.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::hash::is_content_name;
use super::changed_contacts::keys_of_brought;
use super::in_run::RunContacts;
use super::links::Links;
use super::prepared::Prepared;
use super::statements::Statements;
use super::{Fate, Mapped, Person, ResolveBatch, Resolved, SYSTEMS};
use crate::Result;
use crate::contracts::Contract;
use crate::ports::{Identity, Incoming, MatchKey, Policies, RecordId, RunRecord, Session, fingerprint};

impl<'a> ResolveBatch<'a> {
    /// Reads everything the batch can need in a handful of statements.
    pub(super) fn load(
        core: &mut dyn Session,
        contract: &'a Contract,
        policies: &'a Policies,
        run: &'a RunRecord,
        in_run: &'a RunContacts,
        rows: &[Incoming],
        most_at_home: usize,
    ) -> Result<Self> {
        let ids: Vec<&str> = rows.iter().map(|row| row.external_id.as_str()).collect();
        let entries = core.find_external(contract, &run.new.external_system, &ids)?;
        let mut map: FxHashMap<String, Mapped> = FxHashMap::default();
        map.reserve(rows.len());
        map.extend(
            entries
                .into_iter()
                .map(|entry| (entry.external_id.clone(), Mapped { entry, touched: false, before: None })),
        );
        let mut under_key: FxHashMap<MatchKey, Vec<RecordId>> = FxHashMap::default();
        under_key.reserve(2 * rows.len());
        let mut people: FxHashMap<RecordId, Person> = FxHashMap::default();
        people.reserve(rows.len());
        load_people(core, contract, map.values().map(|mapped| mapped.entry.core_id).collect(), &mut people)?;
        // Rows whose id says nothing, or the wrong thing, are looked up by their keys. A record that was deleted behind our
        // back is made anew, so it needs an id too.
        let (mut prepared, mut new, mut prints) = (Prepared::room(rows.len()), 0, Vec::new());
        let (mut telling, mut brought): (Vec<&str>, Vec<MatchKey>) = Default::default();
        let apart = core.has_rejections(contract)?;
        let (mut wanted, mut unsure) = (Vec::new(), Vec::new());
        for (place, row) in rows.iter().enumerate() {
            let mapped = map.get(&row.external_id);
            let known = mapped.and_then(|mapped| people.get(&mapped.entry.core_id));
            let identity = known.map(|p| policies.resolver.identity(contract, &row.person, &p.record));
            if let (Some(Identity::Same), Some(known)) = (identity, known) {
                keys_of_brought(contract, policies, &row.person, &known.record, &mut brought);
                prepared.is_certain();
            } else {
                prepared.has_keys(|keys| policies.resolver.keys(contract, &row.person, keys));
                unsure.push(place);
                wanted.extend(mapped.iter().flat_map(|mapped| mapped.entry.apart()));
                new += 1;
                telling.extend(
                    Some(row.external_id.as_str()).filter(|id| policies.resolver.tells_across_systems(id)),
                );
                prints.extend(apart.then(|| fingerprint(contract, &row.person)).flatten());
            }
        }
        let links = Links::load(core, contract, policies, run, in_run, (rows, &unsure))?;
        let mut keys = prepared.all_keys();
        keys.append(&mut brought);
        keys.extend(links.contacts());
        keys.sort_unstable();
        keys.dedup();
        wanted.extend(links.named());
        let most = |key: &MatchKey| policies.resolver.most_candidates(key.kind);
        for keys in keys.chunk_by(|a, b| most(a) == most(b)) {
            for (key, id) in core.find_keys(contract, keys, most(&keys[0]) + 1)? {
                under_key.entry(key).or_default().push(id);
            }
        }
        let mut elsewhere: FxHashMap<String, Vec<RecordId>> = FxHashMap::default();
        for (id, person) in core.known_elsewhere(contract, &run.new.external_system, &telling)? {
            elsewhere.entry(id).or_default().push(person);
        }
        // An id that many have is a placeholder, and nobody's.
        elsewhere.retain(|_, people| people.len() <= SYSTEMS);
        wanted.extend(elsewhere.values().flatten());
        // Nobody is compared by a key that too many have, so nobody is read for it.
        let at_home = |key: &MatchKey| policies.resolver.is_shared_by_homes(key.kind);
        let few = |key: &MatchKey, many: usize| many <= most(key) && (!at_home(key) || many <= most_at_home);
        wanted.extend(under_key.iter().filter(|(key, ids)| few(key, ids.len())).flat_map(|(_, ids)| ids));
        let own_system = known_to(core, contract, run, &wanted)?;
        load_people(core, contract, wanted, &mut people)?;
        let mut told_apart: FxHashMap<i64, Vec<_>> = FxHashMap::default();
        for (print, id, other) in core.rejected_as(contract, &prints)? {
            // Two with the same data say nothing about a third with it.
            if other != Some(print) {
                told_apart.entry(print).or_default().push((id, other));
            }
        }
        let entries = map.values().map(|mapped| &mapped.entry);
        let found = people.keys().copied();
        let statements = Statements::load(core, contract, &run.new.external_system, entries, found, rows)?;
        let free_ids = core.reserve_ids(contract, new)?.into_iter();
        Ok(Self {
            contract,
            policies,
            run,
            map,
            under_key,
            people,
            free_ids,
            prepared,
            in_run,
            links,
            keys: Vec::new(),
            is_certain: false,
            told_apart,
            statements,
            elsewhere,
            own_system,
            most_at_home,
            crowded: Vec::new(),
            owner_of_id: None,
            out: Resolved::default(),
        })
    }
}

/// Those of the people whom the run's system knows by an id of its own.
fn known_to(
    core: &mut dyn Session,
    contract: &Contract,
    run: &RunRecord,
    people: &[RecordId],
) -> Result<FxHashSet<RecordId>> {
    if people.is_empty() {
        return Ok(FxHashSet::default());
    }
    let mut people = people.to_vec();
    people.sort_unstable();
    people.dedup();
    let known = core.external_ids_of(contract, &run.new.external_system, &people)?;
    let own = known.into_iter().filter(|(_, id)| !is_content_name(&run.new.source, id));
    Ok(own.map(|(person, _)| person).collect())
}

fn load_people(
    core: &mut dyn Session,
    contract: &Contract,
    mut ids: Vec<RecordId>,
    people: &mut FxHashMap<RecordId, Person>,
) -> Result<()> {
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| !people.contains_key(id));
    let known = core.load(contract, &ids)?.into_iter();
    people.extend(known.map(|record| (record.id, Person { record, fate: Fate::Known, before: None })));
    Ok(())
}
