//! A labelled set: made-up people, the same ones in every run, some of them several times with slips of the pen.

use std::fmt::Write;

const GIVEN: &[&str] = &[
    "Ada", "Alan", "Grace", "Edsger", "Barbara", "Donald", "Frances", "John", "Radia", "Dennis", "Hedy",
    "Claude", "Margaret", "Niklaus", "Karen", "Tony", "Jean", "Kenneth", "Mary", "Leslie", "Sophie", "Robin",
    "Adele", "Maurice",
];

const FAMILY: &[&str] = &[
    "Lovelace",
    "Turing",
    "Hopper",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "Allen",
    "Backus",
    "Perlman",
    "Ritchie",
    "Lamarr",
    "Shannon",
    "Hamilton",
    "Wirth",
    "Jones",
    "Hoare",
    "Sammet",
    "Iverson",
    "Jackson",
    "Lamport",
    "Wilson",
    "Milner",
    "Goldberg",
    "Wilkes",
    "Bartik",
    "Thompson",
    "Holberton",
    "Engelbart",
    "Clarke",
    "McCarthy",
];

const STREETS: &[&str] =
    &["Mill Lane", "Church Road", "Station Street", "Park Avenue", "High Street", "Bridge Road", "Oak Drive"];

const TOWNS: &[(&str, &str)] =
    &[("Leeds", "20"), ("York", "31"), ("Hull", "42"), ("Bath", "53"), ("Ely", "64"), ("Wells", "75")];

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A letter or figure less, more, other or in the wrong place.
    fn slip(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        if letters.len() < 3 {
            return text.to_owned();
        }
        let place = 1 + self.below(letters.len() - 2);
        match self.below(4) {
            0 => drop(letters.remove(place)),
            1 => letters.insert(place, letters[place]),
            2 => letters.swap(place, place - 1),
            _ => letters[place] = if letters[place].is_ascii_digit() { '7' } else { 'e' },
        }
        letters.into_iter().collect()
    }
}

/// Records and the pairs of one person.
pub(super) struct Labelled {
    pub(super) records: String,
    pub(super) truth: String,
}

pub(super) fn labelled(people: usize) -> Labelled {
    let mut dice = Dice(7);
    let mut rows: Vec<(usize, [String; 8])> = Vec::new();
    for person in 0..people {
        let (town, code) = dice.one(TOWNS);
        let (given, family) = (*dice.one(GIVEN), *dice.one(FAMILY));
        let birth = format!("{}-{:02}-{:02}", 1930 + dice.below(75), 1 + dice.below(12), 1 + dice.below(28));
        let row = [
            given.to_owned(),
            family.to_owned(),
            birth,
            (1 + dice.below(120)).to_string(),
            (*dice.one(STREETS)).to_owned(),
            (*town).to_owned(),
            format!("{code}{:02}", dice.below(30)),
            format!("0{}{:06}", 1 + dice.below(9), dice.below(1_000_000)),
        ];
        // Every eighth lives with the one before.
        let mut row = row;
        if let Some((_, before)) = rows.last().filter(|_| dice.below(8) == 0) {
            for shared in [1, 3, 4, 5, 6, 7] {
                row[shared].clone_from(&before[shared]);
            }
        }
        // A third of the people have a second record, and a tenth a third one.
        for again in 0..1 + usize::from(dice.below(3) == 0) + usize::from(dice.below(10) == 0) {
            let mut copy = row.clone();
            for _ in 0..if again == 0 { 0 } else { 2 + dice.below(7) } {
                let cell = dice.below(copy.len());
                copy[cell] = if dice.below(3) == 0 { String::new() } else { dice.slip(&copy[cell]) };
            }
            rows.push((person, copy));
        }
    }
    for place in (1..rows.len()).rev() {
        rows.swap(place, dice.below(place + 1));
    }
    let mut records =
        "rec_id,cluster,given_name,surname,date_of_birth,street_number,address_1,suburb,postcode,phone\n"
            .to_owned();
    let mut truth = "rec_id_l,rec_id_r\n".to_owned();
    for (place, (person, cells)) in rows.iter().enumerate() {
        writeln!(records, "r{place},p{person},{}", cells.join(",")).unwrap();
        for (other, _) in rows.iter().enumerate().skip(place + 1).filter(|(_, (p, _))| p == person) {
            writeln!(truth, "r{place},r{other}").unwrap();
        }
    }
    Labelled { records, truth }
}
