use importer::reasons;

/// A stored reason in words, with its codes where it has any: programs and the reference know it by these.
pub(crate) fn why(stored: &str) -> String {
    let text = reasons::explain(stored);
    match &reasons::codes(stored)[..] {
        [] => text,
        codes => format!("{text} [{}]", codes.join(", ")),
    }
}
