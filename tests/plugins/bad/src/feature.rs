//! A match feature: the same text.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use importer_plugin::{Feature, FeatureMeta, RuleRow};

use crate::bad;

static COMPARED: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
pub(crate) struct SameText;

impl Feature for SameText {
    fn meta(&self) -> FeatureMeta {
        FeatureMeta::new("same_text", "The same last name", &["last_name"], &["equal", "differ"])
    }

    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        let (left, right) = match (left.get(0), right.get(0)) {
            (Some(left), Some(right)) => (left, right),
            _ if bad("missing-counts") => return Some(1),
            _ => return None,
        };
        if bad("one-way") && left < right {
            return Some(0);
        }
        if bad("tired") {
            return (COMPARED.fetch_add(1, SeqCst) < 10).then_some(0);
        }
        if bad("third-level") && left.len() > 10_000 {
            return Some(2);
        }
        Some(usize::from(left != right))
    }
}
