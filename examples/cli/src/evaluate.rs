//! How well people are recognised.

use std::path::Path;
use std::process::ExitCode;

use importer::matching::evaluate::{Answer, Settings, Table, evaluate as measure};
use importer::plugin::{Extract, Host, OpenRequest, Options};
use importer::{Error, ErrorKind, Result};

use crate::export::check_name;
use crate::shared_args::EvaluateArgs;
use crate::{out, run, scan, setup};

pub(crate) fn evaluate(args: &EvaluateArgs) -> Result<ExitCode> {
    let pair = |given: &String| {
        setup::key_and_value("--map", given).map(|(column, field)| (column.to_owned(), field.to_owned()))
    };
    let settings = Settings {
        map: args.map.iter().map(pair).collect::<Result<_>>()?,
        samples: args.samples,
        model: args.model.as_deref().map(scan::model).transpose()?,
        train: args.train,
    };
    if let Some(file) = &args.svg {
        check_name("--svg", file)?;
    }
    let records = read(&args.records)?;
    let report = match args.truth.strip_prefix("column:") {
        Some(name) => measure(&records, Answer::Column(name), &settings)?,
        None => measure(&records, Answer::Pairs(&read(Path::new(&args.truth))?), &settings)?,
    };
    if let Some(file) = &args.svg {
        std::fs::write(file, report.to_svg()).map_err(|e| {
            Error::new(ErrorKind::Config, "write the picture", e.to_string())
                .at("file", file.display())
                .hint("check that the folder exists and may be written to")
        })?;
    }
    if args.json {
        out::as_is(report.to_json());
    } else {
        out::text(&report.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// A whole file, as the CSV adapter reads it: every common encoding and delimiter, gzip too.
fn read(file: &Path) -> Result<Table> {
    run::check_there(file)?;
    let failed = |error| Error::from_plugin("csv", "read a file", error).at("file", file.display());
    let plugin = importer_adapter_csv::plugin();
    let adapter = plugin
        .find_adapter("csv")
        .ok_or_else(|| Error::new(ErrorKind::Plugin, "read a file", "there is no adapter `csv`"))?;
    let request = OpenRequest {
        options: Options::default().with("file", file.display().to_string()),
        ..OpenRequest::default()
    };
    let mut source = adapter.open(&request, &Host::detached()).map_err(failed)?;
    let columns = source.columns();
    // Behind the columns of the header stands one for cells that have none.
    let own = columns.iter().filter(|column| *column != importer_adapter_csv::SURPLUS_COLUMN);
    let mut table = Table::new(own);
    let mut rows = Extract::new(columns.len());
    loop {
        source.next(&mut rows).map_err(failed)?;
        let batch = rows.batch();
        if batch.is_empty() {
            return Ok(table);
        }
        for row in 0..batch.rows() {
            table.push(rows.position(row), batch.row(row).cells());
        }
        rows.reset(columns.len());
    }
}
