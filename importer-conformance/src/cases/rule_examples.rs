use crate::case::{Area, Case, CaseResult, demand, skip};
use crate::cases::checking::{example, found};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "rule-examples",
    area: Area::Rules,
    demands: "A rule accepts the rows its metadata says it accepts, and reports those it says it reports.",
    why: "Examples are the documentation that people read.",
    advice: "correct the rule or the example",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let mut checked = false;
    for rule in subject.rules()? {
        let meta = rule.meta();
        for (at, given) in meta.examples.iter().enumerate() {
            checked = true;
            let reported = !found(&*rule, &[example(&meta, given)])?.is_empty();
            demand(reported == given.reported, || {
                let (code, did) = (&meta.code, if reported { "reports" } else { "accepts" });
                format!("rule `{code}` {did} example {}", at + 1)
            })?;
        }
    }
    if checked { Ok(()) } else { skip("no rule has examples") }
}
