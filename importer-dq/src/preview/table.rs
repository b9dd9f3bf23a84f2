use std::fmt;

use super::Preview;

impl Preview {
    /// A number of rows as a share of all rows, from 0 to 1.
    ///
    /// ```
    /// let preview = importer_dq::Preview { rows: 8, quarantined: 2, ..Default::default() };
    /// assert_eq!(preview.share(preview.quarantined), 0.25);
    /// ```
    pub fn share(&self, rows: u64) -> f64 {
        if self.rows == 0 { 0.0 } else { rows as f64 / self.rows as f64 }
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = 100.0 * self.share(self.quarantined);
        writeln!(f, "{} of {} rows ({percent:.1} %) would be quarantined.", self.quarantined, self.rows)?;
        if self.by_rule.is_empty() {
            return Ok(());
        }
        let width = self.by_rule.iter().map(|count| count.code.len()).max().unwrap_or(0).max(4);
        writeln!(f)?;
        writeln!(f, "{:width$}  quarantined       %  by it alone   warned  rule", "code")?;
        for count in &self.by_rule {
            writeln!(
                f,
                "{:width$}  {:>11}  {:>6.2}  {:>11}  {:>7}  {}",
                count.code,
                count.quarantines,
                100.0 * self.share(count.quarantines),
                count.only_this_rule,
                count.warns,
                if count.title.is_empty() { "Found by the adapter." } else { &count.title },
            )?;
        }
        Ok(())
    }
}
