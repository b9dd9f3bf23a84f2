//! A run is asked to stop when it has read everything and loaded nothing.

use std::sync::Mutex;

use importer::plugin::{Batch, Category, Error, Plugin, PluginMeta, RuleMeta, SetFindings, SetRule};
use importer::{Cancel, ErrorKind, Importer, ReportStatus, RunRequest};
use importer_dq::SuiteDocument;

use super::people::csv;
use super::snapshot::{assert_same, take};
use crate::support::{self, Database};

/// Constructors of rules hold nothing, so the rule finds here what it stops.
static STOPS: Mutex<Option<Cancel>> = Mutex::new(None);

/// Asks the run to stop once it has seen all rows: nothing comes between it and the first load.
struct StopsTheRun;

impl SetRule for StopsTheRun {
    fn meta(&self) -> RuleMeta {
        RuleMeta::new("SET-920", Category::SetLevel, "Asks the run to stop.", &["first_name"])
    }

    fn observe(&mut self, _: &Batch) -> Result<(), Error> {
        Ok(())
    }

    fn finish(&mut self, _: &mut SetFindings) -> Result<(), Error> {
        if let Some(cancel) = STOPS.lock().unwrap().take() {
            cancel.request();
        }
        Ok(())
    }
}

fn importer(database: &Database) -> Importer {
    let suite = SuiteDocument::parse("suite: test\nrules:\n  SET-920: { mode: warn }\n").unwrap();
    let stops = Plugin::new(PluginMeta::new("stops", "1.0.0")).set_rule(|| Box::new(StopsTheRun));
    Importer::builder()
        .database(&database.url)
        .plugin(importer_adapter_csv::plugin())
        .plugin(stops)
        .suite(suite)
        .build()
        .unwrap()
}

#[test]
fn a_run_that_is_stopped_before_its_first_load_goes_on_and_loads_everything() {
    let folder = tempfile::tempdir().unwrap();
    let request = RunRequest::new("csv").file(support::file(folder.path(), "people.csv", csv(300, 15)));
    for reference in support::databases() {
        assert_eq!(importer(&reference).run(&request).unwrap().status, ReportStatus::Succeeded);
        let db = support::databases().into_iter().find(|db| db.backend == reference.backend).unwrap();

        let stopped = importer(&db);
        *STOPS.lock().unwrap() = Some(stopped.cancel());
        let report = stopped.run(&request).unwrap();
        assert_eq!(report.error_kind, Some(ErrorKind::Cancelled), "{}: {report:?}", db.backend);
        assert!(report.counts.clean > 200 && report.counts.inserted == 0, "{report:?}");
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM core_volunteers"), 0);

        let report = importer(&db).run(&request).unwrap();
        assert_eq!((report.run_id.0, report.status), (1, ReportStatus::Succeeded), "{}", db.backend);
        assert_same(&take(&reference), &take(&db));
    }
}
