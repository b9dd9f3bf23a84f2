//! A case: a folder with its files.

use std::path::PathBuf;
use std::sync::Arc;

use importer::{Importer, RunReport, RunRequest};
use importer_core::mapping::Mapping;
use importer_core::ports::{FixedClock, parse_moment};
use serde_json::{Value, json};

use crate::support::{self, Database};

/// The day on which every case takes place: ages and plausible dates depend on it.
const TODAY: &str = "2025-06-01T12:00:00Z";

pub(super) struct Case {
    pub(super) name: String,
    /// `1.csv`, `2.csv`, … in their order.
    pub(super) inputs: Vec<String>,
    /// Why the case cannot pass yet.
    pub(super) defect: Option<String>,
    folder: PathBuf,
}

impl Case {
    /// Every case, by name.
    pub(super) fn all() -> Vec<Self> {
        let root = support::root().join("tests/golden");
        let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
        let mut cases: Vec<Self> = folders.filter(|path| path.is_dir()).map(Self::read).collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut inputs: Vec<String> = files
            .map(|file| file.to_string_lossy().into_owned())
            .filter(|file| file.ends_with(".csv"))
            .collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{name} has no input");
        let mut case = Self { name, inputs, defect: None, folder };
        let expected = case.expected();
        assert!(expected["about"].is_string(), "{} does not say what it is about", case.name);
        case.defect = expected["defect"].as_str().map(Into::into);
        case
    }

    /// What the case's author expects.
    pub(super) fn expected(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.join("expected.json")).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Replaces the expected runs by what came out, to be read by somebody before it is committed. The expectation of a
    /// defect's case is written by hand and stays.
    pub(super) fn update(&self, runs: &Value) {
        if self.defect.is_some() && self.expected()["runs"].is_array() {
            return;
        }
        let mut expected = self.expected();
        expected["runs"] = runs.clone();
        let text = serde_json::to_string_pretty(&expected).unwrap() + "\n";
        // Other tests read the file at the same time.
        let new = self.folder.join("expected.json.new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.folder.join("expected.json")).unwrap();
    }

    /// Imports one of the case's files.
    pub(super) fn run(&self, database: &Database, input: &str, dry_run: bool) -> RunReport {
        let mut builder = Importer::builder()
            .database(&database.url)
            .clock(Arc::new(FixedClock(parse_moment(TODAY).unwrap())))
            .plugin(importer_adapter_csv::plugin());
        if let Ok(text) = std::fs::read_to_string(self.folder.join("mapping.yaml")) {
            builder = builder.mapping(Mapping::parse(&text, "mapping.yaml").unwrap());
        }
        let mut request = RunRequest::new("csv").file(self.folder.join(input)).dry_run(dry_run);
        let options = self.expected()["options"].clone();
        for (name, value) in options.as_object().unwrap_or(&serde_json::Map::new()) {
            request = request.option(name, value.clone());
        }
        let report = builder.build().unwrap().run(&request).unwrap();
        assert_ne!(json!(report.status), json!("failed"), "{} {input}: {:?}", self.name, report.error);
        report
    }
}
