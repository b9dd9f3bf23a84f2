use std::process::ExitCode;

use importer::service::template as files;
use importer::{Error, ErrorKind, Result};

use crate::out;
use crate::shared_args::{TemplateArgs, TemplateKind};

pub(crate) fn template(args: &TemplateArgs) -> Result<ExitCode> {
    // The shipped documents are for the entities there are; for another one they would be no answer.
    if importer::contracts::find(&args.entity).is_none() {
        let known: Vec<&str> =
            importer::contracts::CONTRACTS.iter().map(|contract| contract.entity).collect();
        let why = format!("there is no entity `{}`", args.entity);
        return Err(Error::new(ErrorKind::Config, "print a template", why)
            .hint(format!("the entities are: {}", known.join(", "))));
    }
    let text = match args.kind {
        TemplateKind::Csv => files::csv(&args.entity)?,
        TemplateKind::Sample => files::sample_csv(&args.entity)?,
        TemplateKind::Mapping => files::mapping_yaml(&args.entity)?,
        TemplateKind::Suite => importer::rules::VOLUNTEER_SUITE.to_owned(),
        TemplateKind::Policy => importer::matching::DEFAULT_POLICY.to_owned(),
        TemplateKind::Retention => importer::retention::DEFAULT_RETENTION.to_owned(),
    };
    out::as_is(text.trim_end());
    Ok(ExitCode::SUCCESS)
}
