//! What a mapping document must hold to.

use std::collections::HashMap;

use chrono_tz::Tz;
use serde_saphyr::Spanned;

use super::defaults::Defaults;
use super::document::{Line, Mapping};
use super::header::{header_key, nearest};
use super::notation;
use super::refuse::{DocumentPlace, listed};
use super::yaml::{self, Document, place};
use crate::contracts::{Contract, Contracts};
use crate::ports::AutoMerge;
use crate::{Error, Result, normalise};

/// Errors about a document, with their place in it.
pub(super) struct Checker<'a> {
    pub(super) file: &'a str,
    pub(super) contract: &'static Contract,
}

/// Checks a document.
pub(super) fn mapping(document: Document, file: &str, contracts: &Contracts) -> Result<Mapping> {
    let entity = &document.entity;
    let Some(contract) = contracts.find(&entity.value) else {
        let known = listed(contracts.entities());
        let message = format!("there is no entity `{}`", entity.value);
        return Err(place(&entity.referenced)
            .refuse(file, message)
            .hint(format!("the entities are {known}")));
    };
    let checker = Checker { file, contract };
    checker.identity(&document)?;
    let defaults = checker.defaults(document.defaults.unwrap_or_default())?;
    let mut lines = Vec::new();
    for line in document.fields.unwrap_or_default() {
        lines.push(checker.line(line, &defaults, document.match_headers)?);
    }
    checker.one_line_each(&lines)?;
    let claimed: HashMap<String, &str> =
        lines.iter().filter_map(|l| Some((header_key(l.source.as_deref()?), l.field))).collect();
    let ignore = document.ignore.unwrap_or_default();
    for column in &ignore {
        if let Some(field) = claimed.get(&header_key(&column.value)) {
            let message = format!("column `{}` is ignored and mapped to `{field}`", column.value);
            return Err(checker.at(column, message).hint("leave out one of the two"));
        }
    }
    Ok(Mapping {
        name: document.mapping.value,
        version: document.version.value,
        entity: document.entity.value,
        contract: document.contract.map(|c| c.value),
        defaults,
        lines,
        ignore: ignore.into_iter().map(|column| column.value).collect(),
        match_headers: document.match_headers,
        file: file.into(),
    })
}

