//! Which column is what.

use std::collections::{HashMap, HashSet};

use importer_core::Result;
use importer_core::contracts::VOLUNTEER;
use importer_core::mapping::date_parts;
use serde::Serialize;

use super::headers::{Meaning, field_meaning, folded, is_record_id, meaning};
use super::table::Table;
use super::truth::{Answer, Truth, column, id_column, list, wrong};
use super::values::Values;
use crate::matching::role::Role;

/// How the role of a column was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// Whoever asked said so.
    Given,
    /// By its name.
    Name,
    /// By its values.
    Values,
}

/// What a column is taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub column: String,
    /// How it is compared.
    pub role: Role,
    /// How that was found.
    pub by: FoundBy,
    /// Why it is not compared, when it is not.
    pub left_out: Option<String>,
}

impl Column {
    fn leave_out(&mut self, why: impl Into<String>) {
        self.role = Role::Ignored;
        self.left_out = Some(why.into());
    }

    fn is(&self, role: Role) -> bool {
        self.role == role
    }

    /// Nobody has said what it is, and it may be compared.
    fn is_free(&self) -> bool {
        self.by != FoundBy::Given && self.role != Role::Ignored
    }
}

/// All columns, and the one with the ids.
#[derive(Debug)]
pub(super) struct Recognised {
    pub(super) columns: Vec<Column>,
    pub(super) id: Option<usize>,
}

/// What was asked for a column.
enum Wish {
    Role(Role),
    RecordId,
}

impl Wish {
    fn read(field: &str) -> Result<Self> {
        let key = folded(field);
        if key == "recordid" {
            return Ok(Self::RecordId);
        }
        if key == "ignore" {
            return Ok(Self::Role(Role::Ignored));
        }
        if let Ok(role) = serde_json::from_value(field.trim().to_lowercase().into()) {
            return Ok(Self::Role(role));
        }
        let known = VOLUNTEER.fields.iter().find(|f| folded(f.name) == key || folded(f.header) == key);
        match known.map(|field| field_meaning(field.name)) {
            Some(Meaning::Is(role)) => Ok(Self::Role(role)),
            Some(Meaning::Number) => Ok(Self::Role(Role::Identifier)),
            Some(_) => Ok(Self::Role(Role::Ignored)),
            None => Err(wrong(format!("there is no field `{field}`")).hint(format!(
                "a column is `ignore`, `record_id`, a field of the contract, or one of {}",
                list(ROLES.iter().copied())
            ))),
        }
    }
}

/// What a column can be, by the names that roles have in documents.
const ROLES: &[&str] = &[
    "given_name",
    "middle_name",
    "family_name",
    "full_name",
    "name_suffix",
    "birth_date",
    "birth_year",
    "birth_month",
    "birth_day",
    "email",
    "phone",
    "street",
    "house_number",
    "city",
    "state",
    "postal_code",
    "organisation",
    "gender",
    "identifier",
    "text",
];

/// Only one column of a record can be compared as these; what else there is, is text.
const SINGLE: &[Role] = &[Role::City, Role::State, Role::PostalCode, Role::BirthDate, Role::FullName];

/// The truth, when it stands in a column, must not be compared.
pub(super) fn recognise(records: &Table, answer: Answer<'_>, map: &[(String, String)]) -> Result<Recognised> {
    let wishes = wishes(records, map)?;
    let label = match answer {
        Answer::Column(name) => Some(column(records, name)?),
        Answer::Pairs(_) => None,
    };
    let all = 0..records.columns().len();
    let asked = wishes.iter().find(|(_, wish)| matches!(wish, Wish::RecordId)).map(|(column, _)| *column);
    let free: Vec<usize> = all.clone().filter(|c| !wishes.contains_key(c) && Some(*c) != label).collect();
    let id = match asked {
        Some(column) => Some(column),
        None => id_column(records, answer, &free)?,
    };
    let mut columns: Vec<Column> = all
        .map(|place| match wishes.get(&place) {
            _ if Some(place) == label => aside(records, place, "it is the truth"),
            _ if Some(place) == id => aside(records, place, "it numbers the records"),
            Some(Wish::Role(role)) => Column {
                column: records.columns()[place].clone(),
                role: *role,
                by: FoundBy::Given,
                left_out: (*role == Role::Ignored).then(|| "as asked".into()),
            },
            _ => alone(records, place),
        })
        .collect();
    date_in_parts(records, &mut columns);
    Ok(Recognised { columns, id })
}

