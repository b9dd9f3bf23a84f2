//! Which value survives a merge: the shipped policy, or one from a file.

use std::path::PathBuf;

use clap::Args;
use importer::matching::Policy;
use importer::{Builder, Result};

use crate::files;

/// The policy of everything that merges.
#[derive(Args)]
pub(crate) struct PolicyFile {
    /// A survivorship policy that replaces the shipped one; `template policy` prints the shipped one
    #[arg(long, value_name = "FILE", env = "IMPORTER_POLICY")]
    policy: Option<PathBuf>,
}

impl PolicyFile {
    /// Gives an importer the policy, if there is one.
    pub(crate) fn apply(&self, builder: Builder) -> Result<Builder> {
        let Some(file) = &self.policy else { return Ok(builder) };
        Ok(builder.survivorship(Policy::parse(&files::read(file)?, &file.display().to_string())?))
    }
}
