//! Which cell of a row counts for a field, and how it is read.

use importer_plugin::Row;

use super::blank::is_blank;
use super::date_parts::whole_number;
use super::plan::{FieldPlan, Source};
use super::value::{self, Context};
use crate::contracts::FieldKind;

impl FieldPlan {
    /// The column whose cell counts: the first one, or where it is blank, one that stands in.
    pub(super) fn pick(&self, raw: Row<'_>) -> Option<usize> {
        let first = self.sources.first()?;
        if self.in_parts {
            return self.pick_parts(raw);
        }
        if first.cell(raw).is_some() {
            return Some(first.column);
        }
        self.spares.iter().copied().find(|column| raw.get(*column).is_some_and(|cell| !is_blank(cell)))
    }

    /// Appends the normal form of the picked cell.
    pub(super) fn push(
        &self,
        kind: FieldKind,
        column: usize,
        raw: Row<'_>,
        context: &Context<'_>,
        prepared: &mut String,
        out: &mut String,
    ) -> bool {
        if self.in_parts {
            return self.push_parts(raw, context, out);
        }
        let Some(cell) = raw.get(column) else { return false };
        // A column that stands in is none of the field's own and has no recipe.
        let Some(source) = self.sources.iter().find(|source| source.column == column) else {
            return value::push(kind, cell, None, context, out);
        };
        let recipe = &source.recipe;
        recipe
            .prepare(cell, prepared)
            .is_some_and(|text| value::push(kind, text, recipe.format.as_deref(), context, out))
    }

    /// Appends the phone number, and apart from it the extension behind it.
    pub(super) fn push_phone(
        &self,
        column: usize,
        raw: Row<'_>,
        context: &Context<'_>,
        prepared: &mut String,
        phone: &mut String,
        extension: &mut String,
    ) {
        let Some(cell) = raw.get(column) else { return };
        let text = match self.sources.iter().find(|source| source.column == column) {
            Some(source) => source.recipe.prepare(cell, prepared),
            None => Some(cell),
        };
        if let Some(text) = text
            && let (true, Some(digits)) = value::phone(text, context, phone)
        {
            value::push(FieldKind::PhoneExtension, digits, None, context, extension);
        }
    }

    /// The column that stands for a date in three: that of the year, unless all three are blank.
    fn pick_parts(&self, raw: Row<'_>) -> Option<usize> {
        self.sources.iter().any(|source| source.cell(raw).is_some()).then(|| self.sources[0].column)
    }

    /// Appends the date that year, month and day make; a whole date in the place of the year counts as it stands.
    fn push_parts(&self, raw: Row<'_>, context: &Context<'_>, out: &mut String) -> bool {
        let cells = self.sources.iter().map(|source| source.cell(raw).map(str::trim));
        let cells: Vec<&str> = cells.map(Option::unwrap_or_default).collect();
        let &[year, month, day] = &cells[..] else { return false };
        if whole_number(year).is_none() {
            return value::push(FieldKind::Date, year, None, context, out);
        }
        let numbers = (whole_number(year), whole_number(month), whole_number(day));
        let (Some(year), Some(month), Some(day)) = numbers else { return false };
        value::push(
            FieldKind::Date,
            &format!("{year:04}-{month:02}-{day:02}"),
            Some("%Y-%m-%d"),
            context,
            out,
        )
    }
}

impl Source {
    /// The cell, unless it is blank or declared to mean that.
    pub(super) fn cell<'a>(&self, raw: Row<'a>) -> Option<&'a str> {
        raw.get(self.column).filter(|cell| !is_blank(cell) && !self.recipe.means_blank(cell))
    }
}
