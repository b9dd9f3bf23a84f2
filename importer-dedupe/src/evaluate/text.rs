//! The report for people.

use std::fmt::{self, Display, Formatter};

use super::metrics::{AtThreshold, Rates};
use super::recognise::FoundBy;
use super::report::Report;
use super::samples::Sample;
use super::{AUTO_MERGE, REVIEW};
use crate::matching::role::Role;

/// A share with four digits.
struct Share(Option<f64>);

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(share) => f.pad(&format!("{share:.4}")),
            None => f.pad("-"),
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} records; {} people have several, which makes {} pairs",
            self.records, self.truth.people, self.truth.pairs
        )?;
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        self.columns(f)?;
        writeln!(f, "\nSummary")?;
        let line = |f: &mut Formatter<'_>, name: &str, rates: &Rates| {
            writeln!(
                f,
                "  {name:<34} precision {}  recall {}  F1 {}",
                Share(rates.precision),
                Share(rates.recall),
                Share(Some(rates.f1))
            )
        };
        line(f, "merged without a human", &self.merged)?;
        line(f, &format!("pairs that are sure, from {AUTO_MERGE:.2}"), &self.auto_merge.rates)?;
        line(f, &format!("pairs to be reviewed, from {REVIEW:.2}"), &self.review.rates)?;
        line(f, &format!("pairs at the best F1, from {:.4}", self.best.threshold), &self.best.rates)?;
        line(f, "pairs within clusters", &self.clusters.pairs)?;
        line(f, "clusters that are exactly right", &self.clusters.exact)?;
        let b = &self.blocking;
        writeln!(
            f,
            "  blocking: {} of {} pairs scored, recall {}",
            b.scored,
            b.pairs,
            Share(Some(b.recall))
        )?;
        self.trained(f)?;
        self.thresholds(f)?;
        self.calibration(f)?;
        self.keys(f)?;
        samples(f, &format!("Missed: pairs of one person below {REVIEW:.2}"), &self.missed)?;
        samples(f, &format!("Wrong: pairs of two people from {REVIEW:.2} on"), &self.wrong)
    }
}

impl Report {
    fn columns(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nColumns")?;
        let width = self.columns.iter().map(|c| c.column.chars().count()).max().unwrap_or(0).min(40);
        for column in &self.columns {
            let by = match column.by {
                FoundBy::Given => " (as asked)",
                FoundBy::Name => "",
                FoundBy::Values => " (by its values)",
            };
            match &column.left_out {
                Some(why) => writeln!(f, "  {:<width$}  not compared: {why}", column.column)?,
                None => writeln!(f, "  {:<width$}  {}{by}", column.column, name(column.role))?,
            }
        }
        Ok(())
    }

    fn trained(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(trained) = &self.trained else { return Ok(()) };
        writeln!(
            f,
            "\nTraining: each half of the people by decisions about the other ({} one person, {} two people)",
            trained.decided_same, trained.decided_other
        )?;
        let (before, after) = (&trained.untrained, &trained.trained);
        for (name, before, after) in [
            (format!("pairs from {AUTO_MERGE:.2}"), &before.auto_merge, &after.auto_merge),
            (format!("pairs from {REVIEW:.2}"), &before.review, &after.review),
            ("pairs within clusters".into(), &before.clusters, &after.clusters),
        ] {
            for (name, rates) in [(name.as_str(), before), ("  trained", after)] {
                writeln!(
                    f,
                    "  {name:<34} precision {}  recall {}  F1 {}",
                    Share(rates.precision),
                    Share(rates.recall),
                    Share(Some(rates.f1))
                )?;
            }
        }
        Ok(())
    }

    fn thresholds(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nPairs by threshold")?;
        writeln!(f, "  from      pairs      right      wrong     missed  precision  recall      F1")?;
        for AtThreshold { threshold, rates } in &self.thresholds {
            writeln!(
                f,
                "  {threshold:.2} {:>10} {:>10} {:>10} {:>10} {:>10} {:>7} {:>7}",
                rates.predicted,
                rates.right,
                rates.wrong,
                rates.missed,
                Share(rates.precision),
                Share(rates.recall),
                Share(Some(rates.f1))
            )?;
        }
        Ok(())
    }

    fn keys(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let keys = &self.blocking.keys;
        let Some(width) = keys.iter().map(|key| key.key.len()).max() else { return Ok(()) };
        writeln!(
            f,
            "\nBlocking keys: what each found first, and the share of likely matches that agree in it"
        )?;
        writeln!(f, "  {:<width$} {:>12} {:>8}", "key", "pairs", "matches")?;
        for key in keys {
            writeln!(f, "  {:<width$} {:>12} {:>8}", key.key, key.pairs, Share(Some(key.matches)))?;
        }
        Ok(())
    }

    fn calibration(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nCalibration: how often a prediction came true")?;
        writeln!(f, "  probability       pairs  predicted  observed")?;
        for band in &self.calibration {
            writeln!(
                f,
                "  {:.2} to {:.2} {:>12} {:>10} {:>9}",
                band.from,
                band.to,
                band.pairs,
                Share(band.predicted),
                Share(band.observed)
            )?;
        }
        Ok(())
    }
}

fn samples(f: &mut Formatter<'_>, title: &str, samples: &[Sample]) -> fmt::Result {
    if samples.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    for sample in samples {
        let compared = if sample.compared { "" } else { ", never compared" };
        writeln!(f, "  {} and {}: {:.4}{compared}", sample.a, sample.b, sample.probability)?;
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        for values in &sample.values {
            let (a, b) = (value(&values.a), value(&values.b));
            let sign = if a == b { "=" } else { "|" };
            writeln!(f, "    {}: {a} {sign} {b}", values.column)?;
        }
        let terms = sample.terms.iter().map(|t| format!("{} {} {:+.2}", t.term, t.level, t.weight));
        writeln!(f, "    weights: {}", terms.collect::<Vec<_>>().join(", "))?;
        let why: Vec<&str> = sample.held_back.iter().map(|objection| objection.text()).collect();
        let why = if why.is_empty() { "nothing".to_owned() } else { why.join(", ") };
        writeln!(f, "    against merging: {why}")?;
    }
    Ok(())
}

/// A role in words.
fn name(role: Role) -> String {
    let name = serde_json::to_value(role).unwrap_or_default();
    name.as_str().unwrap_or_default().replace('_', " ")
}
