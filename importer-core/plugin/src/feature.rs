use serde::{Deserialize, Serialize};

use crate::{Batch, Error, Host, OptionSpec, Options, RuleRow};

/// What a match feature says of itself.
///
/// ```
/// use importer_plugin::FeatureMeta;
/// let meta = FeatureMeta::new("shirt_size", "The same shirt size", &["shirt_size"], &["equal", "differ"]);
/// assert_eq!(meta.levels[0], "equal");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureMeta {
    /// Its name, as models and explanations call it.
    pub name: String,
    /// The entity it is for, such as `volunteer`.
    pub entity: String,
    /// What it compares, in a sentence.
    pub summary: String,
    /// The columns it looks at, in the order of the cells it is given.
    pub columns: Vec<String>,
    /// Its comparison levels, from the strongest agreement to disagreement.
    pub levels: Vec<String>,
    /// Its options.
    #[serde(default)]
    pub options: Vec<OptionSpec>,
}

impl FeatureMeta {
    /// A feature for volunteers without options.
    pub fn new(name: &str, summary: &str, columns: &[&str], levels: &[&str]) -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            name: name.into(),
            entity: "volunteer".into(),
            summary: summary.into(),
            columns: texts(columns),
            levels: texts(levels),
            options: Vec::new(),
        }
    }

    /// Adds an option.
    #[must_use]
    pub fn with_option(mut self, option: OptionSpec) -> Self {
        self.options.push(option);
        self
    }
}

/// A match feature: says how alike two records are in one respect.
///
/// It does no I/O and gives the same answer for the same pair, whichever of the two comes first.
///
/// ```
/// use importer_plugin::{Feature, FeatureMeta, RuleRow};
///
/// struct ShirtSize;
///
/// impl Feature for ShirtSize {
///     fn meta(&self) -> FeatureMeta {
///         FeatureMeta::new("shirt_size", "The same shirt size", &["shirt_size"], &["equal", "differ"])
///     }
///     fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
///         Some(usize::from(left.get(0)? != right.get(0)?))
///     }
/// }
/// ```
pub trait Feature: Send + Sync {
    /// What it is.
    fn meta(&self) -> FeatureMeta;

    /// Takes the options of the model.
    ///
    /// # Errors
    /// When an option is unknown or wrong. By default what the metadata declares is checked.
    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        crate::check_options(&self.meta().options, options)
    }

    /// The level of a pair: a place in the metadata's `levels`, or `None` when the feature has nothing to say, as when a
    /// value is missing. Missing is neutral: it speaks neither for nor against.
    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize>;

    /// Compares row by row two batches of exactly the feature's columns, and adds a level for each pair.
    ///
    /// # Errors
    /// When the feature itself failed; never because of a pair.
    fn compare_batch(
        &self,
        left: &Batch,
        right: &Batch,
        levels: &mut Vec<Option<usize>>,
    ) -> Result<(), Error> {
        for row in 0..left.rows().min(right.rows()) {
            levels.push(self.compare(&RuleRow::direct(left.row(row)), &RuleRow::direct(right.row(row))));
        }
        Ok(())
    }
}

/// The level of a score, for features that compute one: the first threshold that it reaches.
///
/// ```
/// use importer_plugin::level_of_score;
/// assert_eq!(level_of_score(0.93, &[0.99, 0.9]), 1);
/// assert_eq!(level_of_score(0.10, &[0.99, 0.9]), 2, "below all of them is the last level");
/// ```
pub fn level_of_score(score: f64, thresholds: &[f64]) -> usize {
    thresholds.iter().position(|&threshold| score >= threshold).unwrap_or(thresholds.len())
}
