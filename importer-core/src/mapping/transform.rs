/// What happens to a cell before it is brought into the normal form of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Transform {
    #[default]
    Auto,
    Trim,
    Upper,
    Lower,
    Title,
    Date,
    Timestamp,
    Flag,
    Digits,
    FirstWord,
    LastWord,
    Split,
    Map,
}

impl Transform {
    pub(super) const ALL: &[Self] = &[
        Self::Auto,
        Self::Trim,
        Self::Upper,
        Self::Lower,
        Self::Title,
        Self::Date,
        Self::Timestamp,
        Self::Flag,
        Self::Digits,
        Self::FirstWord,
        Self::LastWord,
        Self::Split,
        Self::Map,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Trim => "trim",
            Self::Upper => "upper",
            Self::Lower => "lower",
            Self::Title => "title",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Flag => "flag",
            Self::Digits => "digits",
            Self::FirstWord => "first_word",
            Self::LastWord => "last_word",
            Self::Split => "split",
            Self::Map => "map",
        }
    }

    /// The transform of a name; `none` is another word for `auto`.
    pub(super) fn find(name: &str) -> Option<Self> {
        let name = if name == "none" { "auto" } else { name };
        Self::ALL.iter().copied().find(|transform| transform.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transform_is_found_by_its_name() {
        for transform in Transform::ALL {
            assert_eq!(Transform::find(transform.name()), Some(*transform));
        }
        assert_eq!(Transform::find("none"), Some(Transform::Auto));
        assert_eq!(Transform::find("titel"), None);
    }
}
