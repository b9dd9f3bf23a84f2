//! Checks whether a plugin file keeps the promises of its contract; see docs/reference/plugin-checks.md.
//!
//! Ends with 0 when no case failed, 1 when one did, 2 when the command makes no sense.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use importer_conformance::{Settings, check_file};

/// Checks whether a plugin keeps the promises of its contract. This runs the plugin's code.
#[derive(Parser)]
#[command(name = "plugin-check")]
struct Arguments {
    /// The library of the plugin
    file: PathBuf,
    /// An option of all adapters, or of one part as OWNER:NAME=VALUE (an adapter, a rule's code, a match feature)
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = pair)]
    options: Vec<(String, String)>,
    /// An option that is different for a source without rows
    #[arg(long = "empty", value_name = "NAME=VALUE", value_parser = pair)]
    empty: Vec<(String, String)>,
    /// The environment variable that holds a secret the plugin asks for
    #[arg(long = "secret-env", value_name = "NAME=VARIABLE", value_parser = pair)]
    secrets: Vec<(String, String)>,
    /// Only this case
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// How long a case may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time_limit: u64,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.into(), value.into()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut settings = Settings::default().time_limit(Duration::from_secs(arguments.time_limit));
    for (name, value) in &arguments.options {
        settings = settings.option(name, value);
    }
    for (name, value) in &arguments.empty {
        settings = settings.empty_option(name, value);
    }
    for (name, variable) in &arguments.secrets {
        let Ok(value) = std::env::var(variable) else {
            eprintln!("plugin-check: the environment variable `{variable}` is not set");
            return ExitCode::from(2);
        };
        settings = settings.secret(name, &value);
    }
    settings.cases = arguments.cases;
    match check_file(&arguments.file, &settings) {
        Ok(report) => {
            if arguments.json {
                println!("{}", serde_json::json!({ "passed": report.passed(), "report": report }));
            } else {
                println!("{report}");
            }
            ExitCode::from(u8::from(!report.passed()))
        }
        Err(error) => {
            eprintln!("plugin-check: {error}");
            ExitCode::from(2)
        }
    }
}
