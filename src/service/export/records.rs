use std::io::Write;

use importer_core::Result;
use importer_core::contracts::{Field, FieldKind};
use importer_core::ports::{ContactKind, CoreRecord, RecordId};

use super::write::ExportWriter;
use super::{ExportKind, PAGE};
use crate::service::access::Desk;

impl Desk<'_> {
    /// Writes every record of an entity as delimited text in UTF-8 that is safe in spreadsheets.
    ///
    /// The columns have the names of the contract's fields, so that the file can be imported without a mapping. Values
    /// that the role does not see are masked; an import takes masked values for missing ones. Returns the number of
    /// records. Needs a steward; the audit log keeps the number of records.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let mut out = Vec::new();
    /// assert_eq!(desk.export_records("volunteer", "for the newsletter", &mut out)?, 1);
    /// assert!(String::from_utf8(out).unwrap().contains("ann@example.org"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no reason, the database fails, or the file cannot be written.
    pub fn export_records(&self, entity: &str, reason: &str, out: &mut dyn Write) -> Result<u64> {
        let contract = self.importer.contract(entity)?;
        self.export(ExportKind::Records, entity, reason, None, || {
            let fields = contract.fields.iter().enumerate();
            let fields: Vec<(usize, &Field)> =
                fields.filter(|(_, field)| field.kind.is_column() || field.kind.is_list()).collect();
            let names = fields.iter().map(|(_, field)| field.name);
            let mut file = ExportWriter::begin(ExportKind::Records, names, out)?;
            let mut session = self.importer.store()?.session()?;
            let mut after = 0;
            loop {
                let page = session.records_after(contract, RecordId(after), PAGE)?;
                let Some(last) = page.last() else { return file.finish() };
                after = last.id.0;
                for record in &page {
                    let cells = fields.iter().map(|(place, field)| cell(record, *place, field.kind));
                    let cells: Vec<String> = cells.collect();
                    let shown = fields.iter().zip(&cells);
                    let shown = shown.map(|((_, field), cell)| self.mask().exported(field.pii, cell));
                    file.row(record.id.0, shown)?;
                }
            }
        })
    }
}

/// What a record holds in a field, as a source would write it.
fn cell(record: &CoreRecord, place: usize, kind: FieldKind) -> String {
    let others = |kind: ContactKind| {
        let others = record.contacts.iter().filter(|contact| contact.kind == kind && !contact.primary);
        others.map(|contact| &*contact.value).collect::<Vec<_>>().join("\n")
    };
    match kind {
        FieldKind::EmailList => others(ContactKind::Email),
        FieldKind::PhoneList => others(ContactKind::Phone),
        _ => record.record.get(place).unwrap_or_default().to_owned(),
    }
}
