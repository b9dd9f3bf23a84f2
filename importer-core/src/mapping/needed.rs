use super::header::{best, header_key, is_surplus, likeness_to_field};
use super::plan::{Plan, line};
use super::refuse::{listed, refuse};
use crate::Result;

impl Plan {
    /// Refuses a source without any column for a group of fields that every row needs.
    pub(super) fn check_needed(&self) -> Result<()> {
        let filled = |name: &&str| {
            let plan = self.contract.index(name).map(|place| &self.fields[place]);
            plan.is_some_and(|plan| !plan.sources.is_empty() || plan.default.is_some())
        };
        let missing: Vec<_> = self.contract.needed.iter().filter(|group| !group.iter().any(filled)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        if self.columns().iter().any(|column| is_data(column)) {
            // What stands there is somebody's data, so it is not repeated.
            return Err(refuse(
                "map the source",
                "its first line holds data instead of column names".to_owned(),
            )
            .hint("put a line of column names above it, such as `first_name,last_name,email`"));
        }
        let groups: Vec<String> = missing.iter().map(|group| one_of(group)).collect();
        let message = format!("no column of the source is {}", groups.join(", and none is "));
        let columns: Vec<&str> =
            self.columns().iter().map(String::as_str).filter(|c| !is_surplus(c)).collect();
        let mut hint = vec![match columns.len() {
            0 => "the source has no columns".to_owned(),
            _ => format!("its columns are {}", listed(columns)),
        }];
        for group in missing {
            hint.push(self.advice(group));
        }
        Err(refuse("map the source", message).hint(hint.join("; ")))
    }

    /// What to do about a group of fields that no column fills.
    fn advice(&self, group: &[&'static str]) -> String {
        let mut advice = Vec::new();
        for field in group.iter().filter_map(|name| self.contract.field(name)) {
            let candidates =
                self.unmapped().iter().map(|column| (column, likeness_to_field(&header_key(column), field)));
            if let Some(column) = best(candidates) {
                let line = line(column, field.name);
                advice.push(format!(
                    "column `{column}` looks like `{}`: rename it, or map it with `{line}`",
                    field.header
                ));
            }
        }
        if advice.is_empty() {
            let field = group.first().copied().unwrap_or_default();
            advice.push(format!("rename a column, or map one with `{}`", line("<column>", field)));
        }
        advice.join("; ")
    }
}

/// True for what nobody calls a column: an address, a number.
fn is_data(column: &str) -> bool {
    column.contains('@') || column.chars().filter(char::is_ascii_digit).count() >= 6
}

/// "`a`, `b` or `c`".
fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => format!("`{name}`"),
        [names @ .., last] => format!("{} or `{last}`", listed(names.iter().copied())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mapping;
    use crate::contracts::VOLUNTEER;

    fn refusal(columns: &[&str]) -> String {
        let columns: Vec<String> = columns.iter().map(|c| (*c).into()).collect();
        Mapping::automatic(&VOLUNTEER).plan(&VOLUNTEER, &columns).unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        assert_eq!(
            refusal(&["First", "Last", "Emial", "(surplus)"]),
            "cannot map the source: no column of the source is `email_normalized` or `phone_e164`; its columns are \
             `First`, `Last`, `Emial`; column `Emial` looks like `email`: rename it, or map it with \
             `- { source: \"Emial\", field: email_normalized }`"
        );
        let both = refusal(&["a", "b"]);
        assert!(both.contains("`full_name`, and none is `email_normalized`"), "{both}");
        assert!(both.contains("map one with `- { source: \"<column>\", field: first_name }`"), "{both}");
        assert!(refusal(&[]).contains("the source has no columns"));
    }
}
