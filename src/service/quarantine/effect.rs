//! What a corrected row would do to a record, shown before it is done.

use std::fmt;

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::pipeline::{RowEffect, RowPreview};
use importer_core::ports::{FieldChange, OutcomeKind, RecordId};
use serde::Serialize;

use super::revalidator::{Draft, Revalidator};
use crate::service::access::{Desk, MASKED, Mask, class_of};
use crate::service::run_context::Own;

/// What a corrected row would do to a record.
///
/// ```
/// use importer::service::RowFix;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,city\n1,Ann,Lee,ann@example.org,Liberty\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # std::fs::write(&file, rows.replace("ann@", "ann@@").replace("Liberty", "Oslo")).unwrap();
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let row = desk.quarantine("volunteer", &Default::default())?[0].row;
/// let fix = RowFix::new("she called").set("email", "ann@example.net");
/// let effect = desk.preview_fix("volunteer", row, &fix)?.effect.unwrap();
/// assert_eq!((effect.outcome, effect.record), ("updated", Some(1.into())));
/// assert!(effect.fields.iter().all(|field| field.field != "city"), "nobody set it");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordEffect {
    /// The record; `None` if the row would create one.
    pub record: Option<RecordId>,
    /// What would become of the row: `inserted`, `updated` or `unchanged`.
    pub outcome: &'static str,
    /// The fields of the record that would change.
    pub fields: Vec<FieldEffect>,
    /// The fields that the record would keep although the row has another value; without those that the role does not see.
    pub kept: Vec<KeptField>,
}

/// A field that a record keeps although a corrected row has another value.
///
/// ```
/// use importer::service::RowFix;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,city\n1,Ann,Lee,ann@example.org,Liberty\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # std::fs::write(&file, rows.replace("ann@", "ann@@").replace("Liberty", "Oslo")).unwrap();
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let row = desk.quarantine("volunteer", &Default::default())?[0].row;
/// let fix = RowFix::new("she called").set("email", "ann@example.net");
/// let kept = desk.preview_fix("volunteer", row, &fix)?.effect.unwrap().kept;
/// assert_eq!((kept[0].field, kept[0].why), ("city", "older_row"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeptField {
    /// The field.
    pub field: &'static str,
    /// The code of the reason.
    pub why: &'static str,
}

/// A field of a record before and after a corrected row; values and reason are `***` if the role does not see the field.
///
/// Its `Debug` text holds no value, because values are personal data.
///
/// ```
/// use importer::service::RowFix;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,city\n1,Ann,Lee,ann@example.org,Liberty\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # std::fs::write(&file, rows.replace("ann@", "ann@@").replace("Liberty", "Oslo")).unwrap();
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let row = desk.quarantine("volunteer", &Default::default())?[0].row;
/// let fix = RowFix::new("she called").set("email", "ann@example.net");
/// let fields = desk.preview_fix("volunteer", row, &fix)?.effect.unwrap().fields;
/// assert_eq!((fields[0].field.as_str(), fields[0].why.as_str()), ("email_normalized", "set_by_hand"));
/// assert_eq!(fields[0].before.as_deref(), Some("ann@example.org"));
/// assert_eq!(fields[0].after.as_deref(), Some("ann@example.net"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldEffect {
    /// The field.
    pub field: String,
    /// The value that it has.
    pub before: Option<String>,
    /// The value that it would have; for a list of contacts, the one that is added.
    pub after: Option<String>,
    /// The code of the reason.
    pub why: String,
}

impl fmt::Debug for FieldEffect {
    // Values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldEffect({}: {})", self.field, self.why)
    }
}

impl RecordEffect {
    fn of(effect: RowEffect, contract: &Contract, mask: Mask) -> Self {
        let field = |change: FieldChange| {
            let hidden = mask.hides(class_of(contract, &change.field));
            let shown = |value: Option<String>| value.map(|text| if hidden { MASKED.into() } else { text });
            FieldEffect {
                before: shown(change.old),
                after: shown(change.new),
                why: if hidden { MASKED.into() } else { change.reason.code().into() },
                field: change.field,
            }
        };
        let kept = effect.kept.into_iter().filter(|(field, _)| !mask.hides(class_of(contract, field)));
        Self {
            kept: kept.map(|(field, why)| KeptField { field, why: why.code() }).collect(),
            record: effect.record.filter(|_| effect.outcome != OutcomeKind::Inserted),
            outcome: effect.outcome.as_str(),
            fields: effect.changes.into_iter().map(field).collect(),
        }
    }
}

/// Shows what corrected rows would do, one after the other: who was shown counts as loaded for those that follow.
#[derive(Default)]
pub(super) struct Effects {
    rows: Option<RowPreview>,
}

impl Effects {
    /// What rows that pass the rules would do.
    ///
    /// # Errors
    /// When a rule itself failed, or the database fails.
    pub(super) fn of(
        &mut self,
        desk: &Desk<'_>,
        revalidator: &Revalidator,
        drafts: &[Draft],
    ) -> Result<Vec<RecordEffect>> {
        let (contract, mask) = (revalidator.contract, desk.mask());
        let rows = revalidator.preview_rows(drafts)?;
        let own = Own {
            contract,
            mapping: &revalidator.mapping,
            rules: &revalidator.suite,
            auto_merge: None,
            corrections: None,
        };
        let effects = desk.importer.with_context_to_read(&own, |context| {
            let preview = match &mut self.rows {
                Some(preview) => preview,
                None => self.rows.insert(RowPreview::begin(context)?),
            };
            preview.show(context, &revalidator.system, &rows)
        })?;
        Ok(effects.into_iter().map(|effect| RecordEffect::of(effect, contract, mask)).collect())
    }
}
