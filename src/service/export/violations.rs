use std::io::Write;

use importer_core::Result;
use importer_core::ports::ViolationFilter;

use super::write::ExportWriter;
use super::{ExportKind, PAGE};
use crate::service::access::{Desk, MaskedSearch};

const COLUMNS: [&str; 9] =
    ["run", "entity", "status", "record", "line", "rule", "severity", "field", "message"];

impl Desk<'_> {
    /// Writes findings of rules as delimited text in UTF-8 that is safe in spreadsheets, without the rows they are
    /// about.
    ///
    /// Messages and external ids are masked for the role. Returns the number of findings. Needs a steward; the audit
    /// log keeps the number of findings.
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
    /// assert_eq!(desk.export_violations(&Default::default(), "a report", &mut out)?, 1);
    /// assert!(String::from_utf8(out).unwrap().contains("FMT-101"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no reason or no such rule, the database fails, or the file cannot be written.
    pub fn export_violations(
        &self,
        filter: &ViolationFilter,
        reason: &str,
        out: &mut dyn Write,
    ) -> Result<u64> {
        let entity = filter.entity.as_deref().unwrap_or("volunteer");
        self.export(ExportKind::Violations, entity, reason, filter.rule.as_deref(), || {
            let mut file = ExportWriter::begin(ExportKind::Violations, COLUMNS, out)?;
            let mut session = self.importer.store()?.session()?;
            let mut search = MaskedSearch::by(self.mask(), &self.importer.contracts);
            let most = u64::try_from(filter.limit).ok().filter(|most| *most > 0).unwrap_or(u64::MAX);
            let mut filter = filter.clone();
            let mut written = 0;
            while written < most {
                filter.limit = i64::try_from((most - written).min(PAGE as u64)).unwrap_or(i64::MAX);
                let page = search.violations(session.as_mut(), &filter)?;
                let Some(last) = page.last() else { break };
                filter.after = last.id;
                written += page.len() as u64;
                for row in &page {
                    let v = &row.violation;
                    let (run, line) = (row.run_id.to_string(), row.position.to_string());
                    let cells: [&str; 9] = [
                        &run,
                        &row.entity,
                        &row.status,
                        &v.record_key,
                        &line,
                        &v.rule_code,
                        v.severity.as_str(),
                        &v.field,
                        &v.message,
                    ];
                    file.row(row.id, cells.map(Some))?;
                }
            }
            file.finish()
        })
    }
}
