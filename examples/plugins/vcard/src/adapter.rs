use importer_plugin::{
    Adapter, AdapterCapability, AdapterMeta, Error, Health, HealthStatus, Host, OpenRequest, OptionSpec,
    Source, SourceField, check_options,
};

use crate::{card, source::VCardSource};

/// The adapter: everything of a run lives in the source it opens.
pub(crate) struct VCard;

/// The charset of what is not UTF-8 and does not say so.
pub(crate) const LATIN_1: &str = "iso-8859-1";

impl Adapter for VCard {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("vcard", "vCard files (.vcf), versions 2.1 to 4.0")
            .with_option(OptionSpec::file("file", "The file to read").required())
            .with_option(
                OptionSpec::text("charset", "The charset of texts that do not name one")
                    .choices(&["utf-8", LATIN_1])
                    .default_value("utf-8"),
            )
            .can(AdapterCapability::Fields)
            .can(AdapterCapability::Health)
            .can(AdapterCapability::Resume)
    }

    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        check_options(&self.meta().options, &request.options)?;
        Ok(Box::new(VCardSource::open(request, host)?))
    }

    fn fields(&self, request: &OpenRequest, _host: &Host) -> Result<Vec<SourceField>, Error> {
        check_options(&self.meta().options, &request.options)?;
        let field = |&(name, property): &(&str, &str)| SourceField::new(name).labelled(property);
        Ok(card::COLUMNS.iter().map(field).collect())
    }

    fn health(&self, request: &OpenRequest, host: &Host) -> Result<Health, Error> {
        check_options(&self.meta().options, &request.options)?;
        let request = OpenRequest { cursor: None, ..request.clone() };
        Ok(match VCardSource::open(&request, host) {
            Ok(_) => Health::new(HealthStatus::Ok, "the file can be read"),
            Err(error) => Health::new(HealthStatus::Failed, error.message),
        })
    }
}
