use crate::case::{Area, Case, CaseResult, fail, skip};
use crate::subject::Subject;
use importer_plugin_host::read_metadata;

pub(super) const CASE: Case = Case {
    name: "loads",
    area: Area::Plugin,
    demands: "The file is loaded, and the plugin says the same id and version as its file.",
    why: "Trust is decided by what the file says, before any of its code runs.",
    advice: "give `export!` the id and version of the `PluginMeta`, and build with the importer-plugin of this program",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let bytes = std::fs::read(subject.path()?);
    if bytes.is_ok_and(|bytes| read_metadata(&bytes).is_err()) {
        return skip("the file is no plugin; see `scan`");
    }
    match subject.load()? {
        Ok(_) => Ok(()),
        Err(why) => fail(why),
    }
}
