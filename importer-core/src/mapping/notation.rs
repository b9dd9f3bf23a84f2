//! What is written in a notation of its own: versions, and chrono's formats.

use std::fmt::Write;

use chrono::{DateTime, FixedOffset, TimeZone};
use chrono_tz::Tz;

use crate::normalise;

/// The two numbers of a contract version.
pub(super) fn version(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// True when a date written in the format can be read again.
pub(super) fn reads_dates(format: &str) -> bool {
    let mut out = String::new();
    sample(format).is_some_and(|text| normalise::date(&text, Some(format), &mut out).is_ok())
        && out == "2024-11-23"
}

/// True when a time written in the format can be read again, the seconds aside.
pub(super) fn reads_times(format: &str) -> bool {
    let mut out = String::new();
    sample(format)
        .is_some_and(|text| normalise::timestamp(&text, Some(format), Some(Tz::UTC), &mut out).is_ok())
        && out.starts_with("2024-11-23")
}

/// A moment in the format.
fn sample(format: &str) -> Option<String> {
    let moment: DateTime<FixedOffset> =
        FixedOffset::east_opt(0)?.with_ymd_and_hms(2024, 11, 23, 17, 45, 30).single()?;
    let mut text = String::new();
    // A format that chrono does not know is an error of writing.
    write!(text, "{}", moment.format(format)).ok()?;
    Some(text)
}
