use importer_core::ports::AutoMerge;

use crate::matching::model::{ModelDocument, Thresholds};

/// How a pair is scored.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum MatchModel {
    /// The shipped Fellegi–Sunter model.
    #[default]
    Shipped,
    /// A Fellegi–Sunter model learned from data.
    Learned(ModelDocument),
    /// A weighted mean of similarities, whatever the data.
    Weighted,
}

impl MatchModel {
    /// Its name in explanations.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Weighted => "weighted",
            _ => "fellegi_sunter",
        }
    }
}

/// How rows are resolved.
///
/// ```
/// use importer_dedupe::ResolveOptions;
/// let options = ResolveOptions::default();
/// assert_eq!((options.thresholds.auto, options.population), (0.95, 100_000));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ResolveOptions {
    /// How far rows are merged without people.
    pub auto_merge: AutoMerge,
    /// What a probability leads to.
    pub thresholds: Thresholds,
    /// How a pair is scored.
    pub model: MatchModel,
    /// Whether `ann+news@example.org` is found under `ann@example.org`. What is stored keeps its tag either way.
    pub strip_email_tags: bool,
    /// Whether `info@example.org` identifies somebody, as in a small club whose people sign with it.
    pub role_addresses_identify: bool,
    /// How many people the core is taken to hold: among more people an agreement says less.
    pub population: u64,
    /// With how many candidates a row is compared at most; those who share a contact with it come first.
    pub candidates: usize,
}

impl Default for ResolveOptions {
    fn default() -> Self {
        Self {
            auto_merge: AutoMerge::default(),
            thresholds: Thresholds::default(),
            model: MatchModel::default(),
            strip_email_tags: true,
            role_addresses_identify: false,
            population: 100_000,
            candidates: 300,
        }
    }
}
