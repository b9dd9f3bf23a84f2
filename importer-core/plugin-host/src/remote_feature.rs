//! A match feature on the other side of the boundary, behind the trait all match features have.

use std::sync::{Arc, Mutex, PoisonError};

use importer_plugin::abi::{FeatureV1Ref, FlatFeature, FlatHost, NEUTRAL, RStr, RString};
use importer_plugin::{Batch, Error, Feature, FeatureMeta, Host, Options, RuleRow};

use super::far_error::{bug, named};
use super::way::Way;

/// A match feature of a loaded plugin.
pub(super) struct RemoteFeature {
    plugin: Arc<str>,
    way: Way<FeatureV1Ref>,
    meta: FeatureMeta,
    /// The far side promises one call at a time and no more.
    far: Mutex<Option<Box<dyn FarFeature>>>,
}

/// The configured feature of the far side.
pub(super) trait FarFeature: Send {
    fn compare(&mut self, left: Batch, right: Batch) -> Result<Vec<i16>, Error>;
}

/// A configured feature in this process; closed when it is dropped.
struct FeatureHere {
    far: FlatFeature,
    plugin: Arc<str>,
}

// SAFETY: the handle is a `Box<dyn Feature>` of the far side, and `Feature` is `Send`; the mutex lets one caller use it.
#[allow(unsafe_code)]
unsafe impl Send for FeatureHere {}

impl Drop for FeatureHere {
    fn drop(&mut self) {
        (self.far.close)(self.far.handle);
    }
}

impl FarFeature for FeatureHere {
    fn compare(&mut self, left: Batch, right: Batch) -> Result<Vec<i16>, Error> {
        let answer = (self.far.compare)(self.far.handle, left.into(), right.into()).into_result();
        answer.map(Into::into).map_err(|error| named(&self.plugin, error.into()))
    }
}

impl RemoteFeature {
    pub(super) fn new(plugin: Arc<str>, way: Way<FeatureV1Ref>, meta: FeatureMeta) -> Self {
        Self { plugin, way, meta, far: Mutex::new(None) }
    }

    fn create(&self, options: &Options, host: &Host) -> Result<Box<dyn FarFeature>, Error> {
        let module = match &self.way {
            Way::Apart(plugin) => return Ok(Box::new(plugin.feature(&self.meta.name, options, host)?)),
            Way::Here(module) => module,
        };
        let (name, options) = (RStr::from(self.meta.name.as_str()), RString::from(options.to_json()));
        let created = module.create()(name, options, FlatHost::from(host)).into_result();
        let far = created.map_err(|error| named(&self.plugin, error.into()))?;
        Ok(Box::new(FeatureHere { far, plugin: Arc::clone(&self.plugin) }))
    }
}

impl Feature for RemoteFeature {
    fn meta(&self) -> FeatureMeta {
        self.meta.clone()
    }

    fn configure(&mut self, options: &Options, host: &Host) -> Result<(), Error> {
        let far = self.create(options, host)?;
        *self.far.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(far);
        Ok(())
    }

    /// Neutral when the far side fails: this way has no room for an error. Whoever wants errors compares batches.
    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        let narrow = |row: &RuleRow<'_>| {
            let mut batch = Batch::new(self.meta.columns.len());
            let cells = (0..self.meta.columns.len()).map(|column| row.get(column));
            batch.push_row(cells).map(|()| batch)
        };
        let mut levels = Vec::with_capacity(1);
        self.compare_batch(&narrow(left).ok()?, &narrow(right).ok()?, &mut levels).ok()?;
        levels.pop().flatten()
    }

    fn compare_batch(
        &self,
        left: &Batch,
        right: &Batch,
        levels: &mut Vec<Option<usize>>,
    ) -> Result<(), Error> {
        let columns = self.meta.columns.len();
        if (left.columns(), right.columns(), left.rows()) != (columns, columns, right.rows()) {
            let name = &self.meta.name;
            return Err(Error::bug(format!(
                "match feature `{name}` was given other columns or uneven pairs"
            )));
        }
        if left.is_empty() {
            return Ok(());
        }
        let mut far = self.far.lock().unwrap_or_else(PoisonError::into_inner);
        let far = match &mut *far {
            Some(far) => far,
            // Like any other feature, it works with its defaults when nobody configured it.
            empty => empty.insert(self.create(&Options::default(), &Host::detached())?),
        };
        let found = far.compare(left.clone(), right.clone())?;
        if found.len() != left.rows() {
            return Err(bug(&self.plugin, "a match feature did not answer once for each pair"));
        }
        for level in found {
            levels.push(match usize::try_from(level) {
                Ok(level) if level < self.meta.levels.len() => Some(level),
                Err(_) if level == NEUTRAL => None,
                _ => {
                    let name = &self.meta.name;
                    return Err(bug(&self.plugin, format!("match feature `{name}` has no level {level}")));
                }
            });
        }
        Ok(())
    }
}
