use super::session::DieselSession;
use super::sql::Cell;
use crate::contracts::Contract;
use crate::ports::{CoreId, Household, HouseholdStore, Moment, moment_text};
use crate::{Error, ErrorKind, Result};

const LINK: &str = "link a household";

impl HouseholdStore for DieselSession {
    fn link_household(
        &mut self,
        contract: &Contract,
        (one, other): (CoreId, CoreId),
        suggestion: i64,
        actor: &str,
        now: Moment,
    ) -> Result<i64> {
        let known = self.households_of(contract, &[one, other])?;
        let household = match known.first() {
            Some((_, household)) => *household,
            None => {
                let sql = "INSERT INTO households (entity_type, created_by, created_at) VALUES (?, ?, ?time) \
                           RETURNING CAST(id AS TEXT) AS id";
                let now = moment_text(now);
                let binds = [Cell::Text(contract.entity), Cell::Text(actor), Cell::Text(&now)];
                let rows = self.connection.rows(LINK, sql, &binds)?;
                rows.first()
                    .and_then(|row| row.optional_int(0))
                    .ok_or_else(|| Error::new(ErrorKind::Store, LINK, "the database gave it no id"))?
            }
        };
        for who in [one, other] {
            let sql = "INSERT INTO household_members (core_id, entity_type, household_id, suggestion_id) \
                       VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
            let binds =
                [Cell::Int(who), Cell::Text(contract.entity), Cell::Int(household), Cell::Int(suggestion)];
            self.connection.run(LINK, sql, &binds)?;
        }
        Ok(household)
    }

    fn part_household(&mut self, suggestion: i64) -> Result<()> {
        let id = [Cell::Int(suggestion)];
        let sql =
            "SELECT DISTINCT CAST(household_id AS TEXT) AS h FROM household_members WHERE suggestion_id = ?";
        let households: Vec<i64> =
            self.connection.rows("part a household", sql, &id)?.iter().map(|row| row.int(0)).collect();
        let sql = "DELETE FROM household_members WHERE suggestion_id = ?";
        self.connection.run("part a household", sql, &id)?;
        for household in households {
            let sql = "DELETE FROM household_members WHERE household_id = ? AND \
                       (SELECT COUNT(*) FROM household_members m WHERE m.household_id = ?) < 2";
            let binds = [Cell::Int(household), Cell::Int(household)];
            self.connection.run("part a household", sql, &binds)?;
        }
        Ok(())
    }

    fn households(&mut self, contract: &Contract, id: CoreId) -> Result<Vec<Household>> {
        let mut found = Vec::new();
        for (_, household) in self.households_of(contract, &[id])? {
            let sql = "SELECT CAST(core_id AS TEXT) AS c FROM household_members WHERE household_id = ? ORDER BY core_id";
            let rows = self.connection.rows("read households", sql, &[Cell::Int(household)])?;
            found.push(Household { id: household, members: rows.iter().map(|row| row.int(0)).collect() });
        }
        Ok(found)
    }
}
