use std::thread;

use crate::case::{Area, Case, CaseResult, demand, fail};
use crate::cases::checking::found;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "two-rules",
    area: Area::Rules,
    demands: "Two rules of the same code in two threads say what each says alone.",
    why: "A host judges batches in parallel.",
    advice: "keep the state of a rule in the rule, not in statics",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let alone: Vec<_> = subject.rules()?.iter().map(|rule| all(&**rule)).collect::<Result<_, _>>()?;
    let pairs: Vec<_> = subject.rules()?.into_iter().zip(subject.rules()?).collect();
    for ((left, right), alone) in pairs.into_iter().zip(alone) {
        let code = left.meta().code;
        let both = thread::scope(|scope| {
            let threads = [&left, &right].map(|rule| scope.spawn(|| all(&**rule)));
            threads.map(|thread| thread.join())
        });
        for said in both {
            let Ok(said) = said else { return fail(format!("rule `{code}` panicked beside another")) };
            demand(said? == alone, || format!("two rules `{code}` disturb each other"))?;
        }
    }
    Ok(())
}

fn all(rule: &dyn importer_plugin::Rule) -> Result<Vec<importer_plugin::Finding>, crate::case::Stop> {
    found(rule, &samples::rows(rule.meta().columns.len()))
}
