//! What is known of a pair before it is compared: which kinds of values agree, and how rare they are.

/// What is known of a pair, in one number: the kinds of values that its keys are about, how much they tell together, and the
/// first key that found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sign(u32);

impl Sign {
    /// Of a pair with these entries, one for each key that found it.
    pub(super) fn of(entries: &[Entry], kinds: &[u16]) -> Self {
        let all = entries.iter().fold(0, |all, entry| all | kinds[entry.key()]);
        // Whoever is a neighbour in large blocks alone is found by less than equality.
        let cut = if entries.iter().all(|entry| entry.is_cut()) { CUT } else { 0 };
        let key = entries.first().map_or(0, |entry| entry.key());
        let key = u32::try_from(key).unwrap_or(0) & 0xff;
        Self(u32::from(all | cut) << 16 | tells(entries, kinds) << 8 | key)
    }

    /// The first key that found the pair.
    pub(super) fn key(self) -> usize {
        (self.0 & 0xff) as usize
    }

    /// Pairs in one cell are about as likely to be one person.
    pub(super) fn cell(self) -> u32 {
        self.0 >> 8
    }

    /// How much the keys of a cell tell together.
    pub(super) fn tells_of(cell: u32) -> u32 {
        cell & 0xff
    }
}

/// A pair was found by its place in blocks that are cut, and by nothing else.
const CUT: u16 = 1 << 15;

/// What a key says about a pair: the higher record, the key, and how much the block tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Entry(u64);

impl Entry {
    pub(super) fn new(record: u32, key: usize, quarters: u32, is_cut: bool) -> Self {
        let key = u64::try_from(key).unwrap_or(0) & 0xff;
        Self(u64::from(record) << 32 | key << 16 | u64::from(is_cut) << 8 | u64::from(quarters.min(0xff)))
    }

    pub(super) fn record(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or(0)
    }

    pub(super) fn key(self) -> usize {
        usize::try_from(self.0 >> 16 & 0xff).unwrap_or(0)
    }

    fn is_cut(self) -> bool {
        self.0 >> 8 & 1 == 1
    }

    fn tells(self) -> u32 {
        u32::try_from(self.0 & 0xff).unwrap_or(0)
    }
}

/// How much it tells to stand in a block of this size, in quarters of a natural logarithm.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded, and rounding is the point"
)]
pub(super) fn quarters(records: u32, size: usize) -> u32 {
    let nats = (f64::from(records) / size.max(1) as f64).ln();
    (nats * 4.0).round().clamp(0.0, 255.0) as u32
}

/// How much the keys of a pair tell together; of those that are about the same values the one that tells most.
fn tells(entries: &[Entry], kinds: &[u16]) -> u32 {
    let (mut sum, mut used) = (0, 0);
    loop {
        let free = entries.iter().filter(|entry| kinds[entry.key()] & used == 0);
        let Some(most) = free.max_by_key(|entry| (entry.tells(), std::cmp::Reverse(entry.key()))) else {
            return sum.min(0xff);
        };
        sum += most.tells();
        used |= kinds[most.key()];
    }
}

/// What each key is about, a bit for each kind of value.
pub(super) fn kinds<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<u16> {
    let mut others: Vec<String> = Vec::new();
    let mut kind = |part: &str| match part {
        "name" | "name_sound" => 0b11,
        "birth_date" | "birth_year_month" => 0b1100,
        "birth_day_month" | "birth_month_day" => 0b1000,
        "birth_year" => 0b100,
        "city" => 0b1_0000,
        "postal_code" | "postal_area" => 0b10_0000,
        "street" => 0b1100_0000,
        "street_name" | "street_prefix" => 0b100_0000,
        "house_number" => 0b1000_0000,
        _ if part.starts_with("given") => 0b1,
        _ if part.starts_with("family") => 0b10,
        _ => {
            // `phone` and `phone_last_seven` are about one value.
            let column = part.split('_').next().unwrap_or(part);
            let place = others.iter().position(|other| other == column).unwrap_or_else(|| {
                others.push(column.to_owned());
                others.len() - 1
            });
            1 << (8 + place % 7)
        }
    };
    keys.map(|key| key.split('+').fold(0, |all, part| all | kind(part))).collect()
}
