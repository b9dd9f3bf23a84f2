use importer_plugin::{Adapter, AdapterMeta, Error, Host, OpenRequest, Source};

use crate::{options, source::CsvSource};

/// The adapter: everything of a run lives in the source it opens.
pub(crate) struct Csv;

impl Adapter for Csv {
    fn meta(&self) -> AdapterMeta {
        options::OPTIONS.iter().fold(
            AdapterMeta::new("csv", "Delimited text files: comma, semicolon, tab or pipe, plain or gzipped"),
            |meta, &(name, help, required)| meta.option(name, help, required),
        )
    }

    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        Ok(Box::new(CsvSource::open(request, host, usize::MAX)?))
    }
}
