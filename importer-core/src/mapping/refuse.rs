use crate::{Error, ErrorKind};

/// A place in a mapping document, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DocumentPlace {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl DocumentPlace {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// An error about what stands here.
    pub(super) fn refuse(self, file: &str, message: impl Into<String>) -> Error {
        refuse("read the mapping", message).at("file", file).at("line", self.line).at("column", self.column)
    }
}

/// An error about a mapping.
pub(super) fn refuse(operation: &'static str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Mapping, operation, message)
}

/// Names in backticks, at most as many as somebody reads.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let mut text: String =
        names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
        let many: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        assert!(listed(many.iter().map(String::as_str)).ends_with("`11` and 18 more"));
    }

    #[test]
    fn an_error_says_where_it_is() {
        let error = DocumentPlace { line: 4, column: 7 }.refuse("m.yaml", "no");
        assert_eq!(error.to_string(), "cannot read the mapping: no (file: m.yaml, line: 4, column: 7)");
    }
}
