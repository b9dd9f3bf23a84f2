//! Who is who, for one batch of clean rows: external id first, then keys, also among the rows of the batch itself.

mod changed_contacts;
mod crowded;
mod in_run;
mod known_id;
mod links;
mod lookup;
mod notes;
mod prepared;
mod statements;

use std::borrow::Cow;
use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

pub(super) use self::changed_contacts::TakenContact;
pub(super) use self::in_run::{MOST, RunContacts, hashed};
use self::links::Links;
use self::prepared::Prepared;
use self::statements::Statements;
use super::Counts;
use super::hash::is_content_name;
use super::occasion::occasion_of;
use super::shared_contacts::SharedContacts;
use crate::contracts::Contract;
use crate::normalise::LONGEST;
use crate::ports::{
    CandidateFacts, Change, ChangeAction, CoreRecord, CoreWrite, Decision, Incoming, LookAt, MapEntry,
    MatchKey, Outcome, OutcomeKind, Policies, RecordId, RowId, RunRecord, Session, Suggestion,
    SuggestionKind, fingerprint,
};
use crate::reasons::Reason;
use crate::{Error, ErrorKind, Result};

/// In how many other systems an id may stand for different people before it says nothing.
const SYSTEMS: usize = 8;
/// A contact that more people have is an office's, and nobody's.
const MOST_SHARE: usize = 8;
/// So many have a contact at least that too many rows of a run have.
const CROWD: usize = 100;

/// What a batch of rows comes to.
#[derive(Default)]
pub(super) struct Resolved {
    pub(super) write: CoreWrite,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) counts: Counts,
    /// Rows that were merged by who they are, in their order.
    pub(super) merges: Vec<Merge>,
    /// Rows whose id named somebody else, in their order.
    pub(super) moved: Vec<IdMoved>,
    /// Of corrected rows, the fields that the record keeps although the row has another value.
    pub(super) kept: Vec<(RowId, &'static str, Reason)>,
    /// What the run met of contacts that people share, this batch included.
    pub(super) shared: SharedContacts,
    /// How many rows have a value of which little is compared, by field.
    pub(super) long: BTreeMap<&'static str, u64>,
    /// Contacts of somebody else that rows of known ids bring.
    pub(super) taken: Vec<TakenContact>,
    /// How many rows of known ids have a time, as their records have, and how many of them are older.
    pub(super) times: (u64, u64),
}

/// A row that was merged by who it is.
pub(super) struct Merge {
    pub(super) row: RowId,
    pub(super) external_id: String,
    /// The id is in the map, for somebody else.
    pub(super) id_is_known: bool,
    pub(super) record: RecordId,
    /// The record is one that this batch makes.
    pub(super) new_record: bool,
    pub(super) reason: String,
}

/// A row whose id names somebody else.
pub(super) struct IdMoved {
    pub(super) row: RowId,
    pub(super) external_id: String,
    /// Whom the map names by the id.
    pub(super) before: RecordId,
    /// Who the row is.
    pub(super) now: RecordId,
}

/// A row that became a record which has another id of the same system.
pub(super) struct Joined {
    pub(super) row: RowId,
    pub(super) external_id: String,
    pub(super) other_id: String,
    pub(super) record: RecordId,
}

/// Resolves rows in their order. Reads the core, writes nothing.
pub(super) fn resolve(
    core: &mut dyn Session,
    contract: &Contract,
    policies: &Policies,
    run: &RunRecord,
    rows: Vec<Incoming>,
    (in_run, shared): (&RunContacts, SharedContacts),
) -> Result<Resolved> {
    let mut batch = ResolveBatch::load(core, contract, policies, run, in_run, &rows, shared.most())?;
    batch.out.shared = shared;
    let compared = policies.resolver.looks_at(contract);
    for (place, row) in rows.into_iter().enumerate() {
        batch.prepare(place);
        for &field in &compared {
            if row.person.record.get(field).is_some_and(|value| value.len() > LONGEST) {
                *batch.out.long.entry(contract.fields[field].name).or_default() += 1;
            }
        }
        batch.row(row)?;
    }
    Ok(batch.finish())
}

/// An entry of the id map, and whether this batch touched it.
struct Mapped {
    entry: MapEntry,
    touched: bool,
    /// As it was before this batch, once that touched it.
    before: Option<MapEntry>,
}

/// A record, and what this batch did to it.
struct Person {
    record: CoreRecord,
    fate: Fate,
    /// As it was before this batch, once that changed it.
    before: Option<CoreRecord>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Known,
    Created,
    Changed,
}

