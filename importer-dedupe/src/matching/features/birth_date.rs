//! The date of birth.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same day, however it is written | `1980-02-01` and `2/1/1980` |
//! | `typo` | one digit less, more or other, or two swapped | `1980-03-04` and `1980-03-05` |
//! | `swapped` | day and month the other way round | `1980-02-11` and `1980-11-02` |
//! | `two_parts` | two of year, month and day are equal | `1980-12-25` and `1943-12-25` |
//! | `close` | each part a little off: a year or a decade, a month, five days | `1980-03-28` and `1981-04-30` |
//! | `year` | the year alone, or nothing but the year is known | `1980-03-04` and `1980` |
//! | `differ` | other dates | `1980-03-04` and `1951-11-27` |
//!
//! Some dates are no birth date: those that forms and programs fill in, and a date that is far more frequent than all others
//! around it. They say nothing, either way. Of two dates in one year, one of which is 1 January, the same holds: who knows the year
//! alone writes that.
//!
//! Levels say how likely a slip is. Dates of different years are never merged without a human, however likely: a father and
//! his son may differ in one digit.

use importer_core::normalise::{self, is_nobodys_date, is_unreadable_date};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::{About, Feature, Level, MISSING, Term, level as l};
use crate::matching::dictionary::{Column, Dictionary};
use crate::matching::role::Role;
use crate::matching::similarity::one_edit;

const LEVELS: &[Level] = &[
    l("exact", 0.80, 0.000_05),
    l("typo", 0.10, 0.001),
    l("swapped", 0.02, 0.000_05),
    l("two_parts", 0.03, 0.004),
    l("close", 0.01, 0.008),
    l("year", 0.01, 0.012),
    l("differ", 0.03, 0.974),
];

/// From so many years apart on, dates are those of two people.
const GENERATION: u32 = 2;
/// But for a decade: a slip in one digit is frequent there (333 of 418 pairs of one person with years apart in `fake_1000`), and
/// nobody's father is ten years older.
const DECADE: u32 = 10;

/// A date that so many records have, and so many times as many as have one of the years around, is one that forms fill in.
const FILLED_IN: u32 = 30;
const TIMES: u32 = 20;
/// How many years around.
const AROUND: u32 = 2;

const YEAR: u8 = 5;
const DIFFER: u8 = 6;

/// A date as its eight digits, `0` where a part is unknown, which reading mistakes of people leave comparable.
#[derive(Debug, Clone, Copy)]
struct Date {
    digits: [u8; 8],
    year_only: bool,
    order: Order,
    /// It is no birth date of anybody.
    is_filler: bool,
}

/// What a date says about whether its column writes days or months first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Nothing: the year comes first, or both are equal.
    Plain,
    /// The first part can only be a day.
    DayFirst,
    /// The second part can only be a day.
    MonthFirst,
    /// It was read month first, and could be read the other way.
    Open,
}

impl Date {
    fn year(&self) -> &[u8] {
        &self.digits[..4]
    }
    fn month(&self) -> &[u8] {
        &self.digits[4..6]
    }
    fn day(&self) -> &[u8] {
        &self.digits[6..]
    }

    /// It may say no more than the year.
    fn is_first_of_year(&self) -> bool {
        &self.digits[4..] == b"0101"
    }

    /// Each part is a little off: a year or a decade, a month, a few days.
    fn is_close(&self, other: &Self) -> bool {
        let apart = |x: &[u8], y: &[u8]| number(x).abs_diff(number(y));
        matches!(apart(self.year(), other.year()), 0 | 1 | 10)
            && matches!(apart(self.month(), other.month()), 0 | 1 | 11)
            && apart(self.day(), other.day()) <= 5
    }

    fn from_parts(year: u32, month: u32, day: u32) -> Option<Self> {
        if year == 0 || year > 9999 || month > 99 || day > 99 {
            return None;
        }
        let text = format!("{year:04}{month:02}{day:02}");
        let year_only = month == 0 && day == 0;
        let digits: [u8; 8] = text.as_bytes().try_into().ok()?;
        Some(Self { digits, year_only, order: Order::Plain, is_filler: is_nobodys_date(&text) })
    }

    /// The same date with day and month the other way round.
    fn turned(mut self) -> Self {
        self.digits[4..].rotate_left(2);
        self
    }

    /// Reads `1980-01-02`, `19800102`, `1/2/1980`, `2.1.1980`, `1980` and what else is a date to the importer; a time after the
    /// date is left out.
    fn read(text: &str) -> Option<Self> {
        Self::read_numbers(text.trim().split(['T', ' ']).next()?).or_else(|| {
            let mut normal = String::new();
            normalise::date(text, None, &mut normal).ok()?;
            Self::read_numbers(&normal)
        })
    }

