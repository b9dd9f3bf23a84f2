//! What is found out about each row while a batch is read, so that nothing is computed again when the row is resolved.

use crate::ports::MatchKey;

/// One entry for each row, in their order.
pub(super) struct Prepared {
    /// The keys of the rows, one row after the other.
    keys: Vec<MatchKey>,
    /// Those of one row: a resolver may do with them what it likes.
    of_row: Vec<MatchKey>,
    /// Where the keys of each row end, and whether it has none because it is certainly whom its id names.
    rows: Vec<(usize, bool)>,
}

impl Prepared {
    /// No rows yet, with room for so many.
    pub(super) fn room(rows: usize) -> Self {
        Self { keys: Vec::new(), of_row: Vec::new(), rows: Vec::with_capacity(rows) }
    }

    /// The next row is certainly whom the map names by its id: nobody is looked for by its keys.
    pub(super) fn is_certain(&mut self) {
        self.rows.push((self.keys.len(), true));
    }

    /// The next row has keys.
    pub(super) fn has_keys(&mut self, keys: impl FnOnce(&mut Vec<MatchKey>)) {
        self.of_row.clear();
        keys(&mut self.of_row);
        self.keys.append(&mut self.of_row);
        self.rows.push((self.keys.len(), false));
    }

    /// All keys, each once and in order.
    pub(super) fn all_keys(&self) -> Vec<MatchKey> {
        let mut keys = self.keys.clone();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The keys of the row at this place.
    pub(super) fn keys(&self, place: usize) -> &[MatchKey] {
        let end = |place: usize| self.rows.get(place).map_or(0, |(end, _)| *end);
        let start = place.checked_sub(1).map_or(0, end);
        self.keys.get(start..end(place)).unwrap_or_default()
    }

    /// Whether the row at this place is certainly whom its id names.
    pub(super) fn certain(&self, place: usize) -> bool {
        self.rows.get(place).is_some_and(|(_, certain)| *certain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_own_keys() {
        let key = |hash| MatchKey { kind: 1, hash };
        let mut prepared = Prepared::room(4);
        prepared.has_keys(|keys| keys.extend([key(2), key(1)]));
        prepared.is_certain();
        prepared.has_keys(|_| {});
        prepared.has_keys(|keys| keys.extend([key(2)]));
        let keys: Vec<&[MatchKey]> = (0..4).map(|place| prepared.keys(place)).collect();
        assert_eq!(keys, [&[key(2), key(1)][..], &[], &[], &[key(2)]]);
        assert_eq!(
            (0..4).map(|place| prepared.certain(place)).collect::<Vec<_>>(),
            [false, true, false, false]
        );
        assert_eq!(prepared.all_keys(), [key(1), key(2)]);
    }
}
