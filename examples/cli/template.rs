use std::process::ExitCode;

use importer::Result;
use importer::service::template as files;

use crate::args::{TemplateArgs, TemplateKind};
use crate::say;

pub(crate) fn template(args: &TemplateArgs) -> Result<ExitCode> {
    let text = match args.kind {
        TemplateKind::Csv => files::csv(&args.entity)?,
        TemplateKind::Sample => files::sample_csv(&args.entity)?,
        TemplateKind::Mapping => files::mapping_yaml(&args.entity)?,
        TemplateKind::Suite => importer::dq::VOLUNTEER_SUITE.to_owned(),
        TemplateKind::Policy => importer::dedupe::DEFAULT_POLICY.to_owned(),
        TemplateKind::Retention => importer::retention::DEFAULT_RETENTION.to_owned(),
    };
    say!("{}", text.trim_end());
    Ok(ExitCode::SUCCESS)
}
