//! Finding records: for lists that people page through, and for counts beside them.

use std::collections::HashMap;

use importer_core::contracts::Contract;
use importer_core::ports::{RecordCursor, RecordFilter, RecordOrder, RecordSearch, StewardSession};
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::access::{Action, Desk, RecordView};

const OPERATION: &str = "find records";
/// How many records a page has unless somebody says, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;
/// How far records are counted: a page that says "more than 10,000" is there at once.
const MOST_COUNTED: i64 = 10_000;

/// A page of records.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RecordPage {
    /// The records, masked, in the order that was asked for.
    pub records: Vec<RecordView>,
    /// Where the next page begins; none behind the last one.
    pub next: Option<RecordCursor>,
}

/// How many records a filter finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordCount {
    /// How many, counted up to 10,000.
    pub count: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

impl Desk<'_> {
    /// Finds records by name, contact, identifier or any field, a page at a time, masked.
    ///
    /// A page begins behind a record, not behind a number of them: records that come or go meanwhile neither repeat nor hide
    /// others. A text is sought only in what the role sees; naming a field, a contact or an order by a field that the role
    /// does not see is an error.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # std::fs::write(&file, "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@example.org\n").unwrap();
    /// # let importer = importer::Importer::builder().database(url).plugin(importer_adapter_csv::plugin()).build()?;
    /// # importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// use importer::service::Actor;
    /// use importer::{RecordFilter, RecordOrder};
    ///
    /// let desk = importer.desk(Actor::admin("ann"));
    /// let by_name = RecordOrder::Field("last_name".into());
    /// let page = desk.find("volunteer", &RecordFilter { order: by_name, limit: 1, ..RecordFilter::default() })?;
    /// assert_eq!(page.records[0].values["last_name"], "Lee");
    /// assert!(page.next.is_some());
    /// let bob = RecordFilter { contact: Some("BOB@".into()), ..RecordFilter::default() };
    /// assert_eq!(desk.find("volunteer", &bob)?.records[0].values["last_name"], "Ray");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see records or what is sought, there is no such entity or field, or the database fails.
    pub fn find(&self, entity: &str, filter: &RecordFilter) -> Result<RecordPage> {
        let contract = self.importer.contract(entity)?;
        let limit = if filter.limit == 0 { PAGE } else { filter.limit.min(LARGEST_PAGE) };
        // One more than the page has, which says whether there is a next one.
        let wanted = RecordFilter { limit: limit + 1, ..filter.clone() };
        let (fields, contacts) = self.sought_in(contract, filter)?;
        let search = RecordSearch { filter: &wanted, fields: &fields, contacts };
        let (places, more, records) = self.query(Action::ViewRecords, "records", |session| {
            is_there(session, filter)?;
            let mut places = session.find_records(contract, search)?;
            let more = places.len() > limit;
            places.truncate(limit);
            let ids: Vec<_> = places.iter().map(|place| place.id).collect();
            let records = session.load(contract, &ids)?;
            Ok((places, more, records))
        })?;
        let mut views: HashMap<_, _> =
            records.iter().map(|record| (record.id, self.mask().record(contract, record))).collect();
        let records = places.iter().filter_map(|place| views.remove(&place.id)).collect();
        let next = places.last().filter(|_| more).cloned();
        Ok(RecordPage { records, next })
    }

    /// Counts the records that [`find`](Self::find) lists over all its pages, up to 10,000.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    pub fn find_count(&self, entity: &str, filter: &RecordFilter) -> Result<RecordCount> {
        let contract = self.importer.contract(entity)?;
        let (fields, contacts) = self.sought_in(contract, filter)?;
        let search = RecordSearch { filter, fields: &fields, contacts };
        let found = self.query(Action::ViewRecords, "records", |session| {
            is_there(session, filter)?;
            session.count_records(contract, search, MOST_COUNTED + 1)
        })?;
        let count = u64::try_from(found.min(MOST_COUNTED)).unwrap_or(0);
        Ok(RecordCount { count, more: found > MOST_COUNTED })
    }

    /// The fields in which a text is sought, and whether it is in contacts.
    ///
    /// # Errors
    /// When the filter names a field that is not there or that the role does not see.
    fn sought_in(
        &self,
        contract: &'static Contract,
        filter: &RecordFilter,
    ) -> Result<(Vec<&'static str>, bool)> {
        let mask = self.mask();
        let order = match &filter.order {
            RecordOrder::Field(field) => Some(field),
            _ => None,
        };
        for field in filter.fields.iter().map(|(field, _)| field).chain(order) {
            let Some(field) = contract.columns().map(|(_, known)| known).find(|known| known.name == field)
            else {
                return Err(Error::new(ErrorKind::Config, OPERATION, format!("there is no field `{field}`"))
                    .at("entity", contract.entity));
            };
            if mask.hides(field.pii) {
                return Err(not_seen(field.name));
            }
        }
        let contacts = !mask.hides(importer_core::contracts::PiiClass::Contact);
        if filter.contact.is_some() && !contacts {
            return Err(not_seen("contacts"));
        }
        // An id of an external system may be somebody's email address.
        if filter.external_id.is_some() && !contacts {
            return Err(not_seen("external ids"));
        }
        let fields = contract.columns().map(|(_, field)| field).filter(|field| !mask.hides(field.pii));
        Ok((fields.map(|field| field.name).collect(), contacts))
    }
}

/// Nothing, unless the filter names a run that is not there.
fn is_there(session: &mut dyn StewardSession, filter: &RecordFilter) -> Result<()> {
    match filter.missing_since {
        Some(id) if session.run(id)?.is_none() => {
            let why = format!("there is no run {id}");
            Err(Error::new(ErrorKind::NotFound, OPERATION, why).coded("run_not_found"))
        }
        _ => Ok(()),
    }
}

fn not_seen(what: &str) -> Error {
    Error::new(ErrorKind::Forbidden, OPERATION, format!("this role does not see {what}"))
        .hint("leave it out, or ask an actor with a role that sees it")
}
