use std::process::ExitCode;

use clap::Args;
use importer::Result;
use importer::service::NewPerson;

use crate::fix::report_fix;
use crate::steward::{Steward, values};

#[derive(Args)]
pub(crate) struct CreateArgs {
    /// A field of the person; can be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE", required = true)]
    set: Vec<String>,
    #[command(flatten)]
    steward: Steward,
    /// The reason, for the audit log
    #[arg(long)]
    reason: String,
}

pub(crate) fn create(args: &CreateArgs) -> Result<ExitCode> {
    let importer = args.steward.importer()?;
    let person = NewPerson { values: values(&args.set)?, reason: args.reason.clone() };
    let desk = importer.desk(args.steward.who.actor());
    let made = desk.create(&args.steward.entity, &person)?;
    // Nobody who is made by hand needs a contact.
    let exempt = ["REQ-001".to_owned()];
    Ok(report_fix(&desk, &args.steward.entity, &made, "The person", &exempt, args.steward.json))
}
