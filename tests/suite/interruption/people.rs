//! A file of made-up people, the same for the same seed.

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// A number from 0 up to 1.
    pub(super) fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

const FIRST: [&str; 10] =
    ["Amara", "Bruno", "Chidi", "Dorota", "Émile", "Farah", "Guðrún", "Hiroko", "Inès", "Jamal"];
const START: [&str; 12] =
    ["Bal", "Cor", "Dun", "Fer", "Gal", "Hol", "Kir", "Lin", "Mor", "Ned", "Osk", "Pel"];
const END: [&str; 12] =
    ["ano", "berg", "cek", "dotti", "ez", "field", "gaard", "inen", "kov", "lund", "ova", "son"];

/// About one row in twenty of each kind: somebody again under another id, somebody again word by word, somebody changed, a
/// bad address, nobody's name, and somebody's family. What belongs together is far apart, so that it falls into different
/// batches and, when the run is killed, into different processes.
pub(crate) fn csv(rows: usize, seed: u64) -> String {
    people(rows, seed, false)
}

/// The same, and bad rows come again, word by word or mended.
pub(crate) fn csv_with_bad_rows_again(rows: usize, seed: u64) -> String {
    people(rows, seed, true)
}

fn people(rows: usize, seed: u64, again: bool) -> String {
    let mut dice = Dice(seed);
    let mut text = String::from("id,first name,last name,email,phone,city,notes,updated at\n");
    let mut lines: Vec<(usize, String, String, String)> = Vec::new();
    let mut bad: Vec<(usize, String, String)> = Vec::new();
    for id in 0..rows {
        let (first, last) = (dice.one_of(&FIRST), format!("{}{}", dice.one_of(&START), dice.one_of(&END)));
        let email = format!("person{id}@example.org");
        let phone = format!("(816) {}-{:04}", 200 + id % 700, id / 700 % 10_000);
        let city = dice.one_of(&["Kansas City", "St. Louis", "Springfield"]);
        let tail = format!("{city},\"note {id}, with a comma\",2025-0{}-1{}T08:00:00Z", 1 + id % 9, id % 10);
        let kind = dice.below(20);
        let old = if lines.is_empty() { None } else { Some(lines[dice.below(lines.len())].clone()) };
        let old_bad = if bad.is_empty() || !again { None } else { Some(bad[dice.below(bad.len())].clone()) };
        let line = match (kind, old, old_bad) {
            (0, Some((_, first, last, email)), _) => format!("{id},{first},{last},{email},,{tail}"),
            (1, Some((old, first, last, email)), _) => format!("{old},{first},{last},{email},,,,"),
            (2, Some((old, first, last, email)), _) => {
                format!("{old},{first},{last},{email},,Moved Away,,2025-12-1{}T08:00:00Z", id % 10)
            }
            (3, Some((_, _, last, email)), _) => format!("{id},Kid{id},{last},{email},,{tail}"),
            (4, ..) => {
                bad.push((id, first.into(), last.clone()));
                format!("{id},{first},{last},not an address,,,,")
            }
            (5, _, Some((old, first, last))) => format!("{old},{first},{last},not an address,,,,"),
            (6, _, Some((old, first, last))) => {
                format!("{old},{first},{last},mended{old}@example.org,,{tail}")
            }
            (7, ..) => format!("{id},,,nobody{id}@example.org,,{tail}"),
            _ => {
                lines.push((id, first.into(), last.clone(), email.clone()));
                format!("{id},{first},{last},{email},{phone},{tail}")
            }
        };
        text += &line;
        text.push('\n');
    }
    text
}
