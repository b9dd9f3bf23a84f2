//! The model as a document that people can read and hosts can keep.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{Model, TermWeights};
use crate::matching::frame::Frame;

/// The version of the document's form.
pub const DOCUMENT_VERSION: u32 = 1;

/// A learned model, to be stored and used again. It holds no values of people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDocument {
    /// The version of this form: 1.
    pub version: u32,
    /// How many records it was learned from.
    pub records: u64,
    /// The share of all pairs that are one person.
    pub matches: f64,
    /// The share of all pairs that are two people of one household.
    pub households: f64,
    /// Term by term.
    pub terms: Vec<TermDocument>,
}

/// A term of the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermDocument {
    /// Its name.
    pub name: String,
    /// Its levels, strongest agreement first.
    pub levels: Vec<LevelDocument>,
}

/// A level of a term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelDocument {
    /// Its name.
    pub name: String,
    /// How often records of one person agree so far.
    pub m: f64,
    /// How often records of two people do.
    pub u: f64,
}

/// Twelve digits, which every reader of JSON gives back as they were, so that a document has one checksum.
fn readable(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

impl ModelDocument {
    /// What a model has learned.
    pub fn of(model: &Model, records: u64) -> Self {
        let term = |t: &TermWeights| TermDocument {
            name: t.name.clone(),
            levels: (0..t.m.len())
                .map(|l| LevelDocument {
                    name: t.levels[l].clone(),
                    m: readable(t.m[l]),
                    u: readable(t.u[l]),
                })
                .collect(),
        };
        Self {
            version: DOCUMENT_VERSION,
            records,
            matches: readable(model.matches),
            households: readable(model.households),
            terms: model.terms.iter().map(term).collect(),
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// In one sentence: it is no JSON of this form, of another version, or its numbers are no probabilities.
    pub fn read(text: &str) -> Result<Self, String> {
        let document: Self =
            serde_json::from_str(text).map_err(|e| format!("it is no model document: {e}"))?;
        if document.version != DOCUMENT_VERSION {
            return Err(format!("it has version {}, and only {DOCUMENT_VERSION} is known", document.version));
        }
        let share = |p: f64| p > 0.0 && p < 1.0;
        if !share(document.matches) || !share(document.households) {
            return Err("`matches` and `households` must lie between 0 and 1".into());
        }
        for term in &document.terms {
            for level in &term.levels {
                if !(share(level.m) && share(level.u)) {
                    return Err(format!(
                        "m and u of `{}`, level `{}`, must lie between 0 and 1",
                        term.name, level.name
                    ));
                }
            }
        }
        Ok(document)
    }

    /// The document as JSON for people.
    pub fn write(&self) -> String {
        // It holds numbers and names alone, which always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The shipped model for a frame, with what the document says about terms and levels that the frame has.
    ///
    /// A term or level that the document does not know keeps its shipped weight, and one that the frame has not is left out.
    pub fn model(&self, frame: &Frame) -> Model {
        let mut model = Model::shipped(frame);
        for weights in &mut model.terms {
            let Some(term) = self.terms.iter().find(|t| t.name == weights.name) else { continue };
            for (place, name) in weights.levels.iter().enumerate() {
                if let Some(level) = term.levels.iter().find(|l| l.name == *name) {
                    weights.m[place] = level.m;
                    weights.u[place] = level.u;
                }
            }
        }
        // How many pairs are matches depends on how many records there are: a person has about as many records at every size.
        let scale = self.records.max(2) as f64 / f64::from(frame.len().max(2));
        model.matches = (self.matches * scale).min(0.2);
        model.households = (self.households * scale).min(0.05);
        model
    }

    /// Changes whenever the model does.
    pub fn checksum(&self) -> String {
        format!("{:016x}", xxh3_64(self.write().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matching::frame::ColumnSpec;
    use crate::matching::role::Role;

    proptest! {
        #[test]
        fn a_document_that_was_written_and_read_is_the_same(
            shares in proptest::collection::vec(1e-9_f64..0.999_999, 9),
        ) {
            let column = ColumnSpec { name: "last".into(), role: Role::FamilyName };
            let mut model = Model::shipped(&Frame::new(&[column]));
            (model.matches, model.households) = (shares[0], shares[1]);
            for (place, share) in shares[2..].iter().enumerate() {
                let level = place % model.terms[0].m.len();
                (model.terms[0].m[level], model.terms[0].u[level]) = (*share, 1.0 - share);
            }
            let document = ModelDocument::of(&model, 7);
            let again = ModelDocument::read(&document.write()).unwrap();
            prop_assert_eq!(&again, &document);
            prop_assert_eq!(again.checksum(), document.checksum());
        }
    }
}