struct ResolveBatch<'a> {
    contract: &'a Contract,
    policies: &'a Policies,
    run: &'a RunRecord,
    map: FxHashMap<String, Mapped>,
    under_key: FxHashMap<MatchKey, Vec<RecordId>>,
    people: FxHashMap<RecordId, Person>,
    free_ids: std::vec::IntoIter<RecordId>,
    prepared: Prepared,
    /// The keys of the row that is being resolved.
    keys: Vec<MatchKey>,
    /// Whether that row is certainly whom the map names by its id, as long as nothing has changed that record.
    is_certain: bool,
    /// Which rows of the run share a contact, and those at the contacts of the batch.
    in_run: &'a RunContacts,
    links: Links,
    /// By the fingerprint of a row, who is not that person: somebody has looked and said so.
    told_apart: FxHashMap<i64, Vec<(RecordId, Option<i64>)>>,
    /// What the system said about people before, under which ids.
    statements: Statements,
    /// Who has a row's external id in another system.
    elsewhere: FxHashMap<String, Vec<RecordId>>,
    /// Whom the run's system knows by an id of its own.
    own_system: FxHashSet<RecordId>,
    /// How many may have a contact before nobody is looked for by it in this batch.
    most_at_home: usize,
    /// Contacts that more people have since this batch than a household has.
    crowded: Vec<MatchKey>,
    /// While a row is resolved whose id belongs to somebody else: who that is.
    owner_of_id: Option<RecordId>,
    out: Resolved,
}

impl<'a> ResolveBatch<'a> {
    fn row(&mut self, row: Incoming) -> Result<()> {
        let mapped = self.map.get(&row.external_id).map(|mapped| mapped.entry.core_id);
        match mapped {
            Some(id) if self.people.contains_key(&id) => self.known_id(row, id),
            Some(_) => self.insert(row, Vec::new(), Reason::RecordDeleted),
            None => self.decide(row),
        }
    }

    /// Takes what was found out about the row at this place when the batch was read.
    fn prepare(&mut self, place: usize) {
        self.keys.clear();
        self.keys.extend_from_slice(self.prepared.keys(place));
        self.is_certain = self.prepared.certain(place);
    }

    /// The keys of the row that is being resolved, which it has only when they may be asked for.
    fn find_keys(&mut self, row: &Incoming) {
        if std::mem::take(&mut self.is_certain) {
            // An earlier row of the batch has made somebody else of the record.
            self.policies.resolver.keys(self.contract, &row.person, &mut self.keys);
        }
    }

    /// How many people may have a key of a kind before nobody is looked for by it.
    fn most(&self, kind: i16) -> usize {
        let most = self.policies.resolver.most_candidates(kind);
        if self.policies.resolver.is_shared_by_homes(kind) { most.min(self.most_at_home) } else { most }
    }

    /// Who was told apart from the row's person, for ever, whatever id it comes under: these are no candidates.
    fn without_told_apart(&self, row: &Incoming, ids: &mut Vec<RecordId>) {
        if self.told_apart.is_empty() {
            return;
        }
        let print = fingerprint(self.contract, &row.person);
        let Some(others) = print.and_then(|print| self.told_apart.get(&print)) else { return };
        ids.retain(|id| {
            let record = self.people.get(id).map(|person| &person.record);
            let print = record.and_then(|record| fingerprint(self.contract, record));
            !others.iter().any(|(other, of)| other == id || (of.is_some() && *of == print))
        });
    }

