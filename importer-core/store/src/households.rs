//! Who lives together: what people said about pairs is kept, and a household is whoever these pairs connect.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::Cell;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{Household, HouseholdStore, Moment, RecordId, SuggestionId, moment_text};
use importer_core::{Error, ErrorKind, Result};

const LINK: &str = "link a household";
const PART: &str = "part a household";
const GROUP: &str = "tell households apart";

/// Two people of whom somebody said that they live together.
struct Link {
    id: i64,
    one: RecordId,
    other: RecordId,
    by: String,
    at: String,
}

impl HouseholdStore for SqlSession {
    fn link_household(
        &mut self,
        contract: &Contract,
        suggestion: SuggestionId,
        actor: &str,
        now: Moment,
    ) -> Result<i64> {
        let sql = "INSERT INTO household_links (entity_type, suggestion_id, one_id, other_id, linked_by, linked_at) \
                   VALUES (?, ?, ?, ?, ?, ?time)";
        let now = moment_text(now);
        let (one, other) = self.sides(contract, suggestion)?;
        let binds = [
            Cell::Text(contract.entity),
            Cell::Int(suggestion.0),
            Cell::id(one),
            Cell::id(other),
            Cell::Text(actor),
            Cell::Text(&now),
        ];
        self.connection.run(LINK, sql, &binds)?;
        self.regroup(contract, &[one, other], &BTreeMap::new())?;
        let household = self.households_of(contract, &[one])?.values().next().copied();
        household.ok_or_else(|| Error::new(ErrorKind::Store, LINK, "the new link cannot be read back"))
    }

    fn part_household(&mut self, contract: &Contract, suggestion: SuggestionId) -> Result<()> {
        let sql = "DELETE FROM household_links WHERE suggestion_id = ? \
                   RETURNING one_id, other_id";
        let rows = self.connection.rows(PART, sql, &[Cell::Int(suggestion.0)])?;
        let people: Vec<RecordId> = rows.iter().flat_map(|row| [row.id(0), row.id(1)]).collect();
        self.regroup(contract, &people, &BTreeMap::new())
    }

    fn households(&mut self, contract: &Contract, id: RecordId) -> Result<Vec<Household>> {
        let mut found = Vec::new();
        for household in self.households_of(contract, &[id])?.into_values() {
            let sql = "SELECT core_id FROM household_members WHERE household_id = ? ORDER BY core_id";
            let rows = self.connection.rows("read households", sql, &[Cell::Int(household)])?;
            found.push(Household { id: household, members: rows.iter().map(|row| row.id(0)).collect() });
        }
        Ok(found)
    }

    fn living_with_others(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<RecordId>> {
        Ok(self.households_of(contract, people)?.into_keys().collect())
    }
}

impl SqlSession {
    fn households_of(&mut self, contract: &Contract, people: &[RecordId]) -> Result<BTreeMap<RecordId, i64>> {
        let list = serde_json::Value::from(people).to_string();
        let sql = format!(
            "SELECT core_id, household_id FROM household_members \
             WHERE entity_type = ? AND core_id {}",
            self.connection.among(true)
        );
        let binds = [Cell::Text(contract.entity), Cell::Text(&list)];
        let rows = self.connection.rows("read households", &sql, &binds)?;
        Ok(rows.iter().map(|row| (row.id(0), row.id(1))).collect())
    }

    /// In which household who is of these, and of all who are connected with them.
    pub(super) fn households_near(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
    ) -> Result<Vec<(RecordId, i64)>> {
        if self.links_of(contract, people)?.is_empty() {
            return Ok(Vec::new());
        }
        let people: Vec<RecordId> = self.connected(contract, people)?.into_iter().collect();
        Ok(self.households_of(contract, &people)?.into_iter().collect())
    }

