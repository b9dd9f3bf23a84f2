//! Which tests have used Postgres: told by the tests themselves, so that no list of them has to be kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::workspace;

/// The variable that names the file to which each test that uses Postgres adds a line.
const USED: &str = "IMPORTER_TEST_POSTGRES_USED";

/// The names of tests, by the program that has them.
pub(crate) type Tests = BTreeMap<PathBuf, BTreeSet<String>>;

/// A file of lines with a program and the name of a test, a tabulator between them.
pub(crate) struct Used(PathBuf);

impl Used {
    /// A file of this name with nothing in it.
    pub(crate) fn new(name: &str) -> Result<Self, Failure> {
        let folder = workspace::target().join("used-postgres");
        let file = folder.join(format!("{name}-{}", std::process::id()));
        let made = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, ""));
        made.map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        Ok(Self(file))
    }

    /// Tells a command of it.
    pub(crate) fn announce(&self, command: &mut Command) {
        command.env(USED, &self.0);
    }

    /// What tests have written by now.
    pub(crate) fn read(&self) -> Result<Tests, Failure> {
        let text =
            fs::read_to_string(&self.0).map_err(|e| format!("cannot read {}: {e}", self.0.display()))?;
        Ok(parse(&text))
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        // Whatever is left is below `target` and harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}

fn parse(text: &str) -> Tests {
    let mut found = Tests::new();
    for (program, name) in text.lines().filter_map(|line| line.split_once('\t')) {
        found.entry(program.into()).or_default().insert(name.to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_counts_once_however_many_databases_it_used() {
        let found = parse("/t/suite\tscan::one\n/t/suite\tscan::one\n/t/other\ttwo\n/t/suite\tscan::three\n");
        let counts: Vec<usize> = found.values().map(BTreeSet::len).collect();
        assert_eq!(counts, [1, 2]);
        assert!(parse("").is_empty());
    }
}
