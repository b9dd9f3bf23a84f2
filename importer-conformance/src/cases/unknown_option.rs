use crate::case::{Area, Case, CaseResult};
use crate::cases::configuring::{all, refused};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "unknown-option",
    area: Area::Options,
    demands: "An option that is not declared is refused with an error of the kind `config` that names it.",
    why: "A misspelt option must not be ignored silently.",
    advice: "call `check_options` (or `Options::check_known`) first, and name the option with `Error::in_field`",
    check,
};

/// No author chooses this name.
const UNKNOWN: &str = "no-such-option";

fn check(subject: &Subject) -> CaseResult {
    all(subject)?
        .iter()
        .try_for_each(|one| refused(one, UNKNOWN, &one.given.clone().with(UNKNOWN, "x"), "an unknown option"))
}
