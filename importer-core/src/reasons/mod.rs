//! Why something was decided: stable codes with a text for people.
//!
//! What the importer decides is stored as a code, such as `no_match`, so that programs can branch on it and the wording can
//! change. [`explain`] turns a stored reason into words. What a person types as a reason, what a database says of a row that
//! it refused, and what earlier versions wrote is free text; it is shown as it is.

mod list;
mod reference;
mod stored;

pub use list::{Place, Reason};
pub use reference::reference;
pub use stored::{Part, codes, explain, parts};
