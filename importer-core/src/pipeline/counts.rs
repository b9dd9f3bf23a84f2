use serde::{Deserialize, Serialize};

use crate::ports::OutcomeTally;
use crate::{Error, ErrorKind, Result};

/// What a run counted. The numbers add up, or the run says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Rows the adapter handed over.
    pub read: u64,
    /// Rows whose bytes are in staging: landed now, or by an earlier run when they are the same.
    pub staged: u64,
    /// Rows the rules let through.
    pub clean: u64,
    /// Rows the rules hold back.
    pub quarantined: u64,
    /// New records.
    pub inserted: u64,
    /// Records changed.
    pub updated: u64,
    /// Rows that changed nothing.
    pub unchanged: u64,
    /// Rows that are somebody the core knows; each is also updated or unchanged.
    pub matched: u64,
    /// Rows under an unknown id that were merged with a known person, nobody looking; each is also matched.
    pub auto_merged: u64,
    /// Rows with an open suggestion.
    pub needs_review: u64,
    /// Rows that share a contact or an address with somebody else.
    pub households: u64,
    /// Clean rows that could not be written, each with its reason.
    pub skipped: u64,
}

impl Counts {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.staged += other.staged;
        self.clean += other.clean;
        self.quarantined += other.quarantined;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.matched += other.matched;
        self.auto_merged += other.auto_merged;
        self.needs_review += other.needs_review;
        self.households += other.households;
        self.skipped += other.skipped;
    }

    /// Checks that the numbers add up, among themselves and with what is stored about each row.
    ///
    /// ```
    /// use importer_core::pipeline::Counts;
    /// let counts = Counts { read: 2, staged: 2, clean: 1, quarantined: 1, inserted: 1, ..Counts::default() };
    /// let stored = [("inserted".to_string(), 1), ("quarantined".to_string(), 1)].into();
    /// assert!(counts.check(&stored).is_ok());
    /// assert!(Counts { read: 3, ..counts }.check(&stored).is_err());
    /// ```
    ///
    /// # Errors
    /// Names the equation that does not hold: a fault of the importer or of its store.
    pub fn check(&self, stored: &OutcomeTally) -> Result<()> {
        let stored = |name: &str| stored.get(name).copied().unwrap_or(0).unsigned_abs();
        let laws = [
            ("read = staged", self.read, self.staged),
            ("staged = clean + quarantined", self.staged, self.clean + self.quarantined),
            (
                "clean = inserted + updated + unchanged + skipped",
                self.clean,
                self.inserted + self.updated + self.unchanged + self.skipped,
            ),
            ("matched = updated + unchanged", self.matched, self.updated + self.unchanged),
            ("inserted = rows stored as inserted", self.inserted, stored("inserted")),
            ("updated = rows stored as updated", self.updated, stored("updated")),
            ("unchanged = rows stored as unchanged", self.unchanged, stored("unchanged")),
            ("skipped = rows stored as skipped", self.skipped, stored("skipped")),
            ("quarantined = rows stored as quarantined", self.quarantined, stored("quarantined")),
        ];
        match laws.iter().find(|(_, left, right)| left != right) {
            None => Ok(()),
            Some((law, left, right)) => Err(Error::new(
                ErrorKind::Invariant,
                "reconcile the run",
                format!("its counts do not add up: {law}, but {left} is not {right}"),
            )
            .hint("nothing was lost; report this with the run's id")),
        }
    }
}
