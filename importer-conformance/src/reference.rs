use std::fmt::Write;

use crate::{Area, CASES};

/// The catalogue of cases as a page in Markdown.
pub fn reference() -> String {
    let mut out = String::from(
        "# Plugin checks\n\nWhat `cargo run --example plugin-check -- FILE` and the crate `importer-conformance` demand of a \
         plugin. Each case runs in a process of its own with a time limit; a crash or a hang is a failure of that case.\n",
    );
    let mut area = None;
    for case in CASES {
        if area != Some(case.area) {
            area = Some(case.area);
            let _ = write!(out, "\n## {}\n", title(case.area));
        }
        let _ = write!(
            out,
            "\n### `{}`\n\n{}\n\n- *Why:* {}\n- *When it fails:* {}.\n",
            case.name, case.demands, case.why, case.advice
        );
    }
    out
}

fn title(area: Area) -> &'static str {
    match area {
        Area::Plugin => "The plugin",
        Area::Options => "Options",
        Area::Adapters => "Adapters and sources",
        Area::Rules => "Rules",
        Area::SetRules => "Set-level rules",
        Area::Features => "Match features",
    }
}
