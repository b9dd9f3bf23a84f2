//! The process in which an isolated plugin runs. Hosts start it; people have no use for it.

use std::process::ExitCode;

fn main() -> ExitCode {
    importer_plugin_host::serve_worker()
}
