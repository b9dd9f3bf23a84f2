use importer_plugin::{Feature, FeatureMeta, RuleRow};

/// Whether two shirts have the same size.
pub(crate) struct ShirtSize;

impl Feature for ShirtSize {
    fn meta(&self) -> FeatureMeta {
        FeatureMeta::new("first_shirt_size", "The same shirt size", &["shirt_size"], &["equal", "differ"])
    }

    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        Some(usize::from(left.get(0)? != right.get(0)?))
    }
}