    fn decide(&mut self, row: Incoming) -> Result<()> {
        self.find_keys(&row);
        let resolver = &self.policies.resolver;
        let (mut ids, mut at_home): (Vec<RecordId>, Vec<RecordId>) = Default::default();
        let (under_key, contacts) = (&self.under_key, self.keys.iter());
        let contacts = contacts.filter(|key| resolver.is_shared_by_homes(key.kind));
        self.out.shared.row(contacts.map(|key| under_key.get(key).map_or(0, Vec::len)));
        let mut passed_over: Vec<(i16, usize)> = Vec::new();
        for key in &self.keys {
            let Some(found) = under_key.get(key) else { continue };
            let is_contact = resolver.is_shared_by_homes(key.kind);
            // What so many share says nothing about who somebody is, and comparing them all would take for ever.
            let is_crowded = is_contact && self.in_run.is_crowded(key);
            if found.len() <= self.most(key.kind) && !is_crowded {
                if is_contact { &mut at_home } else { &mut ids }.extend(found);
            } else if is_contact {
                passed_over.push((key.kind, found.len().max(if is_crowded { CROWD } else { 0 })));
                self.out.shared.pass_over();
            }
        }
        let same_id = self.elsewhere.get(&row.external_id).cloned().unwrap_or_default();
        ids.extend(&same_id);
        at_home.retain(|id| !ids.contains(id));
        at_home.sort_unstable();
        at_home.dedup();
        let by_name_alone = !self.out.shared.may_compare(at_home.len());
        ids.extend(&at_home);
        ids.sort_unstable();
        ids.dedup();
        let (by_link, in_run) = self.by_link(&row, &ids);
        ids.extend(by_link.keys());
        ids.sort_unstable();
        self.without_told_apart(&row, &mut ids);
        // The row is not whom its id names.
        ids.retain(|id| self.owner_of_id != Some(*id));
        let candidates: Vec<&CoreRecord> = (ids.iter())
            .filter_map(|id| {
                by_link.get(id).and_then(Option::as_ref).or(self.people.get(id).map(|p| &p.record))
            })
            .collect();
        if candidates.is_empty() {
            return self.insert(row, Vec::new(), Reason::NoMatch);
        }
        let places = |of: &[RecordId]| -> Vec<usize> {
            (0..candidates.len()).filter(|place| of.contains(&candidates[*place].id)).collect()
        };
        let (same_id, alone) = (places(&same_id), places(if by_name_alone { &at_home } else { &[] }));
        // Whom a row of the run is known to be is a candidate like any other.
        let only_linked: Vec<RecordId> =
            by_link.iter().filter(|(_, known)| known.is_none()).map(|(id, _)| *id).collect();
        let linked = places(&only_linked);
        let own_system: Vec<usize> = (0..candidates.len())
            .filter(|&place| self.is_of_own_system(&row, candidates[place].id))
            .collect();
        let facts = CandidateFacts {
            same_id: &same_id,
            own_system: &own_system,
            by_name_alone: &alone,
            by_link: &linked,
            in_run: &in_run,
            passed_over: &passed_over,
        };
        match self.policies.resolver.decide_known(self.contract, &row.person, &candidates, facts) {
            Decision::Same { candidate, reason } => {
                let id = candidates.get(candidate).map(|c| c.id).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Invariant,
                        "resolve a row",
                        "the resolver chose a candidate that is not there",
                    )
                })?;
                self.out.counts.auto_merged += 1;
                self.out.merges.push(Merge {
                    row: row.row,
                    external_id: row.external_id.clone(),
                    id_is_known: self.owner_of_id.is_some(),
                    record: id,
                    new_record: self.people.get(&id).is_some_and(|person| person.fate == Fate::Created),
                    reason: reason.clone(),
                });
                self.moved(&row, id);
                self.update(row, id, reason.into());
                Ok(())
            }
            Decision::New { look_at } => {
                let pairs: Vec<_> = look_at
                    .into_iter()
                    .filter_map(|pair| Some((candidates.get(pair.candidate)?.id, pair)))
                    .collect();
                let reason = match pairs[..] {
                    [] => Reason::NoMatch,
                    _ => Reason::PossibleMatch,
                };
                self.insert(row, pairs, reason)
            }
        }
    }

    /// Whether the row's system has the row and the candidate under two ids.
    fn is_of_own_system(&self, row: &Incoming, candidate: RecordId) -> bool {
        self.own_system.contains(&candidate) && !is_content_name(&self.run.new.source, &row.external_id)
    }

    /// Tells of a row whose id names somebody else.
    fn moved(&mut self, row: &Incoming, now: RecordId) {
        if let Some(before) = self.owner_of_id {
            self.out.moved.push(IdMoved { row: row.row, external_id: row.external_id.clone(), before, now });
        }
    }

    /// Shows people a new record and the one that the row's id names: nobody else knows who the row is.
    fn show_both(&mut self, row: &Incoming, now: RecordId, others_are_shown: bool) {
        let Some(before) = self.owner_of_id else { return };
        self.out.counts.needs_review += u64::from(!others_are_shown);
        let (left, right) = (before.min(now), before.max(now));
        let terms = serde_json::json!({
            "model": "external_id",
            "terms": [],
            "why": Reason::ExternalIdReassigned.with(before),
            "id_named": before,
            "id_is_now": now,
        });
        self.out.write.suggestions.push(Suggestion {
            row: row.row,
            left,
            right,
            kind: SuggestionKind::Ambiguous,
            score: None,
            features_json: terms.to_string(),
        });
    }

    /// The reason of an outcome, with the other one that the row's id named.
    fn with_owner(&self, reason: Cow<'static, str>, now: RecordId) -> Cow<'static, str> {
        match self.owner_of_id.filter(|before| *before != now) {
            Some(before) => format!("{reason}; {}", Reason::ExternalIdReassigned.with(before)).into(),
            None => reason,
        }
    }

    fn insert(&mut self, row: Incoming, pairs: Vec<(RecordId, LookAt)>, reason: Reason) -> Result<()> {
        let id = self.free_ids.next().ok_or_else(|| {
            Error::new(
                ErrorKind::Invariant,
                "insert a record",
                "the store reserved fewer ids than were asked for",
            )
        })?;
        self.out.counts.inserted += 1;
        self.out.counts.needs_review += u64::from(!pairs.is_empty());
        self.out.counts.households += u64::from(pairs.iter().any(|p| p.1.kind == SuggestionKind::Household));
        self.moved(&row, id);
        self.show_both(&row, id, !pairs.is_empty());
        for (other, LookAt { kind, score, terms, .. }) in pairs {
            let (left, right) = (other.min(id), other.max(id));
            let features_json = terms;
            self.out.write.suggestions.push(Suggestion {
                row: row.row,
                left,
                right,
                kind,
                score,
                features_json,
            });
        }
        self.out.write.changes.push(Change {
            core_id: id,
            row: Some(row.row),
            action: ChangeAction::Created,
            field: None,
            old: None,
            new: None,
            reason: reason.into(),
        });
        let reason = self.with_owner(reason.into(), id);
        self.outcome(row.row, OutcomeKind::Inserted, id, reason);
        self.note_statement(&row, id);
        self.note_map(&row.external_id, id, row.row_hash, row.row);
        let record = CoreRecord { id, ..row.person };
        self.note_keys(id);
        self.people.insert(id, Person { record, fate: Fate::Created, before: None });
        Ok(())
    }

    fn update(&mut self, row: Incoming, id: RecordId, reason: Cow<'static, str>) {
        self.out.counts.matched += 1;
        let reason = self.with_owner(reason, id);
        let Some(existing) = self.people.get(&id) else { return };
        self.out.times = notes::compare_times(self.contract, self.run, self.out.times, &row.person, existing);
        let fate = if existing.fate == Fate::Created { Fate::Created } else { Fate::Changed };
        let is_known = self.map.get(&row.external_id).is_some_and(|mapped| mapped.entry.core_id == id);
        let known = self.statements.known(id, &row.external_id, is_known);
        let occasion = occasion_of(known, &row.external_id, row.set.as_deref());
        let survivorship = &self.policies.survivorship;
        let merged = survivorship.merge_on(self.contract, &existing.record, &row.person, occasion);
        if row.set.is_some() {
            self.out.kept.extend(merged.kept.iter().map(|(field, why)| (row.row, *field, *why)));
        }
        if merged.changes.is_empty() {
            self.out.counts.unchanged += 1;
            let reason = match merged.kept.first() {
                Some((field, why)) => {
                    format!("{reason}; {}", Reason::ValueKept.with(format_args!("{field}, {why}"))).into()
                }
                None => reason,
            };
            // Nothing changes, but it was said: when something before is taken back, it may tell.
            self.out.write.changes.push(Change {
                core_id: id,
                row: Some(row.row),
                action: ChangeAction::Confirmed,
                field: None,
                old: None,
                new: None,
                reason: reason.clone(),
            });
            self.outcome(row.row, OutcomeKind::Unchanged, id, reason);
        } else {
            self.out.counts.updated += 1;
            for change in merged.changes {
                self.out.write.changes.push(Change {
                    core_id: id,
                    row: Some(row.row),
                    action: ChangeAction::Updated,
                    field: Some(change.field),
                    old: change.old,
                    new: change.new,
                    reason: change.reason.into(),
                });
            }
            self.outcome(row.row, OutcomeKind::Updated, id, reason);
            self.keys.clear();
            self.policies.resolver.keys(self.contract, &merged.person, &mut self.keys);
            self.note_keys(id);
            if let Some(person) = self.people.get_mut(&id) {
                let before = std::mem::replace(&mut person.record, merged.person);
                if person.fate == Fate::Known {
                    person.before = Some(before);
                }
                person.fate = fate;
            }
        }
        self.note_statement(&row, id);
        self.note_map(&row.external_id, id, row.row_hash, row.row);
    }

    fn outcome(&mut self, row: RowId, kind: OutcomeKind, id: RecordId, reason: Cow<'static, str>) {
        self.out.outcomes.push(Outcome {
            row,
            staging_id: row,
            kind,
            core_id: Some(id),
            reason: Some(reason),
        });
    }
}