    fn read_numbers(text: &str) -> Option<Self> {
        let mut groups = text.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty());
        let (first, second, third) = (groups.next()?, groups.next(), groups.next());
        let number = |group: &str| group.parse::<u32>().ok();
        match (first.len(), second, third) {
            (8, None, None) => {
                let year = number(&first[..4])?;
                if (1800..=2100).contains(&year) {
                    Self::from_parts(year, number(&first[4..6])?, number(&first[6..])?)
                } else {
                    let year = number(&first[4..])?;
                    Self::ordered(number(&first[..2])?, number(&first[2..4])?, year)
                }
            }
            (4, None, None) => Self::from_parts(number(first)?, 0, 0),
            (4, Some(month), None) => Self::from_parts(number(first)?, number(month)?, 0),
            (4, Some(month), Some(day)) => Self::from_parts(number(first)?, number(month)?, number(day)?),
            (1 | 2, Some(second), Some(year)) => {
                let year = match (year.len(), number(year)?) {
                    (4, year) => year,
                    (_, year) if year > 30 => 1900 + year,
                    (_, year) => 2000 + year,
                };
                let date = Self::ordered(number(first)?, number(second)?, year)?;
                // Where dots part it, the day comes first.
                Some(if date.order == Order::Open && text.contains('.') {
                    Self { order: Order::Plain, ..date.turned() }
                } else {
                    date
                })
            }
            _ => None,
        }
    }

    /// Month first, unless that cannot be.
    fn ordered(first: u32, second: u32, year: u32) -> Option<Self> {
        let (month, day, order) = match (first, second) {
            _ if first > 12 => (second, first, Order::DayFirst),
            _ if second > 12 => (first, second, Order::MonthFirst),
            _ if first == second => (first, second, Order::Plain),
            _ => (first, second, Order::Open),
        };
        Some(Self { order, ..Self::from_parts(year, month, day)? })
    }
}

/// Spreadsheets turn 7 into 7.0.
fn whole_number(cell: &str) -> u32 {
    let cell = cell.trim();
    cell.strip_suffix(".0").unwrap_or(cell).parse().unwrap_or(0)
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |n, d| 10 * n + u32::from(d - b'0'))
}

/// Dates of birth of all records, of one column or of one for each part.
pub(crate) struct BirthDates {
    terms: [Term; 1],
    roles: Vec<Role>,
    dates: Dictionary<Date>,
    day_first: u32,
    month_first: u32,
    column: Column,
    /// Records with a date that nobody can read.
    unreadable: Vec<bool>,
}

impl BirthDates {
    pub(crate) fn new(roles: Vec<Role>) -> Self {
        Self {
            terms: [Term::new("birth_date", About::BirthDate, LEVELS, 0.01)],
            roles,
            dates: Dictionary::default(),
            day_first: 0,
            month_first: 0,
            column: Column::default(),
            unreadable: Vec::new(),
        }
    }

    /// Marks dates that are far more frequent than the dates of the years around them.
    fn mark_fillers(&mut self) {
        let year_of = |date: &Date| number(date.year());
        let mut of_year: FxHashMap<u32, u32> = FxHashMap::default();
        for (id, date) in (1..).zip(self.dates.values()) {
            *of_year.entry(year_of(date)).or_default() += self.column.count(id);
        }
        let column = &self.column;
        for (id, date) in (1..).zip(self.dates.values_mut()) {
            let count = column.count(id);
            if count < FILLED_IN || date.year_only {
                continue;
            }
            let year = year_of(date);
            let years = year.saturating_sub(AROUND)..=year + AROUND;
            let days = 365 * (2 * AROUND + 1);
            let others = years.filter_map(|year| of_year.get(&year)).sum::<u32>() - count;
            date.is_filler |= u64::from(count) * u64::from(days) > u64::from(TIMES) * u64::from(others);
        }
    }
}

