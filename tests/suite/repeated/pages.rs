//! A source that is given its rows, and how many of them to hand over at a time.

use std::sync::{Arc, Mutex};

use importer::plugin::{
    Adapter, AdapterMeta, Error, Extract, Host, OpenRequest, OptionSpec, Plugin, PluginMeta, Source,
};
use importer::{Cancel, Importer, Observer, Progress, RunReport, RunRequest};

use crate::support::Database;

pub(super) type Row = [String; 5];

struct Pages;

impl Adapter for Pages {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("pages", "Rows that it is given")
            .with_option(OptionSpec::text("rows", "The rows as JSON").required())
            .with_option(OptionSpec::integer("page", "Rows at a time").required())
    }

    fn open(&self, request: &OpenRequest, _: &Host) -> Result<Box<dyn Source>, Error> {
        let rows = request.options.get("rows").unwrap();
        Ok(Box::new(Reading {
            rows: serde_json::from_str(rows.as_str().unwrap()).unwrap(),
            page: usize::try_from(request.options.number("page").unwrap().unwrap()).unwrap(),
            at: request.cursor.as_deref().map_or(0, |cursor| cursor.parse().unwrap()),
        }))
    }
}

struct Reading {
    rows: Vec<Row>,
    page: usize,
    at: usize,
}

impl Source for Reading {
    fn columns(&self) -> Vec<String> {
        ["external_id", "first_name", "last_name", "email", "phone"].map(Into::into).into()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        for row in self.rows.iter().skip(self.at).take(self.page) {
            self.at += 1;
            let cells = row.each_ref().map(|cell| Some(cell.as_str()).filter(|cell| !cell.is_empty()));
            out.push_row(self.at as u64, cells)?;
        }
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        Some(self.at.to_string())
    }
}

fn builder(database: &Database) -> importer::Builder {
    let plugin = Plugin::new(PluginMeta::new("pages", "1.0.0")).adapter(|| Box::new(Pages));
    Importer::builder().database(&database.url).plugin(plugin)
}

/// A request for these rows, so many at a time.
pub(super) fn request(rows: &[Row], page: usize) -> RunRequest {
    let rows = serde_json::to_string(rows).unwrap();
    RunRequest::new("pages").option("rows", rows).option("page", page as i64)
}

/// Imports rows as one file.
pub(super) fn run(database: &Database, rows: &[Row], page: usize) -> RunReport {
    let report = builder(database).build().unwrap().run(&request(rows, page)).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
    report
}

/// Stops its run as soon as that tells how far it is.
struct Impatient(Mutex<Option<Cancel>>);

impl Observer for Impatient {
    fn progress(&self, _: Progress) {
        if let Some(cancel) = &*self.0.lock().unwrap() {
            cancel.request();
        }
    }
}

/// Imports rows as one file, by a run that is stopped after each batch and goes on.
pub(super) fn run_in_steps(database: &Database, rows: &[Row], page: usize) -> RunReport {
    for _ in 0..2 * rows.len() + 9 {
        let impatient = Arc::new(Impatient(Mutex::default()));
        let importer =
            builder(database).observer(Arc::clone(&impatient) as Arc<dyn Observer>).build().unwrap();
        *impatient.0.lock().unwrap() = Some(importer.cancel());
        let report = importer.run(&request(rows, page)).unwrap();
        if report.status == importer::ReportStatus::Succeeded {
            return report;
        }
        let error = report.error.unwrap_or_default();
        assert!(error.contains("the same request continues where it stopped"), "{error}");
    }
    panic!("the run does not come to its end");
}
