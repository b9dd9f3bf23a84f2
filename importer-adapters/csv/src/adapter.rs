use importer_plugin::{
    Adapter, AdapterCapability, AdapterMeta, Error, Host, OpenRequest, Source, SourceField,
};

use crate::{options, source::CsvSource};

/// The adapter: everything of a run lives in the source it opens.
pub(crate) struct Csv;

impl Adapter for Csv {
    fn meta(&self) -> AdapterMeta {
        let meta =
            AdapterMeta::new("csv", "Delimited text files: comma, semicolon, tab or pipe, plain or gzipped")
                .can(AdapterCapability::Fields)
                .can(AdapterCapability::Resume);
        options::specs().into_iter().fold(meta, AdapterMeta::with_option)
    }

    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        Ok(Box::new(CsvSource::open(request, host, usize::MAX)?))
    }

    fn fields(&self, request: &OpenRequest, host: &Host) -> Result<Vec<SourceField>, Error> {
        let mut columns = CsvSource::open(request, host, usize::MAX)?.columns();
        // The last one is for what is too much in a row; the file does not name it.
        columns.pop();
        Ok(columns.into_iter().map(|name| SourceField::new(name).of_kind("text")).collect())
    }
}
