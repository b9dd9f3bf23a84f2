//! How common the most common names are: a shared rare name says more than a shared common one.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) const LIST: &str = include_str!("common_names.txt");

struct Shares {
    given: FxHashMap<&'static str, f64>,
    family: FxHashMap<&'static str, f64>,
}

static SHARES: LazyLock<Shares> = LazyLock::new(|| {
    let (given, family) = LIST.split_once("[family]").unwrap_or((LIST, ""));
    let read = |part: &'static str| {
        part.lines()
            .filter_map(|line| {
                let (name, percent) = line.split_once(' ')?;
                Some((name, percent.parse::<f64>().ok()? / 100.0))
            })
            .collect()
    };
    Shares { given: read(given), family: read(family) }
});

const GIVEN_NAMES: &str = include_str!("given_names.txt");

static NAMES: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| GIVEN_NAMES.lines().filter(|line| !line.starts_with('#')).collect());

/// Whether people are known to have this folded given name, common or not.
pub(crate) fn is_given(name: &str) -> bool {
    NAMES.contains(name)
}

/// The share of people who have this folded given name, where it is a common one.
pub(crate) fn given(name: &str) -> Option<f64> {
    SHARES.given.get(name).copied()
}

/// The share of people who have this folded family name, where it is a common one.
pub(crate) fn family(name: &str) -> Option<f64> {
    SHARES.family.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read() {
        assert_eq!((SHARES.given.len(), SHARES.family.len()), (112, 100));
        assert!(given("james").is_some_and(|share| (0.015..0.02).contains(&share)));
        assert_eq!(family("smith"), Some(0.00828));
        assert!(is_given("nova") && is_given("luca") && !is_given("jhon") && !is_given("mraia"));
        assert_eq!((given("smith"), family("zzyzx")), (None, None));
    }
}
