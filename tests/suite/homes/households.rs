//! How well homes are found, in numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::law::{Mode, Told, live, pairs_of_rows};
use super::rows::{Home, Row, Sheet};
use super::town::Town;
use super::{Kind, families, offices, same};
use crate::support;

/// By the first person of each home, its kind.
type KindOf = BTreeMap<usize, &'static str>;

/// A town as it is: mostly couples, families and people who live alone, and some of everything else.
fn town(people: usize) -> (Vec<Sheet>, KindOf) {
    let mut town = Town::large(7);
    let mut homes = Vec::new();
    let mut kind_of = KindOf::new();
    while town.size() < people {
        let first = town.size() + 1;
        let mut kind = |town: &mut Town, of: &[(&'static str, Kind)]| {
            let (name, kind) = town.one(of);
            kind_of.insert(first, name);
            kind(town)
        };
        homes.push(match town.below(100) {
            0..40 => kind(&mut town, &families::KINDS[..2]),
            40..65 => {
                kind_of.insert(first, "alone");
                let alone = town.strangers(1);
                town.spread(alone, &[])
            }
            65..80 => kind(&mut town, same::KINDS),
            80..95 => kind(&mut town, families::KINDS),
            _ => kind(&mut town, offices::KINDS),
        });
    }
    (Home::sheets(&homes), kind_of)
}

/// What people who live together have in common that a file can show.
fn in_common(one: &Row, other: &Row) -> bool {
    ["email", "phone", "street"]
        .iter()
        .any(|column| !one.get(column).is_empty() && one.get(column) == other.get(column))
}

type Pairs = BTreeSet<(usize, usize)>;

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

/// The pairs of people who live together, as far as any row shows it.
fn homes(sheets: &[Sheet]) -> Pairs {
    let mut by_home: BTreeMap<usize, Vec<&Row>> = BTreeMap::new();
    for row in sheets.iter().flat_map(|sheet| &sheet.rows).filter(|row| row.household != 0) {
        by_home.entry(row.household).or_default().push(row);
    }
    let mut pairs = Pairs::new();
    for rows in by_home.values() {
        for (n, one) in rows.iter().enumerate() {
            let others =
                rows[n + 1..].iter().filter(|other| other.person != one.person && in_common(one, other));
            pairs.extend(others.map(|other| pair(one.person, other.person)));
        }
    }
    pairs
}

/// The pairs of people that are suggested as households; `None` for the two records of one person.
fn suggested(told: &Told) -> Vec<Option<(usize, usize)>> {
    // A record that mixes people is nobody's; it is counted elsewhere.
    let whose =
        |record: &i64| told.records.get(record).filter(|people| people.len() == 1)?.keys().next().copied();
    let pairs = told.households.iter().filter_map(|(one, other)| Some((whose(one)?, whose(other)?)));
    pairs.map(|(one, other)| (one != other).then(|| pair(one, other))).collect()
}

#[test]
#[ignore = "a report for people, which takes minutes"]
fn how_well_homes_are_found() {
    let people = std::env::var("PEOPLE").map_or(2_000, |people| people.parse().unwrap());
    let (sheets, kind_of) = town(people);
    let by_kind = |pairs: &Pairs| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (one, _) in pairs {
            *counts
                .entry(kind_of.range(..=one).next_back().map_or("alone", |(_, name)| name))
                .or_default() += 1;
        }
        format!("{counts:?}")
    };
    let homes = homes(&sheets);
    for mode in [Mode::Usual, Mode::Obvious] {
        let told = live(&support::sqlite(), &sheets, mode);
        let suggested = suggested(&told);
        let right: Pairs = suggested.iter().flatten().filter(|pair| homes.contains(pair)).copied().collect();
        let of_one_person = suggested.iter().filter(|pair| pair.is_none()).count();
        let wrong: Pairs = suggested.iter().flatten().filter(|pair| !homes.contains(pair)).copied().collect();
        let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        let (pairs, together) = (pairs_of_rows(&sheets), told.together());
        eprintln!(
            "{mode:?}: {people} people, {} pairs of a home; suggested {}: {} right, {} of no home, {of_one_person} of one person; \
             precision {:.1} %, recall {:.1} %; {together} of {pairs} pairs of rows found, {} records mixed",
            homes.len(),
            suggested.len(),
            right.len(),
            wrong.len(),
            share(right.len(), right.len() + wrong.len() + of_one_person),
            share(right.len(), homes.len()),
            told.mixed().len(),
        );
        let missed: Pairs = homes.difference(&right).copied().collect();
        eprintln!("  of no home: {}\n  missed: {}", by_kind(&wrong), by_kind(&missed));
    }
}
