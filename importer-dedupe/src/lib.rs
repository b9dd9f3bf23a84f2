//! Identity resolution and survivorship: who is who, and which value survives.
//!
//! [`Probabilistic`] resolves a row by an equal email address or phone number of a record with an agreeing name, then by how
//! probable it is that two records are one person. A shared contact alone never merges anybody: families share addresses and
//! phones. Nor does a known external id prove who somebody is.
//! [`Survivorship`] decides field by field, by a policy document.

mod agreement;
mod contacts;
#[cfg(feature = "evaluate")]
pub mod evaluate;
pub mod history;
mod identity;
mod keys;

pub mod matching;
mod plugin_features;
mod probabilistic;
mod profile;
mod survivorship;
#[cfg(test)]
mod testing;
mod with_features;

pub use agreement::{NameAgreement, name_agreement};
pub use history::{Typed, edited};
pub use keys::{EMAIL_KEY, PHONE_KEY};
pub use matching::model::Thresholds;
pub use plugin_features::PluginFeatures;
pub use probabilistic::{
    KEY_KINDS, KeyKind, KeyPart, MatchModel, PairJudged, Probabilistic, ResolveOptions, WeightedExplanation,
    WeightedTerm,
};
pub use survivorship::{DEFAULT_POLICY, Policy, Survivorship};
pub use with_features::WithFeatures;
