use std::process::ExitCode;

use clap::Args;
use importer::service::{Desk, RecordView};
use importer::{Error, ErrorKind, MatchFilter, RecordCursor, RecordFilter, RecordId, Result, RunId};

use crate::person::name;
use crate::shared_args::Common;
use crate::steward::{element, end_of_list};
use crate::{matches, out, say, setup};

#[derive(Args)]
pub(crate) struct PeopleArgs {
    /// Shows only this person, with all contacts and the household; for a merged record, shows the survivor
    person: Option<RecordId>,
    /// Only people with this text in a value that the actor may see
    #[arg(long)]
    text: Option<String>,
    /// Only people whom the system of this run brought before, and not since
    #[arg(long, value_name = "RUN")]
    missing_since: Option<RunId>,
    /// Only people after this id, for paging
    #[arg(long, default_value_t = RecordId(0))]
    after: RecordId,
    /// Prints at most this many; 0 for all
    #[arg(long, default_value_t = 50)]
    limit: i64,
    /// The entity of the records
    #[arg(long, default_value = "volunteer")]
    entity: String,
    #[command(flatten)]
    common: Common,
}

/// So many are read at a time, so that a long list needs no more memory than a short one.
const PAGE: usize = 1_000;

pub(crate) fn people(args: &PeopleArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.common.database)?;
    let desk = importer.desk(args.common.who.actor());
    if let Some(id) = args.person {
        let Some(person) = desk.record(&args.entity, id)? else {
            let why = format!("there is no {} {id}", args.entity);
            return Err(Error::new(ErrorKind::NotFound, "show a person", why)
                .hint("`people --text NAME` lists ids; a rollback may have removed the record"));
        };
        let households = desk.households(&args.entity, person.id)?;
        let of_person = MatchFilter { record: Some(person.id), ..MatchFilter::default() };
        let matched = desk.matches(&args.entity, &of_person)?;
        if args.common.json {
            out::as_is(serde_json::json!({ "person": person, "households": households, "matches": matched }));
            return Ok(ExitCode::SUCCESS);
        }
        if person.id != id {
            say!("Record {id} was merged into {}.", person.id);
        }
        say!("{} {}", args.entity, person.id);
        for (field, value) in &person.values {
            say!("  {field:<24} {value}");
        }
        say!("\nContacts");
        for contact in &person.contacts {
            let primary = if contact.primary { " (primary)" } else { "" };
            say!("  {:<24} {}{primary}", contact.kind, contact.value);
        }
        for household in &households {
            let members: Vec<String> = household.members.iter().map(importer::RecordId::to_string).collect();
            say!("\nHousehold {}: {}", household.id, members.join(", "));
        }
        if !matched.is_empty() {
            say!("\nMatched by imports; to undo one of them: undo --matched SYSTEM ID --reason …");
            matches::print(&matched);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let most = if args.limit > 0 { args.limit } else { i64::MAX };
    let wanted = args.text.as_deref().map(str::to_lowercase);
    let (mut printed, mut last) = (0, args.after);
    'pages: loop {
        let page = match args.missing_since {
            None => desk.records(&args.entity, last, PAGE)?,
            Some(run) => missing(&desk, args, run, last)?,
        };
        if page.is_empty() {
            break;
        }
        for person in &page {
            if printed == most {
                break 'pages;
            }
            last = person.id;
            if wanted.as_deref().is_some_and(|wanted| !says(person, wanted)) {
                continue;
            }
            match args.common.json {
                true => element(&serde_json::to_value(person).unwrap_or_default(), printed == 0),
                false => line(person, printed == 0),
            }
            printed += 1;
        }
    }
    if args.common.json {
        end_of_list(printed);
    } else if printed == 0 {
        say!("There are no such people in {}.", importer.database());
    } else if printed == most {
        say!("There may be more: --after {last}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A page of people whom a run did not meet.
fn missing(desk: &Desk<'_>, args: &PeopleArgs, run: RunId, after: RecordId) -> Result<Vec<RecordView>> {
    let filter = RecordFilter {
        missing_since: Some(run),
        after: Some(RecordCursor { key: None, id: after }),
        limit: PAGE,
        ..RecordFilter::default()
    };
    Ok(desk.find(&args.entity, &filter)?.records)
}

/// Whether the text, in lower case, stands in something that is shown of this person.
fn says(person: &RecordView, wanted: &str) -> bool {
    let name = name(person);
    let contacts = person.contacts.iter().map(|contact| contact.value.as_str());
    let mut shown = person.values.values().map(String::as_str).chain(contacts).chain([name.as_str()]);
    shown.any(|value| value.to_lowercase().contains(wanted))
}

/// A line of the table, the first one with the names of the columns.
fn line(person: &RecordView, first: bool) {
    let cells = |id: &str, name: &str, born: &str, email: &str, phone: &str, city: &str| {
        let line = format!("{id:>9}  {name:<28} {born:<10} {email:<32} {phone:<16} {city}");
        say!("{}", line.trim_end());
    };
    if first {
        cells("id", "name", "born", "email", "phone", "city");
    }
    let of = |field: &str| person.values.get(field).map_or("-", String::as_str);
    let id = person.id.to_string();
    cells(&id, &name(person), of("dob"), of("email_normalized"), of("phone_e164"), of("city"));
}
