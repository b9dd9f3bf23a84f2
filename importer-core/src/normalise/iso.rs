//! Dates and times as ISO 8601 and RFC 3339 write them, and the few variants of databases and Salesforce.

use chrono::{NaiveDate, NaiveTime};

/// What a text in ISO 8601 says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Moment {
    /// The calendar day, as written.
    pub(super) date: NaiveDate,
    /// The time of day, where there is one.
    pub(super) time: Option<NaiveTime>,
    /// Seconds east of UTC, where the text says so.
    pub(super) offset: Option<i32>,
}

/// Why a text is not one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// It looks different.
    Form,
    /// It looks right, but there is no such day or time.
    Value,
}

/// Reads `2024-05-01`, `20240501`, either with `T` or a space and a time, and that with `Z`, `UTC` or an offset.
pub(super) fn read(text: &str) -> Result<Moment, Failure> {
    let bytes = text.as_bytes();
    let (date, rest) = match bytes {
        [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, rest @ ..]
        | [y0, y1, y2, y3, m0, m1, d0, d1, rest @ ..] => {
            let year = number(&[*y0, *y1, *y2, *y3])?;
            (day(year, number(&[*m0, *m1])?, number(&[*d0, *d1])?), rest)
        }
        _ => return Err(Failure::Form),
    };
    let (time, offset) = match rest {
        [] => (Ok(None), None),
        [b'T' | b't' | b' ', rest @ ..] => {
            let (time, rest) = time_of_day(rest)?;
            (time.map(Some), offset(rest)?)
        }
        _ => return Err(Failure::Form),
    };
    // The form is judged first: a slip in the form is the better message.
    Ok(Moment { date: date?, time: time?, offset })
}

/// Years have four digits: a smaller one was cut off or is a database's way to say nothing.
pub(super) fn is_year(year: i32) -> bool {
    (1000..=9999).contains(&year)
}

fn day(year: u32, month: u32, day: u32) -> Result<NaiveDate, Failure> {
    let year = i32::try_from(year).map_err(|_| Failure::Value)?;
    NaiveDate::from_ymd_opt(year, month, day).filter(|_| is_year(year)).ok_or(Failure::Value)
}

fn number(digits: &[u8]) -> Result<u32, Failure> {
    digits.iter().try_fold(0, |value, digit| match digit {
        b'0'..=b'9' => Ok(value * 10 + u32::from(digit - b'0')),
        _ => Err(Failure::Form),
    })
}

/// `08:30`, `08:30:15`, `083015`, with any fraction of a second; a leap second counts as the one before.
fn time_of_day(bytes: &[u8]) -> Result<(Result<NaiveTime, Failure>, &[u8]), Failure> {
    let (hour, minute, second, rest) = match bytes {
        [h0, h1, b':', m0, m1, b':', s0, s1, rest @ ..] => {
            ([*h0, *h1], [*m0, *m1], [*s0, *s1], fraction(rest)?)
        }
        [h0, h1, b':', m0, m1, rest @ ..] => ([*h0, *h1], [*m0, *m1], *b"00", rest),
        [h0, h1, m0, m1, s0, s1, rest @ ..] => ([*h0, *h1], [*m0, *m1], [*s0, *s1], fraction(rest)?),
        _ => return Err(Failure::Form),
    };
    let (hour, minute, second) = (number(&hour)?, number(&minute)?, number(&second)?);
    let second = if second == 60 { 59 } else { second };
    Ok((NaiveTime::from_hms_opt(hour, minute, second).ok_or(Failure::Value), rest))
}

fn fraction(bytes: &[u8]) -> Result<&[u8], Failure> {
    let [b'.' | b',', rest @ ..] = bytes else { return Ok(bytes) };
    match rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len()) {
        0 => Err(Failure::Form),
        digits => Ok(&rest[digits..]),
    }
}

fn offset(bytes: &[u8]) -> Result<Option<i32>, Failure> {
    let bytes = if let [b' ', rest @ ..] = bytes { rest } else { bytes };
    let (sign, hours, minutes) = match bytes {
        [] => return Ok(None),
        [b'Z' | b'z'] | b"UTC" | b"GMT" => return Ok(Some(0)),
        [sign, h0, h1] => (sign, number(&[*h0, *h1])?, 0),
        [sign, h0, h1, b':', m0, m1] | [sign, h0, h1, m0, m1] => {
            (sign, number(&[*h0, *h1])?, number(&[*m0, *m1])?)
        }
        _ => return Err(Failure::Form),
    };
    if hours > 23 || minutes > 59 {
        return Err(Failure::Value);
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).map_err(|_| Failure::Value)?;
    match sign {
        b'+' => Ok(Some(seconds)),
        b'-' => Ok(Some(-seconds)),
        _ => Err(Failure::Form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms() {
        let date = NaiveDate::from_ymd_opt(2024, 5, 1).unwrap();
        let time = NaiveTime::from_hms_opt(8, 30, 15);
        let minutes = NaiveTime::from_hms_opt(8, 30, 0);
        for (text, time, offset) in [
            ("2024-05-01", None, None),
            ("20240501", None, None),
            ("2024-05-01T08:30:15", time, None),
            ("2024-05-01 08:30:15.999", time, None),
            ("2024-05-01t08:30:15z", time, Some(0)),
            ("2024-05-01 08:30:15 UTC", time, Some(0)),
            ("2024-05-01T08:30", minutes, None),
            ("2024-05-01T08:30Z", minutes, Some(0)),
            ("20240501T083015Z", time, Some(0)),
            ("2024-05-01T08:30:15.000+0000", time, Some(0)),
            ("2024-05-01T08:30:15-05:30", time, Some(-19_800)),
            ("2024-05-01T08:30:15+02", time, Some(7_200)),
        ] {
            assert_eq!(read(text), Ok(Moment { date, time, offset }), "{text}");
        }
    }

    #[test]
    fn refuses_other_forms_and_impossible_values() {
        for text in [
            "",
            "2024",
            "2024-5-1",
            "24-05-01",
            "05/01/2024",
            "2024-05-01T",
            "2024-05-01X08:30",
            "2024-05-01T08:30:15.",
            "2024-05-01T8:30",
            "2024-05-01T08:30:15 CET",
            "2024-05-01T08:30:15Zx",
            "2024-05-01T08:30:15 05:00",
            "２０２４-05-01",
            "2024-0501",
        ] {
            assert_eq!(read(text), Err(Failure::Form), "{text}");
        }
        for text in [
            "2024-02-30",
            "2023-02-29",
            "2024-13-01",
            "0000-00-00",
            "0024-05-01",
            "2024-05-01T24:00:00",
            "2024-05-01T08:60",
            "2024-05-01T08:30:15+24:00",
        ] {
            assert_eq!(read(text), Err(Failure::Value), "{text}");
        }
    }
}
