use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::blank::trimmed;
use super::defaults::Defaults;
use super::document::Line;
use super::transform::Transform;
use crate::contracts::FieldKind;
use crate::normalise;

/// How the cells of one column are read: what a line of a mapping says, resolved against the field and the defaults.
#[derive(Debug, Clone, Default)]
pub(super) struct Recipe {
    /// What the mapping calls it.
    pub(super) transform: Transform,
    pub(super) step: RecipeStep,
    /// The declared format, for a field that is itself a date or a time.
    pub(super) format: Option<String>,
    /// What separates the entries of a list, when the usual separators do not.
    pub(super) separator: Option<String>,
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// Texts that stand for a blank cell.
    pub(super) blank: Vec<String>,
}

/// The part of a transform that works on text.
#[derive(Debug, Clone, Default)]
pub(super) enum RecipeStep {
    #[default]
    Keep,
    Trim,
    Upper,
    Lower,
    Title,
    Date(Option<String>),
    Timestamp(Option<String>, Option<Tz>),
    Flag,
    Digits,
    FirstWord,
    LastWord,
    /// By the text in small letters; `None` means blank.
    Map(BTreeMap<String, Option<String>>),
}

impl Recipe {
    /// What a line says about reading the cells of its column.
    pub(super) fn of(line: &Line, kind: FieldKind, defaults: &Defaults) -> Self {
        let own = (line.transform == Transform::Date && kind == FieldKind::Date)
            || (line.transform == Transform::Timestamp && kind == FieldKind::Timestamp);
        let step = match line.transform {
            Transform::Auto | Transform::Split => RecipeStep::Keep,
            _ if own => RecipeStep::Keep,
            Transform::Trim => RecipeStep::Trim,
            Transform::Upper => RecipeStep::Upper,
            Transform::Lower => RecipeStep::Lower,
            Transform::Title => RecipeStep::Title,
            Transform::Date => RecipeStep::Date(line.format.clone().or_else(|| defaults.date_format.clone())),
            Transform::Timestamp => RecipeStep::Timestamp(
                line.format.clone().or_else(|| defaults.timestamp_format.clone()),
                defaults.timezone,
            ),
            Transform::Flag => RecipeStep::Flag,
            Transform::Digits => RecipeStep::Digits,
            Transform::FirstWord => RecipeStep::FirstWord,
            Transform::LastWord => RecipeStep::LastWord,
            Transform::Map => RecipeStep::Map(line.values.clone()),
        };
        Self {
            transform: line.transform,
            format: if matches!(step, RecipeStep::Keep) { line.format.clone() } else { None },
            step,
            separator: line.separator.clone(),
            prefix: line.prefix.clone(),
            suffix: line.suffix.clone(),
            blank: line.blank.clone(),
        }
    }

    /// True when the mapping declares that this text means "nothing".
    pub(super) fn means_blank(&self, cell: &str) -> bool {
        let declared = || self.blank.iter().any(|word| word == trimmed(cell));
        let mapped = || match &self.step {
            RecipeStep::Map(values) => values.get(&map_key(cell)).is_some_and(Option::is_none),
            _ => false,
        };
        (!self.blank.is_empty() && declared()) || mapped()
    }

    /// The text for the field: the cell itself when nothing is to be done, otherwise written to `scratch`; `None` when the
    /// cell is not what the transform reads.
    pub(super) fn prepare<'a>(&self, cell: &'a str, scratch: &'a mut String) -> Option<&'a str> {
        if matches!(self.step, RecipeStep::Keep) && self.prefix.is_empty() && self.suffix.is_empty() {
            return Some(cell);
        }
        scratch.clear();
        scratch.push_str(&self.prefix);
        self.step.push(cell, scratch)?;
        if scratch.len() == self.prefix.len() {
            return None;
        }
        scratch.push_str(&self.suffix);
        Some(scratch)
    }
}

