//! How alike two short texts are, without allocating.

/// Jaro–Winkler similarity, 0 to 1 (Winkler 1990, prefix weight 0.1, at most four letters of prefix).
///
/// Texts of up to 64 ASCII bytes, which nearly all names are, are compared bit by bit in parallel; others by `strsim`.
pub(crate) fn jaro_winkler(a: &[u8], b: &[u8]) -> f64 {
    if a == b {
        return 1.0;
    }
    #[cfg(test)]
    longest::note(a, b);
    if a.len() > 64 || b.len() > 64 || !a.is_ascii() || !b.is_ascii() {
        let (a, b) = (String::from_utf8_lossy(a), String::from_utf8_lossy(b));
        let prefix = a.chars().zip(b.chars()).take(4).take_while(|(x, y)| x == y).count();
        let jaro = strsim::jaro(&a, &b);
        return jaro + 0.1 * prefix as f64 * (1.0 - jaro);
    }
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let jaro = jaro_ascii(a, b);
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count();
    jaro + 0.1 * prefix as f64 * (1.0 - jaro)
}

/// Which letters and digits occur, a bit each; what is neither shares one.
pub(crate) fn letters(text: &[u8]) -> u64 {
    text.iter().fold(0, |bits, c| {
        bits | match c {
            b'a'..=b'z' => 1 << (c & 31),
            b'0'..=b'9' => 1 << (32 + (c & 15)),
            _ => OTHER,
        }
    })
}

const OTHER: u64 = 1 << 63;

/// The Jaro–Winkler similarity, or 0 when it is below `least`, which [`letters`] mostly tell without comparing.
///
/// A letter that the other text does not have matches nothing, and with so few matches the similarity has a bound.
pub(crate) fn jaro_winkler_from(least: f64, a: (&[u8], u64), b: (&[u8], u64)) -> f64 {
    let ((a, a_letters), (b, b_letters)) = (a, b);
    if a == b {
        return 1.0;
    }
    let matched = |text: &[u8], alone: u64| text.len().saturating_sub(alone.count_ones() as usize);
    let matches = matched(a, a_letters & !b_letters).min(matched(b, b_letters & !a_letters)) as f64;
    // What shares a bit, and letters of several bytes, would make another bound.
    let jaro = (matches / a.len().max(1) as f64 + matches / b.len().max(1) as f64 + 1.0) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count();
    let bound = jaro + 0.1 * prefix as f64 * (1.0 - jaro);
    if bound + 1e-9 < least && (a_letters | b_letters) & OTHER == 0 {
        return 0.0;
    }
    match jaro_winkler(a, b) {
        found if found >= least => found,
        _ => 0.0,
    }
}

fn jaro_ascii(a: &[u8], b: &[u8]) -> f64 {
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut places = [0_u64; 128];
    for (i, &c) in a.iter().enumerate() {
        places[usize::from(c)] |= 1 << i;
    }
    let (mut in_a, mut in_b) = (0_u64, 0_u64);
    for (j, &c) in b.iter().enumerate() {
        let low = j.saturating_sub(window);
        let high = (j + window + 1).min(64);
        let upto = if high == 64 { u64::MAX } else { (1 << high) - 1 };
        let free = places[usize::from(c)] & !in_a & upto & (u64::MAX << low.min(63));
        if free != 0 {
            in_a |= free & free.wrapping_neg();
            in_b |= 1 << j;
        }
    }
    let matches = in_a.count_ones();
    if matches == 0 {
        return 0.0;
    }
    let mut moved = 0_u32;
    let (mut rest_a, mut rest_b) = (in_a, in_b);
    while rest_a != 0 {
        let (i, j) = (rest_a.trailing_zeros(), rest_b.trailing_zeros());
        moved += u32::from(a[i as usize] != b[j as usize]);
        rest_a &= rest_a - 1;
        rest_b &= rest_b - 1;
    }
    let m = f64::from(matches);
    (m / a.len() as f64 + m / b.len() as f64 + (m - f64::from(moved / 2)) / m) / 3.0
}

