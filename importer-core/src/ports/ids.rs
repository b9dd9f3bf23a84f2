//! The numbers by which a database knows runs, rows, records, merges and suggestions.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One type per id, so that a row's is never taken for a record's. All are plain numbers to serde and to `Display`.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl PartialEq<i64> for $name {
            fn eq(&self, number: &i64) -> bool {
                self.0 == *number
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// The id of a run.
    ///
    /// ```
    /// use importer_core::ports::RunId;
    /// let run: RunId = "7".parse().unwrap();
    /// assert_eq!((run, run.to_string()), (RunId(7), "7".into()));
    /// ```
    RunId;

    /// The id of a record of the core, such as a person.
    ///
    /// ```
    /// use importer_core::ports::RecordId;
    /// assert_eq!(serde_json::to_string(&[RecordId(1), RecordId(2)]).unwrap(), "[1,2]");
    /// ```
    RecordId;

    /// The id of a landed row: the run's id in the upper half, the number of the row in its run in the lower.
    ///
    /// ```
    /// use importer_core::ports::{RowId, RunId};
    /// let row = RowId::of(RunId(2), 5);
    /// assert_eq!(row.run(), RunId(2));
    /// ```
    RowId;

    /// The id of a merge of two records.
    ///
    /// ```
    /// use importer_core::ports::MergeId;
    /// assert!(MergeId(1) < MergeId(2));
    /// ```
    MergeId;

    /// The id of a suggestion that two records are one.
    ///
    /// ```
    /// use importer_core::ports::SuggestionId;
    /// assert!(SuggestionId(1) < SuggestionId(2));
    /// ```
    SuggestionId;
}

impl RowId {
    /// The id of the `number`-th row of a run, counted from 1.
    ///
    /// Computed instead of drawn from a sequence, so that a resumed run gives its rows the ids an uninterrupted one gives.
    ///
    /// ```
    /// use importer_core::ports::{RowId, RunId};
    /// assert_eq!(RowId::of(RunId(1), 1).0, (1 << 32) + 1);
    /// assert!(RowId::of(RunId(1), u32::MAX) < RowId::of(RunId(2), 0));
    /// ```
    pub const fn of(run: RunId, number: u32) -> Self {
        Self((run.0 << 32) | number as i64)
    }

    /// The smallest id behind all rows of a run.
    ///
    /// ```
    /// use importer_core::ports::{RowId, RunId};
    /// let rows = RowId::of(RunId(2), 0)..RowId::behind(RunId(2));
    /// assert!(rows.contains(&RowId::of(RunId(2), 7)) && !rows.contains(&RowId::of(RunId(3), 1)));
    /// ```
    pub const fn behind(run: RunId) -> Self {
        Self((run.0 + 1) << 32)
    }

    /// The run that landed the row.
    ///
    /// ```
    /// use importer_core::ports::{RowId, RunId};
    /// assert_eq!(RowId((3 << 32) + 9).run(), RunId(3));
    /// ```
    pub const fn run(self) -> RunId {
        RunId(self.0 >> 32)
    }
}
