use std::collections::BTreeSet;

use crate::case::{Area, Case, CaseResult, demand};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "names",
    area: Area::Plugin,
    demands: "Names of adapters and match features are lower-case letters, digits, `-` and `_`; codes of rules are capital letters, digits and hyphens; every name is there once; every part says what it is for.",
    why: "People write names in commands, suites and models, and databases keep them.",
    advice: "rename it, or say in a sentence what it is for",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let description = subject.origin()?.describe();
    let rules = || description.rules.iter().chain(&description.set_rules);
    let named = description.adapters.iter().map(|a| (&a.name, &a.summary));
    let mut seen = BTreeSet::new();
    for (name, summary) in named.chain(description.features.iter().map(|f| (&f.name, &f.summary))) {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        demand(!name.is_empty() && name.chars().all(fits), || format!("`{name}` is no name"))?;
        demand(seen.insert(name.as_str()), || format!("`{name}` is there twice"))?;
        demand(!summary.trim().is_empty(), || format!("`{name}` does not say what it is for"))?;
    }
    for rule in rules() {
        let code = &rule.code;
        let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        let well_formed = code.starts_with(|c: char| c.is_ascii_uppercase()) && code.chars().all(fits);
        demand(well_formed, || format!("`{code}` is no code of a rule"))?;
        demand(seen.insert(code), || format!("`{code}` is there twice"))?;
        demand(!rule.title.trim().is_empty(), || format!("`{code}` does not say what it demands"))?;
    }
    Ok(())
}
