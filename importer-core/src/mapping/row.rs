//! One row, and what its fields know of each other.

use importer_plugin::Row;

use super::list;
use super::places::{FIRST_NAME, LAST_NAME, NAME_SUFFIX, Role};
use super::plan::{Plan, Source};
use super::value::{self, Context};
use crate::contracts::FieldKind;
use crate::normalise::{cut_generation, split_full_name};

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
            (Role::NamePart(part), Some(column)) => {
                let start = out.len();
                let reads = field.push(kind, column, self.raw, &self.context, prepared, out);
                if let Some((before, _)) = self.generation(part, &out[start..]) {
                    out.truncate(start + before.len());
                }
                return reads;
            }
            (_, Some(column)) => return field.push(kind, column, self.raw, &self.context, prepared, out),
            (Role::NamePart(part), None) if self.name_parts[part].is_some() => {
                let text = self.name_parts[part].unwrap_or_default();
                return value::push(kind, text, None, &self.context, out);
            }
            (Role::NamePart(NAME_SUFFIX), None) => match self.cell_with_generation() {
                Some((_, end)) => return value::push(kind, end, None, &self.context, out),
                None => field.default.as_deref().unwrap_or_default(),
            },
            (Role::Extension, None) if !self.extension.is_empty() => self.extension,
            _ => field.default.as_deref().unwrap_or_default(),
        };
        out.push_str(known);
        !known.is_empty()
    }

    /// What stands before the generation at the end of a name, and the generation, where the contract has a field for it. Behind
    /// a given name an `I` is more often an initial.
    fn generation<'t>(&self, part: usize, name: &'t str) -> Option<(&'t str, &'t str)> {
        self.plan.places.name_parts[NAME_SUFFIX]?;
        let is_name = part == FIRST_NAME || part == LAST_NAME;
        let cut = cut_generation(name).filter(|(before, _)| is_name && name.starts_with(before))?;
        (part == LAST_NAME || !cut.1.eq_ignore_ascii_case("i")).then_some(cut)
    }

    /// The column of a name that ends with a generation, and the generation: Jr behind the family name, or behind the given one.
    fn cell_with_generation(&self) -> Option<(usize, &'r str)> {
        [LAST_NAME, FIRST_NAME].into_iter().find_map(|part| {
            let column = self.picked[self.plan.places.name_parts[part]?]?;
            let cell = self.raw.get(column)?.trim();
            self.generation(part, cell).map(|(_, end)| (column, end))
        })
    }

    /// The original of a field that holds one value.
    pub(super) fn original(&self, place: usize) -> Option<&'r str> {
        let places = &self.plan.places;
        let column = match (self.picked[place], places.roles[place]) {
            (Some(column), _) => Some(column),
            (None, Role::NamePart(part)) if self.name_parts[part].is_some() => {
                self.picked[places.full_name?]
            }
            (None, Role::NamePart(NAME_SUFFIX)) => self.cell_with_generation().map(|(column, _)| column),
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
