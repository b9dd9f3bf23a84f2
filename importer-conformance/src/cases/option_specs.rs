use std::collections::BTreeSet;

use importer_plugin::{OptionSpec, Options, check_options};

use crate::case::{Area, Case, CaseResult, demand};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "option-specs",
    area: Area::Options,
    demands: "Every option is declared once with a help text, and its default value and its range fit its own declaration.",
    why: "Forms, help texts and checks of hosts are made from the declarations.",
    advice: "correct the `OptionSpec`",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let description = subject.origin()?.describe();
    let adapters = description.adapters.iter().map(|a| &a.options);
    let rules = description.rules.iter().chain(&description.set_rules).map(|r| &r.options);
    adapters
        .chain(rules)
        .chain(description.features.iter().map(|f| &f.options))
        .try_for_each(|specs| one(specs))
}

fn one(specs: &[OptionSpec]) -> CaseResult {
    let mut seen = BTreeSet::new();
    for spec in specs {
        let name = &spec.name;
        demand(!name.trim().is_empty() && !name.contains(char::is_whitespace), || {
            format!("`{name}` is no name")
        })?;
        demand(seen.insert(name), || format!("option `{name}` is declared twice"))?;
        demand(!spec.help.trim().is_empty(), || format!("option `{name}` has no help text"))?;
        demand(spec.minimum.is_none() || spec.maximum.is_none() || spec.minimum <= spec.maximum, || {
            format!("option `{name}` has a smallest value above its largest")
        })?;
        let Some(default) = &spec.default else { continue };
        demand(!spec.secret, || format!("the secret `{name}` has a default value"))?;
        let given = Options::default().with(name, default.clone());
        demand(check_options(std::slice::from_ref(spec), &given).is_ok(), || {
            format!("the default of option `{name}` is not one of its values")
        })?;
    }
    Ok(())
}