/// Day, month and year in columns of their own, by the names that an import knows them by: `birthday` beside `birth_month` is a
/// day.
fn date_in_parts(records: &Table, columns: &mut [Column]) {
    let field = VOLUNTEER.fields.iter().find(|field| field.name == "dob");
    let Some(parts) = field.and_then(|dob| date_parts(dob, records.columns())) else { return };
    let is_other_date = |(place, column): (usize, &Column)| column.is(Role::BirthDate) && place != parts[2];
    if columns.iter().enumerate().any(is_other_date) || parts.iter().any(|place| !columns[*place].is_free()) {
        return;
    }
    for (place, role) in parts.into_iter().zip([Role::BirthYear, Role::BirthMonth, Role::BirthDay]) {
        (columns[place].role, columns[place].by) = (role, FoundBy::Name);
    }
}

fn wishes(records: &Table, map: &[(String, String)]) -> Result<HashMap<usize, Wish>> {
    let mut wishes = HashMap::new();
    for (name, field) in map {
        let wish = Wish::read(field)?;
        if matches!(wish, Wish::RecordId) && wishes.values().any(|other| matches!(other, Wish::RecordId)) {
            return Err(wrong("two columns are mapped to `record_id`").hint("records have one id"));
        }
        if wishes.insert(column(records, name)?, wish).is_some() {
            return Err(wrong(format!("the column `{name}` is mapped twice")).hint("keep one of them"));
        }
    }
    Ok(wishes)
}

fn aside(records: &Table, place: usize, why: &str) -> Column {
    let mut column = Column {
        column: records.columns()[place].clone(),
        role: Role::Ignored,
        by: FoundBy::Values,
        left_out: None,
    };
    column.leave_out(why);
    column
}

/// What a column is, without regard to the others.
fn alone(records: &Table, place: usize) -> Column {
    let name = &records.columns()[place];
    let values = Values::of(records, place);
    let (role, by, left_out) = match meaning(name) {
        Some(Meaning::Is(role)) => (role, FoundBy::Name, None),
        Some(Meaning::Answer) => (Role::Ignored, FoundBy::Name, Some("it seems to give the answer away")),
        Some(Meaning::Aside) => {
            (Role::Ignored, FoundBy::Name, Some("it is about the record, not the person"))
        }
        Some(Meaning::Number) if is_record_id(name) || values.are_codes() => {
            (Role::Identifier, FoundBy::Name, None)
        }
        Some(Meaning::Number) => (Role::Text, FoundBy::Values, None),
        None if values.are_remarks() => (Role::Ignored, FoundBy::Values, Some("it holds remarks")),
        None => (values.role(), FoundBy::Values, None),
    };
    Column { column: name.clone(), role, by, left_out: left_out.map(str::to_owned) }
}

/// How many rows are looked at for words that stand in other columns.
const LOOKED_AT: usize = 2_000;

/// Leaves out what says nothing, says it twice, or says who is who.
pub(super) fn settle(records: &Table, recognised: &mut Recognised, truth: &Truth) {
    let columns = &mut recognised.columns;
    for (place, column) in columns.iter_mut().enumerate() {
        if column.role == Role::Ignored || column.by == FoundBy::Given {
            continue;
        }
        if let Some(why) = useless(records, place, column, truth) {
            column.leave_out(why);
        }
    }
    let has = |columns: &[Column], role| columns.iter().any(|column| column.is(role));
    if has(columns, Role::GivenName) && has(columns, Role::FamilyName) {
        for column in columns.iter_mut().filter(|c| c.is(Role::FullName) && c.by != FoundBy::Given) {
            column.leave_out("the parts of the name have columns of their own");
        }
    }
    for role in SINGLE {
        // A column that was asked for or named comes before one that looks the part.
        let rank = |column: &Column| match column.by {
            FoundBy::Given => 0,
            FoundBy::Name => 1,
            FoundBy::Values => 2,
        };
        let mut same: Vec<usize> = (0..columns.len()).filter(|place| columns[*place].is(*role)).collect();
        same.sort_by_key(|place| rank(&columns[*place]));
        for place in same.into_iter().skip(1) {
            columns[place].role = Role::Text;
        }
    }
    for place in (0..columns.len()).rev() {
        let candidate = matches!(columns[place].role, Role::FullName | Role::Text | Role::Organisation);
        if candidate && columns[place].by != FoundBy::Given && repeats(records, columns, place) {
            columns[place].leave_out("its words stand in other columns");
        }
    }
}

