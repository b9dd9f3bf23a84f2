use importer_plugin::Options;

use crate::case::{Area, Case, CaseResult, skip};
use crate::cases::configuring::{all, refused};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "missing-option",
    area: Area::Options,
    demands: "Without a required option nothing is opened or made: the error is of the kind `config` and names the option.",
    why: "A person who forgot an option must read which.",
    advice: "call `check_options` first, or read the option with `Options::required`",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let mut checked = false;
    for one in all(subject)? {
        for spec in one.specs.iter().filter(|spec| spec.required && !spec.secret) {
            checked = true;
            let mut rest = Options::default();
            for name in one.given.names().filter(|name| *name != spec.name) {
                if let Some(value) = one.given.get(name) {
                    rest.set(name, value.clone());
                }
            }
            // Other required options may be missing as well; then any of them may be named.
            let others =
                one.specs.iter().filter(|s| s.required && !s.secret && one.given.get(&s.name).is_none());
            let alone = others.filter(|s| s.name != spec.name).count() == 0;
            refused(&one, if alone { &spec.name } else { "" }, &rest, "a missing option")?;
        }
    }
    if checked { Ok(()) } else { skip("no option is required") }
}
