//! One row, and what its fields know of each other.

use importer_plugin::Row;

use super::list;
use super::places::Role;
use super::plan::{Plan, Source};
use super::value::{self, Context};
use crate::contracts::FieldKind;
use crate::normalise::split_full_name;

/// Values that other fields of the row depend on; emptied for every row, kept to save the allocations.
#[derive(Default)]
pub(super) struct Scratch {
    country: String,
    email: String,
    phone: String,
    extension: String,
    full_name: String,
}

/// A row of the source, with the values that other fields depend on.
pub(super) struct RowValues<'r> {
    plan: &'r Plan,
    picked: &'r [Option<usize>],
    raw: Row<'r>,
    context: Context<'r>,
    /// In their normal form, empty without one.
    country: &'r str,
    email: &'r str,
    phone: &'r str,
    /// What followed the phone number.
    extension: &'r str,
    /// What the whole name says: first, middle and last name, and the suffix.
    name_parts: [Option<&'r str>; 4],
}

impl Scratch {
    /// Room for an identifier, empty.
    pub(super) fn identifier(&mut self) -> &mut String {
        // Identifiers are read before a row, so the room of what a row reads first is free.
        self.country.clear();
        &mut self.country
    }
}

impl<'r> RowValues<'r> {
    pub(super) fn of(
        plan: &'r Plan,
        picked: &'r [Option<usize>],
        raw: Row<'r>,
        scratch: &'r mut Scratch,
        prepared: &mut String,
    ) -> Self {
        let mut context = Context::of(&plan.defaults);
        let places = &plan.places;
        let Scratch { country, email, phone, extension, full_name } = scratch;
        for text in [&mut *country, email, phone, extension, full_name] {
            text.clear();
        }
        let mut read = |place: Option<usize>, kind, context: &Context<'_>, out: &mut String| {
            let Some(place) = place else { return };
            let field = &plan.fields[place];
            match picked[place] {
                Some(column) => _ = field.push(kind, column, raw, context, prepared, out),
                None => out.push_str(field.default.as_deref().unwrap_or_default()),
            }
        };
        read(places.country, FieldKind::Country, &context, country);
        if !country.is_empty() {
            context.country = country;
        }
        read(places.email, FieldKind::Email, &context, email);
        read(places.full_name, FieldKind::FullName, &context, full_name);
        if let Some(place) = places.phone {
            let field = &plan.fields[place];
            match picked[place] {
                Some(column) => field.push_phone(column, raw, &context, prepared, phone, extension),
                None => phone.push_str(field.default.as_deref().unwrap_or_default()),
            }
        }
        let mut name_parts = [None; 4];
        if !full_name.is_empty() {
            let (first, middle, last, suffix) = split_full_name(full_name);
            name_parts = [first, middle, last, suffix];
        }
        Self { plan, picked, raw, context, country, email, phone, extension, name_parts }
    }

    /// Appends the value of a field; false without one.
    pub(super) fn value(
        &self,
        place: usize,
        kind: FieldKind,
        prepared: &mut String,
        out: &mut String,
    ) -> bool {
        let field = &self.plan.fields[place];
        let known = match (self.plan.places.roles[place], self.picked[place]) {
            (Role::Country, _) => self.country,
            (Role::Email, _) => self.email,
            (Role::Phone, _) => self.phone,
            (Role::List, _) => return self.list(place, kind, prepared, out),
            (_, Some(column)) => return field.push(kind, column, self.raw, &self.context, prepared, out),
            (Role::NamePart(part), None) if self.name_parts[part].is_some() => {
                let text = self.name_parts[part].unwrap_or_default();
                return value::push(kind, text, None, &self.context, out);
            }
            (Role::Extension, None) if !self.extension.is_empty() => self.extension,
            _ => field.default.as_deref().unwrap_or_default(),
        };
        out.push_str(known);
        !known.is_empty()
    }

    /// The original of a field that holds one value.
    pub(super) fn original(&self, place: usize) -> Option<&'r str> {
        let places = &self.plan.places;
        let column = match (self.picked[place], places.roles[place]) {
            (Some(column), _) => Some(column),
            (None, Role::NamePart(part)) if self.name_parts[part].is_some() => {
                self.picked[places.full_name?]
            }
            (None, Role::Extension) if !self.extension.is_empty() => self.picked[places.phone?],
            _ => None,
        };
        self.raw.get(column?)
    }

    /// Appends the original of a list: the cells of its columns as they are, one per line.
    pub(super) fn list_original(&self, place: usize, kind: FieldKind, out: &mut String) -> bool {
        let mut present = false;
        for (_, cell) in self.list_cells(place, kind) {
            if present {
                out.push('\n');
            }
            out.push_str(cell);
            present = true;
        }
        present
    }

    fn list(&self, place: usize, kind: FieldKind, prepared: &mut String, out: &mut String) -> bool {
        let start = out.len();
        let primary = match kind {
            FieldKind::EmailList => self.email,
            FieldKind::PhoneList => self.phone,
            _ => "",
        };
        let mut blank = true;
        for (source, cell) in self.list_cells(place, kind) {
            blank = false;
            let Some(text) = source.recipe.prepare(cell, prepared) else { continue };
            let separator = source.recipe.separator.as_deref();
            list::push(kind, text, separator, &self.context, primary, start, out);
        }
        if blank && let Some(default) = &self.plan.fields[place].default {
            list::push(kind, default, None, &self.context, primary, start, out);
        }
        out.len() > start
    }

    /// The cells of a list, without the one that stands in for the primary value.
    fn list_cells(&self, place: usize, kind: FieldKind) -> impl Iterator<Item = (&'r Source, &'r str)> {
        let primary = self.plan.places.primary_of(kind);
        let standing_in = primary.and_then(|primary| {
            self.picked[primary].filter(|column| self.plan.fields[primary].spares.contains(column))
        });
        let raw = self.raw;
        let sources = self.plan.fields[place].sources.iter();
        sources.filter(move |s| Some(s.column) != standing_in).filter_map(move |s| Some((s, s.cell(raw)?)))
    }
}
