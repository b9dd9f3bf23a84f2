use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use importer::QuarantineStatus;
use importer::{Error, ErrorKind, Result};

use crate::count::counted;
use crate::shared_args::{Database, Who};
use crate::steward::WhichRows;
use crate::violations::WhichViolations;
use crate::{out, say, setup};

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// People
    Records {
        /// The entity of the records
        #[arg(long, default_value = "volunteer")]
        entity: String,
        #[command(flatten)]
        to: To,
    },
    /// Findings of the rules
    Violations {
        #[command(flatten)]
        which: WhichViolations,
        #[command(flatten)]
        to: To,
    },
    /// Rows in quarantine as received; `fix --file` reads them back after correction
    Quarantine {
        /// The entity that the rows describe
        #[arg(long, default_value = "volunteer")]
        entity: String,
        #[command(flatten)]
        which: WhichRows,
        /// Only rows with this status, or all
        #[arg(long, default_value = "open", value_parser = ["open", "fixed", "suppressed", "wont_fix", "superseded", "all"])]
        status: String,
        #[command(flatten)]
        to: To,
    },
}

#[derive(Args)]
struct To {
    /// The file to write; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    who: Who,
    /// The reason, for the audit log
    #[arg(long)]
    reason: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn export(args: &ExportArgs) -> Result<ExitCode> {
    let (What::Records { to, .. } | What::Violations { to, .. } | What::Quarantine { to, .. }) = &args.what;
    check_name("--out", &to.out)?;
    if to.out.exists() {
        // Before anything is noted in the audit log as exported.
        return Err(Error::new(ErrorKind::Config, "write an export", "the file exists already")
            .at("file", to.out.display())
            .hint("name another one with --out, or move it away"));
    }
    let importer = setup::on(&to.database)?;
    let desk = importer.desk(to.who.actor());
    let mut out = Late { path: &to.out, file: None };
    let rows = match &args.what {
        What::Records { entity, .. } => desk.export_records(entity, &to.reason, &mut out)?,
        What::Violations { which, .. } => desk.export_violations(&which.filter(0)?, &to.reason, &mut out)?,
        What::Quarantine { entity, which, status, .. } => {
            let filter = which.filter(QuarantineStatus::parse(status), 0)?;
            desk.export_quarantine(entity, &filter, &to.reason, &mut out)?
        }
    };
    out.flush().map_err(|e| {
        Error::new(ErrorKind::Config, "write an export", e.to_string()).at("file", to.out.display())
    })?;
    setup::tell_if_not_audited(&importer, "this export");
    if to.json {
        out::as_is(serde_json::json!({ "rows": rows, "file": to.out.display().to_string() }));
    } else {
        say!("{} in {}", counted(rows, "row", "rows"), to.out.display());
        if rows > 0 && matches!(args.what, What::Quarantine { .. }) {
            say!("To read them back when they are corrected: fix --file {} --reason …", to.out.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses the name that elsewhere means standard output: whoever gives it expects no file called `-`.
pub(crate) fn check_name(option: &'static str, file: &Path) -> Result<()> {
    if file != Path::new("-") {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        "write a file",
        "`-` is no name of a file, and standard output is for the answer",
    )
    .at("option", option)
    .hint("name a file; one that is really called `-` is `./-`"))
}

/// A file that is made when there is something to write: nobody who may not export leaves an empty one behind.
struct Late<'a> {
    path: &'a Path,
    file: Option<BufWriter<File>>,
}

impl Write for Late<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.file.is_none() {
            self.file = Some(BufWriter::new(File::create_new(self.path)?));
        }
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}
