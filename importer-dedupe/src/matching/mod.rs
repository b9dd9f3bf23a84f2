//! Matching: records prepared, paired, scored and clustered.

pub(crate) mod blocking;
pub mod cluster;
pub(crate) mod dictionary;
pub(crate) mod features;
pub mod frame;
mod joined;
pub mod levels;
pub mod model;
pub mod pairing;
pub mod people;
pub mod plugin_terms;
pub mod role;
pub mod scan;
pub(crate) mod scorer;
pub(crate) mod similarity;