    /// Forgets with whom people lived who are there no more.
    pub(super) fn leave_households(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()> {
        let near = self.connected(contract, people)?;
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        let sql = format!(
            "DELETE FROM household_links WHERE entity_type = ? AND (one_id {elements} OR other_id {elements})"
        );
        let binds = [Cell::Text(contract.entity), Cell::Text(&list), Cell::Text(&list)];
        self.connection.run(PART, &sql, &binds)?;
        self.regroup(contract, &near.into_iter().collect::<Vec<_>>(), &BTreeMap::new())
    }

    fn links_of(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Link>> {
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        let sql = format!(
            "SELECT id, one_id, other_id, linked_by, linked_at AS a \
             FROM household_links WHERE entity_type = ? AND (one_id {elements} OR other_id {elements}) ORDER BY id"
        );
        let binds = [Cell::Text(contract.entity), Cell::Text(&list), Cell::Text(&list)];
        let rows = self.connection.rows(GROUP, &sql, &binds)?;
        Ok(rows
            .into_iter()
            .map(|mut row| Link {
                id: row.int(0),
                one: row.id(1),
                other: row.id(2),
                by: row.text(3),
                at: row.text(4),
            })
            .collect())
    }

    /// These people, and everybody whom links or households connect them with.
    fn connected(&mut self, contract: &Contract, people: &[RecordId]) -> Result<BTreeSet<RecordId>> {
        let mut found: BTreeSet<RecordId> = people.iter().copied().collect();
        let mut new: Vec<RecordId> = people.to_vec();
        while !new.is_empty() {
            let mut near: Vec<RecordId> =
                self.links_of(contract, &new)?.iter().flat_map(|link| [link.one, link.other]).collect();
            let list = serde_json::Value::from(new.as_slice()).to_string();
            let sql = format!(
                "SELECT DISTINCT m.core_id FROM household_members m JOIN household_members o \
                 ON o.household_id = m.household_id WHERE o.entity_type = ? AND o.core_id {}",
                self.connection.among(true)
            );
            let binds = [Cell::Text(contract.entity), Cell::Text(&list)];
            near.extend(self.connection.rows(GROUP, &sql, &binds)?.iter().map(|row| row.id::<RecordId>(0)));
            near.retain(|who| found.insert(*who));
            new = near;
        }
        Ok(found)
    }

    /// Makes the households of people, and of all who are connected with them, what the links say. A household keeps its number
    /// where most of its people are; `were` tells in which they are to be thought to have been.
    pub(super) fn regroup(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        were: &BTreeMap<RecordId, i64>,
    ) -> Result<()> {
        if people.is_empty() {
            return Ok(());
        }
        let people: Vec<RecordId> = self.connected(contract, people)?.into_iter().collect();
        let links = self.links_of(contract, &people)?;
        let now = self.households_of(contract, &people)?;
        let mut known = now.clone();
        known.extend(were);
        let mut groups: Vec<(BTreeSet<RecordId>, &Link)> = Vec::new();
        for link in links.iter().filter(|link| link.one != link.other) {
            let mut group = (BTreeSet::from([link.one, link.other]), link);
            groups.retain_mut(|(others, first)| {
                let apart = others.is_disjoint(&group.0);
                if !apart {
                    group.0.append(others);
                    group.1 = if first.id < group.1.id { *first } else { group.1 };
                }
                apart
            });
            groups.push(group);
        }
        // How many of a group were in which household: the most first, so that nobody else takes its number.
        let mut shares: Vec<(usize, i64, usize)> = Vec::new();
        for (place, (group, _)) in groups.iter().enumerate() {
            let mut share: BTreeMap<i64, usize> = BTreeMap::new();
            for household in group.iter().filter_map(|who| known.get(who)) {
                *share.entry(*household).or_default() += 1;
            }
            shares.extend(share.into_iter().map(|(household, people)| (people, household, place)));
        }
        shares.sort_unstable_by_key(|(people, household, place)| {
            (std::cmp::Reverse(*people), *household, *place)
        });
        let mut numbers: BTreeMap<usize, i64> = BTreeMap::new();
        for (_, household, place) in shares {
            if !numbers.contains_key(&place) && !numbers.values().any(|taken| *taken == household) {
                numbers.insert(place, household);
            }
        }
        let mut then: BTreeMap<RecordId, i64> = BTreeMap::new();
        for (place, (group, first)) in groups.iter().enumerate() {
            let household = match numbers.get(&place) {
                Some(household) => *household,
                None => self.new_household(contract, first)?,
            };
            then.extend(group.iter().map(|who| (*who, household)));
        }
        self.move_members(contract, &now, &then)
    }

    fn new_household(&mut self, contract: &Contract, first: &Link) -> Result<i64> {
        let id = self.id_of_new("households")?;
        let sql = format!(
            "INSERT INTO households (id, entity_type, created_by, created_at) VALUES ({id}, ?, ?, ?time) \
             RETURNING id"
        );
        let binds = [Cell::Text(contract.entity), Cell::Text(&first.by), Cell::Text(&first.at)];
        let rows = self.connection.rows(LINK, &sql, &binds)?;
        let id = rows.first().and_then(|row| row.optional_int(0));
        id.ok_or_else(|| Error::new(ErrorKind::Store, LINK, "the database gave it no id"))
    }

    fn move_members(
        &mut self,
        contract: &Contract,
        now: &BTreeMap<RecordId, i64>,
        then: &BTreeMap<RecordId, i64>,
    ) -> Result<()> {
        for (who, _) in now.iter().filter(|(who, household)| then.get(who) != Some(household)) {
            let sql = "DELETE FROM household_members WHERE core_id = ? AND entity_type = ?";
            self.connection.run(GROUP, sql, &[Cell::id(*who), Cell::Text(contract.entity)])?;
        }
        for (who, household) in then.iter().filter(|(who, household)| now.get(who) != Some(household)) {
            let sql = "INSERT INTO household_members (core_id, entity_type, household_id) VALUES (?, ?, ?)";
            let binds = [Cell::id(*who), Cell::Text(contract.entity), Cell::Int(*household)];
            self.connection.run(GROUP, sql, &binds)?;
        }
        Ok(())
    }
}
