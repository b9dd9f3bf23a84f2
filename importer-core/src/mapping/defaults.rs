use chrono_tz::Tz;
use serde::{Serialize, Serializer};

use crate::ports::AutoMerge;

/// What holds for all columns of a source unless a line says otherwise.
///
/// ```
/// use importer_core::mapping::Defaults;
/// let defaults = Defaults::default();
/// assert_eq!(defaults.country, "US");
/// assert_eq!(defaults.timezone, None, "zones are declared, never guessed");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Defaults {
    /// The country, as its ISO 3166-1 alpha-2 code, of rows that name none; empty for none.
    pub country: String,
    /// The format of dates beside ISO 8601, as chrono writes formats.
    pub date_format: Option<String>,
    /// The format of times beside ISO 8601, as chrono writes formats.
    pub timestamp_format: Option<String>,
    /// The zone of times without an offset; without it they are refused.
    #[serde(serialize_with = "zone_name")]
    pub timezone: Option<Tz>,
    /// True to find `ann+news@example.org` under `ann@example.org` when rows are matched; what is stored keeps its tag.
    pub strip_email_tags: bool,
    /// How far rows of this source are merged with known people without anybody looking; what the importer was built with
    /// unless set. A request may say otherwise.
    // Absent rather than null: mappings that do not speak of it keep the checksum they have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_merge: Option<AutoMerge>,
    /// True where `info@example.org` identifies somebody, as in a small club whose people sign with it. A person is still known by it
    /// only under one name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub role_addresses_identify: bool,
    /// Whether the source brings all of its people each time, so that who is not in it has gone: the run tells of them. False for a
    /// source that brings a part. Unless set, a source counts as whole when at least as many known people come again as are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_export: Option<bool>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            country: "US".into(),
            date_format: None,
            timestamp_format: None,
            timezone: None,
            strip_email_tags: true,
            auto_merge: None,
            role_addresses_identify: false,
            full_export: None,
        }
    }
}

fn zone_name<S: Serializer>(zone: &Option<Tz>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    zone.map(Tz::name).serialize(serializer)
}