/// Why a column would not help, whatever the others are.
fn useless(records: &Table, place: usize, column: &Column, truth: &Truth) -> Option<&'static str> {
    let mut seen = HashMap::new();
    let mut filled = 0;
    for cell in records.filled(place) {
        *seen.entry(cell).or_insert(0_u64) += 1;
        filled += 1;
    }
    if filled == 0 {
        return Some("it is empty");
    }
    if seen.len() == 1 && filled > 1 {
        return Some("it says the same of everybody");
    }
    if column.role == Role::Identifier && filled > 1 {
        if seen.len() == filled {
            return Some("no two records share a value");
        }
        let known = meaning(&records.columns()[place]);
        if known.is_none_or(|m| m == Meaning::Number) && is_the_answer(records, place, &seen, truth) {
            return Some("it seems to give the answer away");
        }
    }
    None
}

/// From so many pairs on it is no chance that a column groups the records exactly like the truth.
const NO_CHANCE: u64 = 20;

fn is_the_answer(records: &Table, place: usize, seen: &HashMap<&str, u64>, truth: &Truth) -> bool {
    let pairs: u64 = seen.values().map(|count| super::truth::pairs_of(*count)).sum();
    pairs >= NO_CHANCE
        && pairs == truth.pairs
        && truth.people().iter().all(|person| {
            let value = records.cell(person[0] as usize, place);
            value.is_some() && person.iter().all(|record| records.cell(*record as usize, place) == value)
        })
}

