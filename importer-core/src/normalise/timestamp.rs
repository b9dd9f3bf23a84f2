use chrono::format::{ParseErrorKind, Parsed, StrftimeItems};
use chrono::{
    DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike,
};
use chrono_tz::Tz;

use super::iso::{self, Failure, Moment};
use super::tidy::trimmed;
use super::{Problem, Result, date};

/// A moment in UTC as `YYYY-MM-DDTHH:MM:SSZ`; fractions of a second are cut off.
///
/// Without a declared format (of chrono) ISO 8601 and RFC 3339 are understood, with the variants of databases and Salesforce.
/// A text without an offset is a time in `zone`; without a zone it is refused. Where clocks are put back and a time comes
/// twice, the earlier one is meant; a time that the clocks skip is refused. A bare date is the first moment of its day.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::timestamp("2024-05-01 08:30", None, Some(chrono_tz::America::Chicago), &mut out)?;
/// assert_eq!(out, "2024-05-01T13:30:00Z");
/// assert!(normalise::timestamp("2024-05-01 08:30", None, None, &mut out).is_err());
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn timestamp(input: &str, format: Option<&str>, zone: Option<Tz>, out: &mut String) -> Result {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(());
    }
    let moment = match format {
        None => read_iso(text),
        Some(format) => declared(text, format),
    }?;
    let utc = in_utc(moment, zone)?;
    if !iso::is_year(utc.year()) {
        return Err(Problem::new("The year in UTC has not four digits."));
    }
    date::push(utc.date(), out);
    for (separator, number) in [('T', utc.hour()), (':', utc.minute()), (':', utc.second())] {
        out.push(separator);
        date::push_two(number, out);
    }
    out.push('Z');
    Ok(())
}

fn read_iso(text: &str) -> std::result::Result<Moment, Problem> {
    iso::read(text).map_err(|failure| match failure {
        Failure::Form => {
            Problem::new("This is not a time as YYYY-MM-DDTHH:MM:SSZ; declare the format of the column.")
        }
        Failure::Value => NO_SUCH_TIME,
    })
}

const NO_SUCH_TIME: Problem = Problem::new("There is no such day or time of day.");

fn declared(text: &str, format: &str) -> std::result::Result<Moment, Problem> {
    let mut parsed = Parsed::new();
    match chrono::format::parse(&mut parsed, text, StrftimeItems::new(format)).and_then(|()| moment(&parsed))
    {
        Ok(moment) if iso::is_year(moment.date.year()) => Ok(moment),
        Ok(_) => Err(Problem::new("The year has not four digits, as the declared format says.")),
        Err(_) if date::is_iso_beside(format, text) => read_iso(text),
        Err(error) => Err(match error.kind() {
            ParseErrorKind::BadFormat => {
                Problem::new("The declared time format is not one; see the formats of chrono.")
            }
            ParseErrorKind::OutOfRange | ParseErrorKind::Impossible => NO_SUCH_TIME,
            ParseErrorKind::NotEnough => {
                Problem::new("The declared time format has no year, no month, no day or half a time.")
            }
            _ => Problem::new("This is not a time in the declared format."),
        }),
    }
}

/// What the declared format found: seconds since 1970, or a date with or without time and offset.
fn moment(parsed: &Parsed) -> std::result::Result<Moment, chrono::ParseError> {
    if let Some(utc) = parsed.timestamp().and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        return Ok(Moment { date: utc.date_naive(), time: Some(utc.time()), offset: Some(0) });
    }
    let has_time = parsed.hour_mod_12().is_some() || parsed.hour_div_12().is_some();
    let time = if has_time { Some(parsed.to_naive_time()?) } else { None };
    Ok(Moment { date: parsed.to_naive_date()?, time, offset: parsed.offset() })
}

fn in_utc(moment: Moment, zone: Option<Tz>) -> std::result::Result<NaiveDateTime, Problem> {
    let local = moment.date.and_time(moment.time.unwrap_or_default());
    if let Some(east) = moment.offset {
        return local.checked_sub_signed(TimeDelta::seconds(i64::from(east))).ok_or(NO_SUCH_TIME);
    }
    let Some(zone) = zone else {
        return Err(Problem::new(
            "The time says nothing about its zone; declare the time zone of the source.",
        ));
    };
    let utc = match moment.time {
        Some(_) => in_zone(local, zone),
        None => day_begins(moment.date, zone),
    };
    utc.ok_or(Problem::new("The clocks of the time zone skip this time."))
}

fn in_zone(local: NaiveDateTime, zone: Tz) -> Option<NaiveDateTime> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time.naive_utc()),
        LocalResult::None => None,
    }
}