impl Feature for BirthDates {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let (mut raw, mut parts) = (String::new(), [0_u32; 3]);
        for (role, cell) in self.roles.iter().zip(cells) {
            let Some(cell) = cell else { continue };
            let place = match role {
                Role::BirthYear => 0,
                Role::BirthMonth => 1,
                Role::BirthDay => 2,
                _ => {
                    raw = (*cell).to_owned();
                    continue;
                }
            };
            parts[place] = whole_number(cell);
        }
        if raw.is_empty() && parts[0] != 0 {
            raw = format!("{:04}-{:02}-{:02}", parts[0], parts[1], parts[2]);
        }
        let mut order = Order::Plain;
        let id = self.dates.intern(raw.as_bytes(), || {
            let date = Date::read(&raw)?;
            order = date.order;
            // What may be turned later is a value of its own until then.
            let open = u64::from(date.order == Order::Open);
            Some((xxh3_64(&date.digits) ^ open, date))
        });
        match order {
            Order::DayFirst => self.day_first += 1,
            Order::MonthFirst => self.month_first += 1,
            Order::Plain | Order::Open => {}
        }
        self.unreadable.push(id == 0 && is_unreadable_date(&raw));
        self.column.push(id);
    }

    fn finish(&mut self) {
        if self.day_first > self.month_first {
            let open = |date: &&mut Date| date.order == Order::Open;
            self.dates.values_mut().filter(open).for_each(|date| *date = date.turned());
        }
        self.dates.finish();
        self.mark_fillers();
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        let (a, b) = (self.column.id(a), self.column.id(b));
        out[0] = match (a, b) {
            (0, _) | (_, 0) => MISSING,
            _ => level(self.dates.get(a), self.dates.get(b)),
        };
    }

    fn are_distinct(&self, _: usize, a: u32, b: u32) -> bool {
        let (a, b) = (self.column.id(a), self.column.id(b));
        a != 0 && b != 0 && are_two_peoples(self.dates.get(a), self.dates.get(b))
    }

    fn is_in_doubt(&self, _: usize, a: u32, b: u32) -> bool {
        self.unreadable[a as usize] || self.unreadable[b as usize]
    }

    fn touch(&self, records: &[u32]) -> usize {
        self.dates.touch(&self.column, records, |date| usize::from(date.digits[7]))
    }

    fn frequency(&self, _: usize, level: u8, a: u32, _: u32) -> Option<f32> {
        // Dates are close to evenly spread; only those that many records repeat, such as 1 January, say less.
        (level == 0).then(|| self.column.frequency(self.column.id(a)))
    }

    fn count_people(&mut self, person_of: &[u32]) {
        self.column.count_people(person_of);
    }

    fn parts(&self) -> Vec<String> {
        ["birth_date", "birth_year", "birth_day_month", "birth_year_month", "birth_month_day"]
            .map(String::from)
            .to_vec()
    }

    fn part(&self, part: usize, record: u32) -> u32 {
        let id = self.column.id(record);
        if id == 0 {
            return 0;
        }
        let date = self.dates.get(id);
        match part {
            _ if date.is_filler => 0,
            1 => super::hash(date.year()),
            _ if date.year_only => 0,
            0 => super::hash(&date.digits),
            2 => {
                // Whichever comes first, so that swapped days and months meet.
                let mut digits = date.digits;
                if date.month() > date.day() {
                    digits[4..].rotate_left(2);
                }
                super::hash(&digits)
            }
            3 => super::hash(&date.digits[..6]),
            _ => super::hash(&date.digits[4..]),
        }
    }

    fn order(&self, record: u32) -> u64 {
        match self.column.id(record) {
            0 => 0,
            id => u64::from_be_bytes(self.dates.get(id).digits),
        }
    }
}

/// What is known to be two dates, however many digits agree: other days of one year, or of years that part a father and his son.
fn are_two_peoples(a: &Date, b: &Date) -> bool {
    are_years_apart(a, b) || (level(a, b) == YEAR && !a.year_only && !b.year_only)
}

fn are_years_apart(a: &Date, b: &Date) -> bool {
    let apart = number(a.year()).abs_diff(number(b.year()));
    apart >= GENERATION && apart != DECADE
}

