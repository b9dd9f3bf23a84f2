//! What rules would write instead of a value they report. Somebody has to agree to it.

use importer_core::normalise;

/// The rules with suggestions, and the fields they have them for.
const FIXES: [(&str, &[&str]); 3] =
    [("FMT-101", &["email_normalized"]), ("FMT-102", &["phone_e164"]), ("FMT-104", &["state_code"])];

/// Whether a rule suggests anything.
///
/// ```
/// assert!(importer_dq::can_autofix("FMT-101") && !importer_dq::can_autofix("REQ-001"));
/// ```
pub fn can_autofix(rule: &str) -> bool {
    FIXES.iter().any(|(code, _)| *code == rule)
}

/// The fields a rule has suggestions for.
pub fn autofixed_fields(rule: &str) -> &'static [&'static str] {
    FIXES.iter().find(|(code, _)| *code == rule).map_or(&[], |(_, fields)| fields)
}

/// What a rule would write into a field instead of what the source said; `country` is that of rows that name none.
///
/// ```
/// let better = importer_dq::autofix("FMT-101", "email_normalized", "ana@@example.org", "US");
/// assert_eq!(better.as_deref(), Some("ana@example.org"));
/// assert_eq!(importer_dq::autofix("FMT-101", "email_normalized", "ana@example.org", "US"), None);
/// ```
pub fn autofix(rule: &str, field: &str, given: &str, country: &str) -> Option<String> {
    if !autofixed_fields(rule).contains(&field) {
        return None;
    }
    let mut out = String::new();
    let problem = match field {
        "email_normalized" => normalise::email(given, &mut out).err(),
        "phone_e164" => normalise::phone(given, country, &mut out).err(),
        _ => normalise::state(given, country, &mut out).err(),
    };
    problem?.suggestion
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_say_which_of_them_suggest_something() {
        for rule in crate::catalogue() {
            assert_eq!(rule.auto_fix, can_autofix(&rule.code), "{}", rule.code);
            for field in autofixed_fields(&rule.code) {
                assert!(rule.columns.iter().any(|column| column == field), "{} {field}", rule.code);
            }
        }
    }

    #[test]
    fn what_is_suggested_is_accepted() {
        for (rule, field, given) in [
            ("FMT-101", "email_normalized", "jo@gmail.con"),
            ("FMT-101", "email_normalized", "jo@gmail,com"),
            ("FMT-104", "state_code", "Kans"),
        ] {
            let better = autofix(rule, field, given, "US").unwrap();
            assert_eq!(autofix(rule, field, &better, "US"), None, "{rule} {given}");
            let mut out = String::new();
            let read = if field == "state_code" {
                normalise::state(&better, "US", &mut out)
            } else {
                normalise::email(&better, &mut out)
            };
            assert!(read.is_ok() && !out.is_empty(), "{rule} {given}");
        }
    }
}
