//! The program `importer`.

use std::process::ExitCode;

fn main() -> ExitCode {
    importer_cli::main()
}
