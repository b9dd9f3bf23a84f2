use importer_plugin::{Batch, Category, Error, RuleMeta, SetFindings, SetRule};

/// At most a quarter of all rows lack a shirt size.
#[derive(Default)]
pub(crate) struct MostHaveSize {
    rows: u64,
    without: u64,
}

impl SetRule for MostHaveSize {
    fn meta(&self) -> RuleMeta {
        RuleMeta::new("FIRST-401", Category::SetLevel, "Most rows have a shirt size", &["shirt_size"])
    }

    fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
        self.rows += rows.rows() as u64;
        self.without += (0..rows.rows()).filter(|&row| rows.get(row, 0).is_none()).count() as u64;
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        if self.without * 4 > self.rows {
            findings
                .report("shirt_size", format!("{} of {} rows have no shirt size", self.without, self.rows));
        }
        Ok(())
    }
}
