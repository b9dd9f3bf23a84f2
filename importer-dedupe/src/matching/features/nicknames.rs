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

    fn stand_for_each_other(one: &str, other: &str) -> bool {
        let (one, other) = (groups(one).unwrap_or_default(), groups(other).unwrap_or_default());
        one.iter().any(|group| *group != 0 && other.contains(group))
    }

    #[test]
    fn short_forms_stand_for_full_names() {
        for (full, short) in [
            ("william", "bill"),
            ("william", "liam"),
            ("elizabeth", "lisa"),
            ("susan", "sue"),
            ("suzanne", "sue"),
            ("nathaniel", "nate"),
            ("johannes", "hans"),
            ("alexandra", "sandra"),
            ("guillermo", "memo"),
        ] {
            assert!(stand_for_each_other(full, short), "{full} {short}");
        }
    }

    /// Names of one root that different people of one family bear, in English or in another language.
    #[test]
    fn names_of_different_people_do_not() {
        for (one, other) in [
            ("ann", "nancy"),
            ("anna", "hannah"),
            ("helen", "ellen"),
            ("betty", "lisa"),
            ("carol", "lynn"),
            ("caroline", "carol"),
            ("diane", "dinah"),
            ("frances", "francis"),
            ("christopher", "christine"),
            ("gerald", "geraldine"),
            ("greta", "rita"),
            ("jean", "john"),
            ("jeremy", "jeremiah"),
            ("johann", "johannes"),
            ("julia", "julie"),
            ("liam", "bill"),
            ("lars", "larry"),
            ("maria", "marie"),
            ("mary", "maria"),
            ("molly", "mae"),
            ("nathan", "nathaniel"),
            ("nora", "nell"),
            ("patricia", "patrick"),
            ("randall", "randolph"),
            ("sally", "sadie"),
            ("sandra", "alexa"),
            ("susan", "suzanne"),
        ] {
            assert!(!stand_for_each_other(one, other), "{one} {other}");
        }
    }

    #[test]
    fn no_group_is_there_twice_or_within_another() {
        let groups: Vec<Vec<&str>> = GROUPS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_ascii_whitespace().collect())
            .collect();
        for (place, group) in groups.iter().enumerate() {
            let within = |other: &Vec<&str>| group.iter().all(|name| other.contains(name));
            let others = groups.iter().enumerate().filter(|(other, _)| *other != place);
            assert!(!others.map(|(_, other)| other).any(within), "{group:?}");
        }
    }
}
