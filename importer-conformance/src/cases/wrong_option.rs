use importer_plugin::OptionKind;
use serde_json::{Value, json};

use crate::case::{Area, Case, CaseResult, skip};
use crate::cases::configuring::{all, refused};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "wrong-option",
    area: Area::Options,
    demands: "A value of the wrong type, outside the range or not among the choices is refused with an error of the kind `config` that names the option.",
    why: "A person who mistyped a value must read where, before a run begins.",
    advice: "call `check_options` first, or read options with the typed methods of `Options`",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let mut checked = false;
    for one in all(subject)? {
        // Without the required ones the error would be about those.
        if one.specs.iter().any(|s| s.required && !s.secret && one.given.get(&s.name).is_none()) {
            continue;
        }
        for spec in one.specs.iter().filter(|spec| !spec.secret) {
            let mut wrong: Vec<Value> = vec![json!({"an": "object"})];
            if spec.kind != OptionKind::List {
                wrong.push(json!(["a", "list"]));
            }
            match spec.kind {
                // Nobody here knows what would be wrong.
                OptionKind::Unknown => continue,
                OptionKind::List => wrong.push(json!([7])),
                OptionKind::Integer => {
                    wrong.push(json!("many"));
                    wrong.extend(spec.minimum.and_then(|m| m.checked_sub(1)).map(Value::from));
                    wrong.extend(spec.maximum.and_then(|m| m.checked_add(1)).map(Value::from));
                }
                OptionKind::Flag => wrong.push(json!("perhaps")),
                OptionKind::Text | OptionKind::File if !spec.choices.is_empty() => {
                    wrong.push(json!("no such choice"));
                }
                OptionKind::Text | OptionKind::File => {}
            }
            for value in wrong {
                checked = true;
                refused(&one, &spec.name, &one.given.clone().with(&spec.name, value), "a wrong value")?;
            }
        }
    }
    if checked { Ok(()) } else { skip("there is no option whose required neighbours are given") }
}
