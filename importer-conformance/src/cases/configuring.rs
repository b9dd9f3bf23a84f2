//! Giving options to whatever a plugin brings.

use importer_plugin::{Error, ErrorKind, OpenRequest, OptionSpec, Options};

use crate::case::{CaseResult, Stop, fail, skip};
use crate::listener::Listener;
use crate::subject::Subject;

/// Opens or makes the part with options, and closes it.
type Try = Box<dyn Fn(&Options) -> Result<(), Error>>;

/// A part that takes options.
pub(super) struct Configurable {
    what: String,
    pub(super) specs: Vec<OptionSpec>,
    pub(super) given: Options,
    attempt: Try,
}

/// All parts of the plugin.
pub(super) fn all(subject: &Subject) -> Result<Vec<Configurable>, Stop> {
    let origin = subject.origin()?;
    let description = origin.describe();
    let host = Listener::new(&subject.settings.secrets).host();
    let mut found = Vec::new();
    for meta in description.adapters {
        let (origin, host, name) = (origin.clone(), host.clone(), meta.name.clone());
        let attempt: Try = Box::new(move |options| {
            let adapter = origin.adapter(&name).ok_or_else(|| Error::bug("the adapter is gone"))?;
            let request = OpenRequest { options: options.clone(), ..OpenRequest::default() };
            adapter.open(&request, &host).map(drop)
        });
        let (given, what) =
            (subject.settings.adapter_options(&meta.name), format!("adapter `{}`", meta.name));
        found.push(Configurable { what, specs: meta.options, given, attempt });
    }
    for (at, meta) in description.rules.into_iter().enumerate() {
        let (origin, host) = (origin.clone(), host.clone());
        let attempt: Try = Box::new(move |options| origin.rules()[at].configure(options, &host));
        let (given, what) = (subject.settings.options_of(&meta.code), format!("rule `{}`", meta.code));
        found.push(Configurable { what, specs: meta.options, given, attempt });
    }
    for (at, meta) in description.set_rules.into_iter().enumerate() {
        let (origin, host) = (origin.clone(), host.clone());
        let attempt: Try = Box::new(move |options| origin.set_rules()[at].configure(options, &host));
        let (given, what) =
            (subject.settings.options_of(&meta.code), format!("set-level rule `{}`", meta.code));
        found.push(Configurable { what, specs: meta.options, given, attempt });
    }
    for (at, meta) in description.features.into_iter().enumerate() {
        let (origin, host) = (origin.clone(), host.clone());
        let attempt: Try = Box::new(move |options| origin.features()[at].configure(options, &host));
        let (given, what) =
            (subject.settings.options_of(&meta.name), format!("match feature `{}`", meta.name));
        found.push(Configurable { what, specs: meta.options, given, attempt });
    }
    if found.is_empty() { skip("the plugin brings nothing that takes options") } else { Ok(found) }
}

/// Demands that options are refused as a configuration that is wrong in `option`; in any when that is empty.
pub(super) fn refused(one: &Configurable, option: &str, options: &Options, what: &str) -> CaseResult {
    let whose = &one.what;
    let Err(error) = (one.attempt)(options) else {
        return fail(format!("{whose} takes {what} (`{option}`)"));
    };
    if error.kind != ErrorKind::Config {
        return fail(format!(
            "{whose} answers {what} (`{option}`) with an error of the kind {:?}",
            error.kind
        ));
    }
    let named = error.field.as_deref() == Some(option) || error.message.contains(option);
    if named {
        Ok(())
    } else {
        fail(format!("{whose} does not name the option when it refuses {what} (`{option}`)"))
    }
}
