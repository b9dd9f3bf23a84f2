//! The town that people are made up in: names of several cultures, addresses, numbers and dates.

use std::collections::BTreeSet;

use importer_core::normalise::fold;
use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::rows::{Home, Row};

/// Family names, and given names of women and of men, of one culture.
pub(super) struct Culture {
    families: &'static [&'static str],
    women: &'static [&'static str],
    men: &'static [&'static str],
}

const CULTURES: [Culture; 7] = [
    Culture {
        families: &["Whitfield", "Harmon", "Pruitt", "Lockhart", "Merritt", "Stanton", "Goodwin", "Abbott"],
        women: &["Rebecca", "Joyce", "Heather", "Martha", "Gloria", "Phyllis"],
        men: &["Walter", "Russell", "Gerald", "Dustin", "Howard", "Vincent"],
    },
    Culture {
        families: &["Brinkmann", "Kessler", "Vogt", "Hagedorn", "Reuter", "Lindner", "Oberle", "Strobel"],
        women: &["Ingrid", "Gudrun", "Heike", "Beate", "Sabine", "Ulrike"],
        men: &["Jürgen", "Detlef", "Holger", "Rainer", "Gerd", "Volker"],
    },
    Culture {
        families: &[
            "García López",
            "Ibáñez",
            "Quintero",
            "Villanueva",
            "Ocampo",
            "Peña Ruiz",
            "Zamora",
            "Rentería",
        ],
        women: &["Lucía", "Pilar", "Ximena", "Rocío", "Graciela", "Esperanza"],
        men: &["Joaquín", "Ramiro", "Álvaro", "Gonzalo", "Efraín", "Ignacio"],
    },
    Culture {
        families: &["Nguyen", "Tran", "Pham", "Huynh", "Vo", "Dang"],
        women: &["Thi Lan", "Thi Mai", "Ngoc Anh", "Thu Ha", "Kim Chi"],
        men: &["Van Duc", "Minh Tuan", "Quoc Bao", "Huu Phuoc", "Xuan Loc"],
    },
    Culture {
        families: &[
            "Kowalczyk",
            "Wójcik",
            "Petrović",
            "Horvat",
            "Novotný",
            "Szabo",
            "Dimitrov",
            "Shevchenko",
        ],
        women: &["Zofia", "Milica", "Olena", "Jadwiga", "Ivana", "Katarzyna"],
        men: &["Zbigniew", "Dragan", "Taras", "Miroslav", "Krzysztof", "Bogdan"],
    },
    Culture {
        families: &["Haddad", "Rahman", "Siddiqui", "Khalil", "Yilmaz", "Farouk", "Mahmoud"],
        women: &["Fatima", "Zaynab", "Khadija", "Samira", "Leyla", "Noor"],
        men: &["Yusuf", "Tariq", "Khalid", "Emre", "Mustafa", "Bilal"],
    },
    Culture {
        families: &["Okonkwo", "Adeyemi", "Mensah", "Banerjee", "Chakraborty", "Iyer", "Zhang", "Huang"],
        women: &["Ngozi", "Abena", "Lakshmi", "Ananya", "Xiuying", "Meiling"],
        men: &["Chidi", "Kwame", "Rajesh", "Arjun", "Zhiqiang", "Jianguo"],
    },
];

/// Of these and those a large town makes its family names.
const BEGINNINGS: [&str; 40] = [
    "Ash", "Beck", "Birk", "Black", "Brad", "Burn", "Carl", "Clay", "Cran", "Dun", "East", "Elling", "Fair",
    "Gold", "Green", "Hag", "Hart", "Hazel", "Holl", "Kirk", "Lang", "Linden", "Marsh", "Mayer", "North",
    "Oster", "Pem", "Quar", "Rams", "Rosen", "Sand", "Schwarz", "Silver", "Stan", "Thorn", "Under", "Wake",
    "Wal", "West", "Winter",
];
const ENDS: [&str; 30] = [
    "bach", "berg", "bridge", "brook", "burg", "bury", "by", "combe", "croft", "dale", "don", "feld",
    "field", "ford", "ham", "hausen", "hurst", "ing", "ley", "man", "mann", "mere", "more", "sen", "shaw",
    "stein", "stone", "ton", "well", "worth",
];