/// True when the words of most cells stand in other compared columns of the same row.
fn repeats(records: &Table, columns: &[Column], place: usize) -> bool {
    let others: Vec<usize> =
        (0..columns.len()).filter(|other| *other != place && columns[*other].role != Role::Ignored).collect();
    let (mut filled, mut repeated) = (0_usize, 0_usize);
    let step = (records.rows() / LOOKED_AT).max(1);
    for row in (0..records.rows()).step_by(step) {
        let Some(cell) = records.cell(row, place) else { continue };
        let elsewhere: HashSet<String> =
            others.iter().filter_map(|other| records.cell(row, *other)).flat_map(words).collect();
        filled += 1;
        repeated += usize::from(words(cell).all(|word| elsewhere.contains(&word)));
    }
    filled > 0 && repeated * 10 > filled * 7
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).map(folded).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five people of two records each, with ids; every row begins with its id and the person's number.
    fn table(columns: &[&str], rows: &[&[&str]]) -> Table {
        let mut table = Table::new(columns.iter().copied());
        rows.iter().zip(2..).for_each(|(row, line)| table.push(line, row.iter().map(|cell| Some(*cell))));
        table
    }

    fn roles(records: &Table, map: &[(&str, &str)]) -> Vec<Role> {
        let map: Vec<_> = map.iter().map(|(c, f)| ((*c).to_owned(), (*f).to_owned())).collect();
        let mut found = recognise(records, Answer::Column("cluster"), &map).unwrap();
        let truth = Truth::labels(records, column(records, "cluster").unwrap()).unwrap();
        settle(records, &mut found, &truth);
        found.columns.iter().map(|column| column.role).collect()
    }

    #[test]
    fn a_whole_name_is_left_out_when_its_parts_are_there() {
        let records = table(
            &["rec_id", "cluster", "first_name", "surname", "full_name", "who"],
            &[
                &["1", "1", "Ada", "Lovelace", "Ada Lovelace", "lovelace, ada"],
                &["2", "1", "Ada", "Lovelac", "Ada K. Lovelace", "lovelac, ada"],
                &["3", "2", "Alan", "Turing", "Alan Turing", "turing, alan"],
            ],
        );
        use Role::{FamilyName, FullName, GivenName, Ignored};
        assert_eq!(roles(&records, &[]), [Ignored, Ignored, GivenName, FamilyName, Ignored, Ignored]);
        assert_eq!(
            roles(&records, &[("first_name", "ignore"), ("Surname", "ignore")])[4],
            FullName,
            "without parts it is compared"
        );
    }

    #[test]
    fn columns_that_say_nothing_are_left_out() {
        let records = table(
            &["rec_id", "cluster", "surname", "country", "row_no", "shoe", "empty"],
            &[
                &["1", "1", "Lovelace", "GB", "A1001", "37", ""],
                &["2", "1", "Lovelac", "GB", "A1002", "38", ""],
                &["3", "2", "Turing", "GB", "A1003", "44", ""],
            ],
        );
        use Role::{FamilyName, Ignored, Text};
        assert_eq!(roles(&records, &[]), [Ignored, Ignored, FamilyName, Ignored, Ignored, Text, Ignored]);
        assert_eq!(roles(&records, &[("country", "text")])[3], Text, "what is asked for stays");
    }

    #[test]
    fn a_birthday_beside_a_month_and_a_year_is_a_day() {
        let rows: [&[&str]; 3] =
            [&["1", "1", "1985", "2", "3"], &["2", "1", "1985", "2", "3"], &["3", "2", "1990", "12", "31"]];
        let records = table(&["rec_id", "cluster", "birth_year", "birth_month", "birthday"], &rows);
        use Role::{BirthDate, BirthDay, BirthMonth, BirthYear};
        assert_eq!(roles(&records, &[])[2..], [BirthYear, BirthMonth, BirthDay]);
        assert_eq!(roles(&records, &[("birthday", "dob")])[4], BirthDate, "what is asked for stays");
    }

    #[test]
    fn a_second_column_of_a_place_is_text() {
        let records = table(
            &["rec_id", "cluster", "mail_city", "city"],
            &[&["1", "1", "Leeds", "York"], &["2", "1", "Leeds", "York"], &["3", "2", "Bath", "Hull"]],
        );
        assert_eq!(roles(&records, &[])[2..], [Role::City, Role::Text]);
        assert_eq!(roles(&records, &[("city", "city")])[2..], [Role::Text, Role::City]);
    }

    #[test]
    fn a_column_that_groups_like_the_truth_is_not_compared() {
        let mut records = Table::new(["rec_id", "cluster", "who_is_it", "member_no"]);
        for row in 0..60_u64 {
            let person = format!("P{:04}", row / 2);
            let number = format!("M{:05}", if row == 59 { 12_345 } else { 10_000 + row / 2 });
            let cells = [row.to_string(), person.clone(), format!("x{person}"), number];
            records.push(row + 2, cells.iter().map(|cell| Some(cell.as_str())));
        }
        assert_eq!(roles(&records, &[])[2..], [Role::Ignored, Role::Identifier]);
        assert_eq!(roles(&records, &[("who_is_it", "identifier")])[2], Role::Identifier);
    }

    #[test]
    fn wishes_are_checked() {
        let records = table(&["rec_id", "cluster", "surname"], &[&["1", "1", "A"], &["2", "1", "B"]]);
        let fails = |map: &[(&str, &str)], says: &str| {
            let map: Vec<_> = map.iter().map(|(c, f)| ((*c).to_owned(), (*f).to_owned())).collect();
            let error = recognise(&records, Answer::Column("cluster"), &map).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        };
        fails(&[("surname", "sirname")], "no field `sirname`");
        fails(&[("sirname", "last_name")], "no column `sirname`");
        fails(&[("surname", "text"), ("SURNAME", "ignore")], "mapped twice");
        fails(&[("surname", "record_id"), ("rec_id", "record_id")], "records have one id");
        for role in ROLES {
            assert!(matches!(Wish::read(role), Ok(Wish::Role(role)) if role != Role::Ignored), "{role}");
        }
        for field in VOLUNTEER.fields {
            assert!(Wish::read(field.name).is_ok() && Wish::read(field.header).is_ok(), "{}", field.name);
        }
    }
}
