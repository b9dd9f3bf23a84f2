use crate::case::{Area, Case, CaseResult, demand};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "unknown-capability",
    area: Area::Plugin,
    demands: "Asked for a capability that it does not know, the plugin answers that it has none.",
    why: "Newer hosts ask older plugins for what did not exist when they were built.",
    advice: "leave the answer to `export!`",
    check,
};

const UNKNOWN: [&str; 4] = ["import.nothing/1", "import.adapter/999", "", "import.adapter/1\0"];

fn check(subject: &Subject) -> CaseResult {
    let plugin = subject.loaded()?;
    UNKNOWN.iter().try_for_each(|name| {
        demand(!plugin.speaks(name), || format!("it hands out a capability `{}`", name.escape_debug()))
    })
}