/// Street, city, state and postal code.
const PLACES: [(&str, &str, &str, &str); 8] = [
    ("Oak", "Omaha", "NE", "681"),
    ("Hill", "Tulsa", "OK", "741"),
    ("Mill", "Wichita", "KS", "672"),
    ("Lake", "Liberty", "MO", "640"),
    ("Elm", "Lawrence", "KS", "660"),
    ("Park", "Columbia", "MO", "652"),
    ("River", "Denver", "CO", "802"),
    ("Church", "Austin", "TX", "787"),
];
const DOMAINS: [&str; 5] = ["gmail.com", "example.org", "web.de", "outlook.com", "comcast.net"];
const SYLLABLES: [&str; 16] =
    ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "ve"];

/// Where people live or work, with what they share there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) number: usize,
    pub(super) family: String,
    culture: usize,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) street: String,
    city: &'static str,
    state: &'static str,
    postal_code: String,
}

/// Makes up people. The same seed makes up the same people.
pub(super) struct Town {
    random: TestRng,
    people: usize,
    places: usize,
    is_large: bool,
}

impl Town {
    pub(super) fn new(seed: u64) -> Self {
        let bytes = seed.to_le_bytes().repeat(4);
        Self {
            random: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
            people: 0,
            places: 0,
            is_large: false,
        }
    }

    /// A town of thousands, with as many family names.
    pub(super) fn large(seed: u64) -> Self {
        Self { is_large: true, ..Self::new(seed) }
    }

    /// How many people there are.
    pub(super) fn size(&self) -> usize {
        self.people
    }

