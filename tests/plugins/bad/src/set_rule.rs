//! A set-level rule about how many rows have a name.

use importer_plugin::{Batch, Category, Error, RuleMeta, SetFindings, SetRule};

use crate::bad;

#[derive(Default)]
pub(crate) struct MostFilled {
    rows: u64,
    filled: u64,
}

impl SetRule for MostFilled {
    fn meta(&self) -> RuleMeta {
        RuleMeta::new("SET-950", Category::SetLevel, "Most rows have a name", &["last_name"])
    }

    fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
        if bad("last-batch-counts") {
            (self.rows, self.filled) = (0, 0);
        }
        let long = |row: &usize| rows.get(*row, 0).is_some_and(|cell| cell.len() > 10_000);
        assert!(!bad("short-cells-only") || !(0..rows.rows()).any(|row| long(&row)), "the cell is too long");
        self.rows += rows.rows() as u64;
        self.filled += (0..rows.rows()).filter(|&row| rows.get(row, 0).is_some()).count() as u64;
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        if bad("divides-by-rows") {
            let _share = self.filled / self.rows;
        }
        findings.report("last_name", format!("{} of {} rows have a name", self.filled, self.rows));
        Ok(())
    }
}
