//! Which cell of a row counts for a field, and how it is read.

use importer_plugin::Row;

use super::blank::is_blank;
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
}

impl Source {
    /// The cell, unless it is blank or declared to mean that.
    pub(super) fn cell<'a>(&self, raw: Row<'a>) -> Option<&'a str> {
        raw.get(self.column).filter(|cell| !is_blank(cell) && !self.recipe.means_blank(cell))
    }
}