impl Checker<'_> {
    pub(super) fn at<T>(&self, value: &Spanned<T>, message: impl Into<String>) -> Error {
        place(&value.referenced).refuse(self.file, message)
    }

    fn identity(&self, document: &Document) -> Result<()> {
        if document.mapping.value.trim().is_empty() {
            return Err(self.at(&document.mapping, "the mapping has no name"));
        }
        let Some(theirs) = &document.contract else { return Ok(()) };
        let wanted = notation::version(&theirs.value)
            .ok_or_else(|| self.at(theirs, "a contract version is two numbers, such as \"1.0\""))?;
        let ours = self.contract.version;
        if notation::version(ours).is_some_and(|ours| wanted > ours) {
            let message = format!("it needs contract {}, and this importer knows {ours}", theirs.value);
            return Err(self.at(theirs, message).hint("update the importer, or lower `contract`"));
        }
        Ok(())
    }

    fn defaults(&self, defaults: yaml::Defaults) -> Result<Defaults> {
        let mut checked = Defaults::default();
        checked.strip_email_tags = defaults.strip_email_tags.unwrap_or(checked.strip_email_tags);
        checked.full_export = defaults.full_export;
        checked.role_addresses_identify = defaults.role_addresses_identify.unwrap_or_default();
        if let Some(country) = defaults.country {
            let text = country.value.as_deref().unwrap_or_default();
            checked.country.clear();
            normalise::country(text, &mut checked.country).map_err(|_| {
                self.at(&country, "the default country is not one").hint("write its ISO code, such as `US`")
            })?;
        }
        checked.date_format = self.format(defaults.date_format, notation::reads_dates)?;
        checked.timestamp_format = self.format(defaults.timestamp_format, notation::reads_times)?;
        if let Some(zone) = defaults.timezone {
            let found = zone.value.parse::<Tz>().map_err(|_| {
                let error = self.at(&zone, format!("there is no time zone `{}`", zone.value));
                let names = chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name());
                error.hint(match nearest(&zone.value, names) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "write a name of the IANA database, such as `America/Chicago`".into(),
                })
            })?;
            checked.timezone = Some(found);
        }
        if let Some(way) = defaults.auto_merge {
            let found = way.value.parse::<AutoMerge>().map_err(|_| {
                let error = self.at(&way, format!("there is no way of merging `{}`", way.value));
                error.hint(match nearest(&way.value, AutoMerge::ALL.iter().map(|way| way.as_str())) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "write `off`, `deterministic` or `full`".into(),
                })
            })?;
            checked.auto_merge = Some(found);
        }
        Ok(checked)
    }

    pub(super) fn format(
        &self,
        format: Option<Spanned<String>>,
        reads: fn(&str) -> bool,
    ) -> Result<Option<String>> {
        match format {
            Some(format) if !reads(&format.value) => Err(self
                .at(&format, format!("`{}` is not a format that can be read back", format.value))
                .hint("a format is as chrono writes it, with year, month and day, such as \"%m/%d/%Y\"")),
            format => Ok(format.map(|f| f.value)),
        }
    }

    fn one_line_each(&self, lines: &[Line]) -> Result<()> {
        let mut seen: HashMap<&str, DocumentPlace> = HashMap::new();
        for line in lines {
            let several =
                line.source.is_some() && self.contract.field(line.field).is_some_and(|f| f.kind.is_list());
            if let Some(first) = seen.insert(line.field, line.place)
                && !several
            {
                let message = format!("`{}` has a line already, line {}", line.field, first.line);
                return Err(line.place.refuse(self.file, message).hint("leave out one of the two"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> String {
        let text = format!("mapping: m\nversion: 1\nentity: volunteer\n{body}");
        Mapping::parse(&text, "m.yaml").unwrap_err().to_string()
    }

    #[test]
    fn errors_say_what_where_and_what_to_do() {
        for (body, expected) in [
            (
                "fields:\n  - { field: emial }",
                "`emial` is not a field of volunteer (file: m.yaml, line: 5, column: 14); did you mean `email_normalized`?",
            ),
            ("fields: [{ field: shoe }]", "the fields are external_id, first_name"),
            ("feilds: []", "unknown field `feilds`, expected one of mapping, version"),
            ("fields: [{ field: dob, sauce: B }]", "unknown field `sauce`"),
            (
                "fields: [{ field: dob, transform: dtae }]",
                "there is no transform `dtae` (file: m.yaml, line: 4, column: 35); did you mean `date`?",
            ),
            ("fields: [{ field: city, format: \"%Y\" }]", "only dates and timestamps have a format"),
            (
                "fields: [{ field: dob, format: \"%Q\" }]",
                "`%Q` is not a format that can be read back (file: m.yaml, line: 4, column: 32)",
            ),
            ("fields: [{ field: dob, format: \"%m/%d\" }]", "with year, month and day"),
            ("defaults: { date_format: MM/DD/YYYY }", "`MM/DD/YYYY` is not a format"),
            ("defaults: { timezone: America/Chikago }", "did you mean `America/Chicago`?"),
            (
                "defaults: { country: Atlantis }",
                "the default country is not one (file: m.yaml, line: 4, column: 22)",
            ),
            (
                "defaults: { auto_merge: ful }",
                "there is no way of merging `ful` (file: m.yaml, line: 4, column: 25); did you mean `full`?",
            ),
            ("defaults: { auto_merge: sometimes-or-never }", "write `off`, `deterministic` or `full`"),
            ("defaults: { region: US }", "unknown field `region`"),
            (
                "fields: [{ field: city, default: a }, { field: city, default: b }]",
                "`city` has a line already, line 4",
            ),
            (
                "fields: [{ source: A, field: alt_emails }, { field: alt_emails, default: a@x.org }]",
                "`alt_emails` has a line already",
            ),
            (
                "fields: [{ field: grad_year, default: soon }]",
                "the default of `grad_year` has no normal form",
            ),
            ("fields: [{ field: full_name, default: Ana Cruz }]", "a whole name has no default"),
            ("fields: [{ field: external_id, default: V-1 }]", "an identifier has no default"),
            ("fields: [{ source: A, field: city, values: { Y: a, y: b } }]", "`values` has `y` twice"),
            ("fields: [{ field: city, transform: split }]", "`city` holds one value and cannot be split"),
            ("fields: [{ field: city, separator: x }]", "cannot be split"),
            ("fields: [{ field: city, transform: map }]", "`map` needs `values`"),
            ("fields: [{ field: city, transform: trim, values: { a: b } }]", "`values` belongs to `map`"),
            ("match_headers: false\nfields: [{ field: city }]", "nothing fills `city`"),
            (
                "ignore: [Town ]\nfields: [{ source: town, field: city }]",
                "column `Town` is ignored and mapped to `city`",
            ),
            ("contract: \"1.9\"", "it needs contract 1.9, and this importer knows 1.0"),
            ("contract: new", "a contract version is two numbers"),
            ("version: 2", "duplicate mapping key: version"),
            ("fields: [", "the document is not a mapping"),
        ] {
            let error = refusal(body);
            assert!(error.contains(expected), "{body}\n{error}");
            assert!(error.contains("(file: m.yaml, line: ") && error.contains(", column: "), "{error}");
        }
        let other =
            Mapping::parse("mapping: m\nversion: 1\nentity: volunter", "m.yaml").unwrap_err().to_string();
        assert!(other.contains("there is no entity `volunter`") && other.contains("`volunteer`"), "{other}");
        assert!(Mapping::parse("", "m.yaml").is_err());
        assert!(Mapping::parse("mapping: ' '\nversion: 1\nentity: volunteer", "m.yaml").is_err());
    }

    #[test]
    fn countries_and_formats_are_read_as_people_write_them() {
        let text = "mapping: m\nversion: 1\nentity: volunteer\ncontract: 1.0\ndefaults: { country: canada, date_format: \"%B %e, %y\", timestamp_format: \"%m/%d/%Y %I:%M %p\" }";
        let mapping = Mapping::parse(text, "m.yaml").unwrap();
        assert_eq!(mapping.defaults().country, "CA");
        let none = Mapping::parse(
            "mapping: m\nversion: 1\nentity: volunteer\ndefaults: { country: null }",
            "m.yaml",
        );
        assert_eq!(none.unwrap().defaults().country, "");
        let empty =
            "mapping: m\nversion: 1\nentity: volunteer\ndefaults:\nfields:\n# - { field: city }\nignore:\n";
        assert_eq!(Mapping::parse(empty, "m.yaml").unwrap().defaults(), &Defaults::default());
    }
}
