//! The connection to a Postgres server: where it is, what is set there, and statements with bound cells.

mod failure;
mod params;
mod passfile;
mod place;
mod pool;
mod tls;
mod values;

use postgres::types::{ToSql, Type};
use postgres::{Client, Statement};
use std::collections::HashMap;

pub(super) use failure::{Fault, cannot_connect, failed, is_write_refused};
pub(super) use place::Place;
pub(super) use pool::Pool;

use super::bulk::Bulk;
use super::cell::Cell;
use super::row::Values;
use pool::Idle;
use values::Bound;

type Statements = HashMap<(String, Vec<Type>), Statement>;
type Outcome<T> = std::result::Result<T, Fault>;

/// What texts look like, whatever the role, the database or the client's surroundings have set. What is read as a type does not
/// depend on it; what a host's tables are told apart by is text.
const SETTINGS: &str = "SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; \
     SET bytea_output = 'hex'; SET xmloption = 'content'; SET standard_conforming_strings = on; SET TIME ZONE 'UTC'; \
     SET client_min_messages = warning";

/// Everything here is looked up by keys. The planner would rather scan: a table that was empty when it was last analysed
/// seems to be small, and grows by a million rows within a run. What it is told not to do seems very dear to it where there is
/// no other way, and for dear statements it would compile code, which takes longer than any of them.
const PLANS: &str =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

/// A session on a server, with the statements that it has prepared.
pub(super) struct Server {
    /// Gone only while it is dropped.
    client: Option<Client>,
    statements: Statements,
    /// Where it goes when it is not needed any more; it is closed without.
    home: Option<Pool>,
}

impl Server {
    /// A connection that has waited for its next use.
    pub(super) fn waiting(pool: &Pool) -> Option<Self> {
        let (client, statements) = pool.take()?.parts();
        Some(Self { client, statements, home: None })
    }

    /// From here on it waits in the pool for its next use when it is dropped, instead of being closed.
    pub(super) fn goes_to(&mut self, pool: &Pool) {
        self.home = Some(pool.clone());
    }

    /// Connects, and sets what texts look like and how statements are planned.
    pub(super) fn connect(place: &Place) -> Outcome<Self> {
        let client = apart(|| place.connect())?;
        let mut server = Self { client: Some(client), statements: HashMap::new(), home: None };
        server.execute(&format!("{SETTINGS}; {PLANS}"))?;
        Ok(server)
    }

    /// Runs statements without binds.
    pub(super) fn execute(&mut self, sql: &str) -> Outcome<()> {
        self.with(|client, _| Ok(client.batch_execute(sql)?))
    }

    /// Runs a statement and says how many rows it changed.
    pub(super) fn run(&mut self, text: &str, binds: &[Cell<'_>]) -> Outcome<usize> {
        let sql = numbered(text);
        self.with(|client, statements| {
            let types = binds.iter().map(values::type_of).collect();
            let statement = prepared(client, statements, sql, types)?;
            let changed = client.execute(&statement, &as_parameters(&bound(binds)))?;
            Ok(usize::try_from(changed).unwrap_or(usize::MAX))
        })
    }

    /// Reads rows.
    pub(super) fn rows(&mut self, text: &str, binds: &[Cell<'_>]) -> Outcome<Vec<Values>> {
        let sql = numbered(text);
        self.with(|client, statements| {
            let types = binds.iter().map(values::type_of).collect();
            let statement = prepared(client, statements, sql, types)?;
            let rows = client.query(&statement, &as_parameters(&bound(binds)))?;
            rows.iter().map(values::row).collect()
        })
    }

    /// Writes many rows.
    pub(super) fn insert(&mut self, bulk: &Bulk<'_>) -> Outcome<()> {
        self.with(|client, statements| {
            for several in values::statements(bulk) {
                let statement = prepared(client, statements, several.sql, several.types)?;
                client.execute(&statement, &as_parameters(&several.parameters))?;
            }
            Ok(())
        })
    }

    fn with<T: Send>(
        &mut self,
        work: impl FnOnce(&mut Client, &mut Statements) -> Outcome<T> + Send,
    ) -> Outcome<T> {
        let Self { client: Some(client), statements, .. } = self else { return Err(Fault::Gone) };
        apart(|| work(client, statements))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let idle = Idle::new(client, std::mem::take(&mut self.statements));
        // What it does not keep is closed.
        let _closed = match self.home.take() {
            Some(pool) => pool.keep(idle),
            None => Some(idle),
        };
    }
}

/// Does something with a client, which waits for the server in a runtime of its own: where the caller stands in one, on another
/// thread, because a runtime cannot be waited for within another.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if tokio::runtime::Handle::try_current().is_err() {
        return work();
    }
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

fn bound<'a>(cells: &'a [Cell<'a>]) -> Vec<Bound<'a>> {
    cells.iter().map(Bound).collect()
}

fn as_parameters<T: ToSql + Sync>(values: &[T]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

/// The statement as the server knows it, prepared when it comes for the first time with binds of these types.
fn prepared(
    client: &mut Client,
    known: &mut Statements,
    sql: String,
    types: Vec<Type>,
) -> Outcome<Statement> {
    let key = (sql, types);
    if let Some(statement) = known.get(&key) {
        return Ok(statement.clone());
    }
    let statement = client.prepare_typed(&key.0, &key.1)?;
    known.insert(key, statement.clone());
    Ok(statement)
}

/// A statement with numbered binds and with casts.
fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let mut sql = String::with_capacity(text.len() + 16);
    sql.push_str(parts.next().unwrap_or_default());
    for (number, part) in parts.enumerate() {
        sql.push_str(&format!("${}", number + 1));
        let (cast, rest) = super::cell::cast_of(part).unwrap_or(("", part));
        sql.push_str(cast);
        sql.push_str(rest);
    }
    super::cell::as_spelt(sql)
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn binds_are_numbered_and_cast() {
        assert_eq!(numbered("a = ? AND b = ?time OR c = ?"), "a = $1 AND b = $2::timestamp OR c = $3");
        let odd = format!("{} = ?", super::super::cell::quoted("why?"));
        assert_eq!(numbered(&odd), "\"why?\" = $1");
    }

    #[test]
    fn within_a_runtime_work_is_done_beside_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let here = std::thread::current().id();
        let there = runtime.block_on(async { super::apart(|| std::thread::current().id()) });
        assert_ne!(here, there);
        assert_eq!(super::apart(|| std::thread::current().id()), here);
    }
}
