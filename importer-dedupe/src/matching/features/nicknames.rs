//! Names that stand for each other: Bill for William, Peggy for Margaret.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// How many groups a name may be in.
pub(crate) const GROUPS_OF_A_NAME: usize = 6;

/// One group per line.
const GROUPS: &str = include_str!("nicknames.txt");

static BY_NAME: LazyLock<FxHashMap<&'static str, [u16; GROUPS_OF_A_NAME]>> = LazyLock::new(|| {
    let mut by_name: FxHashMap<&str, [u16; GROUPS_OF_A_NAME]> = FxHashMap::default();
    let lines = GROUPS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (group, line) in (1_u16..).zip(lines) {
        for name in line.split_ascii_whitespace() {
            let groups = by_name.entry(name).or_default();
            if let Some(free) = groups.iter_mut().find(|g| **g == 0) {
                *free = group;
            }
        }
    }
    by_name
});

/// The groups of a folded name; 0 fills up.
pub(crate) fn groups(name: &str) -> Option<[u16; GROUPS_OF_A_NAME]> {
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_loses_a_group() {
        let mut seen: FxHashMap<&str, usize> = FxHashMap::default();
        for line in GROUPS.lines().filter(|line| !line.starts_with('#')) {
            for name in line.split_ascii_whitespace() {
                *seen.entry(name).or_default() += 1;
                assert!(name.bytes().all(|b| b.is_ascii_lowercase()), "{name} is not in matching form");
            }
            let mut names: Vec<_> = line.split_ascii_whitespace().collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "twice in: {line}");
            assert_ne!(all, 1, "alone: {line}");
        }
        let most = groups("bill").map_or(0, |groups| groups.len());
        let lost: Vec<_> = seen.iter().filter(|(_, n)| **n > most).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
