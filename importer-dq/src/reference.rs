//! The catalogue of rules as a page for readers.

use std::fmt::Write;

use importer_core::plugin::{Category, RuleMeta};

/// The built-in rules in Markdown.
///
/// ```
/// let page = importer_dq::reference();
/// assert!(page.contains("## FMT-101"));
/// ```
pub fn reference() -> String {
    let rules: Vec<RuleMeta> = crate::catalogue().into_iter().chain(crate::set_catalogue()).collect();
    reference_of(&rules)
}

/// Any rules in Markdown, by code.
pub fn reference_of(rules: &[RuleMeta]) -> String {
    let mut rules: Vec<&RuleMeta> = rules.iter().collect();
    rules.sort_by(|a, b| a.code.cmp(&b.code));
    let mut out = String::from("# Rules\n\n| Code | Demands | Severity | Owner |\n|---|---|---|---|\n");
    for rule in &rules {
        let anchor = rule.code.to_ascii_lowercase();
        line(
            &mut out,
            format_args!(
                "| [{}](#{anchor}) | {} | {} | {} |",
                rule.code,
                rule.title,
                rule.severity.as_str(),
                rule.owner
            ),
        );
    }
    for rule in rules {
        section(rule, &mut out);
    }
    out
}

fn section(rule: &RuleMeta, out: &mut String) {
    line(out, format_args!("\n## {}\n\n**{}** {}\n", rule.code, rule.title, rule.doc));
    let yes = |flag| if flag { "yes" } else { "no" };
    let list = |items: &[std::borrow::Cow<'static, str>]| {
        items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
    };
    line(out, format_args!("- Entity: {}", rule.entity));
    line(out, format_args!("- Severity: {}", rule.severity.as_str()));
    line(out, format_args!("- What to do: {}", rule.hint));
    line(out, format_args!("- Owner: {}", rule.owner));
    if rule.category == Category::SetLevel {
        line(out, format_args!("- Judges: all rows of a run together"));
    } else {
        line(out, format_args!("- Auto-fix: {}", yes(rule.auto_fix)));
        line(out, format_args!("- Keeps the value out of the core: {}", yes(rule.withholds)));
    }
    line(out, format_args!("- Columns: {}", list(&rule.columns)));
    if !rule.yields_to.is_empty() {
        line(out, format_args!("- Keeps silent where these hold the row back: {}", list(&rule.yields_to)));
    }
    options(rule, out);
    if rule.examples.is_empty() {
        return;
    }
    out.push_str("\n| Example | |\n|---|---|\n");
    for example in &rule.examples {
        let cells: Vec<String> =
            (example.cells.iter()).map(|(column, value)| format!("`{column}` = {}", shown(value))).collect();
        let cells = if cells.is_empty() { "nothing given".to_owned() } else { cells.join(", ") };
        line(out, format_args!("| {cells} | {} |", if example.reported { "reported" } else { "accepted" }));
    }
}

/// A value of an example; of a long one, how it begins.
fn shown(value: &str) -> String {
    const SHOWN: usize = 40;
    let quoted = |text: &str| format!("`{}`", text.replace('\n', "⏎").replace('|', "\\|"));
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} … ({} characters)", quoted(&value[..end]), value.chars().count()),
        None => quoted(value),
    }
}

fn options(rule: &RuleMeta, out: &mut String) {
    if rule.options.is_empty() {
        return;
    }
    out.push_str("\n| Option | Takes | Default | What it does |\n|---|---|---|---|\n");
    for option in &rule.options {
        let default = option.default.as_ref().map_or_else(String::new, |value| format!("`{value}`"));
        line(out, format_args!("| `{}` | {} | {default} | {} |", option.name, option.takes(), option.help));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_section() {
        let page = reference();
        for rule in crate::catalogue() {
            assert!(page.contains(&format!("\n## {}\n", rule.code)), "{}", rule.code);
        }
        assert!(!page.contains("\n\n\n"));
    }
}
