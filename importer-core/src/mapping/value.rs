use chrono_tz::Tz;

use super::blank::trimmed;
use super::defaults::Defaults;
use super::list;
use crate::contracts::FieldKind;
use crate::normalise::{self, Problem};

/// What a value is read with, besides its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The country of the row, as its code, or empty.
    pub(super) country: &'a str,
    /// The country of the organisation: where a phone number without a country code is at home. Not the row's: people
    /// move and keep their numbers, and what is a slip here may well be a number elsewhere.
    pub(super) home: &'a str,
    pub(super) date_format: Option<&'a str>,
    pub(super) timestamp_format: Option<&'a str>,
    pub(super) zone: Option<Tz>,
}

impl<'a> Context<'a> {
    pub(super) fn of(defaults: &'a Defaults) -> Self {
        Self {
            country: &defaults.country,
            home: &defaults.country,
            date_format: defaults.date_format.as_deref(),
            timestamp_format: defaults.timestamp_format.as_deref(),
            zone: defaults.timezone,
        }
    }
}

/// Appends the normal form of a text; false, with nothing appended, when it has none.
///
/// A column's own `format` takes the place of the default one. Lists are [`list::push`]'s.
pub(super) fn push(
    kind: FieldKind,
    text: &str,
    format: Option<&str>,
    context: &Context<'_>,
    out: &mut String,
) -> bool {
    let start = out.len();
    let result = match kind {
        FieldKind::Identifier => normalise::identifier(trimmed(text), out),
        // A whole name keeps its wording, so that splitting it again gives the same parts.
        FieldKind::Text | FieldKind::FullName => normalise::text(text, out),
        FieldKind::Name => normalise::name(text, out),
        FieldKind::Email | FieldKind::EmailList => normalise::email(text, out),
        FieldKind::Phone | FieldKind::PhoneList => return phone(text, context, out).0,
        FieldKind::PhoneExtension => return extension(text, out),
        FieldKind::Date => normalise::date(text, format.or(context.date_format), out),
        FieldKind::Timestamp => {
            normalise::timestamp(text, format.or(context.timestamp_format), context.zone, out)
        }
        FieldKind::Flag => normalise::flag(text, out),
        FieldKind::Integer => normalise::integer(text, out),
        FieldKind::Choice => normalise::choice(text, out),
        FieldKind::State => normalise::state(text, context.country, out),
        FieldKind::Country => normalise::country(text, out),
        FieldKind::PostalCode => normalise::postal_code(text, context.country, out),
    };
    settle(&result, start, out)
}

/// Appends the normal form of a text that stands alone, as the default of a field does.
pub(super) fn alone(kind: FieldKind, text: &str, context: &Context<'_>, out: &mut String) -> bool {
    if kind.is_list() {
        list::push(kind, text, None, context, "", 0, out);
        return !out.is_empty();
    }
    push(kind, text, None, context, out)
}

/// Appends a phone number; its extension apart.
pub(super) fn phone<'t>(text: &'t str, context: &Context<'_>, out: &mut String) -> (bool, Option<&'t str>) {
    let start = out.len();
    let result = normalise::phone(text, context.home, out);
    let extension = result.as_ref().ok().and_then(|phone| phone.extension);
    (settle(&result.map(|_| ()), start, out), extension)
}

/// Appends the digits of an extension, whatever word announces it.
fn extension(text: &str, out: &mut String) -> bool {
    const WORDS: &[&str] = &["extension", "ext.", "ext", "x", "#"];
    let text = trimmed(text);
    let word = WORDS.iter().find(|word| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word)));
    let digits = trimmed(&text[word.map_or(0, |word| word.len())..]);
    let reads = (1..=11).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if reads {
        out.push_str(digits);
    }
    reads
}

/// True when something was appended; otherwise what a failed attempt left is taken away.
fn settle(result: &Result<(), Problem>, start: usize, out: &mut String) -> bool {
    if result.is_err() {
        out.truncate(start);
    }
    out.len() > start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: FieldKind, text: &str, expected: Option<&str>) {
        let defaults = Defaults::default();
        let mut out = String::from("before");
        let written = push(kind, text, None, &Context::of(&defaults), &mut out);
        assert_eq!(written.then_some(&out[6..]), expected, "{kind:?} {text:?}");
        assert!(written || out == "before", "nothing is left behind");
    }

    #[test]
    fn kinds() {
        check(FieldKind::Identifier, " 00 17\u{FEFF}", Some("00 17"));
        check(FieldKind::Name, "ANA", Some("Ana"));
        check(FieldKind::FullName, "CRUZ, ANA ", Some("CRUZ, ANA"));
        check(FieldKind::Email, "Ana+kc@Example.org", Some("ana+kc@example.org"));
        check(FieldKind::Email, "ana", None);
        check(FieldKind::Phone, "(816) 234-5678", Some("+18162345678"));
        check(FieldKind::State, "Missouri", Some("MO"));
        check(FieldKind::Timestamp, "2024-05-01 08:00", None);
        check(FieldKind::Text, "N/A", Some("N/A"));
    }

    #[test]
    fn extensions_are_digits() {
        for (text, expected) in
            [("x12", Some("12")), (" Ext. 007", Some("007")), ("#4", Some("4")), ("front desk", None)]
        {
            check(FieldKind::PhoneExtension, text, expected);
        }
        check(FieldKind::PhoneExtension, "é", None);
        check(FieldKind::PhoneExtension, "123456789012", None);
    }
}
