use super::{Problem, Result};

/// The longest name of a record in its source, in characters.
///
/// Every scheme that is in use stays far below (numbers, UUIDs, email addresses of at most 254, message ids of 998), and names
/// are kept in memory by the ten thousand, shown in lists and written beside every row and finding.
pub const LONGEST_ID: usize = 1_024;

/// The name of a record in its source: as it is, and not longer than [`LONGEST_ID`].
///
/// ```
/// use importer_core::normalise::{LONGEST_ID, identifier};
/// let mut out = String::new();
/// identifier("V-1001", &mut out)?;
/// assert_eq!(out, "V-1001");
/// assert!(identifier(&"9".repeat(LONGEST_ID + 1), &mut out).is_err());
/// # Ok::<(), importer_core::normalise::Problem>(())
/// ```
pub fn identifier(input: &str, out: &mut String) -> Result {
    // Counting letters is for those alone whose bytes do not say it.
    if input.len() > LONGEST_ID && input.chars().nth(LONGEST_ID).is_some() {
        return Err(Problem::new(
            "An id of more than 1,024 characters cannot be kept; most likely the column of ids is another one.",
        ));
    }
    out.push_str(input);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_letters_and_not_bytes() {
        for (id, fits) in [
            ("é".repeat(LONGEST_ID), true),
            ("é".repeat(LONGEST_ID + 1), false),
            ("9".repeat(LONGEST_ID), true),
            ("9".repeat(1_000_000), false),
        ] {
            let mut out = String::from("before");
            assert_eq!(identifier(&id, &mut out).is_ok(), fits);
            assert_eq!(out.len(), "before".len() + if fits { id.len() } else { 0 });
        }
    }
}
