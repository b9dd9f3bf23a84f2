//! Match features of plugins, ready to compare people.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::plugin::{Batch, Feature, Host, Options};
use importer_core::plugins::{PluginInfo, check_declared};
use importer_core::ports::CoreRecord;
use importer_core::{Error, ErrorKind, Result};

use crate::matching::levels::MAX_TERMS;
use crate::matching::people::{People, value};
use crate::matching::plugin_terms::{Compares, PluginTerm};

/// The match features for an entity.
pub struct PluginFeatures {
    ready: Vec<Ready>,
    terms: Vec<PluginTerm>,
}

struct Ready {
    feature: Box<dyn Feature>,
    plugin: PluginInfo,
}

impl std::fmt::Debug for PluginFeatures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.terms.iter().map(|term| &term.name)).finish()
    }
}

impl PluginFeatures {
    /// Nothing when no feature is for the entity. Pairs are compared by at most 16 terms; features for which none is free are
    /// left out, with a warning.
    ///
    /// # Errors
    /// When a feature needs options or cannot be configured; two have one name.
    pub fn of(
        contract: &Contract,
        features: Vec<(Box<dyn Feature>, PluginInfo)>,
    ) -> Result<Option<Arc<Self>>> {
        let mut ready: Vec<Ready> = Vec::new();
        let mut terms: Vec<PluginTerm> = Vec::new();
        let room = MAX_TERMS - People::new(contract).frame.terms().len();
        for (mut feature, plugin) in features {
            let meta = feature.meta();
            if meta.entity != contract.entity {
                continue;
            }
            let refused = |why: String| {
                let message = format!("the match feature `{}` {why}", meta.name);
                Error::new(ErrorKind::Config, "use a match feature", message).at("plugin", &plugin.id)
            };
            if terms.iter().any(|known| known.name == meta.name) {
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
            if terms.len() >= room {
                let (plugin, feature) = (&plugin.id, &meta.name);
                tracing::warn!(%plugin, %feature, "pairs are compared by at most {MAX_TERMS} terms; a match feature is left out");
                continue;
            }
            ready.push(Ready { feature, plugin });
            terms.push(PluginTerm { name: meta.name, columns: meta.columns, levels: meta.levels });
        }
        Ok((!ready.is_empty()).then(|| Arc::new(Self { ready, terms })))
    }

    /// What a pair of records says, term by term: the level in words, or nothing where a feature has nothing to say.
    pub(crate) fn told(
        &self,
        contract: &Contract,
        left: &CoreRecord,
        right: &CoreRecord,
    ) -> Vec<(&str, &str)> {
        let row = |person: &CoreRecord, term: &PluginTerm| {
            let cells: Vec<Option<String>> =
                term.columns.iter().map(|column| value(contract, person, column)).collect();
            let mut row = Batch::new(term.columns.len());
            row.push_row(cells.iter().map(Option::as_deref)).ok().map(|()| row)
        };
        let told = |(place, term): (usize, &'_ PluginTerm)| {
            let levels = self.levels(place, &row(left, term)?, &row(right, term)?);
            levels.first().copied().flatten()
        };
        (self.terms.iter().enumerate())
            .filter_map(|(place, term)| {
                let level = told((place, term))?;
                Some((term.name.as_str(), term.levels.get(level)?.as_str()))
            })
            .collect()
    }

    /// Changes whenever other features compare.
    pub(crate) fn checksum(&self) -> String {
        let names = self.ready.iter().zip(&self.terms);
        names
            .map(|(ready, term)| format!(" {}@{}/{}", ready.plugin.id, ready.plugin.version, term.name))
            .collect()
    }
}

impl Compares for PluginFeatures {
    fn terms(&self) -> &[PluginTerm] {
        &self.terms
    }

    /// A feature that fails has nothing to say of all the pairs it was asked about: that is no reason to lose them.
    fn levels(&self, term: usize, left: &Batch, right: &Batch) -> Vec<Option<usize>> {
        let (ready, about) = (&self.ready[term], &self.terms[term]);
        let mut levels = Vec::with_capacity(left.rows());
        let compared =
            catch_unwind(AssertUnwindSafe(|| ready.feature.compare_batch(left, right, &mut levels)));
        let why = match compared {
            Ok(Ok(())) if levels.len() != left.rows() => "it did not answer for every pair".into(),
            Ok(Ok(())) if levels.iter().flatten().any(|level| *level >= about.levels.len()) => {
                "it answered with a level it does not have".into()
            }
            Ok(Ok(())) => return levels,
            Ok(Err(error)) => error.message,
            Err(_) => "it panicked".into(),
        };
        let (plugin, feature) = (&ready.plugin.id, &about.name);
        tracing::warn!(%plugin, %feature, why, pairs = left.rows(), "a match feature failed to compare");
        vec![None; left.rows()]
    }
}
