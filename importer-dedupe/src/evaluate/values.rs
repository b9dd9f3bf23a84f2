//! What the values of a column say about it.

use std::collections::HashSet;

use super::table::Table;
use crate::matching::role::Role;

/// How many filled cells are looked at.
const LOOKED_AT: usize = 5_000;

/// What the values of a column have in common.
pub(super) struct Values {
    filled: usize,
    /// Different values among them.
    distinct: usize,
    emails: usize,
    dates: usize,
    codes: usize,
    words: usize,
}

impl Values {
    pub(super) fn of(table: &Table, column: usize) -> Self {
        let mut seen = HashSet::new();
        let mut values = Self { filled: 0, distinct: 0, emails: 0, dates: 0, codes: 0, words: 0 };
        for cell in table.filled(column).take(LOOKED_AT) {
            values.filled += 1;
            seen.insert(cell);
            values.emails += usize::from(is_email(cell));
            values.dates += usize::from(is_date(cell));
            values.codes += usize::from(is_code(cell));
            values.words += cell.split_whitespace().count();
        }
        values.distinct = seen.len();
        values
    }

    fn mostly(&self, some: usize) -> bool {
        self.filled > 0 && some * 10 >= self.filled * 8
    }

    /// True when few share a value.
    pub(super) fn are_codes(&self) -> bool {
        self.mostly(self.codes) && self.distinct * 10 >= self.filled * 3
    }

    /// True for sentences, which nobody writes twice alike.
    pub(super) fn are_remarks(&self) -> bool {
        self.words > 12 * self.filled
    }

    /// What they look like.
    pub(super) fn role(&self) -> Role {
        match () {
            () if self.mostly(self.emails) => Role::Email,
            () if self.mostly(self.dates) => Role::BirthDate,
            () if self.are_codes() => Role::Identifier,
            () => Role::Text,
        }
    }
}

fn is_email(cell: &str) -> bool {
    let Some((local, domain)) = cell.rsplit_once('@') else { return false };
    !local.is_empty() && domain.contains('.') && !cell.contains(char::is_whitespace)
}

/// A day between 1850 and 2100, in figures.
fn is_date(cell: &str) -> bool {
    let day = cell.split(['T', ' ']).next().unwrap_or_default();
    let groups: Vec<&str> = day.split(['-', '/', '.']).collect();
    if !groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    let is_year = |year: u32| (1850..2100).contains(&year);
    let is_day = |a: u32, b: u32| (1..=31).contains(&a) && (1..=31).contains(&b) && a.min(b) <= 12;
    match groups[..] {
        [all] if all.len() == 8 => {
            is_year(number(&all[..4])) && is_day(number(&all[4..6]), number(&all[6..]))
        }
        [a, b, c] if a.len() == 4 => is_year(number(a)) && is_day(number(b), number(c)),
        [a, b, c] if c.len() == 4 => is_year(number(c)) && is_day(number(a), number(b)),
        _ => false,
    }
}

/// One word with figures.
fn is_code(cell: &str) -> bool {
    cell.len() >= 4
        && cell.len() <= 40
        && !cell.contains(char::is_whitespace)
        && cell.bytes().filter(u8::is_ascii_digit).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], role: Role) {
        let mut table = Table::new(["x"]);
        values.iter().zip(2..).for_each(|(value, line)| table.push(line, [Some(*value)]));
        assert_eq!(Values::of(&table, 0).role(), role, "{values:?}");
    }

    #[test]
    fn values_tell_what_a_column_is() {
        check(&["ada@example.org", "grace@example.org", "", "n.n."], Role::Text);
        check(&["ada@example.org", "grace@example.org", "", "alan@example.org"], Role::Email);
        check(&["1815-12-10", "1985-04-23", "2001-01-31", "1970-01-01", "1999-12-12"], Role::BirthDate);
        check(&["12/31/1985", "1/2/1999", "31.12.2001"], Role::BirthDate);
        check(&["19850423", "19991231"], Role::BirthDate);
        check(&["5304218", "4066625", "7535316"], Role::Identifier);
        check(&["V-1001", "V-1002", "V-1003", "V-1003"], Role::Identifier);
        check(&["1001", "1001", "1001", "1001"], Role::Text);
        check(&["carpenter", "vicar", "painter"], Role::Text);
        check(&["7", "8", "9"], Role::Text);
    }

    #[test]
    fn sentences_are_remarks() {
        let mut table = Table::new(["x"]);
        table.push(
            2,
            [Some("Came in spring and asked whether there would be another meeting before the summer ends.")],
        );
        assert!(Values::of(&table, 0).are_remarks());
    }
}
