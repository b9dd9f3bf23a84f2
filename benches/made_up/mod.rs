//! A file of made-up volunteers, the same for the same number of rows: clean people, duplicates, households, bad rows.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const FIRST: [&str; 16] = [
    "Ada", "Bruno", "Chidi", "Dorota", "Émile", "Farah", "Guðrún", "Hiroko", "Inès", "Jamal", "KEIKO",
    "luis", "María", "Nadia", "Omar", "Zoë",
];
const LAST: [&str; 16] = [
    "Adeyemi",
    "Berg",
    "de la Cruz",
    "Dunn",
    "Fischer",
    "García",
    "HOLLAND",
    "Ivanov",
    "Jones",
    "Kim",
    "McDonald",
    "Núñez",
    "O'Neil",
    "smith",
    "van der Berg",
    "Young",
];
const HEADER: &str = "external_id,first_name,last_name,email,phone,alt_email,dob,gender,street,city,state,postal_code,\
                      country,employer,school,student_flag,consent_signed_at,background_check_status,\
                      background_check_date,photo_release,notes,updated_at";

/// Writes the file and says where it is.
pub(crate) fn file(folder: &Path, rows: u64) -> PathBuf {
    let path = folder.join(format!("volunteers-{rows}.csv"));
    let mut out = BufWriter::new(File::create(&path).unwrap());
    writeln!(out, "{HEADER}").unwrap();
    let mut random = Random(rows | 1);
    for number in 0..rows {
        // Every fiftieth row is an earlier person under another id, every hundredth lives with one.
        let person = if number % 50 == 49 { number - 20 } else { number };
        let name = if number % 100 == 98 { person + 7 } else { person };
        let contact = if number % 100 == 98 { number - 30 } else { person };
        let email = if number % 97 == 0 {
            format!("person{contact}@")
        } else {
            format!("Person{contact}@Example.org")
        };
        let exchange = 200 + contact / 10_000 % 700;
        writeln!(
            out,
            "V{:08x}{number:07},{}{},{},{email},({}) {exchange:03}-{:04},,19{:02}-{:02}-{:02},F,{} Main St,Kansas City,MO,\
             64{:03},US,Midwest Bank,,false,2024-0{}-11T10:00:00Z,cleared,2024-01-15,yes,\"note {number}, kept\",\
             2025-0{}-1{}T08:00:00Z",
            random.next() >> 32,
            FIRST[usize::try_from(name % 16).unwrap()],
            name / 256,
            LAST[usize::try_from(name / 16 % 16).unwrap()],
            [816, 913, 212, 312][usize::try_from(contact % 4).unwrap()],
            contact % 10_000,
            50 + person % 45,
            1 + person % 12,
            1 + person % 28,
            100 + person % 9_000,
            person % 1_000,
            1 + person % 9,
            1 + person % 5,
            person % 10,
        )
        .unwrap();
    }
    path
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
