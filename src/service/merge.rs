//! Merging people, and taking merges back.

use std::collections::BTreeMap;

use importer_core::contracts::Contract;
use importer_core::ports::{
    MergeFilter, MergeId, MergeRow, RecordId, Rejected, SuggestionId, moment_text, no_unfinished_rollback,
};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::history::{
    self, FieldWinner, MergeContext, MergeOrder, MergePlan, PlannedField, Undone,
};
use serde::Serialize;

use super::access::{Action, Desk, Note};
use super::edit::typed;
use super::pair_judge::Contradiction;
use super::rejected_pairs::{no_rejected_pairs, rejected_pairs};
use super::unfinished_rollback::not_in_unfinished_rollback;
use crate::Importer;

const OPERATION: &str = "merge people";

/// A request to merge people, as [`Desk::preview_merge`] and [`Desk::merge`] take it.
///
/// ```
/// use importer::service::{FieldChoice, MergeRequest};
///
/// let mut request = MergeRequest::new("volunteer", [1, 2], "one person");
/// request.survivor = Some(2.into());
/// request.choices = vec![("city".into(), FieldChoice::Of(1.into()))];
/// assert!(!request.although_rejected);
/// ```
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct MergeRequest {
    /// The entity, such as `volunteer`.
    pub entity: String,
    /// The ids of the records to merge, the survivor included: two or more, each named once.
    pub people: Vec<RecordId>,
    /// The record that remains; by default the one with the lowest id, which has been in the core the longest.
    pub survivor: Option<RecordId>,
    /// Fields whose value was chosen by hand; the survivorship policy decides about all others.
    pub choices: Vec<(String, FieldChoice)>,
    /// The reason, for the audit log and the list of merges.
    pub reason: String,
    /// Merges although somebody has rejected a pair among the people; otherwise a rejected pair is an error.
    pub although_rejected: bool,
}

impl MergeRequest {
    /// Makes a request that leaves every choice to the survivorship policy.
    ///
    /// ```
    /// use importer::RecordId;
    /// use importer::service::MergeRequest;
    ///
    /// let request = MergeRequest::new("volunteer", [1, 2], "one person");
    /// assert_eq!((request.people, request.survivor), (vec![RecordId(1), RecordId(2)], None));
    /// ```
    pub fn new(entity: &str, people: impl IntoIterator<Item: Into<RecordId>>, reason: &str) -> Self {
        Self {
            entity: entity.into(),
            people: people.into_iter().map(Into::into).collect(),
            survivor: None,
            choices: Vec::new(),
            reason: reason.into(),
            although_rejected: false,
        }
    }
}

/// A request to repeat a merge that was undone, as [`Desk::redo`] takes it.
///
/// ```
/// use importer::service::RedoRequest;
///
/// let request = RedoRequest { although_rejected: true, ..RedoRequest::new(1.into(), "one person after all") };
/// assert_eq!(request.merge, 1);
/// ```
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct RedoRequest {
    /// The id of the merge that was undone.
    pub merge: MergeId,
    /// The reason, for the audit log and the list of merges.
    pub reason: String,
    /// Merges although somebody has rejected a pair among the people; otherwise a rejected pair is an error.
    pub although_rejected: bool,
}

impl RedoRequest {
    /// Makes a request to repeat a merge.
    ///
    /// ```
    /// use importer::service::RedoRequest;
    ///
    /// assert!(!RedoRequest::new(1.into(), "one person after all").although_rejected);
    /// ```
    pub fn new(merge: MergeId, reason: &str) -> Self {
        Self { merge, reason: reason.into(), although_rejected: false }
    }
}

/// The value that a field is to have after a merge.
///
/// Its `Debug` text holds no value, because values are personal data.
///
/// ```
/// use importer::service::FieldChoice;
///
/// assert_eq!(format!("{:?}", FieldChoice::Value("Liberty".into())), "Value");
/// ```
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldChoice {
    /// The value of the record with this id.
    Of(RecordId),
    /// Another value, as a person types it. A blank one empties the field.
    Value(String),
}

