//! What identity resolution costs: comparing a pair, and whole scans of made-up people, a fifth of them there twice with
//! mistakes.
//!
//! ```text
//! cargo bench -p importer-dedupe --bench matching                # 100,000 people
//! cargo bench -p importer-dedupe --bench matching -- 1000000     # more of them
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and fails aloud")]
#![allow(clippy::cast_possible_truncation, reason = "made-up numbers are small")]

#[path = "../../benches/allocations/mod.rs"]
mod allocations;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use allocations::ALLOCATIONS;
use cpu_time::ProcessTime;
use importer_dedupe::matching::frame::{ColumnSpec, Frame};
use importer_dedupe::matching::role::Role;
use importer_dedupe::matching::scan::scan;

const COLUMNS: [(&str, Role); 9] = [
    ("given_name", Role::GivenName),
    ("surname", Role::FamilyName),
    ("street_number", Role::HouseNumber),
    ("address", Role::Street),
    ("suburb", Role::City),
    ("postcode", Role::PostalCode),
    ("state", Role::State),
    ("date_of_birth", Role::BirthDate),
    ("number", Role::Identifier),
];

fn main() {
    // A run of all tests builds this too, and must not wait for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let records = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(100_000);
    let columns: Vec<ColumnSpec> =
        COLUMNS.iter().map(|(name, role)| ColumnSpec { name: (*name).to_owned(), role: *role }).collect();
    let mut people = People::new(records);
    let mut frame = Frame::new(&columns);
    // Making up people is not what is measured.
    let mut prepare = Duration::ZERO;
    for record in 0..records {
        let cells = people.record(record);
        let cells: Vec<Option<&str>> = cells.iter().map(|c| (!c.is_empty()).then_some(c.as_str())).collect();
        if record % 64 == 0 {
            // The clock costs as much as a record: one in 64 is timed, with the dictionaries as they are then.
            let start = ProcessTime::now();
            frame.push(&cells);
            prepare += start.elapsed() * 64;
        } else {
            frame.push(&cells);
        }
    }
    let truth = std::mem::take(&mut people.twice);
    drop(people);
    let start = ProcessTime::now();
    frame.finish();
    prepare += start.elapsed();

    let start = ProcessTime::now();
    let found = scan(&mut frame);
    let whole = start.elapsed();
    println!("{records} records, {} pairs scored, {} kept", found.scored, found.pairs.len());
    println!(
        "  prepare    {:7.2} CPU-s    {:6.2} us per record",
        prepare.as_secs_f64(),
        micros(prepare, records)
    );
    println!(
        "  scan       {:7.2} CPU-s    {:6.2} us per pair",
        whole.as_secs_f64(),
        micros(whole, found.scored)
    );
    println!("  together   {:7.2} CPU-s", (prepare + whole).as_secs_f64());
    println!("  memory     {:7.0} MB at most", peak_megabytes());

    let together =
        truth.iter().filter(|(a, b)| found.cluster_of[*a as usize] == found.cluster_of[*b as usize]);
    let mut sizes: HashMap<u32, u64> = HashMap::new();
    found.cluster_of.iter().for_each(|c| *sizes.entry(*c).or_default() += 1);
    let claimed: u64 = sizes.values().map(|n| n * (n - 1) / 2).sum();
    let right = together.count() as f64;
    println!("  precision  {:7.4}    recall {:.4}", right / claimed as f64, right / truth.len() as f64);
    for key in found.keys() {
        println!(
            "    {:40} {:10} pairs, {:7} blocks cut, of {:9} records",
            key.key, key.pairs, key.cut_blocks, key.cut_records
        );
    }

    let pairs: Vec<(u32, u32)> = found.pairs.iter().take(200_000).map(|p| (p.a, p.b)).collect();
    let (before, start) = (ALLOCATIONS.load(Ordering::Relaxed), ProcessTime::now());
    let mut sum = 0.0;
    for &(a, b) in &pairs {
        sum += found.model.score(&frame, &frame.compare(a, b), a, b).log_odds;
    }
    let (took, allocations) = (start.elapsed(), ALLOCATIONS.load(Ordering::Relaxed) - before);
    std::hint::black_box(sum);
    println!(
        "  compare and score: {:.2} million pairs per second and core, {} allocations in {} pairs",
        pairs.len() as f64 / took.as_secs_f64() / 1e6,
        allocations,
        pairs.len()
    );
    assert_eq!(allocations, 0, "comparing and scoring must not allocate");
}

fn micros(time: Duration, per: impl TryInto<u64>) -> f64 {
    time.as_secs_f64() * 1e6 / per.try_into().ok().unwrap().max(1) as f64
}

