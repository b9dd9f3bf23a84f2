//! Secrets of plugins, from the environment: never from options, which are stored with every run.

use importer::Secrets;

use crate::environment;

/// Looks secrets up in variables `IMPORTER_SECRET_<NAME>`.
pub(crate) struct FromEnvironment;

impl Secrets for FromEnvironment {
    fn secret(&self, name: &str) -> Option<String> {
        environment::variable(&variable_of(name))
    }

    fn place(&self, name: &str) -> Option<String> {
        Some(format!("the environment variable `{}`", variable_of(name)))
    }
}

const PREFIX: &str = "IMPORTER_SECRET_";

/// The variable of a secret: its name in capitals, with `_` for whatever else stands in it.
fn variable_of(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    PREFIX.chars().chain(name.chars().map(letter)).collect()
}
