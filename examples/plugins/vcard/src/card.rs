use crate::line::Line;
use crate::text::{components, unescaped};

/// The columns, named as the importer knows them, and the property each is read from.
pub(crate) const COLUMNS: [(&str, &str); 18] = [
    ("external_id", "UID"),
    ("full_name", "FN"),
    ("first_name", "N"),
    ("middle_name", "N"),
    ("last_name", "N"),
    ("name_suffix", "N"),
    ("email", "EMAIL"),
    ("alt_emails", "EMAIL"),
    ("phone", "TEL"),
    ("alt_phones", "TEL"),
    ("dob", "BDAY"),
    ("street", "ADR"),
    ("city", "ADR"),
    ("state", "ADR"),
    ("postal_code", "ADR"),
    ("country", "ADR"),
    ("notes", "NOTE"),
    ("updated_at", "REV"),
];

/// A value with how much it is preferred.
type Ranked<T> = Vec<(u32, T)>;

/// What was read of a card so far.
#[derive(Default)]
pub(crate) struct Card {
    uid: String,
    full_name: String,
    name: Vec<String>,
    emails: Ranked<String>,
    phones: Ranked<String>,
    addresses: Ranked<Vec<String>>,
    birthday: String,
    notes: Vec<String>,
    revised: String,
    /// A birthday without a year.
    pub(crate) yearless: bool,
}

impl Card {
    /// Takes what a line says; properties nobody asks for are left out.
    pub(crate) fn take(&mut self, line: &Line) {
        let text = || unescaped(&line.value).trim().to_owned();
        match line.name.as_str() {
            "UID" => self.uid = text(),
            "FN" if self.full_name.is_empty() => self.full_name = text(),
            "N" if self.name.is_empty() => self.name = components(&line.value, " "),
            "EMAIL" => self.emails.push((line.rank(), text())),
            // A fax machine answers nobody.
            "TEL" if !line.has("TYPE", "FAX") => self.phones.push((line.rank(), number(&text()))),
            "ADR" => self.addresses.push((line.rank(), components(&line.value, ", "))),
            "BDAY" => match text() {
                yearless if yearless.starts_with("--") => self.yearless = true,
                birthday => self.birthday = day(&birthday),
            },
            "NOTE" => self.notes.push(text()),
            "REV" => self.revised = moment(&text()),
            _ => {}
        }
    }

    /// The cells, in the order of [`COLUMNS`]; an empty one is missing.
    pub(crate) fn cells(mut self) -> [String; COLUMNS.len()] {
        let (email, emails) = first_and_rest(self.emails);
        let (phone, phones) = first_and_rest(self.phones);
        self.addresses.sort_by_key(|(rank, _)| *rank);
        let mut address = self.addresses.into_iter().next().unwrap_or_default().1;
        // The post office box and the flat stand before the street.
        address.resize(7, String::new());
        let [post_box, flat, street, city, state, postal_code, country] =
            <[String; 7]>::try_from(address).unwrap_or_default();
        let mut lines = [street, flat, post_box].into_iter().filter(|part| !part.is_empty());
        let street = lines.by_ref().collect::<Vec<_>>().join(", ").replace('\n', ", ");
        self.name.resize(5, String::new());
        let [last, first, middle, _prefix, suffix] = <[String; 5]>::try_from(self.name).unwrap_or_default();
        // The whole name is a second opinion where its parts are known.
        let full_name = if first.is_empty() && last.is_empty() { self.full_name } else { String::new() };
        let notes = self.notes.join("\n");
        [
            self.uid,
            full_name,
            first,
            middle,
            last,
            suffix,
            email,
            emails,
            phone,
            phones,
            self.birthday,
            street,
            city,
            state,
            postal_code,
            country,
            notes,
            self.revised,
        ]
    }
}

fn first_and_rest(mut values: Ranked<String>) -> (String, String) {
    values.retain(|(_, value)| !value.is_empty());
    // Stable: of two that are preferred alike the earlier comes first.
    values.sort_by_key(|(rank, _)| *rank);
    let mut values = values.into_iter().map(|(_, value)| value);
    (values.next().unwrap_or_default(), values.collect::<Vec<_>>().join("; "))
}

/// Version 4.0 writes numbers as `tel:+1-816-234-5678;ext=12`.
fn number(text: &str) -> String {
    text.strip_prefix("tel:").unwrap_or(text).replacen(";ext=", " x", 1)
}

/// `19850423` and what may stand behind it as `1985-04-23`.
fn day(text: &str) -> String {
    let date = text.split('T').next().unwrap_or_default();
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..])
    } else {
        date.to_owned()
    }
}

/// `20250530T080000Z` as `2025-05-30T08:00:00Z`.
fn moment(text: &str) -> String {
    match text.split_once('T') {
        Some((date, time)) if time.len() >= 6 && time.as_bytes()[..6].iter().all(u8::is_ascii_digit) => {
            format!("{}T{}:{}:{}{}", day(date), &time[..2], &time[2..4], &time[4..6], &time[6..])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(lines: &[&str]) -> Vec<(&'static str, String)> {
        let mut card = Card::default();
        lines.iter().for_each(|line| card.take(&Line::parse(line.as_bytes(), "utf-8").unwrap()));
        let cells = COLUMNS.iter().map(|(name, _)| *name).zip(card.cells());
        cells.filter(|(_, cell)| !cell.is_empty()).collect()
    }

    fn check(lines: &[&str], expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|&(name, cell)| (name, cell.to_owned())).collect();
        assert_eq!(cells(lines), expected);
    }

    #[test]
    fn the_preferred_address_is_the_primary_one() {
        check(
            &["EMAIL:b@example.org", "EMAIL;PREF=2:c@example.org", "EMAIL;TYPE=pref:a@example.org"],
            &[("email", "a@example.org"), ("alt_emails", "c@example.org; b@example.org")],
        );
        check(
            &["TEL;FAX:1", "TEL;VALUE=uri:tel:+1-816-234-5678;ext=12", "TEL:2"],
            &[("phone", "+1-816-234-5678 x12"), ("alt_phones", "2")],
        );
    }

    #[test]
    fn a_whole_name_is_for_cards_without_its_parts() {
        check(
            &["FN:Ada Lovelace", "N:Lovelace;Ada;Augusta,King;Lady;"],
            &[("first_name", "Ada"), ("middle_name", "Augusta King"), ("last_name", "Lovelace")],
        );
        check(&["FN:Ada Lovelace", "N:;;;;"], &[("full_name", "Ada Lovelace")]);
    }

    #[test]
    fn an_address_keeps_its_flat_and_dates_get_their_hyphens() {
        check(
            &["ADR:;Apt 4;1200 Main St;Kansas City;MO;64105;USA", "BDAY:19850423", "REV:20250530T080000Z"],
            &[
                ("dob", "1985-04-23"),
                ("street", "1200 Main St, Apt 4"),
                ("city", "Kansas City"),
                ("state", "MO"),
                ("postal_code", "64105"),
                ("country", "USA"),
                ("updated_at", "2025-05-30T08:00:00Z"),
            ],
        );
        check(&["BDAY:--0423", "REV:Té12345"], &[("updated_at", "Té12345")]);
    }
}
