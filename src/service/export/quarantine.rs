use std::collections::HashMap;
use std::io::Write;

use importer_core::Result;
use importer_core::ports::{QuarantineFilter, RowId, ViolationRow};

use super::write::ExportWriter;
use super::{ExportKind, PAGE, TOLD};
use crate::service::access::{Desk, MaskedSearch};
use crate::service::quarantine::{columns_of_run, raw_cells};

/// What people are told beside the cells.
const BESIDE: [&str; 5] = ["status", "system", "line", "rules", "problems"];

impl Desk<'_> {
    /// Writes rows in quarantine as they were received, to be corrected elsewhere and read back by [`Desk::fix_file`].
    ///
    /// The file is delimited text in UTF-8 that is safe in spreadsheets. It has the columns of the sources, each row
    /// with its id in the first column, and columns that say what is wrong. Cells that the role does not see are
    /// masked; when the file is read back, they count as unchanged. Returns the number of rows. Needs a steward; the
    /// audit log keeps the number of rows.
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
    /// assert_eq!(desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?, 1);
    /// assert!(String::from_utf8(out).unwrap().contains("bob@@example.org"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no reason or no such rule, the database fails, or the file cannot be written.
    pub fn export_quarantine(
        &self,
        entity: &str,
        filter: &QuarantineFilter,
        reason: &str,
        out: &mut dyn Write,
    ) -> Result<u64> {
        let contract = self.importer.contract(entity)?;
        self.export(ExportKind::Quarantine, entity, reason, filter.rule.as_deref(), || {
            let mut session = self.importer.store()?.session()?;
            let mut columns: Vec<String> = Vec::new();
            let mut search = MaskedSearch::by(self.mask(), &self.importer.contracts);
            for (id, _) in search.tally(session.as_mut(), contract, filter)? {
                let Some(run) = session.run(id)? else { continue };
                for column in columns_of_run(&run) {
                    if !columns.contains(&column) {
                        columns.push(column);
                    }
                }
            }
            let beside: Vec<String> = BESIDE.iter().map(|name| format!("{TOLD}{name}")).collect();
            let header = columns.iter().chain(&beside).map(String::as_str);
            let mut file = ExportWriter::begin(ExportKind::Quarantine, header, out)?;
            let most = u64::try_from(filter.limit).ok().filter(|most| *most > 0).unwrap_or(u64::MAX);
            let mut filter = filter.clone();
            let mut written = 0;
            while written < most {
                filter.limit = i64::try_from((most - written).min(PAGE as u64)).unwrap_or(i64::MAX);
                let page = search.rows(session.as_mut(), contract, &filter)?;
                let Some(last) = page.last() else { break };
                filter.after = last.row;
                written += page.len() as u64;
                let ids: Vec<RowId> = page.iter().map(|entry| entry.row).collect();
                let mut findings = session.violations_of(&ids)?;
                search.mask_violations(session.as_mut(), &mut findings)?;
                let problems = problems(&findings);
                for entry in &page {
                    let raw = raw_cells(&entry.payload_json)?;
                    let classes = search.columns(session.as_mut(), entry.run)?;
                    let cell = |column: &String| {
                        let cell = raw.get(column).and_then(|v| v.as_str()).unwrap_or_default();
                        self.mask().exported(classes.class(column), cell)
                    };
                    let (line, rules) = (entry.position.to_string(), entry.rules.join(" "));
                    let beside = [
                        entry.status.as_str(),
                        &entry.system,
                        &line,
                        &rules,
                        problems.get(&entry.row).map_or("", String::as_str),
                    ];
                    file.row(entry.row.0, columns.iter().map(cell).chain(beside.map(Some)))?;
                }
            }
            file.finish()
        })
    }
}

/// What is wrong with each row, in a cell.
fn problems(findings: &[ViolationRow]) -> HashMap<RowId, String> {
    let mut messages: HashMap<RowId, String> = HashMap::new();
    for v in findings.iter().map(|found| &found.violation) {
        let cell = messages.entry(v.staging_id).or_default();
        if !cell.is_empty() {
            cell.push('\n');
        }
        if !v.field.is_empty() {
            cell.push_str(&v.field);
            cell.push_str(": ");
        }
        cell.push_str(&v.message);
    }
    messages
}