impl std::fmt::Debug for FieldChoice {
    // A value is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Of(id) => write!(f, "Of({id})"),
            Self::Value(_) => f.write_str("Value"),
        }
    }
}

/// What a merge would do, computed without writing; [`Desk::preview_merge`] returns it.
///
/// ```
/// use importer::service::MergeRequest;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let preview = desk.preview_merge(&MergeRequest::new("volunteer", [1, 2], ""))?;
/// let name = preview.fields.iter().find(|field| field.field == "last_name").unwrap();
/// assert_eq!(name.value.as_deref(), Some("Kelley"));
/// assert!(preview.rejected.is_empty());
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MergePreview {
    /// The record that would remain.
    pub survivor: RecordId,
    /// The records that would go.
    pub retired: Vec<RecordId>,
    /// The value that would survive in each field, whose it is and why. What the role does not see is masked, the
    /// reason included.
    pub fields: Vec<PlannedField>,
    /// Rejected pairs among the people. To merge them all the same, set [`MergeRequest::although_rejected`].
    pub rejected: Vec<Rejected>,
    /// Pairs among the people that contradict each other, as the records are now. They are merged all the same if
    /// somebody says so. Only for roles that see every field.
    pub contradictions: Vec<Contradiction>,
}

/// A merge that was done; [`Desk::merge`] returns it.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let request = importer::service::MergeRequest::new("volunteer", [1, 2], "one person");
/// # let done = desk.merge(&request)?;
/// assert_eq!((done.survivor.0, done.retired[0].0), (1, 2));
/// desk.undo_merge(done.merge, "two sisters")?;
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MergeDone {
    /// The id of the merge, by which [`Desk::undo_merge`] undoes it.
    pub merge: MergeId,
    /// The record that remained.
    pub survivor: RecordId,
    /// The records that went.
    pub retired: Vec<RecordId>,
    /// The fields of the survivor that changed; fields that the role does not see are left out.
    pub changed: Vec<String>,
    /// Pairs among the people that contradicted each other before the merge. Only for roles that see every field.
    pub contradictions: Vec<Contradiction>,
}

/// A merge in the list that [`Desk::merges`] returns.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let request = importer::service::MergeRequest::new("volunteer", [1, 2], "one person");
/// # let done = desk.merge(&request)?;
/// let line = &desk.merges("volunteer", &Default::default())?[0];
/// assert_eq!((line.merge, line.actor.as_str(), line.reason.as_str()), (done.merge, "ann", "one person"));
/// assert_eq!(line.undone_at, None);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MergeLine {
    /// The id of the merge.
    pub merge: MergeId,
    /// The entity.
    pub entity: String,
    /// The record that remained.
    pub survivor: RecordId,
    /// The records that went.
    pub retired: Vec<RecordId>,
    /// The suggestion that led to the merge.
    pub suggestion: Option<SuggestionId>,
    /// The actor who merged.
    pub actor: String,
    /// The reason; it is masked if it quotes a value that the role does not see.
    pub reason: String,
    /// The moment of the merge, in UTC, such as `2025-06-01T08:00:00Z`.
    pub merged_at: String,
    /// The moment at which it was undone; `None` for a merge that stands.
    pub undone_at: Option<String>,
    /// The actor who undid it.
    pub undone_by: Option<String>,
    /// The later merge that repeated this one after it was undone.
    pub redone_by: Option<MergeId>,
}

impl From<MergeRow> for MergeLine {
    fn from(row: MergeRow) -> Self {
        let (undone_at, undone_by) = match row.undone {
            Some((at, by, _)) => (Some(moment_text(at)), Some(by)),
            None => (None, None),
        };
        Self {
            merge: row.id,
            entity: row.entity,
            survivor: row.merge.survivor,
            retired: row.merge.retired,
            suggestion: row.merge.suggestion,
            actor: row.merge.actor,
            reason: row.merge.reason,
            merged_at: moment_text(row.merged_at),
            undone_at,
            undone_by,
            redone_by: row.redone_by,
        }
    }
}