impl RecipeStep {
    fn push(&self, cell: &str, out: &mut String) -> Option<()> {
        let text = trimmed(cell);
        match self {
            Self::Keep | Self::Trim => out.push_str(text),
            Self::Upper => out.extend(text.chars().flat_map(char::to_uppercase)),
            Self::Lower => out.push_str(&text.to_lowercase()),
            Self::Title => push_title(text, out),
            Self::Date(format) => normalise::date(text, format.as_deref(), out).ok()?,
            Self::Timestamp(format, zone) => {
                normalise::timestamp(text, format.as_deref(), *zone, out).ok()?
            }
            Self::Flag => normalise::flag(text, out).ok()?,
            Self::Digits => out.extend(text.chars().filter(char::is_ascii_digit)),
            Self::FirstWord => out.push_str(text.split_whitespace().next()?),
            Self::LastWord => out.push_str(text.split_whitespace().next_back()?),
            // A text that is not in the list goes on as it is, and the field judges it: nothing is dropped silently.
            Self::Map(values) => match values.get(&map_key(cell)) {
                Some(value) => out.push_str(value.as_deref()?),
                None => out.push_str(text),
            },
        }
        Some(())
    }
}

/// The form in which the texts of a map are compared.
pub(super) fn map_key(text: &str) -> String {
    trimmed(text).to_lowercase()
}

fn push_title(text: &str, out: &mut String) {
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphanumeric() || inside && matches!(c, '\'' | '’');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(step: RecipeStep, cell: &str, expected: Option<&str>) {
        let recipe = Recipe { step, ..Recipe::default() };
        assert_eq!(
            recipe.prepare(cell, &mut String::from("before")),
            expected,
            "{:?} of {cell:?}",
            recipe.step
        );
    }

    #[test]
    fn steps() {
        check(RecipeStep::Keep, " a ", Some(" a "));
        check(RecipeStep::Trim, " a ", Some("a"));
        check(RecipeStep::Upper, " straße ", Some("STRASSE"));
        check(RecipeStep::Lower, "ÀB", Some("àb"));
        check(RecipeStep::Title, "O'NEIL-smith  main ST", Some("O'neil-Smith  Main St"));
        check(RecipeStep::Date(Some("%d.%m.%Y".into())), "1.5.2024", Some("2024-05-01"));
        check(RecipeStep::Date(None), "1.5.2024", None);
        check(RecipeStep::Timestamp(None, Some(Tz::UTC)), "2024-05-01 08:00", Some("2024-05-01T08:00:00Z"));
        check(RecipeStep::Flag, "Y", Some("true"));
        check(RecipeStep::Flag, "perhaps", None);
        check(RecipeStep::Digits, "ID 00-12", Some("0012"));
        check(RecipeStep::Digits, "none", None);
        check(RecipeStep::FirstWord, " Ana Maria Cruz ", Some("Ana"));
        check(RecipeStep::LastWord, " Ana Maria Cruz ", Some("Cruz"));
    }

    #[test]
    fn a_map_forgives_case_and_passes_on_what_it_does_not_know() {
        let map = || RecipeStep::Map(BTreeMap::from([("y".into(), Some("true".into())), ("-".into(), None)]));
        check(map(), " Y ", Some("true"));
        check(map(), "Maybe", Some("Maybe"));
        let recipe = Recipe { step: map(), blank: vec!["NA".into()], ..Recipe::default() };
        assert!(recipe.means_blank(" - ") && recipe.means_blank(" NA"));
        assert!(!recipe.means_blank("na") && !recipe.means_blank("Y"), "only what is declared is blank");
    }

    #[test]
    fn what_is_put_around_a_text_needs_a_text() {
        let mut recipe = Recipe { prefix: "V-".into(), suffix: "/KC".into(), ..Recipe::default() };
        assert_eq!(recipe.prepare(" 17", &mut String::new()), Some("V-17/KC"));
        recipe.step = RecipeStep::Digits;
        assert_eq!(recipe.prepare("none", &mut String::new()), None);
    }
}
