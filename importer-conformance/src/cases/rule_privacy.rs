use crate::case::{Area, Case, CaseResult, demand, skip};
use crate::cases::checking::{example, found};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "rule-privacy",
    area: Area::Rules,
    demands: "No message of a rule repeats a cell.",
    why: "Cells are personal data, and messages go into logs and reports.",
    advice: "say what is wrong without the value; it is stored with the finding",
    check,
};

/// Shorter texts are found in any sentence.
const SHORTEST: usize = 5;

fn check(subject: &Subject) -> CaseResult {
    let mut checked = false;
    for rule in subject.rules()? {
        let meta = rule.meta();
        for given in meta.examples.iter().filter(|example| example.reported) {
            for finding in found(&*rule, &[example(&meta, given)])? {
                checked = true;
                let mut cells =
                    given.cells.iter().map(|(_, cell)| cell.trim()).filter(|c| c.len() >= SHORTEST);
                demand(!cells.any(|cell| finding.message.contains(cell)), || {
                    format!("a message of rule `{}` repeats a cell", meta.code)
                })?;
            }
        }
    }
    if checked { Ok(()) } else { skip("no rule has an example that it reports") }
}
