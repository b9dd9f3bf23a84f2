use importer_plugin::{
    Adapter, AdapterCapability, AdapterMeta, Error, Extract, Health, HealthStatus, Host, OpenRequest,
    OptionSpec, Severity, Source, SourceField,
};

/// Hands over as many made-up people as its option `rows` says.
pub(crate) struct People;

const COLUMNS: [&str; 3] = ["first_name", "email", "shirt_size"];

impl Adapter for People {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("first-people", "Made-up people")
            .with_option(OptionSpec::integer("rows", "How many").between(1, 1_000_000).required())
            .can(AdapterCapability::Fields)
            .can(AdapterCapability::Health)
            .can(AdapterCapability::Deletions)
    }

    fn open(&self, request: &OpenRequest, _host: &Host) -> Result<Box<dyn Source>, Error> {
        importer_plugin::check_options(&self.meta().options, &request.options)?;
        let rows = request.options.number("rows")?.unwrap_or_default().unsigned_abs();
        let done = request.cursor.as_deref().map_or(Ok(0), str::parse);
        let done = done.map_err(|_| Error::config("the cursor is not one of this adapter"))?;
        Ok(Box::new(Rows { rows, done }))
    }

    fn fields(&self, _request: &OpenRequest, _host: &Host) -> Result<Vec<SourceField>, Error> {
        Ok(COLUMNS.iter().map(|&name| SourceField::new(name).of_kind("text")).collect())
    }

    fn health(&self, _request: &OpenRequest, _host: &Host) -> Result<Health, Error> {
        Ok(Health::new(HealthStatus::Warning, "made-up people are never well"))
    }

    fn deletions(&self, _request: &OpenRequest, _host: &Host) -> Result<Box<dyn Source>, Error> {
        Ok(Box::new(Gone { told: false }))
    }
}

struct Rows {
    rows: u64,
    done: u64,
}

impl Source for Rows {
    fn columns(&self) -> Vec<String> {
        COLUMNS.map(str::to_owned).to_vec()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        while self.done < self.rows && !out.is_full() {
            self.done += 1;
            let name = format!("Ada {}", self.done);
            let address = format!("ada.{}@example.org", self.done);
            // Every fifth address is broken and every third size is missing.
            let email = if self.done.is_multiple_of(5) { "ada at example.org" } else { &address };
            let size = (!self.done.is_multiple_of(3)).then_some("M");
            out.push_row(self.done, [Some(name.as_str()), Some(email), size])?;
            if size.is_none() {
                out.report("FIRST-001", Severity::Warning, "there is no size");
            }
        }
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        Some(self.done.to_string())
    }
}

struct Gone {
    told: bool,
}

impl Source for Gone {
    fn columns(&self) -> Vec<String> {
        vec!["external_id".into()]
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        if !std::mem::replace(&mut self.told, true) {
            out.push_row(0, [Some("V-7")])?;
        }
        Ok(())
    }
}
