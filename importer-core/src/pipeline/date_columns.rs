//! Dates that cannot be read: how many a run met in each column, and what to write into the mapping.
//!
//! A single unreadable date is a finding of its row, and the row goes in without it. When that happens to a whole column, nobody
//! has a birth date any more, and father and son are one person. So such a run is held until somebody has looked.

use std::collections::BTreeMap;

use importer_plugin::Batch;
use serde::{Deserialize, Serialize};

use super::Anomaly;
use crate::contracts::{Contract, FieldKind};
use crate::normalise::DateForms;

/// Fewer unreadable dates than this are slips of their rows, however few dates there are.
const FEWEST: u64 = 2;

/// What a run met of dates, column by column; stored with it, so that a resumed one goes on counting.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::mapping::Mapping;
/// use importer_core::pipeline::DateColumns;
/// use importer_plugin::Batch;
///
/// let plan = Mapping::automatic(&VOLUNTEER).plan(&VOLUNTEER, &["Name", "Email", "DOB"].map(String::from))?;
/// let (mut raw, mut rows) = (Batch::new(3), Batch::new(2 * VOLUNTEER.fields.len()));
/// for born in ["4/13/1990", "5/1/1985", "6/30/1999"] {
///     raw.push_row([Some("Ana Cruz"), Some("ana@example.org"), Some(born)])?;
///     plan.normaliser().row(raw.row(raw.rows() - 1), &mut rows)?;
/// }
/// let mut dates = DateColumns::default();
/// dates.observe(&VOLUNTEER, &rows);
/// let [told] = &dates.anomalies(&|_| Some("DOB".into()))[..] else { panic!() };
/// assert!(told.message.contains("column `DOB`") && told.message.contains("date_format: \"%m/%d/%Y\""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DateColumns {
    of_field: BTreeMap<String, DateColumn>,
}

/// False for a word such as `unknown`, and for `0000-00-00`, by which databases say that there is none.
fn is_meant_as_date(text: &str) -> bool {
    text.bytes().any(|b| matches!(b, b'1'..=b'9'))
}

/// The column of the source that fills a field, when there is one.
type ColumnOf<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The dates of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct DateColumn {
    given: u64,
    unreadable: u64,
    forms: DateForms,
}

impl DateColumns {
    /// Takes normalised rows.
    pub fn observe(&mut self, contract: &Contract, rows: &Batch) {
        let fields = contract.fields.iter().enumerate();
        for (place, field) in fields.filter(|(_, field)| field.kind == FieldKind::Date) {
            let mut column = DateColumn::default();
            for row in 0..rows.rows() {
                let given = rows.get(row, contract.fields.len() + place);
                let Some(given) = given.filter(|text| is_meant_as_date(text)) else { continue };
                column.given += 1;
                if rows.get(row, place).is_none() {
                    column.unreadable += 1;
                    column.forms.observe(given);
                }
            }
            if column.given > 0 {
                self.of_field.entry(field.name.into()).or_default().add(&column);
            }
        }
    }

    /// Columns of which most dates cannot be read; `column_of` knows the column of a field.
    pub fn anomalies(&self, column_of: ColumnOf<'_>) -> Vec<Anomaly> {
        let columns = self.of_field.iter().filter(|(_, column)| column.is_mostly_unreadable());
        let anomaly = |(field, column): (&String, &DateColumn)| Anomaly {
            code: "unreadable_dates".into(),
            message: column.tell(field, column_of),
        };
        columns.map(anomaly).collect()
    }

    /// Columns of which fewer dates cannot be read, and all of those by the same format.
    pub fn notes(&self, column_of: ColumnOf<'_>) -> Vec<String> {
        let some = |column: &DateColumn| {
            column.unreadable >= FEWEST && !column.is_mostly_unreadable() && column.forms.format().is_some()
        };
        let columns = self.of_field.iter().filter(|(_, column)| some(column));
        columns.map(|(field, column)| column.tell(field, column_of)).collect()
    }
}

impl DateColumn {
    fn add(&mut self, other: &Self) {
        self.given += other.given;
        self.unreadable += other.unreadable;
        self.forms.add(&other.forms);
    }

    fn is_mostly_unreadable(&self) -> bool {
        self.unreadable >= FEWEST && self.unreadable * 2 > self.given
    }

    fn tell(&self, field: &str, column_of: ColumnOf<'_>) -> String {
        let place = match column_of(field) {
            Some(column) => format!("column `{column}` (field `{field}`)"),
            None => format!("field `{field}`"),
        };
        let setting = |format: &str| {
            format!(
                "`date_format: \"{format}\"` under `defaults` of the mapping, or `format: \"{format}\"` in the line of `{field}`"
            )
        };
        let advice = match self.forms.formats()[..] {
            [(format, name)] => format!("They are {name}: write {}", setting(format)),
            [(one, name), (_, other)] => format!(
                "They are {name} or {other}, and no value tells which: ask whoever made the file, and declare the format, such as {}",
                setting(one)
            ),
            _ => format!("Declare how they are written, such as {}", setting("%m/%d/%Y")),
        };
        let harm = if field == "dob" { ", where birth dates tell people of one name apart" } else { "" };
        format!(
            "{} of {} dates of {place} cannot be read and would be missing from the core{harm}. {advice}",
            self.unreadable, self.given
        )
    }
}
