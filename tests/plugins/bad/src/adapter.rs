//! An adapter of numbered rows in batches of 100.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use importer_plugin::{
    Adapter, AdapterCapability, AdapterMeta, Error, Extract, Health, HealthStatus, Host, OpenRequest,
    OptionSpec, Source, SourceField, check_options,
};

use crate::bad;

const BATCH: u64 = 100;
/// Long enough for every case to notice.
const LONG: Duration = Duration::from_millis(1_500);

/// What a good plugin does not have: state beside its objects.
static COUNT: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Numbers;

impl Adapter for Numbers {
    fn meta(&self) -> AdapterMeta {
        let name = if bad("shouted-name") { "NUMBERS!" } else { "numbers" };
        let default = if bad("default-outside") { 0 } else { 250 };
        AdapterMeta::new(name, "Numbered rows")
            .with_option(OptionSpec::integer("rows", "How many rows there are").required())
            .with_option(
                OptionSpec::integer("first", "The first number").between(1, 1_000).default_value(default),
            )
            .can(AdapterCapability::Resume)
            .can(AdapterCapability::Fields)
            .can(AdapterCapability::Health)
            .can(AdapterCapability::Deletions)
    }

    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        check(request)?;
        let number = |name| request.options.number(name).ok().flatten().and_then(|n| u64::try_from(n).ok());
        let rows = number("rows").unwrap_or(0);
        let mut next = 0;
        if let Some(cursor) = &request.cursor {
            let read = cursor.parse();
            if bad("trusted-cursor") && read.is_err() {
                std::process::abort();
            }
            next = read.map_err(|_| Error::data("the cursor is not one of this source"))?;
            next += u64::from(bad("cursor-off-by-one"));
        }
        if bad("shared-place") {
            COUNT.store(next, SeqCst);
        }
        if bad("forced-secret") {
            // Without a broken host nobody has cancelled while a source opens.
            assert!(!host.cancelled(), "this cannot happen");
        }
        let opened = if bad("other-columns") { COUNT.fetch_add(1, SeqCst) } else { 0 };
        if bad("thread-left") {
            thread::spawn(|| thread::sleep(Duration::from_secs(3_600)));
        }
        Ok(Box::new(Rows { host: host.clone(), next, rows, opened, ended: false }))
    }

    fn fields(&self, request: &OpenRequest, _: &Host) -> Result<Vec<SourceField>, Error> {
        check(request)?;
        if bad("no-fields") {
            return Err(Error::config("this adapter cannot tell which fields a source has"));
        }
        Ok(vec![SourceField::new("number"), SourceField::new("name")])
    }

    fn health(&self, request: &OpenRequest, _: &Host) -> Result<Health, Error> {
        check(request)?;
        Ok(Health::new(HealthStatus::Ok, if bad("silent-health") { "" } else { "there are numbers enough" }))
    }

    fn deletions(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        check(request)?;
        if bad("deletions-with-all-columns") {
            return self.open(request, host);
        }
        Ok(Box::new(Deleted))
    }
}

fn check(request: &OpenRequest) -> Result<(), Error> {
    match check_options(&Numbers.meta().options, &request.options) {
        Err(error) if bad("unknown-option-taken") && error.message.contains("is not known") => Ok(()),
        Err(error) if bad("missing-option-taken") && error.message.ends_with("is missing") => Ok(()),
        Err(error) if bad("wrong-option-unnamed") && error.message.contains("must be") => {
            Err(Error::config("something is wrong"))
        }
        answer => answer,
    }
}

struct Rows {
    host: Host,
    next: u64,
    rows: u64,
    opened: u64,
    ended: bool,
}

impl Source for Rows {
    fn columns(&self) -> Vec<String> {
        let last = match self.opened {
            0 => "name".into(),
            n => format!("name{n}"),
        };
        vec!["number".into(), last]
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        if self.host.cancelled() {
            if bad("deaf") {
                thread::sleep(LONG);
            }
            return Err(Error::cancelled());
        }
        if bad("shared-place") {
            self.next = COUNT.load(SeqCst);
        }
        if bad("hangs") {
            thread::sleep(Duration::from_secs(3_600));
        }
        if self.rows == 0 && bad("empty-is-an-error") {
            return Err(Error::data("there is nothing to read"));
        }
        let batch = if bad("huge-batches") { 10_000 } else { BATCH };
        let end = (self.next + batch).min(self.rows);
        while self.next < end {
            self.next += 1;
            let number = self.next.to_string();
            let name = if bad("made-up") { COUNT.fetch_add(1, SeqCst).to_string() } else { "Ada".into() };
            let position = if bad("falling-positions") { self.rows - self.next + 1 } else { self.next };
            out.push_row(position, [Some(number.as_str()), Some(name.as_str())])?;
        }
        if out.batch().is_empty() && std::mem::replace(&mut self.ended, true) && bad("more-after-the-end") {
            out.push_row(0, [Some("1"), None])?;
        }
        if bad("shared-place") {
            COUNT.store(self.next, SeqCst);
        }
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        Some(self.next.to_string())
    }
}

struct Deleted;

impl Source for Deleted {
    fn columns(&self) -> Vec<String> {
        vec!["external_id".into()]
    }
    fn next(&mut self, _: &mut Extract) -> Result<(), Error> {
        Ok(())
    }
}
