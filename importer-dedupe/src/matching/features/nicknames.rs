//! Names that stand for each other: Bill for William, Peggy for Margaret.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// One group per line; a name may be in two.
const GROUPS: &str = include_str!("nicknames.txt");

static BY_NAME: LazyLock<FxHashMap<&'static str, [u16; 2]>> = LazyLock::new(|| {
    let mut by_name: FxHashMap<&str, [u16; 2]> = FxHashMap::default();
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
pub(crate) fn groups(name: &str) -> Option<[u16; 2]> {
    BY_NAME.get(name).copied()
}
