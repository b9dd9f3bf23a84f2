//! Match features beside a resolver that does not score by them.

use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::ports::{CandidateFacts, CoreRecord, Decision, Identity, MatchKey, Resolver};
use serde_json::{Map, Value};

use crate::PluginFeatures;

/// A resolver whose pairs to look at also tell what match features of plugins say: under `features`, the level of each by
/// its name, or nothing where a feature has nothing to say. It decides nothing, and is for resolvers of a host's own and for the
/// weighted mean; [`Probabilistic`](crate::Probabilistic) scores by features.
#[derive(Debug)]
pub struct WithFeatures {
    inner: ShownResolver,
    features: Arc<PluginFeatures>,
}

struct ShownResolver(Arc<dyn Resolver>);

impl std::fmt::Debug for ShownResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

impl WithFeatures {
    /// The resolver, with features beside it.
    pub fn new(inner: Arc<dyn Resolver>, features: Arc<PluginFeatures>) -> Self {
        Self { inner: ShownResolver(inner), features }
    }
}

impl Resolver for WithFeatures {
    fn keys(&self, contract: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        self.inner.0.keys(contract, person, out);
    }

    fn decide(&self, contract: &Contract, incoming: &CoreRecord, candidates: &[&CoreRecord]) -> Decision {
        self.decide_known(contract, incoming, candidates, CandidateFacts::default())
    }

    fn tells_across_systems(&self, external_id: &str) -> bool {
        self.inner.0.tells_across_systems(external_id)
    }

    fn decide_known(
        &self,
        contract: &Contract,
        incoming: &CoreRecord,
        candidates: &[&CoreRecord],
        facts: CandidateFacts<'_>,
    ) -> Decision {
        match self.inner.0.decide_known(contract, incoming, candidates, facts) {
            Decision::New { mut look_at } => {
                for pair in &mut look_at {
                    if let Some(candidate) = candidates.get(pair.candidate) {
                        let levels = self.features.told(contract, incoming, candidate);
                        pair.terms = with_levels(&pair.terms, &levels);
                    }
                }
                Decision::New { look_at }
            }
            same => same,
        }
    }

    fn most_candidates(&self, kind: i16) -> usize {
        self.inner.0.most_candidates(kind)
    }

    fn is_shared_by_homes(&self, kind: i16) -> bool {
        self.inner.0.is_shared_by_homes(kind)
    }

    fn looks_at(&self, contract: &Contract) -> Vec<usize> {
        self.inner.0.looks_at(contract)
    }

    fn contact_keys(&self, contract: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        self.inner.0.contact_keys(contract, person, out);
    }

    fn identity(&self, contract: &Contract, incoming: &CoreRecord, known: &CoreRecord) -> Identity {
        self.inner.0.identity(contract, incoming, known)
    }

    fn is_exactly(&self, contract: &Contract, incoming: &CoreRecord, other: &CoreRecord) -> bool {
        self.inner.0.is_exactly(contract, incoming, other)
    }

    fn checksum(&self) -> String {
        self.inner.0.checksum() + &self.features.checksum()
    }
}

fn with_levels(terms: &str, levels: &[(&str, &str)]) -> String {
    let Ok(mut terms) = serde_json::from_str::<Map<String, Value>>(terms) else { return terms.into() };
    let levels = levels.iter().map(|(name, level)| ((*name).to_owned(), (*level).into()));
    terms.insert("features".into(), Value::Object(levels.collect()));
    Value::Object(terms).to_string()
}