    /// One of several.
    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.random.random_range(0..of.len())].clone()
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end)
    }

    /// True so many times of a hundred.
    pub(super) fn percent(&mut self, chance: u32) -> bool {
        self.random.random_range(0..100) < chance
    }

    /// The same in another order.
    pub(super) fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            things.swap(end, self.random.random_range(0..=end));
        }
    }

    /// A number that nobody was given.
    pub(super) fn next_person(&mut self) -> usize {
        self.people += 1;
        self.people
    }

    /// A place with a mailbox and a number of its own.
    pub(super) fn place(&mut self) -> Place {
        self.places += 1;
        let number = self.places;
        let culture = self.below(CULTURES.len());
        let family = if self.is_large && self.percent(80) {
            self.one(&BEGINNINGS).to_owned() + self.one(&ENDS)
        } else {
            self.one(CULTURES[culture].families).to_owned()
        };
        let (street, city, state, area) = self.one(&PLACES);
        Place {
            number,
            culture,
            email: self.mailbox(&family),
            family,
            phone: self.phone(),
            street: format!("{} {street} Street", 10 + number * 37 % 880),
            city,
            state,
            postal_code: format!("{area}{:02}", number * 13 % 100),
        }
    }

    /// An address that nobody else has.
    pub(super) fn mailbox(&mut self, word: &str) -> String {
        let letters: String = plain(&word.to_lowercase()).chars().filter(char::is_ascii_lowercase).collect();
        let domain = self.one(&DOMAINS);
        format!("{letters}.{}@{domain}", self.word())
    }

    /// A word that nobody else was given.
    pub(super) fn word(&mut self) -> String {
        self.places += 1;
        let number = self.places * 2_654_435_761 % 65_536;
        (0..4).map(|place| SYLLABLES[number >> (4 * place) & 15]).collect()
    }

    /// A number that nobody else has, and that is not like another one.
    pub(super) fn phone(&mut self) -> String {
        self.places += 1;
        let number = self.places * 48_271 % 70_000;
        let area = self.one(&["816", "913", "402", "918", "303"]);
        format!("{area}-{}34-{:04}", 2 + number / 10_000, number % 10_000)
    }

    /// A day in one of these years.
    pub(super) fn day(&mut self, from: usize, to: usize) -> String {
        let year = from + self.below(to - from);
        // Nobody is born on a day that forms are filled with.
        format!("{year}-{:02}-{:02}", 2 + self.below(11), 2 + self.below(26))
    }

    pub(super) fn grown_up(&mut self) -> String {
        self.day(1950, 1988)
    }

    pub(super) fn child(&mut self) -> String {
        self.day(2006, 2016)
    }

    /// Given names of this place's culture, all of them different.
    pub(super) fn given_names(&mut self, place: &Place, count: usize) -> Vec<String> {
        let culture = &CULTURES[place.culture];
        let mut names: Vec<&str> = culture.women.iter().chain(culture.men).copied().collect();
        self.shuffle(&mut names);
        names.truncate(count);
        names.into_iter().map(Into::into).collect()
    }

    /// Somebody of a place, with its mailbox and family name.
    pub(super) fn person(&mut self, place: &Place, given: &str) -> Row {
        let person = self.next_person();
        let mut row = Row::of(person)
            .with("id", person.to_string())
            .with("first name", given)
            .with("last name", &place.family)
            .with("email", &place.email);
        row.household = place.number;
        if self.percent(60) {
            row = row.with("photo release", self.one(&["yes", "no"]));
        }
        if self.percent(40) {
            row = row.with("background_check_status", self.one(&["cleared", "failed"]));
        }
        if self.percent(60) {
            row = row.with("phone", &place.phone);
        }
        if self.percent(60) { self.at(place, row) } else { row }
    }

    /// The same at the address of a place.
    pub(super) fn at(&mut self, place: &Place, row: Row) -> Row {
        row.with("street", &place.street)
            .with("city", place.city)
            .with("state", place.state)
            .with("postal code", &place.postal_code)
    }

    /// People who have nothing to do with each other, not even one of their names.
    pub(super) fn strangers(&mut self, count: usize) -> Vec<Row> {
        let mut names = BTreeSet::new();
        let mut rows = Vec::new();
        while rows.len() < count {
            let place = self.place();
            let given = self.given_names(&place, 1).remove(0);
            if names.contains(&place.family) || names.contains(&given) {
                continue;
            }
            names.extend([place.family.clone(), given.clone()]);
            let row = self.person(&place, &given);
            rows.push(if self.percent(60) { row.with("dob", self.grown_up()) } else { row });
        }
        rows
    }

    /// People as several sources say them: each in the first export, some in a later one, some in another system.
    /// What tells them apart, in the columns of `telling`, every source says.
    pub(super) fn spread(&mut self, rows: Vec<Row>, telling: &[&str]) -> Home {
        let (later, elsewhere) = (self.percent(60), self.percent(60));
        let mut home = Home::default();
        for row in &rows {
            if later && self.percent(80) {
                home.again.push(self.later(row.clone()));
            }
            if elsewhere && self.percent(70) {
                home.other.push(self.elsewhere(row.clone(), telling));
            }
        }
        home.first = rows;
        home
    }

    /// The same person in a later export of the same system.
    fn later(&mut self, row: Row) -> Row {
        match self.below(4) {
            0 => row.without(&["street", "city", "state", "postal code"]),
            1 => {
                let there = self.place();
                self.at(&there, row)
            }
            2 => {
                let phone = self.phone();
                row.with("phone", phone)
            }
            _ => row.with("photo release", self.one(&["yes", "no"])),
        }
    }

    /// The same person as another system has them.
    fn elsewhere(&mut self, mut row: Row, telling: &[&str]) -> Row {
        row = row.clone().with("id", format!("S{}", 500 + row.person * 7));
        for column in ["phone", "dob", "street", "middle name", "photo release", "background_check_status"] {
            if !telling.contains(&column) && self.percent(40) {
                row = row.without(&[column]);
            }
        }
        if self.percent(25) {
            for column in ["first name", "last name"] {
                let loud = row.get(column).to_uppercase();
                row = row.with(column, loud);
            }
        }
        if self.percent(25) {
            for column in ["first name", "last name", "street"] {
                let plain = plain(row.get(column));
                row = row.with(column, plain);
            }
        }
        row
    }
}

/// The same without accents.
fn plain(text: &str) -> String {
    let mut bare = String::new();
    for letter in text.chars() {
        let mut folded = String::new();
        fold(letter.encode_utf8(&mut [0; 4]), &mut folded);
        match (letter.is_ascii(), letter.is_uppercase()) {
            (true, _) => bare.push(letter),
            (false, true) => bare.push_str(&folded.to_uppercase()),
            (false, false) => bare.push_str(&folded),
        }
    }
    bare
}
