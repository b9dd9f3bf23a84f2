//! In which format the dates of a column are written, where nobody has said so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::date;

/// Formats that are found out. Years have four digits: of two, nobody knows the century.
const FORMATS: &[(&str, &str)] = &[
    ("%m/%d/%Y", "month/day/year"),
    ("%d/%m/%Y", "day/month/year"),
    ("%m-%d-%Y", "month-day-year"),
    ("%d-%m-%Y", "day-month-year"),
    ("%m.%d.%Y", "month.day.year"),
    ("%d.%m.%Y", "day.month.year"),
    ("%Y/%m/%d", "year/month/day"),
    ("%Y/%d/%m", "year/day/month"),
    ("%Y.%m.%d", "year.month.day"),
    ("%Y-%d-%m", "year-day-month"),
    ("%m/%d/%Y %H:%M", "month/day/year with a time"),
    ("%d/%m/%Y %H:%M", "day/month/year with a time"),
    ("%m/%d/%Y %H:%M:%S", "month/day/year with a time"),
    ("%d/%m/%Y %H:%M:%S", "day/month/year with a time"),
    ("%m/%d/%Y %I:%M:%S %p", "month/day/year with a time"),
    ("%d.%m.%Y %H:%M", "day.month.year with a time"),
    ("%d.%m.%Y %H:%M:%S", "day.month.year with a time"),
    ("%B %d, %Y", "the month's name, day, year"),
    ("%B %d %Y", "the month's name, day, year"),
    ("%d %B %Y", "day, the month's name, year"),
    ("%d. %B %Y", "day, the month's name, year"),
    ("%d-%b-%Y", "day-month-year with the month's name"),
];

/// What the dates of a column have in common. No value is kept: only how many can be read by the same formats.
///
/// ```
/// use importer_core::normalise::DateForms;
/// let mut forms = DateForms::default();
/// forms.observe("5/1/1990");
/// assert_eq!(forms.format(), None, "May 1 or January 5");
/// forms.observe("5/21/1990");
/// assert_eq!(forms.format(), Some(("%m/%d/%Y", "month/day/year")));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DateForms {
    /// How many values can be read by exactly these formats, one bit for each.
    readings: BTreeMap<u32, u64>,
}

impl DateForms {
    /// Takes a value of the column.
    pub fn observe(&mut self, text: &str) {
        let mut out = String::new();
        let mut readings = 0;
        for (place, (format, _)) in FORMATS.iter().enumerate() {
            out.clear();
            if shares_marks(format, text) && date(text, Some(format), &mut out).is_ok() {
                readings |= 1 << place;
            }
        }
        *self.readings.entry(readings).or_default() += 1;
    }

    /// Adds what was observed elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (readings, values) in &other.readings {
            *self.readings.entry(*readings).or_default() += values;
        }
    }

    /// The one format in which the column is written, and what people call it. None where a tenth of the values are something
    /// else, or day and month cannot be told apart by any value.
    pub fn format(&self) -> Option<(&'static str, &'static str)> {
        let [one] = self.formats()[..] else { return None };
        Some(one)
    }

    /// The formats in which the column may be written; two where no value tells day and month apart.
    pub fn formats(&self) -> Vec<(&'static str, &'static str)> {
        let all: u64 = self.readings.values().sum();
        let most = (0..FORMATS.len()).map(|place| self.read_by(place)).max().unwrap_or(0);
        if most == 0 || most * 10 < all * 9 {
            return Vec::new();
        }
        let best: Vec<usize> = (0..FORMATS.len()).filter(|&place| self.read_by(place) == most).collect();
        // A value that only the other reading understands: day and month are mixed up in the column itself.
        let mixed = best.iter().any(|&one| (0..FORMATS.len()).any(|other| self.contradicts(one, other)));
        if mixed { Vec::new() } else { best.iter().map(|&place| FORMATS[place]).collect() }
    }

    fn read_by(&self, place: usize) -> u64 {
        self.readings.iter().filter(|(read, _)| *read & 1 << place != 0).map(|(_, values)| values).sum()
    }

    /// Whether the other format reads the same column for a part, and values that this one does not.
    fn contradicts(&self, one: usize, other: usize) -> bool {
        let (one, other) = (1_u32 << one, 1_u32 << other);
        let read = |by: u32| self.readings.keys().any(|read| read & (one | other) == by);
        let same_marks = read(one | other) || marks(one) == marks(other);
        one != other && same_marks && read(other)
    }
}

/// What separates the parts of the format with this bit.
fn marks(bit: u32) -> String {
    let format = FORMATS[bit.trailing_zeros() as usize].0;
    format.chars().filter(|c| !c.is_ascii_alphabetic() && *c != '%').collect()
}

/// Whether a value may be in a format: it has the marks that the format has. Far cheaper than reading it.
fn shares_marks(format: &str, text: &str) -> bool {
    let text = text.trim();
    ['/', '.', '-', ',', ':'].iter().all(|&mark| format.contains(mark) == text.contains(mark))
        && format.contains(' ') == text.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(values: &[&str]) -> Vec<&'static str> {
        let mut forms = DateForms::default();
        values.iter().for_each(|value| forms.observe(value));
        forms.formats().into_iter().map(|(format, _)| format).collect()
    }

    #[test]
    fn each_format_is_found_by_its_own_values() {
        let day = chrono::NaiveDate::from_ymd_opt(1987, 6, 25).unwrap().and_hms_opt(0, 30, 0).unwrap();
        let other = chrono::NaiveDate::from_ymd_opt(2001, 10, 9).unwrap().and_hms_opt(15, 0, 0).unwrap();
        for (format, _) in FORMATS {
            let values = [day.format(format).to_string(), other.format(format).to_string()];
            let found = forms(&values.each_ref().map(String::as_str));
            assert_eq!(found, [*format], "{values:?}");
        }
    }

    #[test]
    fn day_and_month_are_told_apart_by_one_value_and_by_no_guess() {
        assert_eq!(forms(&["5/1/1990", "12/12/2001"]), ["%m/%d/%Y", "%d/%m/%Y"]);
        assert_eq!(forms(&["5/1/1990", "12/13/2001"]), ["%m/%d/%Y"]);
        assert_eq!(forms(&["5/1/1990", "13/12/2001"]), ["%d/%m/%Y"]);
        assert_eq!(forms(&["5/21/1990", "21/5/1990"]), [""; 0]);
        let mut mixed = vec!["5/1/1990"; 30];
        mixed.extend(["5/21/1990", "5/22/1990", "21/5/1990"]);
        assert_eq!(forms(&mixed), [""; 0], "one value that is day and month is enough");
    }

    #[test]
    fn a_few_values_may_be_something_else() {
        let mut values = vec!["5/21/1990"; 9];
        values.push("about 1990");
        assert_eq!(forms(&values), ["%m/%d/%Y"]);
        values.push("5/32/1990");
        assert_eq!(forms(&values), [""; 0]);
        assert_eq!(forms(&["unknown", "5/21/90"]), [""; 0]);
        assert_eq!(forms(&[]), [""; 0]);
    }

    #[test]
    fn it_is_stored_without_values() {
        let mut forms = DateForms::default();
        forms.observe("5/21/1990");
        let json = serde_json::to_string(&forms).unwrap();
        assert_eq!(json, "{\"1\":1}");
        assert_eq!(serde_json::from_str::<DateForms>(&json).unwrap(), forms);
    }
}
