//! What speaks against two records being one person, as they are now: one judgement for everybody who merges.

use std::hash::{DefaultHasher, Hash, Hasher};

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{CoreRecord, RecordId, Session};
use importer_dedupe::matching::model::ModelDocument;
use importer_dedupe::{MatchModel, PairJudged, Probabilistic, ResolveOptions};
use serde::Serialize;

use crate::Importer;

/// Two records that are different people as they are now, whatever else agrees: nobody merges them without a human.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brinda,Kelley,b@example.org,1999-08-09\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// use importer::service::MergeRequest;
/// let preview = desk.preview_merge(&MergeRequest::new("volunteer", [1, 2], ""))?;
/// let against = &preview.contradictions[0];
/// assert_eq!((against.one.0, against.other.0), (1, 2));
/// assert_eq!(against.codes, ["birth_date_conflict"]);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Contradiction {
    /// The lower id.
    pub one: RecordId,
    /// The higher id.
    pub other: RecordId,
    /// The codes of what contradicts, such as `birth_date_conflict`; [`explain`](crate::reasons::explain) puts one into
    /// words.
    pub codes: Vec<String>,
}

/// Judges pairs as an import does.
pub(super) struct PairJudge<'a> {
    contract: &'a Contract,
    resolver: Probabilistic,
}

impl PairJudge<'_> {
    pub(super) fn judge(&self, one: &CoreRecord, other: &CoreRecord) -> PairJudged {
        self.resolver.judge(self.contract, one, other)
    }

    /// What says of any two of these that they are two people, two by two.
    pub(super) fn contradictions(&self, people: &[CoreRecord]) -> Vec<Contradiction> {
        let mut found = Vec::new();
        for (place, one) in people.iter().enumerate() {
            for other in &people[place + 1..] {
                let against = self.judge(one, other).contradictions();
                if !against.is_empty() {
                    let codes = against.iter().map(|objection| objection.code().to_owned()).collect();
                    found.push(Contradiction { one: one.id, other: other.id, codes });
                }
            }
        }
        found
    }

    /// The same of records of the core, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn contradictions_among(
        &self,
        session: &mut dyn Session,
        people: &[RecordId],
    ) -> Result<Vec<Contradiction>> {
        let mut people = people.to_vec();
        people.sort_unstable();
        Ok(self.contradictions(&session.load(self.contract, &people)?))
    }
}

impl Importer {
    /// What judges pairs by a model that was learned, else by the model that this importer was built with.
    pub(super) fn pair_judge<'a>(
        &self,
        contract: &'a Contract,
        learned: Option<ModelDocument>,
    ) -> PairJudge<'a> {
        let model = learned.map_or_else(|| self.match_model.clone(), MatchModel::Learned);
        let options = ResolveOptions { model, ..ResolveOptions::default() };
        PairJudge { contract, resolver: Probabilistic::new(contract, options) }
    }
}

/// A hash of everything that a record holds, by which it is known again that nothing of it has changed meanwhile.
pub(super) fn content(person: &CoreRecord) -> u64 {
    let mut hash = DefaultHasher::new();
    for field in 0..person.record.len() {
        person.record.get(field).hash(&mut hash);
    }
    let mut contacts: Vec<_> = person.contacts.iter().map(|c| (c.kind, &c.value, c.primary)).collect();
    contacts.sort_unstable();
    contacts.hash(&mut hash);
    hash.finish()
}
