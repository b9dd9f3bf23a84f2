use std::time::{Duration, Instant};

use importer_plugin_host::read_metadata;

use crate::case::{Area, Case, CaseResult, demand, fail};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "scan",
    area: Area::Plugin,
    demands: "Who the plugin is can be read from its file without loading it, in less than 100 ms.",
    why: "Hosts scan folders of plugins, and code of a library runs as soon as it is loaded.",
    advice: "build a dynamic library (`crate-type = [\"cdylib\"]`) with `importer_plugin::export!` for this platform, and keep it small",
    check,
};

const LOOKS: usize = 5;
const LONGEST: Duration = Duration::from_millis(100);

fn check(subject: &Subject) -> CaseResult {
    let path = subject.path()?;
    let look = || {
        std::fs::read(path)
            .map_err(|e| e.to_string())
            .and_then(|b| read_metadata(&b).map_err(|e| e.to_string()))
    };
    // The first look fills the caches of the system.
    if let Err(why) = look() {
        return fail(why);
    }
    // The best of some, so that a busy machine is not taken for a slow file.
    let took = (0..LOOKS).map(|_| {
        let start = Instant::now();
        let _ = look();
        start.elapsed()
    });
    let took = took.min().unwrap_or_default();
    demand(took < LONGEST, || format!("it took {} ms", took.as_millis()))
}