/// Midnight, or where the clocks skip it, the moment to which they are put forward.
fn day_begins(day: NaiveDate, zone: Tz) -> Option<NaiveDateTime> {
    let midnight = day.and_time(NaiveTime::MIN);
    in_zone(midnight, zone).or_else(|| in_zone(midnight + TimeDelta::hours(1), zone))
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, UTC};
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    fn check(format: Option<&str>, zone: Option<Tz>, table: &[(&str, &str)]) {
        for (input, expected) in table {
            let mut out = String::new();
            let found = timestamp(input, format, zone, &mut out).map(|()| out.as_str()).unwrap_or_default();
            assert_eq!(found, *expected, "{input} as {format:?} in {zone:?}");
        }
    }

    #[test]
    fn reads_moments() {
        let table = [
            ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
            ("2024-01-02T03:04:05.999Z", "2024-01-02T03:04:05Z"),
            ("2024-01-02T03:04:05.000+0000", "2024-01-02T03:04:05Z"),
            ("2024-01-02T03:04:05+05:30", "2024-01-01T21:34:05Z"),
            ("2024-12-31 23:30:00-01", "2025-01-01T00:30:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("9999-12-31T23:59:59-01:00", ""),
            ("2024-01-02T03:04:05", ""),
            ("2024-01-02", ""),
            ("2024-02-30T00:00:00Z", ""),
            ("01/02/2024 03:04", ""),
            ("", ""),
        ];
        check(None, None, &table);
        laws::check(|input, out| timestamp(input, None, None, out), &table);
        laws::survives_awkward_strings(|input, out| timestamp(input, None, Some(UTC), out));
    }

    #[test]
    fn zones_hold_for_texts_without_offset() {
        let table = [
            ("2024-01-02T03:04:05", "2024-01-02T09:04:05Z"),
            ("2024-07-02T03:04:05", "2024-07-02T08:04:05Z"),
            ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
            ("2024-01-02", "2024-01-02T06:00:00Z"),
            ("2024-11-03T01:30:00", "2024-11-03T06:30:00Z"),
            ("2024-03-10T02:30:00", ""),
        ];
        check(None, Some(America::Chicago), &table);
        // Clocks were put forward at midnight.
        check(
            None,
            Some(America::Havana),
            &[("2024-03-10", "2024-03-10T05:00:00Z"), ("2024-03-10T00:30", "")],
        );
        // The day that an island skipped.
        check(None, Some(chrono_tz::Pacific::Apia), &[("2011-12-30", "")]);
    }

    #[test]
    fn reads_declared_formats() {
        let chicago = Some(America::Chicago);
        check(
            Some("%m/%d/%Y %I:%M %p"),
            chicago,
            &[("1/2/2024 3:04 PM", "2024-01-02T21:04:00Z"), ("13/2/2024 3:04 PM", "")],
        );
        check(Some("%m/%d/%Y"), chicago, &[("1/2/2024", "2024-01-02T06:00:00Z"), ("1/2/24", "")]);
        check(Some("%d.%m.%Y %H:%M %z"), None, &[("1.2.2024 10:00 +0100", "2024-02-01T09:00:00Z")]);
        check(
            Some("%d.%m.%Y %H:%M"),
            None,
            &[("1.2.2024 10:00", ""), ("2024-02-01T10:00:00Z", "2024-02-01T10:00:00Z")],
        );
        check(Some("%s"), None, &[("1704164645", "2024-01-02T03:04:05Z"), ("x", "")]);
        check(Some("%Q"), chicago, &[("1", "")]);
        check(Some("%H:%M"), chicago, &[("10:00", "")]);
    }

    proptest! {
        #[test]
        fn holds_the_laws(
            input in prop_oneof![laws::any_text(), "[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9](:[0-6][0-9])?(Z|[+-][0-9]{4})?)?"],
            zone in prop_oneof![Just(None), Just(Some(America::Chicago)), Just(Some(chrono_tz::Asia::Kathmandu))],
        ) {
            let _ = laws::normal(|input, out| timestamp(input, None, zone, out), &input);
            let _ = laws::normal(|input, out| timestamp(input, Some("%d.%m.%Y %H:%M"), zone, out), &input);
        }

        #[test]
        fn no_format_panics(input in laws::any_text(), format in prop_oneof![laws::any_text(), "(%[a-zA-Z#:.0-9+-]{1,2}[ /-]?){0,5}"]) {
            let _ = timestamp(&input, Some(&format), Some(UTC), &mut String::new());
        }
    }
}
