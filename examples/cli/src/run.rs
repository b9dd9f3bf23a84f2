use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use importer::AutoMerge;
use importer::mapping::Mapping;
use importer::matching::MatchModel;
use importer::matching::ModelDocument;
use importer::service::Desk;
use importer::{
    Builder, Error, ErrorKind, GatePolicy, Importer, ReportStatus, Result, RetryPolicy, RunReport,
    RunRequest, rules,
};

use crate::files;
use crate::progress::Bar;
use crate::shared_args::{AutoMergeBy, RulesMode, RunArgs, RunSetup};
use crate::{out, setup, summary};

pub(crate) fn run(args: &RunArgs) -> Result<ExitCode> {
    setup::check_enabled(&args.source)?;
    let bar = Arc::new(Bar::new(args.summary_json));
    let mut builder = Importer::builder().observer(bar.clone());
    builder = if args.preview { builder.without_database() } else { builder.database(&args.database.db) };
    builder = with_setup(builder, &args.setup)?;
    let request = request(args)?;
    let importer = builder.build()?;
    importer.load_given_plugins()?;
    heed_ctrl_c(&importer);
    if args.preview {
        let preview = importer.preview(&request)?;
        out::text(&preview.rules.to_string());
        for told in &preview.unreadable_dates {
            out::text(&format!("\nWarning (unreadable_dates): {}", out::visible(told)));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let desk = importer.desk(args.who.actor());
    let report = desk.import(&request, &args.reason);
    bar.finish();
    Ok(report_run(&report?, &desk, &importer.database(), args.summary_json))
}

/// Puts together what a run works with.
pub(crate) fn with_setup(builder: Builder, setup: &RunSetup) -> Result<Builder> {
    let mut builder = setup.policy.apply(setup::with_plugins(builder, &setup.plugins)?)?;
    builder = with_documents(builder, setup.mapping.as_deref(), setup.suite.as_deref())?;
    builder = builder.rules_mode(setup.rules_mode.map(|mode| match mode {
        RulesMode::Warn => rules::Mode::Warn,
        RulesMode::Enforce => rules::Mode::Enforce,
    }));
    builder = builder.gate(GatePolicy {
        unreadable_dates: setup.unreadable_dates.mode(),
        older_file: setup.older_file.mode(),
        ..GatePolicy::default()
    });
    builder = builder.retry(RetryPolicy {
        tries: setup.retries,
        total_wait: Duration::from_secs(setup.retry_wait),
        ..RetryPolicy::default()
    });
    Ok(builder.match_model(model(&setup.model)?))
}

/// The mapping and the rule suite that are given.
pub(crate) fn with_documents(
    mut builder: Builder,
    mapping: Option<&Path>,
    suite: Option<&Path>,
) -> Result<Builder> {
    if let Some(file) = mapping {
        builder = builder.mapping(Mapping::parse(&files::read(file)?, &file.display().to_string())?);
    }
    if let Some(file) = suite {
        builder = builder.suite(
            rules::SuiteDocument::parse(&files::read(file)?).map_err(|e| e.at("file", file.display()))?,
        );
    }
    Ok(builder)
}

/// Ctrl-C stops runs after their batch. A second one ends the program at once; what is stored by then is whole, and the run
/// goes on later.
pub(crate) fn heed_ctrl_c(importer: &Importer) {
    let cancel = importer.cancel();
    let _ = ctrlc::set_handler(move || {
        if cancel.is_requested() {
            std::process::exit(1);
        }
        cancel.request();
    });
}

/// Tells how a run ended, for people or for programs.
pub(crate) fn report_run(
    report: &RunReport,
    desk: &Desk<'_>,
    database: &str,
    summary_json: bool,
) -> ExitCode {
    if summary_json {
        out::as_is(report.to_json());
        // What a person reads in the summary goes beside the JSON.
        for note in &report.notes {
            out::complain(&format!("note: {}", out::visible(note)));
        }
        if let Some(error) = &report.error {
            out::complain(&format!("error: {error}"));
        }
    } else {
        out::text(&summary::text(report, &summary::status(report, desk), database));
    }
    match report.status {
        ReportStatus::Succeeded => ExitCode::SUCCESS,
        ReportStatus::Held => ExitCode::from(3),
        _ => ExitCode::FAILURE,
    }
}

fn request(args: &RunArgs) -> Result<RunRequest> {
    let mut request = RunRequest::new(&args.source).dry_run(args.dry_run);
    request.entity = args.entity.clone();
    if let Some(file) = &args.file {
        // The same file is the same request, from whatever folder it is named.
        check_there(file)?;
        let whole = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        request = request.file(whole);
    }
    for option in &args.options {
        let (key, value) = setup::key_and_value("--set", option)?;
        request = request.option(key, value);
    }
    if let Some(since) = &args.since {
        request = request.since(since)?;
    }
    if let Some(system) = &args.system {
        request = request.external_system(system);
    }
    request.limit = args.limit;
    request.auto_merge = args.setup.auto_merge.map(|way| match way {
        AutoMergeBy::Off => AutoMerge::Off,
        AutoMergeBy::Deterministic => AutoMerge::Deterministic,
        AutoMergeBy::Full => AutoMerge::Full,
    });
    Ok(request)
}

/// A wrong path, or that of a folder, is a slip on the command line, like that of a mapping; what the file holds is the adapter's to judge.
pub(crate) fn check_there(file: &std::path::Path) -> Result<()> {
    use std::io::ErrorKind as Io;
    let meta = std::fs::metadata(file);
    // Opening a pipe would wait for somebody to write into it.
    let opened = meta.and_then(|meta| match () {
        () if meta.is_dir() => Err(Io::IsADirectory.into()),
        () if meta.is_file() => std::fs::File::open(file).map(drop),
        () => Ok(()),
    });
    opened.map_err(|e| {
        let (what, hint) = match e.kind() {
            Io::NotFound => {
                ("does not exist".into(), "check the path, which counts from the current directory")
            }
            Io::IsADirectory => ("is a directory".into(), "give one file inside it"),
            Io::PermissionDenied => ("may not be read by this user".into(), "ask for permission to read it"),
            _ => (format!("cannot be read: {e}"), "check the path"),
        };
        Error::new(ErrorKind::Config, "open the source", format!("`{}` {what}", file.display())).hint(hint)
    })
}

fn model(name: &str) -> Result<MatchModel> {
    match name {
        "shipped" => return Ok(MatchModel::Shipped),
        "weighted" => return Ok(MatchModel::Weighted),
        _ => {}
    }
    let file = std::path::Path::new(name);
    let refuse = |why: String, hint: &'static str| {
        Err(Error::new(ErrorKind::Config, "read the match model", why).at("model", file.display()).hint(hint))
    };
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return refuse(
                "there is no such file".into(),
                "give `shipped`, `weighted`, or the path of a model document",
            );
        }
        Err(e) => return refuse(e.to_string(), "check that it is a file of text in UTF-8 that may be read"),
    };
    match ModelDocument::read(&text) {
        Ok(document) => Ok(MatchModel::Learned(document)),
        Err(why) => refuse(why, "give `shipped`, `weighted`, or the path of a model document"),
    }
}