/// True when one insertion, deletion, substitution or swap of neighbours makes one of the other; equal texts too.
pub(crate) fn one_edit(a: &[u8], b: &[u8]) -> bool {
    let (a, b) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if b.len() - a.len() > 1 {
        return false;
    }
    // Of two texts that differ in one place either the beginning or the end is the same.
    if a.len() > 2 && a[0] != b[0] && a[a.len() - 1] != b[b.len() - 1] {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    match (&a[..a.len() - same], &b[..b.len() - same]) {
        ([], [] | [_]) | ([_], [_]) => true,
        ([x, y], [v, w]) => x == w && y == v,
        _ => false,
    }
}

/// Edits between two texts (optimal string alignment), or `None` when they are more than `most`.
pub(crate) fn edits(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    const WIDTH: usize = 65;
    if a.len().abs_diff(b.len()) > most || a.len() >= WIDTH || b.len() >= WIDTH {
        return None;
    }
    let mut rows = [[0_u8; WIDTH]; 3];
    for (j, cell) in rows[0].iter_mut().enumerate().take(b.len() + 1) {
        *cell = u8::try_from(j).unwrap_or(u8::MAX);
    }
    for i in 1..=a.len() {
        let (now, one, two) = (i % 3, (i + 2) % 3, (i + 1) % 3);
        rows[now][0] = u8::try_from(i).unwrap_or(u8::MAX);
        let mut least = rows[now][0];
        for j in 1..=b.len() {
            let differ = u8::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[one][j - 1] + differ).min(rows[one][j] + 1).min(rows[now][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[two][j - 2] + 1);
            }
            rows[now][j] = best;
            least = least.min(best);
        }
        if usize::from(least) > most {
            return None;
        }
    }
    let found = usize::from(rows[a.len() % 3][b.len()]);
    (found <= most).then_some(found)
}

/// The longest text that was looked at for likeness, for tests.
#[cfg(test)]
pub(crate) mod longest {
    use std::cell::Cell;

    thread_local! {
        static LONGEST: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn note(a: &[u8], b: &[u8]) {
        LONGEST.with(|longest| longest.set(longest.get().max(a.len()).max(b.len())));
    }

    /// What it was on this thread since it was last asked.
    pub(crate) fn take() -> usize {
        LONGEST.with(|longest| longest.replace(0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn jaro_winkler_is_what_strsim_says(a in "[a-e]{0,20}", b in "[a-e]{0,20}") {
            prop_assume!(!a.is_empty() && !b.is_empty());
            // Theirs leaves the prefix out of low similarities.
            let jaro = strsim::jaro(&a, &b);
            let prefix = a.bytes().zip(b.bytes()).take(4).take_while(|(x, y)| x == y).count();
            let (ours, theirs) = (jaro_winkler(a.as_bytes(), b.as_bytes()), jaro + 0.1 * prefix as f64 * (1.0 - jaro));
            prop_assert!((ours - theirs).abs() < 1e-9, "{a} {b}: {ours} {theirs}");
        }

        #[test]
        fn bounds_lose_nothing(a in "[a-c0-2é]{0,9}", b in "[a-c0-2é]{0,9}", least in 0.5_f64..1.0) {
            let (x, y) = (a.as_bytes(), b.as_bytes());
            let whole = jaro_winkler(x, y);
            let found = jaro_winkler_from(least, (x, letters(x)), (y, letters(y)));
            prop_assert_eq!(found, if whole >= least { whole } else { 0.0 }, "{} {}", a, b);
        }

        #[test]
        fn one_edit_is_what_strsim_says(a in "[a-c]{0,8}", b in "[a-c]{0,8}") {
            prop_assert_eq!(one_edit(a.as_bytes(), b.as_bytes()), strsim::osa_distance(&a, &b) <= 1, "{} {}", a, b);
        }

        #[test]
        fn edits_are_what_strsim_says(a in "[a-c]{0,12}", b in "[a-c]{0,12}", most in 0_usize..5) {
            let theirs = strsim::osa_distance(&a, &b);
            prop_assert_eq!(edits(a.as_bytes(), b.as_bytes(), most), (theirs <= most).then_some(theirs));
        }
    }
}