/// The most memory this process ever had; 0 where the system does not tell.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Made-up people, the same in every run.
struct People {
    state: u64,
    given: Vec<String>,
    family: Vec<String>,
    streets: Vec<String>,
    places: Vec<[String; 3]>,
    /// People who may come again, with their record.
    recent: Vec<(u32, [String; 9])>,
    /// Pairs of records of one person.
    twice: Vec<(u32, u32)>,
}

impl People {
    fn new(records: u32) -> Self {
        let mut people = Self {
            state: 0x2545_f491_4f6c_dd1d,
            given: Vec::new(),
            family: Vec::new(),
            streets: Vec::new(),
            places: Vec::new(),
            recent: Vec::new(),
            twice: Vec::new(),
        };
        let scale = (records as usize / 100).clamp(200, 20_000);
        people.given = (0..scale / 4 + 200).map(|_| people.word(2)).collect();
        people.family = (0..scale + 1000).map(|_| people.word(2)).collect();
        people.streets = (0..scale)
            .map(|i| {
                format!(
                    "{} {}",
                    people.word(3),
                    ["street", "st", "avenue", "place", "crescent", "road"][i % 6]
                )
            })
            .collect();
        people.places = (0..scale / 4 + 100)
            .map(|i| {
                let state = ["nsw", "vic", "qld", "wa", "sa", "tas", "act", "nt"][i % 8];
                [people.word(3), format!("{:05}", 10_000 + i * 3), state.to_owned()]
            })
            .collect();
        people
    }

    /// SplitMix64.
    fn below(&mut self, n: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    /// Few values are frequent and many are rare, as with names.
    fn skewed(&mut self, n: usize) -> usize {
        let share = self.below(1 << 24) as f64 / f64::from(1 << 24);
        (0..n).nth(((n as f64).powf(share) - 1.0).max(0.0).round() as usize).unwrap_or(0)
    }

    fn word(&mut self, syllables: usize) -> String {
        const START: [&str; 20] = [
            "b", "br", "c", "ch", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v",
            "w",
        ];
        const MIDDLE: [&str; 8] = ["a", "e", "i", "o", "u", "ay", "ee", "ie"];
        const END: [&str; 10] = ["", "n", "r", "s", "l", "ll", "m", "ck", "tt", "y"];
        let mut word = String::new();
        for _ in 0..syllables + self.below(2) {
            word += START[self.below(20)];
            word += MIDDLE[self.below(8)];
            word += END[self.below(10)];
        }
        word
    }

    fn record(&mut self, number: u32) -> [String; 9] {
        if self.recent.len() > 1000 && self.below(5) == 0 {
            let at = self.below(self.recent.len());
            let (first, mut cells) = self.recent.swap_remove(at);
            for _ in 0..=self.below(3) {
                self.mistake(&mut cells);
            }
            self.twice.push((first, number));
            return cells;
        }
        let (given, family) = (self.skewed(self.given.len()), self.skewed(self.family.len()));
        let (street, place) = (self.below(self.streets.len()), self.below(self.places.len()));
        let [city, code, state] = self.places[place].clone();
        let date = (self.below(90), self.below(12), self.below(28));
        let cells = [
            self.given[given].clone(),
            self.family[family].clone(),
            (self.below(200) + 1).to_string(),
            self.streets[street].clone(),
            city,
            code,
            state,
            format!("{:04}{:02}{:02}", 1920 + date.0, date.1 + 1, date.2 + 1),
            format!("{:07}", self.below(10_000_000)),
        ];
        if self.recent.len() < 20_000 {
            self.recent.push((number, cells.clone()));
        } else {
            let at = self.below(20_000);
            self.recent[at] = (number, cells.clone());
        }
        cells
    }

    /// A cell lost, first and last names swapped, a town of somebody else, or a slip of the finger.
    fn mistake(&mut self, cells: &mut [String; 9]) {
        match self.below(12) {
            0 => cells[self.below(9)].clear(),
            1 => cells.swap(0, 1),
            2 => {
                let place = self.below(self.places.len());
                let [city, code, state] = self.places[place].clone();
                (cells[4], cells[5], cells[6]) = (city, code, state);
            }
            _ => {
                let cell = &mut cells[self.below(9)];
                if cell.len() < 2 {
                    return;
                }
                let at = self.below(cell.len() - 1);
                match self.below(4) {
                    0 => {
                        cell.remove(at);
                    }
                    1 => {
                        let c = cell.remove(at);
                        cell.insert(at + 1, c);
                    }
                    2 => {
                        let c = char::from(cell.as_bytes()[at]);
                        cell.insert(at, c);
                    }
                    _ => {
                        let digit = cell.as_bytes()[at].is_ascii_digit();
                        let other = if digit {
                            b'0' + u8::try_from(self.below(10)).unwrap()
                        } else {
                            b'a' + u8::try_from(self.below(26)).unwrap()
                        };
                        cell.replace_range(at..=at, char::from(other).encode_utf8(&mut [0; 4]));
                    }
                }
            }
        }
    }
}