impl Desk<'_> {
    /// Computes what merging people would do; nothing is written.
    ///
    /// Returns the survivor and, field by field, the value that would survive and why. Masked fields have a masked
    /// reason too, because it tells whether the values agree. The reason of the request may be empty. Needs a steward.
    ///
    /// ```
    /// use importer::service::MergeRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let preview = desk.preview_merge(&MergeRequest::new("volunteer", [1, 2], ""))?;
    /// assert_eq!((preview.survivor.0, preview.retired[0].0), (1, 2));
    /// assert_eq!(importer.count("volunteer")?, 2);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not or types a value for a field that the role does not see, fewer than two records are named
    /// or one is named twice, a record is not in the core, a choice names no field or none of the records, or the
    /// database fails.
    pub fn preview_merge(&self, request: &MergeRequest) -> Result<MergePreview> {
        let contract = self.importer.contract(&request.entity)?;
        let note = Note::new(people(&request.people), &request.reason).entity(contract.entity);
        self.authorize(Action::Review, &note)?;
        self.may_choose(Action::Review, &note, contract, &request.choices)?;
        let order = self.order(contract, request)?;
        let (plan, rejected, contradictions) = self.query(Action::Review, &subject(&order), |session| {
            let plan = self.importer.with_merge_context(contract, |merge_context| {
                history::preview_merge(session, merge_context, &order)
            })?;
            let rejected = session.rejected_among(contract, &request.people)?;
            Ok((plan, rejected, self.contradictions(session, contract, &request.people)?))
        })?;
        let (survivor, retired) = (order.survivor, order.retired);
        let mut preview = MergePreview { survivor, retired, fields: plan.fields, rejected, contradictions };
        self.mask().preview(contract, &mut preview);
        Ok(preview)
    }

    /// Merges people into one of them, the survivor. [`Desk::undo_merge`] undoes it.
    ///
    /// Everything that refers to the retired records refers to the survivor from then on: external ids, and thereby
    /// later imports, suggestions, households and rows of the host's tables. Needs an admin.
    ///
    /// ```
    /// use importer::service::MergeRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let done = desk.merge(&MergeRequest::new("volunteer", [1, 2], "the same person"))?;
    /// assert_eq!((done.survivor.0, desk.who_is("volunteer", 2.into())?.0), (1, 1));
    /// assert!(importer.record("volunteer", 2.into())?.is_none());
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Desk::preview_merge`]; when there is no reason, a pair among the people was rejected and the request
    /// does not say that they are to be merged all the same, an unfinished rollback concerns one of them, or a table of
    /// the host does not accept the merge.
    pub fn merge(&self, request: &MergeRequest) -> Result<MergeDone> {
        let contract = self.importer.contract(&request.entity)?;
        let note = Note::new(people(&request.people), &request.reason).entity(contract.entity);
        self.ready(Action::Merge, &note)?;
        self.may_choose(Action::Merge, &note, contract, &request.choices)?;
        let order = self.order(contract, request)?;
        let note = Note::new(subject(&order), &request.reason).entity(contract.entity);
        self.act(Action::Merge, note, |session, note| {
            session.lock_core(contract)?;
            not_in_unfinished_rollback(session, contract, &request.people, OPERATION)?;
            let apart =
                no_rejected_pairs(session, contract, &request.people, request.although_rejected, OPERATION)?;
            although(note, &apart);
            let contradictions = self.contradictions(session, contract, &request.people)?;
            although_contradicted(note, &contradictions);
            let (merge, plan) = self.importer.with_merge_context(contract, |merge_context| {
                history::merge(session, merge_context, &order)
            })?;
            note.subject = format!("merge {merge}");
            note.detail("survivor", order.survivor);
            note.detail("retired", order.retired.clone());
            note.detail("chosen", order.choices.keys().cloned().collect::<Vec<_>>());
            let mut done = MergeDone { contradictions, ..done(merge, &order, plan) };
            self.mask().merged(contract, &mut done);
            Ok(done)
        })
    }

    /// Undoes a merge: everybody is again who they would be without it.
    ///
    /// Rows that were imported since go to the person they are about. Edits of the survivor stay with the survivor.
    /// Later merges of the same people are undone with it and done again without it. Returns the restored records, and
    /// what could not be told apart. Needs an admin.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let request = importer::service::MergeRequest::new("volunteer", [1, 2], "one person");
    /// # let done = desk.merge(&request)?;
    /// let undone = desk.undo_merge(done.merge, "two sisters")?;
    /// assert_eq!(undone.restored, [2]);
    /// assert_eq!(importer.count("volunteer")?, 2);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no reason, there is no such merge, it is undone already, or an unfinished
    /// rollback concerns one of the people.
    pub fn undo_merge(&self, merge: MergeId, reason: &str) -> Result<Undone> {
        self.of_merge(merge, Action::UndoMerge, reason, |session, merge_context, _, reason, note| {
            let undone = history::undo(session, merge_context, MergeId(merge.0), &self.actor.name, reason)?;
            note.detail("restored", undone.restored.clone());
            note.detail("conflicts", undone.conflicts.len());
            Ok(self.mask().undone(undone))
        })
    }

    /// Undoes one match that an import made, named by external system and external id.
    ///
    /// The record of the source becomes a person of its own, as if the import had found nobody like it. Both people are
    /// remembered as a rejected pair. Returns the new record, and the id of a merge that counts as undone, so that
    /// [`Desk::redo_merge`] can match them again. Needs an admin.
    ///
    /// ```
    /// use importer::RunRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let fair = folder.path().join("fair.csv");
    /// # let rows = "id,first_name,last_name,email,city\n7,Ann,Lee,ann@example.org,Liberty\n";
    /// # std::fs::write(&fair, rows).unwrap();
    /// importer.run(&RunRequest::new("csv").external_system("fair").file(&fair))?;
    /// assert_eq!(importer.count("volunteer")?, 1, "the row matched Ann");
    /// let undone = desk.undo_match("volunteer", "fair", "7", "her mother")?;
    /// assert_eq!((undone.survivor.0, importer.count("volunteer")?), (1, 2));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no reason, nothing is known under the id, the person came into being with it, a
    /// merge brought it, the state of the person before the match is not kept any more, or the database fails.
    pub fn undo_match(&self, entity: &str, system: &str, external_id: &str, reason: &str) -> Result<Undone> {
        let contract = self.importer.contract(entity)?;
        let note = Note::new("a match", reason).entity(contract.entity);
        self.act(Action::UndoMerge, note, |session, note| {
            session.lock_core(contract)?;
            // Somebody comes into being.
            no_unfinished_rollback(session, contract.entity, Action::UndoMerge.doing())?;
            let reason = note.reason.clone();
            let undone = self.importer.with_merge_context(contract, |merge_context| {
                history::undo_match(session, merge_context, system, external_id, &self.actor.name, &reason)
            })?;
            note.subject = format!("merge {}", undone.merge);
            note.detail("match", true);
            note.detail("person", undone.survivor);
            note.detail("apart", undone.restored.clone());
            Ok(self.mask().undone(undone))
        })
    }

    /// Repeats a merge that was undone, with the values that were chosen then.
    ///
    /// Returns the id of the new merge. Needs an admin.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let request = importer::service::MergeRequest::new("volunteer", [1, 2], "one person");
    /// # let done = desk.merge(&request)?;
    /// desk.undo_merge(done.merge, "two sisters")?;
    /// let again = desk.redo_merge(done.merge, "one person after all")?;
    /// assert_ne!(again, done.merge);
    /// assert_eq!(desk.who_is("volunteer", 2.into())?, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Desk::redo`].
    pub fn redo_merge(&self, merge: MergeId, reason: &str) -> Result<MergeId> {
        self.redo(&RedoRequest::new(merge, reason))
    }

    /// Repeats a merge that was undone, if asked to even for a rejected pair.
    ///
    /// Returns the id of the new merge. The rejection that came with undoing the merge is no obstacle. Needs an admin.
    ///
    /// ```
    /// use importer::service::RedoRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let request = importer::service::MergeRequest::new("volunteer", [1, 2], "one person");
    /// # let done = desk.merge(&request)?;
    /// desk.undo_merge(done.merge, "two sisters")?;
    /// let request = RedoRequest { although_rejected: true, ..RedoRequest::new(done.merge, "one person after all") };
    /// let again = desk.redo(&request)?;
    /// assert_eq!(desk.merges("volunteer", &Default::default())?[0].redone_by, Some(again));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no reason, there is no such merge, it was not undone, or a pair among the
    /// people was rejected otherwise than by undoing it and the request does not say that they are to be merged all the
    /// same.
    pub fn redo(&self, request: &RedoRequest) -> Result<MergeId> {
        let RedoRequest { merge, reason, although_rejected } = request;
        self.of_merge(*merge, Action::Merge, reason, |session, merge_context, row, reason, note| {
            if let Some((at, by, _)) = &row.undone {
                // What was said with taking it back is taken back with it.
                let otherwise = |rejected: &Rejected| (&rejected.by, rejected.at) != (by, *at);
                let asked = *although_rejected;
                let apart = rejected_pairs(
                    session,
                    merge_context.contract,
                    &members(row),
                    asked,
                    otherwise,
                    OPERATION,
                )?;
                although(note, &apart);
            }
            let new = history::redo(session, merge_context, MergeId(merge.0), &self.actor.name, reason)?;
            note.detail("again", new);
            Ok(new)
        })
    }

    /// Returns merges in the order of their ids, those that were undone included.
    ///
    /// To page, set [`MergeFilter::after`] to the id of the last merge. A reason that quotes a masked value is left
    /// out. Any role may call it.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let request = importer::service::MergeRequest::new("volunteer", [1, 2], "one person");
    /// # let done = desk.merge(&request)?;
    /// let merges = desk.merges("volunteer", &Default::default())?;
    /// assert_eq!((merges[0].survivor.0, merges[0].retired[0].0), (1, 2));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see them, or the database fails.
    pub fn merges(&self, entity: &str, filter: &MergeFilter) -> Result<Vec<MergeLine>> {
        let contract = self.importer.contract(entity)?;
        self.query(Action::ViewSuggestions, "merges", |session| {
            let lines = session.merges(contract, filter)?.into_iter().map(|mut row| {
                let before = std::mem::take(&mut row.merge.before_json);
                let mut line = MergeLine::from(row);
                self.mask().merge_line(contract, &before, &mut line);
                line
            });
            Ok(lines.collect())
        })
    }

    /// Returns the record that a person is now: the same id, or the survivor of the merges in which the record went.
    ///
    /// An id that never went in a merge is returned unchanged, whether or not there is such a record. Any role may call
    /// it.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let request = importer::service::MergeRequest::new("volunteer", [1, 2], "one person");
    /// # let done = desk.merge(&request)?;
    /// assert_eq!((desk.who_is("volunteer", 1.into())?.0, desk.who_is("volunteer", 2.into())?.0), (1, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see records, or the database fails.
    pub fn who_is(&self, entity: &str, id: RecordId) -> Result<RecordId> {
        let contract = self.importer.contract(entity)?;
        self.query(Action::ViewRecords, &format!("{entity} {id}"), |session| {
            Ok(session.survivor_of(contract, id)?.map_or(id, |(survivor, _)| survivor))
        })
    }

    fn of_merge<T>(
        &self,
        merge: MergeId,
        action: Action,
        reason: &str,
        work: impl FnOnce(
            &mut dyn importer_core::ports::StewardSession,
            &MergeContext<'_>,
            &MergeRow,
            &str,
            &mut Note,
        ) -> Result<T>,
    ) -> Result<T> {
        self.act(action, Note::new(format!("merge {merge}"), reason), |session, note| {
            let Some(row) = session.merge(merge)? else {
                let message = format!("there is no merge {merge}");
                return Err(Error::new(ErrorKind::NotFound, action.doing(), message).coded("merge_not_found"));
            };
            let contract = self.importer.contract(&row.entity)?;
            session.lock_core(contract)?;
            not_in_unfinished_rollback(session, contract, &members(&row), action.doing())?;
            note.entity = Some(row.entity.clone());
            let reason = note.reason.clone();
            self.importer.with_merge_context(contract, |merge_context| {
                work(session, merge_context, &row, &reason, note)
            })
        })
    }

    /// What contradicts among people, as far as the role sees it: which fields contradict tells of each of them.
    pub(super) fn contradictions(
        &self,
        session: &mut dyn importer_core::ports::StewardSession,
        contract: &Contract,
        people: &[RecordId],
    ) -> Result<Vec<Contradiction>> {
        if !self.mask().shows_all() {
            return Ok(Vec::new());
        }
        self.importer.pair_judge(contract, None).contradictions_among(session, people)
    }

    /// Whether the role sees the fields for which somebody typed a value; keeping that of a record needs no eyes.
    pub(super) fn may_choose(
        &self,
        action: Action,
        note: &Note,
        contract: &Contract,
        choices: &[(String, FieldChoice)],
    ) -> Result<()> {
        let typed = choices.iter().filter(|(_, choice)| matches!(choice, FieldChoice::Value(_)));
        self.guard_write_fields(action, note, contract, typed.map(|(field, _)| field.as_str()))
    }

    pub(super) fn order(&self, contract: &'static Contract, request: &MergeRequest) -> Result<MergeOrder> {
        let survivor = request.survivor.or_else(|| request.people.iter().copied().min());
        let Some(survivor) = survivor.filter(|id| request.people.contains(id)) else {
            return Err(Error::new(ErrorKind::Config, OPERATION, "the survivor is not one of the people"));
        };
        let mut choices = BTreeMap::new();
        for (field, choice) in &request.choices {
            let winner = match choice {
                FieldChoice::Of(id) => FieldWinner::Of(*id),
                FieldChoice::Value(value) => {
                    let typed = typed(contract, &[(field.clone(), value.clone())], OPERATION)?;
                    FieldWinner::Value(typed.into_iter().next().and_then(|(_, value)| value))
                }
            };
            choices.insert(field.clone(), winner);
        }
        Ok(MergeOrder {
            survivor,
            retired: request.people.iter().copied().filter(|id| *id != survivor).collect(),
            choices,
            actor: self.actor.name.clone(),
            reason: request.reason.trim().into(),
            ..MergeOrder::default()
        })
    }
}

