//! From the columns of a source to the canonical, normalised row.
//!
//! A [`Mapping`] says how the columns of one kind of source become the fields of a contract; it is a document, or
//! [`Mapping::automatic`] when the names of the columns suffice. Together with the columns of a real source it becomes a
//! [`Plan`], or an error that says what to change. The plan's [`Normaliser`] then makes the rows: no I/O, no clock, no
//! state that passes from one row to the next.
//!
//! ```
//! use importer_core::contracts::VOLUNTEER;
//! use importer_core::mapping::Mapping;
//! let columns = ["First Name", "Surname", "E-Mail", "Shirt Size"].map(String::from);
//! let plan = Mapping::automatic(&VOLUNTEER).plan(&VOLUNTEER, &columns)?;
//! assert_eq!(plan.unmapped(), ["Shirt Size"]);
//! # Ok::<(), importer_core::Error>(())
//! ```

mod apply;
mod blank;
#[cfg(test)]
mod cases;
mod check;
mod check_line;
mod choose;
mod date_parts;
mod defaults;
mod document;
mod header;
#[cfg(test)]
mod laws;
mod list;
mod needed;
mod notation;
mod pick;
mod places;
mod plan;
mod recipe;
mod refuse;
mod row;
mod transform;
mod value;
mod yaml;

pub use apply::{Normaliser, batch_columns};
pub use date_parts::date_parts;
pub use defaults::Defaults;
pub use document::Mapping;
pub use header::header_key;
pub use plan::{Assignment, MatchedBy, Plan, Suggestion};
