//! A match feature of the importer: how alike two cities are.

use importer_plugin::{Feature, FeatureMeta, Plugin, PluginMeta, RuleRow};

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("my-feature", env!("CARGO_PKG_VERSION")))
        .feature(|| Box::new(MyFeature))
}

#[cfg(feature = "loadable")]
importer_plugin::export!(plugin: crate::plugin, id: "my-feature", version: env!("CARGO_PKG_VERSION"));

const EQUAL: usize = 0;
const SAME_BEGINNING: usize = 1;
const DIFFER: usize = 2;

struct MyFeature;

impl Feature for MyFeature {
    /// Levels go from the strongest agreement to disagreement, in the order of the constants above.
    fn meta(&self) -> FeatureMeta {
        FeatureMeta::new(
            "my_feature",
            "The same city, or one that begins alike",
            &["city"],
            &["equal", "same_beginning", "differ"],
        )
    }

    /// Gives the same level whichever record comes first; a missing value speaks neither for nor against.
    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        let (left, right) = (left.get(0)?.to_lowercase(), right.get(0)?.to_lowercase());
        if left == right {
            return Some(EQUAL);
        }
        let alike = left.chars().take(4).eq(right.chars().take(4));
        Some(if alike { SAME_BEGINNING } else { DIFFER })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use importer_plugin::Batch;

    fn level(left: Option<&str>, right: Option<&str>) -> Option<usize> {
        let mut batch = Batch::new(1);
        batch.push_row([left]).unwrap();
        batch.push_row([right]).unwrap();
        MyFeature.compare(
            &RuleRow::direct(batch.row(0)),
            &RuleRow::direct(batch.row(1)),
        )
    }

    #[test]
    fn levels_are_symmetric_and_missing_is_neutral() {
        for (left, right, expected) in [
            (Some("Kansas City"), Some("KANSAS CITY"), Some(EQUAL)),
            (
                Some("Kansas City"),
                Some("Kans. City"),
                Some(SAME_BEGINNING),
            ),
            (Some("Kansas City"), Some("Omaha"), Some(DIFFER)),
            (Some("Kansas City"), None, None),
        ] {
            assert_eq!(
                (level(left, right), level(right, left)),
                (expected, expected),
                "{left:?} {right:?}"
            );
        }
    }
}
