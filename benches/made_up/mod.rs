//! A file of made-up volunteers, the same for the same number of rows: clean people, duplicates, households, bad rows.

mod names;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use self::names::{FAMILY_NAMES, GIVEN_NAMES};

const HEADER: &str = "external_id,first_name,last_name,email,phone,alt_email,dob,gender,street,city,state,postal_code,\
                      country,employer,school,student_flag,consent_signed_at,background_check_status,\
                      background_check_date,photo_release,notes,updated_at";

const STREETS: [&str; 24] = [
    "Main",
    "Oak",
    "Maple",
    "Cedar",
    "Elm",
    "Walnut",
    "Pine",
    "Washington",
    "Lake",
    "Hill",
    "Park",
    "View",
    "Highland",
    "Broadway",
    "Church",
    "Prospect",
    "Ridge",
    "Forest",
    "Troost",
    "Wornall",
    "Holmes",
    "Grand",
    "Locust",
    "Jefferson",
];
const KINDS: [&str; 6] = ["St", "Ave", "Rd", "Dr", "Ter", "Ln"];
const AREAS: [&str; 4] = ["816", "913", "212", "312"];

/// How the names of people are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// As in a census: some names are common and most are rare.
    Census,
    /// Sixteen given and sixteen family names, 1,260 dates of birth and one street for all: everybody is like many others,
    /// which is more than any real file asks of the matching.
    #[allow(dead_code, reason = "not every measurement wants it")]
    Few,
}

/// Writes the file and says where it is.
pub(crate) fn file(folder: &Path, rows: u64, spread: Spread) -> PathBuf {
    let path = folder.join(format!("volunteers-{rows}.csv"));
    let mut out = BufWriter::new(File::create(&path).unwrap());
    writeln!(out, "{HEADER}").unwrap();
    let mut random = Random(rows | 1);
    for number in 0..rows {
        // Every fiftieth row is an earlier person under another id, every hundredth is one who lives with an earlier one.
        let person = if number % 50 == 49 { number - 20 } else { number };
        let host = if number % 100 == 98 { number - 30 } else { person };
        let email =
            if number % 97 == 0 { format!("person{host}@") } else { format!("Person{host}@Example.org") };
        let Person { given, dob, .. } = Person::new(person, spread);
        let Person { family, street, postal_code, .. } = Person::new(host, spread);
        writeln!(
            out,
            "V{:08x}{number:07},{given},{family},{email},({}) {:03}-{:04},,{dob},F,{street},Kansas City,MO,{postal_code},\
             US,Midwest Bank,,false,2024-0{}-11T10:00:00Z,cleared,2024-01-15,yes,\"note {number}, kept\",\
             2025-0{}-1{}T08:00:00Z",
            random.next() >> 32,
            AREAS[index(host, 4)],
            200 + host / 10_000 % 700,
            host % 10_000,
            1 + person % 9,
            1 + person % 5,
            person % 10,
        )
        .unwrap();
    }
    path
}

/// What is always the same about the person of a number.
struct Person {
    given: String,
    family: String,
    dob: String,
    street: String,
    postal_code: String,
}

impl Person {
    fn new(number: u64, spread: Spread) -> Self {
        let mut random = Random(number.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let mut below = |end: u64| random.next() % end;
        let place = |random: u64| random as f64 / 1e9;
        let (given, family, born, street) = match spread {
            Spread::Census => {
                let (given, family) = (place(below(1_000_000_000)), place(below(1_000_000_000)));
                let born = (1940 + below(70), 1 + below(12), 1 + below(28));
                let street = format!(
                    "{} {} {}",
                    100 + below(9_900),
                    STREETS[index(below(24), 24)],
                    KINDS[index(below(6), 6)]
                );
                (given, family, born, street)
            }
            Spread::Few => {
                let sixteenth = |n: u64| (n % 16) as f64 / 16.0;
                let born = (1950 + number % 45, 1 + number % 12, 1 + number % 28);
                (sixteenth(number), sixteenth(number / 16), born, format!("{} Main St", 100 + number % 9_000))
            }
        };
        Self {
            given: GIVEN_NAMES.at(given).to_owned(),
            family: FAMILY_NAMES.at(family).to_owned(),
            dob: format!("{}-{:02}-{:02}", born.0, born.1, born.2),
            street,
            postal_code: format!("64{:03}", below(1_000)),
        }
    }
}

fn index(number: u64, of: u64) -> usize {
    usize::try_from(number % of).unwrap()
}

/// A small generator of evenly spread numbers (SplitMix64); the ids must come in no order.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
