//! What a line of a mapping document must hold to.

use serde_saphyr::Spanned;

use super::blank::trimmed;
use super::check::Checker;
use super::defaults::Defaults;
use super::document::Line;
use super::header::{nearest, nearest_field};
use super::notation::{reads_dates, reads_times};
use super::recipe::map_key;
use super::transform::Transform;
use super::value::{self, Context};
use super::yaml::{self, Values, place};
use crate::Result;
use crate::contracts::{Field, FieldKind};

impl Checker<'_> {
    fn field(&self, name: &Spanned<String>) -> Result<&'static Field> {
        self.contract.field(&name.value).ok_or_else(|| {
            let error = self.at(name, format!("`{}` is not a field of {}", name.value, self.contract.entity));
            error.hint(match nearest_field(&name.value, self.contract.fields) {
                Some(field) => format!("did you mean `{}`?", field.name),
                None => {
                    let names: Vec<_> = self.contract.fields.iter().map(|f| f.name).collect();
                    format!("the fields are {}", names.join(", "))
                }
            })
        })
    }

    /// Checks a line.
    pub(super) fn line(
        &self,
        line: Spanned<yaml::Line>,
        defaults: &Defaults,
        match_headers: bool,
    ) -> Result<Line> {
        let start = place(&line.referenced);
        let line = line.value;
        let field = self.field(&line.field)?;
        let transform = self.transform(&line, field)?;
        let kind = field.kind;
        let reads = match (transform, kind) {
            (Transform::Date, _) | (Transform::Auto, FieldKind::Date) => {
                Some(reads_dates as fn(&str) -> bool)
            }
            (Transform::Timestamp, _) | (Transform::Auto, FieldKind::Timestamp) => Some(reads_times as _),
            _ => None,
        };
        if let (Some(format), None) = (&line.format, reads) {
            return Err(self.at(format, "only dates and timestamps have a format"));
        }
        if line.source.is_none() && !match_headers && !matches!(&line.default, Some(d) if d.value.is_some()) {
            return Err(start
                .refuse(self.file, format!("nothing fills `{}`", field.name))
                .hint("give the line a `source` or a `default`"));
        }
        if let Some(default) = &line.default {
            self.default(default, field, defaults)?;
        }
        Ok(Line {
            source: line.source.map(|s| s.value),
            field: field.name,
            transform,
            format: self.format(line.format, reads.unwrap_or(reads_dates))?,
            separator: line.separator.map(|s| s.value),
            values: self.values(line.values)?,
            prefix: line.prefix,
            suffix: line.suffix,
            blank: line.blank.iter().map(|word| trimmed(word).into()).collect(),
            required: line.required,
            default: line.default.map(|d| d.value),
            notes: line.notes,
            place: start,
        })
    }

    fn values(&self, values: Option<Spanned<Values>>) -> Result<Values> {
        let mut found = Values::new();
        let Some(values) = values else { return Ok(found) };
        for (text, value) in &values.value {
            if found.insert(map_key(text), value.clone()).is_some() {
                let message = format!("`values` has `{}` twice", map_key(text));
                return Err(self.at(&values, message).hint("capitals make no difference; leave out one"));
            }
        }
        Ok(found)
    }

    fn transform(&self, line: &yaml::Line, field: &Field) -> Result<Transform> {
        let transform = match &line.transform {
            None if line.values.is_some() => Transform::Map,
            None if line.separator.is_some() => Transform::Split,
            None => Transform::Auto,
            Some(name) => Transform::find(&name.value).ok_or_else(|| {
                let names = || Transform::ALL.iter().map(|t| t.name());
                let error = self.at(name, format!("there is no transform `{}`", name.value));
                error.hint(match nearest(&name.value, names()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("the transforms are {}", names().collect::<Vec<_>>().join(", ")),
                })
            })?,
        };
        match (transform, &line.values, &line.separator) {
            (Transform::Map, None, _) => {
                Err(self.at(&line.field, "`map` needs `values`, such as { Y: true }"))
            }
            (Transform::Split, ..) if !field.kind.is_list() => Err(self
                .at(&line.field, format!("`{}` holds one value and cannot be split", field.name))
                .hint("`first_word` and `last_word` take a part of a text")),
            (Transform::Split, _, Some(separator)) if separator.value.is_empty() => {
                Err(self.at(separator, "a separator has at least one character"))
            }
            (t, Some(values), _) if t != Transform::Map => Err(self.at(values, "`values` belongs to `map`")),
            (t, _, Some(mark)) if t != Transform::Split => {
                Err(self.at(mark, "`separator` belongs to `split`"))
            }
            _ => Ok(transform),
        }
    }

    fn default(&self, default: &Spanned<Option<String>>, field: &Field, defaults: &Defaults) -> Result<()> {
        let Some(text) = &default.value else { return Ok(()) };
        if field.kind == FieldKind::Identifier {
            return Err(self.at(default, "an identifier has no default").hint("all rows would share it"));
        }
        if field.kind == FieldKind::FullName {
            return Err(self.at(default, "a whole name has no default").hint("give its parts one"));
        }
        let context = Context::of(defaults);
        if value::alone(field.kind, text, &context, &mut String::new()) {
            return Ok(());
        }
        Err(self.at(default, format!("the default of `{}` has no normal form", field.name)))
    }
}
