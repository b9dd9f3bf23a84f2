use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::plugin::{Batch, Feature, FeatureMeta, Host, Options};
use importer_core::plugin_host::{PluginInfo, check_declared};
use importer_core::ports::{ContactKind, CoreRecord, Decision, MatchKey, Resolver};
use importer_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

/// A resolver whose pairs to look at also tell what match features of plugins say: under `features`, the level of each by
/// its name, or nothing where a feature has nothing to say. It decides nothing.
pub struct WithFeatures {
    inner: Arc<dyn Resolver>,
    features: Vec<Ready>,
}

struct Ready {
    feature: Box<dyn Feature>,
    meta: FeatureMeta,
    plugin: PluginInfo,
}

impl std::fmt::Debug for WithFeatures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.features.iter().map(|ready| &ready.meta.name)).finish()
    }
}

impl WithFeatures {
    /// The resolver itself when no feature is for the entity.
    ///
    /// # Errors
    /// When a feature needs options or cannot be configured; two have one name.
    pub fn around(
        inner: Arc<dyn Resolver>,
        contract: &Contract,
        features: Vec<(Box<dyn Feature>, PluginInfo)>,
    ) -> Result<Arc<dyn Resolver>> {
        let mut ready: Vec<Ready> = Vec::new();
        for (mut feature, plugin) in features {
            let meta = feature.meta();
            if meta.entity != contract.entity {
                continue;
            }
            let refused = |why: String| {
                let message = format!("the match feature `{}` {why}", meta.name);
                Error::new(ErrorKind::Config, "use a match feature", message).at("plugin", &plugin.id)
            };
            if ready.iter().any(|known| known.meta.name == meta.name) {
                return Err(refused("is there twice".into()).hint("leave out one of the plugins"));
            }
            for column in meta.columns.iter().filter(|column| contract.index(column).is_none()) {
                // A plugin may be newer than the contract, and missing is neutral.
                let (plugin, feature) = (&plugin.id, &meta.name);
                tracing::warn!(%plugin, %feature, column, "a match feature looks at what is no field; to it that is missing");
            }
            let options = Options::default();
            check_declared(
                &plugin.id,
                &format!("the match feature `{}`", meta.name),
                &meta.options,
                &options,
            )?;
            feature.configure(&options, &Host::detached()).map_err(|error| refused(error.message))?;
            ready.push(Ready { feature, meta, plugin });
        }
        Ok(if ready.is_empty() { inner } else { Arc::new(Self { inner, features: ready }) })
    }

    fn told(&self, contract: &Contract, left: &CoreRecord, right: &CoreRecord, terms: &str) -> String {
        let Ok(mut terms) = serde_json::from_str::<Map<String, Value>>(terms) else { return terms.into() };
        let levels = self.features.iter().filter_map(|ready| {
            let level = ready.level(contract, left, right)?;
            Some((ready.meta.name.clone(), level.into()))
        });
        terms.insert("features".into(), Value::Object(levels.collect()));
        Value::Object(terms).to_string()
    }
}

impl Ready {
    /// The level of a pair in words. A feature that fails is no reason to lose the pair, which people look at anyway.
    fn level(&self, contract: &Contract, left: &CoreRecord, right: &CoreRecord) -> Option<String> {
        let mut levels = Vec::new();
        let compared = catch_unwind(AssertUnwindSafe(|| {
            let (left, right) = (self.shown(contract, left)?, self.shown(contract, right)?);
            self.feature.compare_batch(&left, &right, &mut levels)
        }));
        let why = match compared {
            Ok(Ok(())) => {
                let level = levels.first().copied().flatten()?;
                if let Some(level) = self.meta.levels.get(level) {
                    return Some(level.clone());
                }
                "it answered with a level it does not have".into()
            }
            Ok(Err(error)) => error.message,
            Err(_) => "it panicked".into(),
        };
        let (plugin, feature) = (&self.plugin.id, &self.meta.name);
        tracing::warn!(%plugin, %feature, why, "a match feature failed to compare a pair");
        Some("failed".into())
    }

    fn shown(
        &self,
        contract: &Contract,
        person: &CoreRecord,
    ) -> std::result::Result<Batch, importer_core::plugin::Error> {
        let mut row = Batch::new(self.meta.columns.len());
        let cells: Vec<Option<String>> =
            self.meta.columns.iter().map(|column| value(contract, person, column)).collect();
        row.push_row(cells.iter().map(Option::as_deref))?;
        Ok(row)
    }
}

/// The value of a field; contacts are kept beside the record, lists among them one per line.
fn value(contract: &Contract, person: &CoreRecord, column: &str) -> Option<String> {
    let contacts = |kind| {
        let all: Vec<&str> = person.contact_values(kind).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    };
    match column {
        "alt_emails" => contacts(ContactKind::Email),
        "alt_phones" => contacts(ContactKind::Phone),
        _ => person.record.get(contract.index(column)?).map(Into::into),
    }
}

impl Resolver for WithFeatures {
    fn keys(&self, contract: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        self.inner.keys(contract, person, out);
    }

    fn decide(&self, contract: &Contract, incoming: &CoreRecord, candidates: &[&CoreRecord]) -> Decision {
        match self.inner.decide(contract, incoming, candidates) {
            Decision::New { mut look_at } => {
                for pair in &mut look_at {
                    if let Some(candidate) = candidates.get(pair.candidate) {
                        pair.terms = self.told(contract, incoming, candidate, &pair.terms);
                    }
                }
                Decision::New { look_at }
            }
            same => same,
        }
    }

    fn most_candidates(&self, kind: i16) -> usize {
        self.inner.most_candidates(kind)
    }

    fn contradicts(&self, contract: &Contract, incoming: &CoreRecord, known: &CoreRecord) -> bool {
        self.inner.contradicts(contract, incoming, known)
    }

    fn checksum(&self) -> String {
        let names = self
            .features
            .iter()
            .map(|ready| format!(" {}@{}/{}", ready.plugin.id, ready.plugin.version, ready.meta.name));
        self.inner.checksum() + &names.collect::<String>()
    }
}
