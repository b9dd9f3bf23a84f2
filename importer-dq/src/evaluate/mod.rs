//! Evaluation: a suite, bound to an entity, a source and the columns of its batches, judges whole batches.

mod bind;
mod builder;
mod catalogue;
mod collect;
mod guard;
mod set_rules;
mod silence;

pub use bind::{Binding, CompiledSuite};
pub use builder::SuiteBuilder;
pub use catalogue::CatalogueEntry;

use importer_core::plugin::{Batch, Finding, Severity};
use importer_core::ports::{BatchVerdict, Rules, SetJudge};

impl Rules for CompiledSuite {
    fn judge(&self, rows: &Batch, from_adapter: &[Finding]) -> importer_core::Result<BatchVerdict> {
        let mut quarantined = vec![false; rows.rows()];
        let found = self.collect(rows, from_adapter)?;
        let findings = self.without_silenced(found);
        let mut withheld = Vec::new();
        for finding in &findings {
            match finding.severity {
                Severity::Error => quarantined[finding.row] = true,
                Severity::Warning => withheld.extend(self.withheld(finding)?),
                Severity::Info => {}
            }
        }
        withheld.sort_unstable();
        withheld.dedup();
        Ok(BatchVerdict { findings, quarantined, withheld })
    }

    fn judge_set(&self) -> importer_core::Result<Option<Box<dyn SetJudge>>> {
        self.set_rules()
    }

    fn checksum(&self) -> String {
        Self::checksum(self).to_owned()
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod tests;
