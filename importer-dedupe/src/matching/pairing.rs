//! Why two records were compared, or were not.

use serde::{Deserialize, Serialize};

use super::blocking::Candidates;
use super::frame::Frame;
use super::model::Model;
use super::scan::Scan;

/// Whether a pair was compared, and which blocking keys have a say in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// True when it was.
    pub compared: bool,
    /// Keys under which both records stand, their parts joined by `+`; empty when everything is compared with everything.
    pub shared_keys: Vec<String>,
}

impl Pairing {
    /// In a scan.
    pub fn in_scan(scan: &Scan, frame: &Frame, a: u32, b: u32) -> Self {
        let keys = scan.keys().iter().map(|report| report.key.as_str());
        Self { compared: scan.compared(a, b), shared_keys: shared(frame, keys, a, b) }
    }

    /// Without a scan: blocks are made, and of the pairs only a sample is scored, to choose among them.
    pub fn of(frame: &Frame, model: &Model, a: u32, b: u32) -> Self {
        let mut candidates = Candidates::of(frame);
        candidates.choose(frame, model);
        let keys = candidates.report().iter().map(|report| report.key.as_str());
        Self { compared: candidates.contains(a, b), shared_keys: shared(frame, keys, a, b) }
    }

    /// Why the pair was not compared, in a sentence; nothing when it was.
    ///
    /// ```
    /// use importer_dedupe::matching::pairing::Pairing;
    /// let apart = Pairing { compared: false, shared_keys: vec!["name_sound".into()] };
    /// assert_eq!(
    ///     apart.why_not().as_deref(),
    ///     Some("what these two have in common (name_sound) is shared by too many records, or seldom by one person")
    /// );
    /// ```
    pub fn why_not(&self) -> Option<String> {
        if self.compared {
            return None;
        }
        Some(if self.shared_keys.is_empty() {
            "they have no blocking key in common".into()
        } else {
            format!(
                "what these two have in common ({}) is shared by too many records, or seldom by one person",
                self.shared_keys.join(", ")
            )
        })
    }
}

fn shared<'a>(frame: &Frame, keys: impl Iterator<Item = &'a str>, a: u32, b: u32) -> Vec<String> {
    let parts = frame.parts();
    let equal = |name: &str| {
        parts.iter().find(|(known, _, _)| known == name).is_some_and(|&(_, feature, part)| {
            let mine = frame.part(feature, part, a);
            mine != 0 && mine == frame.part(feature, part, b)
        })
    };
    keys.filter(|key| key.split('+').all(equal)).map(str::to_owned).collect()
}
