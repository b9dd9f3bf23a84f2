//! How many known people a row is compared with, counted: it must not grow with the core.
//!
//! Time would say less: it depends on the machine, and a few thousand people are compared in no time either way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use importer::{Importer, RunRequest};
use importer_core::contracts::{Contract, VOLUNTEER};
use importer_core::ports::{CandidateFacts, CoreRecord, Decision, Identity, MatchKey, Resolver};
use importer_dedupe::{EMAIL_KEY, KEY_KINDS, PHONE_KEY, Probabilistic, ResolveOptions};

use super::made_up::{self, Spread};
use crate::support::{self, Database};

/// How many people the smallest core is made from; the others have two and four times as many.
const PEOPLE: u64 = 1_000;

/// How many rows come to each core.
const INCOMING: u64 = 500;

/// How many candidates a row may have on average. Every row that comes is about somebody in the core, which is one
/// candidate, and one in fifty also meets whoever shares a home with that person. The rest is chance, and leaves room for it.
const CANDIDATES_PER_ROW: f64 = 1.1;

/// How many other records a record may share a key of one kind with, on average, with no limit on how many are compared. Of
/// a hundred people in the list two share a home and their contacts, which makes 0.02; chance makes another 0.01 at four
/// thousand people. Without the year of birth, the sounds of names would make 0.11 by chance, and twice as much with twice as
/// many people.
const OTHERS_PER_KEY: f64 = 0.05;

/// The resolver that ships, which also counts.
struct Counting {
    inner: Probabilistic,
    candidates: AtomicU64,
}

impl Counting {
    fn new() -> Arc<Self> {
        let inner = Probabilistic::new(&VOLUNTEER, ResolveOptions::default());
        Arc::new(Self { inner, candidates: AtomicU64::new(0) })
    }
}

impl Resolver for Counting {
    fn keys(&self, contract: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        self.inner.keys(contract, person, out);
    }

    fn most_candidates(&self, kind: i16) -> usize {
        self.inner.most_candidates(kind)
    }

    fn decide(&self, contract: &Contract, incoming: &CoreRecord, candidates: &[&CoreRecord]) -> Decision {
        self.decide_known(contract, incoming, candidates, CandidateFacts::default())
    }

    fn decide_known(
        &self,
        contract: &Contract,
        incoming: &CoreRecord,
        candidates: &[&CoreRecord],
        facts: CandidateFacts<'_>,
    ) -> Decision {
        self.candidates.fetch_add(candidates.len() as u64, Relaxed);
        self.inner.decide_known(contract, incoming, candidates, facts)
    }

    fn tells_across_systems(&self, external_id: &str) -> bool {
        self.inner.tells_across_systems(external_id)
    }

    fn is_shared_by_homes(&self, kind: i16) -> bool {
        self.inner.is_shared_by_homes(kind)
    }

    fn looks_at(&self, contract: &Contract) -> Vec<usize> {
        self.inner.looks_at(contract)
    }

    fn contact_keys(&self, contract: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        self.inner.contact_keys(contract, person, out);
    }

    fn identity(&self, contract: &Contract, incoming: &CoreRecord, known: &CoreRecord) -> Identity {
        self.inner.identity(contract, incoming, known)
    }

    fn is_exactly(&self, contract: &Contract, incoming: &CoreRecord, other: &CoreRecord) -> bool {
        self.inner.is_exactly(contract, incoming, other)
    }

    fn checksum(&self) -> String {
        self.inner.checksum()
    }
}

/// Imports a file under the name of a system. How many rows were clean, and how many candidates they had together.
fn import(database: &Database, file: &std::path::Path, system: &str) -> (u64, u64) {
    let resolver = Counting::new();
    let csv = importer_adapter_csv::plugin();
    let importer = Importer::builder().database(&database.url).plugin(csv).resolver(resolver.clone());
    let request = RunRequest::new("csv").file(file).external_system(system);
    let report = importer.build().unwrap().run(&request).unwrap();
    assert_eq!((report.status.as_str(), &report.error), ("succeeded", &None));
    (report.counts.clean, resolver.candidates.load(Relaxed))
}

/// How many other records share a key of the kind with a record, on average.
#[expect(clippy::cast_precision_loss, reason = "a few thousand records")]
fn others_per_key(database: &Database, kind: i16) -> f64 {
    let number = |sql: &str| database.number(sql) as f64;
    let others = number(&format!(
        "SELECT CAST(COALESCE(SUM(n * (n - 1)), 0) AS TEXT) AS t \
         FROM (SELECT COUNT(*) AS n FROM match_keys WHERE key_kind = {kind} GROUP BY key_hash) k"
    ));
    let records =
        number(&format!("SELECT CAST(COUNT(*) AS TEXT) AS t FROM match_keys WHERE key_kind = {kind}"));
    assert!(records > 0.0, "nobody has a key of kind {kind}");
    others / records
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "a few thousand rows")]
fn a_row_has_few_candidates_however_many_people_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let incoming = made_up::file(folder.path(), INCOMING, Spread::Census);
    let contacts = [EMAIL_KEY, PHONE_KEY];
    let kinds: Vec<i16> = KEY_KINDS.iter().map(|key| key.kind).chain(contacts).collect();
    for people in [PEOPLE, 2 * PEOPLE, 4 * PEOPLE] {
        let database = support::sqlite();
        import(&database, &made_up::file(folder.path(), people, Spread::Census), "first");
        for &kind in &kinds {
            let others = others_per_key(&database, kind);
            assert!(others <= OTHERS_PER_KEY, "{people} people, a key of kind {kind}: {others} others");
        }
        let (rows, candidates) = import(&database, &incoming, "second");
        let per_row = candidates as f64 / rows as f64;
        assert!(rows > INCOMING * 9 / 10, "nearly all rows are clean");
        assert!(
            (0.9..=CANDIDATES_PER_ROW).contains(&per_row),
            "{people} people: {per_row} candidates per row"
        );
    }
}

/// People who all have one name and live in one place, but are born on different days.
#[test]
fn what_everybody_shares_brings_as_many_candidates_to_many_people_as_to_few() {
    let folder = tempfile::tempdir().unwrap();
    let candidates = |people: u32| {
        let mut text = String::from("id,first_name,last_name,email,postal_code\n");
        for person in 0..people {
            text += &format!("{person},Ann,Lee,ann{person}@example.org,64111\n");
        }
        let file = support::file(folder.path(), "same.csv", text);
        import(&support::sqlite(), &file, "csv").1
    };
    // The first twenty meet all who came before; of a key that more have, nobody is looked for.
    let most = u64::try_from(Counting::new().inner.most_candidates(KEY_KINDS[2].kind)).unwrap();
    for people in [100, 200, 400] {
        assert_eq!(candidates(people), most * (most + 1) / 2, "{people} people");
    }
}
