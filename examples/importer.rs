//! The command line of the importer, which is the crate `importer-cli` in `examples/cli`.
//!
//! ```text
//! cargo run --release --example importer -- run --source csv --file examples/data/volunteers.csv
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    importer_cli::main()
}
