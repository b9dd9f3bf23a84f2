use importer_plugin_abi::{
    CompareResult, CreateFeatureResult, FlatBatch, FlatFeature, FlatHost, NEUTRAL, RString, RVec,
};

use super::{answer, flat};
use crate::abi::guard::Guarded;
use crate::{Batch, Error, Feature, Host, Options, Plugin};

/// Answers `create` of `import.feature/1`.
pub fn create_feature(
    plugin: fn() -> Plugin,
    name: &str,
    options: RString,
    host: FlatHost,
) -> CreateFeatureResult {
    answer(|| {
        let found = plugin().find_feature(name);
        let mut feature = found.ok_or_else(|| Error::config(format!("there is no feature `{name}` here")))?;
        feature.configure(&Options::from_json(&options)?, &Host::from(host))?;
        let meta = feature.meta();
        let comparing = Comparing { feature, columns: meta.columns.len(), levels: meta.levels.len() };
        Ok(FlatFeature { handle: Guarded::<Comparing>::into_handle(Box::new(comparing)), compare, close })
    })
}

struct Comparing {
    feature: Box<dyn Feature>,
    columns: usize,
    levels: usize,
}

extern "C" fn compare(handle: *mut (), left: FlatBatch, right: FlatBatch) -> CompareResult {
    // SAFETY: the host gives back the handle of `create_feature`, one call at a time, and never after `close`.
    flat(unsafe {
        Guarded::<Comparing>::call(handle, |comparing| {
            let (left, right) = (Batch::try_from(left)?, Batch::try_from(right)?);
            let mut levels = Vec::with_capacity(left.rows());
            comparing.feature.compare_batch(&left, &right, &mut levels)?;
            if levels.len() != left.rows()
                || left.rows() != right.rows()
                || left.columns() != comparing.columns
            {
                return Err(Error::bug("a feature answers once for each pair of rows of its columns"));
            }
            let number = |level: Option<usize>| match level {
                None => Ok(NEUTRAL),
                Some(level) if level < comparing.levels => {
                    i16::try_from(level).map_err(|_| Error::bug("a feature with more than 32,767 levels"))
                }
                Some(level) => Err(Error::bug(format!("the feature has no level {level}"))),
            };
            levels.into_iter().map(number).collect::<Result<RVec<i16>, Error>>()
        })
    })
}

extern "C" fn close(handle: *mut ()) {
    // SAFETY: as in `compare`; the host closes once.
    unsafe { Guarded::<Comparing>::close(handle) }
}
