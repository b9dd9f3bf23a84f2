use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::defaults::Defaults;
use super::refuse::DocumentPlace;
use super::transform::Transform;
use super::{check, yaml};
use crate::Result;
use crate::contracts::{Contract, Contracts};

/// How the columns of one kind of source become the fields of an entity; a document of version 1.
///
/// Columns that the document does not list are matched by their names, so that a document says only what is special.
/// Serialised as JSON, a mapping is again a document, since JSON is YAML.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::mapping::Mapping;
/// let mapping = Mapping::parse(
///     r#"
/// mapping: sign-up sheet
/// version: 3
/// entity: volunteer
/// defaults: { date_format: "%m/%d/%Y", timezone: America/Chicago }
/// fields:
///   - { source: Given, field: first_name, required: true }
///   - { source: Birthday, field: dob, format: "%d.%m.%Y" }
///   - { field: country_code, default: US }
/// ignore: [Internal Notes]
/// "#,
///     "sheet.yaml",
/// )?;
/// assert_eq!((mapping.name(), mapping.version()), ("sign-up sheet", 3));
/// let plan = mapping.plan(&VOLUNTEER, &["Given", "Birthday", "E-Mail", "Shirt"].map(String::from))?;
/// assert_eq!(plan.unmapped(), ["Shirt"]);
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone, Serialize)]
pub struct Mapping {
    #[serde(rename = "mapping")]
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) entity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contract: Option<String>,
    pub(super) defaults: Defaults,
    #[serde(rename = "fields")]
    pub(super) lines: Vec<Line>,
    pub(super) ignore: Vec<String>,
    pub(super) match_headers: bool,
    #[serde(skip)]
    pub(super) file: String,
}

/// One line of a document: where a field comes from.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    pub(super) field: &'static str,
    #[serde(serialize_with = "transform_name")]
    pub(super) transform: Transform,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) separator: Option<String>,
    /// The texts of `map`, in small letters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) values: BTreeMap<String, Option<String>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) suffix: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) blank: Vec<String>,
    pub(super) required: bool,
    /// `Some(None)`: the column may be missing, and nothing takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) notes: Option<String>,
    #[serde(skip)]
    pub(super) place: DocumentPlace,
}

impl Mapping {
    /// Reads a document and checks it against the contract of its entity; `file` is what errors call it.
    ///
    /// # Errors
    /// With file, line and column: when the text is no mapping document, or a key, field, transform, format, zone, country
    /// or default in it is not one, two lines claim one field, or the contract is newer than ours.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        Self::parse_among(text, file, &Contracts::default())
    }

    /// The same for a document that may be about an entity of the host's own.
    ///
    /// ```
    /// use importer_core::contracts::Contracts;
    /// use importer_core::mapping::Mapping;
    /// let text = "{ mapping: m, version: 1, entity: event }";
    /// let error = Mapping::parse_among(text, "events.yaml", &Contracts::default()).unwrap_err();
    /// assert!(error.to_string().contains("there is no entity `event`"));
    /// ```
    ///
    /// # Errors
    /// As [`Mapping::parse`].
    pub fn parse_among(text: &str, file: &str, contracts: &Contracts) -> Result<Self> {
        check::mapping(yaml::read(text, file)?, file, contracts)
    }

    /// The mapping of runs without a document: every column by its name.
    ///
    /// ```
    /// use importer_core::contracts::VOLUNTEER;
    /// use importer_core::mapping::{Defaults, Mapping};
    /// let british = Defaults { country: "GB".into(), ..Defaults::default() };
    /// let mapping = Mapping::automatic(&VOLUNTEER).with_defaults(british);
    /// assert_eq!((mapping.name(), mapping.version()), ("automatic", 1));
    /// ```
    pub fn automatic(contract: &Contract) -> Self {
        Self {
            name: "automatic".into(),
            version: 1,
            entity: contract.entity.into(),
            contract: None,
            defaults: Defaults::default(),
            lines: Vec::new(),
            ignore: Vec::new(),
            match_headers: true,
            file: "automatic".into(),
        }
    }

    /// Replaces what holds for all columns.
    #[must_use]
    pub fn with_defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = defaults;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version, counted by whoever edits it.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The entity it maps to.
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// What holds for all columns.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// The SHA-256 of what it says, in hexadecimal. Comments, notation and the order of keys do not matter.
    ///
    /// ```
    /// use importer_core::mapping::Mapping;
    /// let a = Mapping::parse("{ mapping: m, version: 1, entity: volunteer }", "a.yaml")?;
    /// let b = Mapping::parse("# reviewed\nentity: volunteer\nversion: 1\nmapping: m\n", "b.yaml")?;
    /// assert_eq!(a.checksum(), b.checksum());
    /// # Ok::<(), importer_core::Error>(())
    /// ```
    pub fn checksum(&self) -> String {
        // Names, numbers and lists: there is nothing that JSON could refuse.
        let content = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(content).iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing into a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

fn transform_name<S: Serializer>(
    transform: &Transform,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    transform.name().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::VOLUNTEER;

    const FULL: &str = r#"
mapping: sign-up
version: 3
entity: volunteer
contract: "1.0"
defaults: { country: US, date_format: "%m/%d/%Y", timestamp_format: null, timezone: America/Chicago, auto_merge: off, full_export: false, role_addresses_identify: true }
fields:
  - { source: "Given", field: first_name, required: true, notes: "as on the badge" }
  - { source: "Birthday", field: dob, transform: date, format: "%d.%m.%Y" }
  - { source: "Tel", field: phone_e164, default: null }
  - { source: "OK?", field: photo_release, values: { NO: false, Sure: yes, "-": ~ }, blank: ["?"] }
  - { source: "More", field: alt_emails, separator: " and " }
  - { field: country_code, default: "US" }
ignore: ["Internal Notes"]
"#;

    #[test]
    fn as_json_it_is_the_same_document() {
        let mapping = Mapping::parse(FULL, "m.yaml").unwrap();
        let json = serde_json::to_string_pretty(&mapping).unwrap();
        let again = Mapping::parse(&json, "m.json").unwrap();
        assert_eq!(serde_json::to_string_pretty(&again).unwrap(), json);
        assert_eq!(again.checksum(), mapping.checksum());
        let automatic = Mapping::automatic(&VOLUNTEER);
        let json = serde_json::to_string(&automatic).unwrap();
        assert_eq!(Mapping::parse(&json, "m.json").unwrap().checksum(), automatic.checksum());
    }

    #[test]
    fn the_checksum_follows_the_content() {
        let checksum = |text: &str| Mapping::parse(text, "m.yaml").unwrap().checksum();
        let before = checksum(FULL);
        assert_eq!(before.len(), 64);
        assert_eq!(checksum(&format!("# reviewed\n{FULL}match_headers: true\n")), before);
        let turned = "source: \"Tel\", field: phone_e164, default: null";
        assert_eq!(checksum(&FULL.replace(turned, "default: ~, field: 'phone_e164', source: Tel")), before);
        for (from, to) in [
            ("version: 3", "version: 4"),
            ("Given", "First"),
            ("auto_merge: off", "auto_merge: full"),
            ("full_export: false", "full_export: true"),
            ("role_addresses_identify: true", "role_addresses_identify: false"),
            ("default: null", "default: \"\""),
            ("More", "Mehr"),
        ] {
            let text = FULL.replace(from, to);
            if let Ok(mapping) = Mapping::parse(&text, "m.yaml") {
                assert_ne!(mapping.checksum(), before, "{to}");
            }
        }
    }
}
