//! Reasons as they are stored: one or several, each a code with its details, and free text.

use super::Reason;

/// Between two reasons.
const NEXT: &str = "; ";
/// Between a code and its details.
const DETAILS: &str = ": ";
/// Between two details.
const DETAIL: &str = ", ";
/// The detail that a person typed: whatever it holds, it goes to the end.
const NOTE: &str = "{note}";

/// A part of a stored reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part<'a> {
    /// A reason that has a code, and its details.
    Coded(Reason, &'a str),
    /// Words of a person, of a database or of an earlier version.
    Free(&'a str),
}

/// The parts of a stored reason, in their order.
///
/// ```
/// use importer_core::reasons::{Part, Reason, parts};
/// let found = parts("same_external_id; value_kept: city, newer_value; as agreed");
/// assert_eq!(
///     found,
///     [
///         Part::Coded(Reason::SameExternalId, ""),
///         Part::Coded(Reason::ValueKept, "city, newer_value"),
///         Part::Free("as agreed"),
///     ]
/// );
/// ```
pub fn parts(stored: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut rest = Some(stored).filter(|stored| !stored.is_empty());
    while let Some(stored) = rest {
        let (part, behind) = match stored.split_once(NEXT) {
            Some((part, behind)) => (part, Some(behind)),
            None => (stored, None),
        };
        let (code, details) = part.split_once(DETAILS).unwrap_or((part, ""));
        match Reason::find(code) {
            Some(reason) if reason.text().contains(NOTE) => {
                found.push(Part::Coded(reason, stored.split_once(DETAILS).map_or("", |(_, all)| all)));
                return found;
            }
            Some(reason) => found.push(Part::Coded(reason, details)),
            None => found.push(Part::Free(part)),
        }
        rest = behind;
    }
    found
}

/// What a stored reason says to people. Free text stays as it is.
///
/// ```
/// use importer_core::reasons::explain;
/// assert_eq!(explain("no_match"), "no known record matches");
/// assert_eq!(explain("merged: 3, one person"), "merge 3: one person");
/// assert_eq!(explain("they told us"), "they told us");
/// ```
pub fn explain(stored: &str) -> String {
    let text = |part| match part {
        Part::Coded(reason, details) => filled(reason.text(), details),
        Part::Free(text) => text.to_owned(),
    };
    parts(stored).into_iter().map(text).collect::<Vec<_>>().join(NEXT)
}

/// The codes in a stored reason, in their order; none in free text.
///
/// ```
/// use importer_core::reasons::codes;
/// assert_eq!(codes("same_external_id; second_external_id"), ["same_external_id", "second_external_id"]);
/// assert!(codes("they told us").is_empty());
/// ```
pub fn codes(stored: &str) -> Vec<&'static str> {
    let code = |part| match part {
        Part::Coded(reason, _) => Some(reason.code()),
        Part::Free(_) => None,
    };
    parts(stored).into_iter().filter_map(code).collect()
}

/// A text with its details in place of their names. A detail that is missing leaves its name.
fn filled(text: &str, details: &str) -> String {
    let names = text.matches('{').count();
    let mut details = details.splitn(names.max(1), DETAIL);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}').unwrap_or((behind, ""));
        out += before;
        match details.next().filter(|detail| !detail.is_empty()) {
            // A reason may have another one as its detail, such as why a field was kept.
            Some(detail) if matches!(name, "reason" | "note") => out += &explain(detail),
            Some(detail) => out += detail,
            None => out += name,
        }
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn details_take_the_place_of_their_names() {
        for (stored, said) in [
            (
                "external_id_reassigned: 12",
                "the external id belonged to record 12, which is a different person",
            ),
            (
                "value_kept: city, newer_value",
                "city keeps its value: the value that was verified more recently wins",
            ),
            ("merged_into: 4, 9", "the record was merged into 4 by merge 9, which has to be undone first"),
            ("merged: 3, one, two; three", "merge 3: one, two; three"),
            ("merged: 3, chosen_by_hand", "merge 3: a person chose the value"),
            ("matched_by_run", "run run matched them"),
            ("merge 3: one person", "merge 3: one person"),
            ("", ""),
        ] {
            assert_eq!(explain(stored), said, "{stored}");
        }
    }

    proptest! {
        #[test]
        fn free_text_is_shown_as_it_is(text in "[A-Z][a-zA-Z ,;:{}.]{0,40}") {
            prop_assume!(text.split(NEXT).all(|part| codes(part).is_empty()));
            prop_assert_eq!(explain(&text), text);
        }

        #[test]
        fn every_reason_is_found_again(at in prop::collection::vec(0..Reason::ALL.len(), 1..5)) {
            let reasons: Vec<Reason> = at.into_iter().map(|at| Reason::ALL[at]).collect();
            prop_assume!(reasons.iter().all(|reason| !reason.text().contains(NOTE)));
            let expected: Vec<&str> = reasons.iter().map(|reason| reason.code()).collect();
            prop_assert_eq!(codes(&expected.join(NEXT)), expected);
        }
    }
}
