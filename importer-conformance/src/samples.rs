//! Cells that rules and match features meet.

use importer_plugin::{Batch, Error};

/// Ordinary texts of all kinds, and some that careless code does not stand.
const TEXTS: [&str; 22] = [
    "Ada",
    "ada@example.org",
    "+1 555 0100",
    "2024-02-30",
    "1990-12-31",
    "12345",
    "-1",
    "NaN",
    "true",
    "",
    " ",
    "\u{0}",
    "Zo\u{eb}",
    "e\u{301}",
    "\u{674e}\u{5c0f}\u{9f8d}",
    "\u{1f469}\u{200d}\u{1f467}",
    "\u{202e}abc",
    "\u{130}stanbul",
    "\u{fb01}nal",
    "O'Neil; -- \"x\"",
    "=1+1",
    "a\nb",
];

/// Rows of `columns` cells: every text in every column, with gaps.
pub(crate) fn rows(columns: usize) -> Vec<Vec<Option<String>>> {
    (0..TEXTS.len() * 2)
        .map(|row| {
            let cell = |column: usize| {
                // A gap now and then, at another place in each row.
                let gap = (row + column).is_multiple_of(7);
                (!gap).then(|| TEXTS[(row + column * 3) % TEXTS.len()].to_owned())
            };
            (0..columns).map(cell).collect()
        })
        .collect()
}

/// Rows no source should have: a very long cell, and every character there is.
pub(crate) fn extreme(columns: usize) -> Vec<Vec<Option<String>>> {
    let mut texts = vec!["x".repeat(1 << 20), "\u{e9}".repeat(10_001)];
    let all: Vec<char> = (0..=0x10_FFFF_u32).filter_map(char::from_u32).collect();
    texts.extend(all.chunks(1_024).map(|chunk| chunk.iter().collect::<String>()));
    texts.into_iter().map(|text| vec![Some(text); columns]).collect()
}

/// Rows as a batch.
pub(crate) fn batch(columns: usize, rows: &[Vec<Option<String>>]) -> Result<Batch, Error> {
    let mut batch = Batch::new(columns);
    for row in rows {
        batch.push_row(row.iter().map(Option::as_deref))?;
    }
    Ok(batch)
}

type Rows = Vec<Vec<Option<String>>>;

/// Pairs of rows: every ordinary row with itself and with two others.
pub(crate) fn pairs(columns: usize) -> (Rows, Rows) {
    let rows = rows(columns);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for apart in [0, 1, 5] {
        let mut others = rows.clone();
        others.rotate_left(apart);
        left.extend(rows.iter().cloned());
        right.extend(others);
    }
    (left, right)
}