fn level(a: &Date, b: &Date) -> u8 {
    let year = a.year() == b.year();
    if a.is_filler || b.is_filler || (year && (a.is_first_of_year() || b.is_first_of_year())) {
        return MISSING;
    }
    if a.digits == b.digits && !a.year_only {
        return 0;
    }
    if a.year_only || b.year_only {
        return if year { YEAR } else { DIFFER };
    }
    if one_edit(&a.digits, &b.digits) {
        return 1;
    }
    if year && a.month() == b.day() && a.day() == b.month() {
        return 2;
    }
    let equal = usize::from(year) + usize::from(a.month() == b.month()) + usize::from(a.day() == b.day());
    match equal {
        2.. => 3,
        _ if a.is_close(b) => 4,
        _ if year => YEAR,
        _ => DIFFER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The level of the first two of a column of dates.
    fn check(column: &[&str], expected: &str) {
        let mut dates = BirthDates::new(vec![Role::BirthDate]);
        column.iter().for_each(|cell| dates.push(&[Some(cell)]));
        dates.finish();
        for (a, b) in [(0, 1), (1, 0)] {
            let mut out = [0; 1];
            dates.compare(a, b, &mut out);
            let level = LEVELS.get(usize::from(out[0])).map_or("missing", |level| level.name);
            assert_eq!(level, expected, "{column:?}");
        }
    }

    #[test]
    fn forms_of_one_date_are_equal() {
        check(&["1980-02-01", "19800201"], "exact");
        check(&["1980-02-01", "2/1/1980"], "exact");
        check(&["1980-02-01", "1.2.1980"], "exact");
        check(&["1980-02-01", "1980-02-01T00:00:00Z"], "exact");
        check(&["1/2/80", "01/02/1980"], "exact");
        check(&["unknown", "1980-02-01"], "missing");
    }

    #[test]
    fn the_column_tells_which_part_is_the_day() {
        check(&["1980-02-01", "01/02/1980"], "swapped");
        check(&["1980-02-01", "01/02/1980", "25/12/1999"], "exact");
        check(&["1980-02-01", "01/02/1980", "12/25/1999"], "swapped");
    }

    #[test]
    fn mistakes_have_levels() {
        check(&["1980-02-01", "1980-02-07"], "typo");
        check(&["1980-02-11", "1980-11-02"], "swapped");
        check(&["1980-02-11", "1943-02-11"], "two_parts");
        check(&["1980-02-11", "1990-03-14"], "close");
        check(&["1980-02-11", "1980-07-29"], "year");
        check(&["1980", "1980-07-29"], "year");
        check(&["1980-02-11", "1975-07-29"], "differ");
    }

    #[test]
    fn years_apart_are_two_people_however_many_digits_agree() {
        let date = |text: &str| Date::read(text).unwrap();
        for other in
            ["1943-02-11", "1982-02-11", "1978-02-11", "1890-02-11", "1908-02-11", "1989-03-14", "1950"]
        {
            assert!(are_years_apart(&date("1980-02-11"), &date(other)), "{other}");
        }
        for other in ["1981-02-11", "1979-12-31", "1980", "1990-02-11"] {
            assert!(!are_years_apart(&date("1980-02-11"), &date(other)), "{other}");
        }
        assert!(are_two_peoples(&date("1980-02-11"), &date("1980-07-29")), "two days of one year");
        assert!(!are_two_peoples(&date("1980-02-11"), &date("1980")), "a year is no day");
    }

    #[test]
    fn dates_that_forms_fill_in_say_nothing() {
        for filler in ["1900-01-01", "01/01/1970", "19800101", "2000-01-01", "12/31/9999", "1900"] {
            check(&[filler, filler], "missing");
            check(&[filler, "1955-03-02"], "missing");
        }
    }

    #[test]
    fn the_first_of_january_says_the_year() {
        check(&["1985-01-01", "1985-01-01"], "missing");
        check(&["1985-01-01", "1985-07-29"], "missing");
        check(&["1985-01-01", "1985"], "missing");
        check(&["1985-01-01", "1954-07-29"], "differ");
        check(&["1985-01-01", "1954-01-01"], "two_parts");
    }

    #[test]
    fn a_date_far_more_frequent_than_those_around_it_says_nothing() {
        let column = |times: usize, others: usize| -> Vec<String> {
            let day = |n: usize| format!("{}-{:02}-{:02}", 1983 + n % 5, 1 + n % 11, 1 + n % 23);
            vec!["1985-06-15".to_owned(); times].into_iter().chain((0..others).map(day)).collect()
        };
        for (times, others, expected) in
            [(29, 0, "exact"), (30, 0, "missing"), (30, 2_000, "missing"), (30, 3_000, "exact")]
        {
            let column = column(times, others);
            check(&column.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_date_that_nobody_can_read_is_not_missing() {
        let mut dates = BirthDates::new(vec![Role::BirthDate]);
        for cell in [Some("soon"), Some("1980-02-01"), Some("unknown"), None] {
            dates.push(&[cell]);
        }
        dates.finish();
        for (a, b, expected) in [(0, 1, true), (0, 3, true), (1, 0, true), (1, 2, false), (2, 3, false)] {
            assert_eq!(dates.is_in_doubt(0, a, b), expected, "{a} {b}");
        }
    }
}
