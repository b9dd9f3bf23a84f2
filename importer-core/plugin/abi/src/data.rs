//! Owned data that crosses the boundary.

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RString, RVec};

/// Rows of optional texts, row after row in one buffer.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatBatch {
    /// Cells per row.
    pub columns: u64,
    /// All cells one after the other, UTF-8.
    pub text: RVec<u8>,
    /// The end of each cell in `text`.
    pub offsets: RVec<u32>,
    /// A bit per cell: set when there is a value.
    pub valid: RVec<u8>,
}

/// One thing found about one row.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatFinding {
    /// The row in its batch, from 0.
    pub row: u64,
    /// 0 information, 1 warning, 2 error.
    pub severity: u8,
    /// The code of the rule.
    pub code: RString,
    /// The column; empty when it is about the whole row.
    pub column: RString,
    /// What is wrong.
    pub message: RString,
}

/// The answer of one call of a source: rows, and the cursor after them.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatExtract {
    /// The cells.
    pub batch: FlatBatch,
    /// Where each row stands in the source.
    pub positions: RVec<u64>,
    /// What was found odd.
    pub findings: RVec<FlatFinding>,
    /// Where to go on after these rows.
    pub cursor: ROption<RString>,
}

/// What a run asks of an adapter.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatOpen {
    /// The adapter's options, as JSON.
    pub options: RString,
    /// Where to go on.
    pub cursor: ROption<RString>,
    /// Only rows changed since.
    pub since: ROption<RString>,
}

/// An error; frozen.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatError {
    /// 0 configuration, 1 authentication, 2 rate limited, 3 transient, 4 data, 5 bug, 6 cancelled.
    pub kind: u8,
    /// When to try again.
    pub retry_after_ms: ROption<u64>,
    /// The option or field at fault.
    pub field: ROption<RString>,
    /// What happened.
    pub message: RString,
}
