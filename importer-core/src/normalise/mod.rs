//! Normal forms of what volunteers' records hold: one function per kind of value.
//!
//! Every function appends the normal form to `out`, which may hold earlier text. The input is never changed: the source's
//! wording stays where it was landed. A value without a normal form is a [`Problem`]; what was appended by then is the
//! caller's to cut off. A blank input is no value: nothing is appended, and that is not a problem.
//!
//! Three laws hold for all of them: normalising a normal form gives it again, no input panics, and nothing is guessed. What
//! can be read in two ways is a problem, with the likely meaning as its suggestion where there is one.
//!
//! ```
//! use importer_core::normalise;
//! let mut out = String::from("name: ");
//! normalise::name("  MARY-JO   O'NEIL ", &mut out)?;
//! assert_eq!(out, "name: Mary-Jo O'Neil");
//! # Ok::<(), normalise::Problem>(())
//! ```

mod choice;
mod comparable;
mod country;
mod country_aliases;
mod date;
mod date_forms;
mod domain;
mod email;
mod flag;
mod fold;
mod full_name;
mod generation;
mod identifier;
mod integer;
mod iso;
#[cfg(test)]
mod laws;
mod mailbox;
mod name;
mod nanp;
mod nobody;
mod phone;
mod postal_code;
mod state;
mod text;
mod tidy;
mod timestamp;
mod title_case;
mod us_states;

use std::borrow::Cow;
use std::fmt;

pub use choice::choice;
pub use comparable::{LONGEST, beginning, comparable};
pub use country::country;
pub use date::date;
pub use date_forms::DateForms;
pub use email::email;
pub use flag::flag;
pub use fold::fold;
pub use full_name::split_full_name;
pub use generation::{cut_generation, generation};
pub use identifier::{LONGEST_ID, identifier};
pub use integer::integer;
pub use mailbox::{email_match_form, email_without_tag, meant_email};
pub use name::name;
pub use nobody::{
    is_no_name, is_no_value, is_nobodys_date, is_nobodys_email, is_nobodys_phone, is_placeholder_email,
    is_unreadable_date, without_title,
};
pub use phone::{Phone, phone};
pub use postal_code::postal_code;
pub use state::state;
pub use text::text;
pub use timestamp::timestamp;

/// Why a value has no normal form, in a sentence that does not repeat the value.
///
/// ```
/// use importer_core::normalise;
/// let problem = normalise::state("Kans", "US", &mut String::new()).unwrap_err();
/// assert_eq!(problem.suggestion.as_deref(), Some("Kansas"));
/// assert!(!format!("{problem:?}").contains("Kansas"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    /// The sentence.
    pub message: Cow<'static, str>,
    /// What was probably meant; somebody has to agree to it. It may be personal data.
    pub suggestion: Option<String>,
}

/// The result of a normalisation; the value itself is in `out`.
pub type Result = std::result::Result<(), Problem>;

impl Problem {
    const fn new(message: &'static str) -> Self {
        Self { message: Cow::Borrowed(message), suggestion: None }
    }

    fn suggest(mut self, suggestion: Option<String>) -> Self {
        self.suggestion = suggestion;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("message", &self.message)
            .field("suggestion", &self.suggestion.as_ref().map(|_| "…"))
            .finish()
    }
}

impl std::error::Error for Problem {}
