use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use importer_core::{Error, ErrorKind, Result};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::{Mode, RuleSettings, checksum};

const READ: &str = "read the suite of rules";

/// The suite for volunteers that ships, as a document with comments: what a host offers for copying.
///
/// ```
/// use importer_dq::{SuiteDocument, VOLUNTEER_SUITE};
/// assert_eq!(SuiteDocument::parse(VOLUNTEER_SUITE)?, SuiteDocument::volunteers());
/// # Ok::<(), importer_core::Error>(())
/// ```
pub const VOLUNTEER_SUITE: &str = include_str!("../../suites/volunteers.yaml");

/// A suite as it is written down.
///
/// ```
/// use importer_dq::{Mode, SuiteDocument};
/// let suite = SuiteDocument::parse("
/// suite: volunteers
/// rules:
///   FMT-102: { mode: warn }
/// sources:
///   legacy_csv:
///     DOM-201: { options: { min_age: 12 } }
/// ")?;
/// assert_eq!(suite.settings("FMT-102", "csv").mode, Some(Mode::Warn));
/// assert_eq!(suite.settings("DOM-201", "csv").options.len(), 0);
/// assert_eq!(suite.settings("DOM-201", "legacy_csv").options.len(), 1);
///
/// let error = SuiteDocument::parse("suite: volunteers\nrulez: {}").unwrap_err();
/// assert!(error.to_string().contains("line: 2"), "{error}");
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuiteDocument {
    /// Its name, such as `volunteers`.
    pub suite: String,
    /// Its version, counted up by whoever edits it.
    pub version: u32,
    /// What errors do where nothing else is said.
    pub mode: Mode,
    rules: BTreeMap<String, RuleSettings>,
    sources: BTreeMap<String, BTreeMap<String, RuleSettings>>,
    /// Where each code was mentioned first: for messages, not for the checksum.
    #[serde(skip)]
    places: BTreeMap<String, (u64, u64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    suite: String,
    #[serde(default = "first")]
    version: u32,
    #[serde(default)]
    mode: Option<Mode>,
    #[serde(default)]
    rules: Entries<Option<RuleSettings>>,
    #[serde(default)]
    sources: Entries<Entries<Option<RuleSettings>>>,
}

fn first() -> u32 {
    1
}

impl SuiteDocument {
    /// Reads a suite in YAML.
    ///
    /// # Errors
    /// When it is not YAML, has unknown keys or values that are none, with line and column. Codes of rules are looked at
    /// later, when it is known which plugins are there.
    pub fn parse(yaml: &str) -> Result<Self> {
        let raw: Raw = serde_saphyr::from_str(yaml).map_err(|error| malformed(&error))?;
        let mut places = BTreeMap::new();
        let rules = settle(raw.rules, &mut places);
        let sources = (raw.sources.0.into_iter())
            .map(|(source, rules)| (source.value, settle(rules, &mut places)))
            .collect();
        Ok(Self {
            suite: raw.suite,
            version: raw.version,
            mode: raw.mode.unwrap_or(Mode::Enforce),
            rules,
            sources,
            places,
        })
    }

    /// The suite for volunteers that is shipped.
    ///
    /// ```
    /// assert_eq!(importer_dq::SuiteDocument::volunteers().suite, "volunteers");
    /// ```
    #[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a constant, read in a test")]
    pub fn volunteers() -> Self {
        Self::parse(VOLUNTEER_SUITE).expect("the shipped suite is well-formed")
    }

    /// What the suite says about a rule for rows of a source.
    pub fn settings(&self, code: &str, source: &str) -> RuleSettings {
        let mut settings = RuleSettings { mode: Some(self.mode), ..RuleSettings::default() };
        let special = self.sources.get(source).and_then(|rules| rules.get(code));
        for over in [self.rules.get(code), special].into_iter().flatten() {
            settings.overlay(over);
        }
        settings
    }

    /// All codes it mentions.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// A checksum of its content; comments, order and layout do not count.
    pub fn checksum(&self) -> String {
        checksum(self)
    }

    /// An error about a code, with its place.
    pub(crate) fn error_at(&self, code: &str, message: String) -> Error {
        let error = Error::new(ErrorKind::Config, READ, message).at("suite", &self.suite);
        match self.places.get(code) {
            Some((line, column)) => error.at("line", line).at("column", column),
            None => error,
        }
    }
}

fn malformed(error: &serde_saphyr::Error) -> Error {
    let text = error.without_snippet().to_string();
    // The place is given apart, in the form all errors have.
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let out = Error::new(ErrorKind::Config, READ, message);
    match error.location() {
        Some(place) => out.at("line", place.line()).at("column", place.column()),
        None => out,
    }
}

fn settle(
    entries: Entries<Option<RuleSettings>>,
    places: &mut BTreeMap<String, (u64, u64)>,
) -> BTreeMap<String, RuleSettings> {
    let mut out = BTreeMap::new();
    for (code, settings) in entries.0 {
        let place = (code.referenced.line(), code.referenced.column());
        places.entry(code.value.clone()).or_insert(place);
        // `FMT-101:` with nothing behind it mentions the rule and changes nothing.
        out.insert(code.value, settings.unwrap_or_default());
    }
    out
}

/// A mapping whose keys know their place.
struct Entries<V>(Vec<(Spanned<String>, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Visit<V> {
            type Value = Entries<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(Entries::default())
            }
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_map(self)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_option(Visit(PhantomData))
    }
}

/// The codes adapters use for what they find; they come with no description, so their form has to do.
pub(crate) fn is_adapter_code(code: &str) -> bool {
    code.strip_prefix("SRC-")
        .is_some_and(|number| number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_a_place() {
        for (yaml, line, word) in [
            ("suite: v\nrules:\n  FMT-101: { mod: warn }", 3, "mod"),
            ("suite: v\nrules:\n  FMT-101: { mode: of }", 3, "of"),
            ("suite: v\nrules:\n  FMT-101: {}\n  FMT-101: {}", 4, "FMT-101"),
            ("suite: v\nmode: [", 2, ""),
            ("suite: v\nversion: new", 2, ""),
            ("version: 1", 1, "suite"),
            ("suite: v\nrules: 3", 2, ""),
        ] {
            let error = SuiteDocument::parse(yaml).unwrap_err().to_string();
            assert!(error.contains(&format!("line: {line}")) && error.contains(word), "{yaml}\n{error}");
        }
    }

    #[test]
    fn nothing_said_is_nothing_changed() {
        let suite = SuiteDocument::parse("suite: v\nrules:\n  FMT-101:\nsources:\n  csv:\n").unwrap();
        let expected = RuleSettings { mode: Some(Mode::Enforce), ..RuleSettings::default() };
        assert_eq!(suite.settings("FMT-101", "csv"), expected);
        assert_eq!(suite.settings("REQ-001", "other"), expected);
        assert_eq!(suite.codes().collect::<Vec<_>>(), ["FMT-101"]);
    }

    #[test]
    fn the_checksum_is_of_the_content() {
        let read = |yaml| SuiteDocument::parse(yaml).unwrap().checksum();
        let sum = read("suite: v\nrules: { A: {mode: warn}, B: {enabled: false} }");
        assert_eq!(sum, read("# why\nrules:\n  B: { enabled: false }\n  A: { mode: warn }\nsuite: v\n"));
        assert_ne!(sum, read("suite: v\nrules: { A: {mode: warn}, B: {enabled: true} }"));
    }
}