impl Importer {
    /// Calls with everything that merging, undoing and rolling back need to know.
    pub(super) fn with_merge_context<T>(
        &self,
        contract: &'static Contract,
        work: impl FnOnce(&MergeContext<'_>) -> Result<T>,
    ) -> Result<T> {
        let resolver = self.resolver_of(contract, &self.mapping(contract)?, None);
        work(&MergeContext {
            contract,
            survivorship: &self.survivorship,
            resolver: resolver.as_ref(),
            references: &self.references,
            now: self.clock.now(),
        })
    }
}

pub(super) fn done(merge: MergeId, order: &MergeOrder, plan: MergePlan) -> MergeDone {
    let mut changed: Vec<String> = plan.changes.into_iter().map(|change| change.field).collect();
    changed.dedup();
    let (survivor, retired) = (order.survivor, order.retired.clone());
    MergeDone { merge, survivor, retired, changed, contradictions: Vec::new() }
}

/// Tells the audit log how many pairs contradict of those who are merged all the same.
pub(super) fn although_contradicted(note: &mut Note, contradictions: &[Contradiction]) {
    if !contradictions.is_empty() {
        note.detail("although_contradicted", contradictions.len());
    }
}

/// Tells the audit log who was told apart of those who are merged all the same.
pub(super) fn although(note: &mut Note, apart: &[Rejected]) {
    if !apart.is_empty() {
        let mut suggestions: Vec<SuggestionId> = apart.iter().map(|rejected| rejected.suggestion).collect();
        suggestions.sort_unstable();
        suggestions.dedup();
        note.detail("although_rejected", suggestions);
    }
}

fn members(row: &MergeRow) -> Vec<RecordId> {
    std::iter::once(row.merge.survivor).chain(row.merge.retired.iter().copied()).collect()
}

fn subject(order: &MergeOrder) -> String {
    people(std::iter::once(&order.survivor).chain(&order.retired))
}

fn people<'a>(ids: impl IntoIterator<Item = &'a RecordId>) -> String {
    let ids: Vec<String> = ids.into_iter().map(RecordId::to_string).collect();
    format!("people {}", ids.join(", "))
}
