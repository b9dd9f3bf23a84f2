//! The plugin under check, as the cases see it.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use importer_plugin::{
    Adapter, Feature, Host, OpenRequest, OptionSpec, Options, Plugin, Rule, SetRule, Source,
};
use importer_plugin_host::{LoadedPlugin, Origin, TrustPolicy, load_file};

use crate::case::{Stop, skip};
use crate::listener::Listener;
use crate::settings::{Settings, merged};

enum Way {
    File(PathBuf),
    Linked(Plugin),
}

/// A plugin and how to use it. Each case has a fresh one.
pub(crate) struct Subject {
    way: Way,
    pub(crate) settings: Settings,
    loaded: OnceCell<Result<Arc<LoadedPlugin>, String>>,
}

/// An adapter that can be opened with the options given.
pub(crate) struct Readable {
    pub(crate) name: String,
    pub(crate) adapter: Box<dyn Adapter>,
    pub(crate) request: OpenRequest,
    pub(crate) listener: Arc<Listener>,
}

impl Readable {
    /// Opens the source; when it cannot be opened that is the finding of the case `reads` and of no other.
    pub(crate) fn open(&self) -> Result<Box<dyn Source>, Stop> {
        self.open_at(None)
    }

    pub(crate) fn open_at(&self, cursor: Option<String>) -> Result<Box<dyn Source>, Stop> {
        let request = OpenRequest { cursor, ..self.request.clone() };
        self.adapter.open(&request, &self.listener.host()).map_err(|error| self.unreadable(&error))
    }

    pub(crate) fn unreadable(&self, _error: &importer_plugin::Error) -> Stop {
        Stop::Skipped(format!("adapter `{}` cannot be read to its end; see `reads`", self.name))
    }
}

impl Subject {
    pub(crate) fn file(path: &Path, settings: &Settings) -> Self {
        Self { way: Way::File(path.into()), settings: settings.clone(), loaded: OnceCell::new() }
    }

    pub(crate) fn linked(plugin: Plugin, settings: &Settings) -> Self {
        Self { way: Way::Linked(plugin), settings: settings.clone(), loaded: OnceCell::new() }
    }

    /// The file, for cases about files.
    pub(crate) fn path(&self) -> Result<&Path, Stop> {
        match &self.way {
            Way::File(path) => Ok(path),
            Way::Linked(_) => skip("the plugin is linked, and this needs a file"),
        }
    }

    /// The loaded plugin, or why it cannot be loaded.
    pub(crate) fn load(&self) -> Result<Result<Arc<LoadedPlugin>, String>, Stop> {
        let path = self.path()?;
        let load = || load_file(path, &TrustPolicy::allow_everything()).map_err(|error| error.to_string());
        Ok(self.loaded.get_or_init(load).clone())
    }

    /// The loaded plugin, for cases that look behind the traits.
    pub(crate) fn loaded(&self) -> Result<Arc<LoadedPlugin>, Stop> {
        self.load()?.or_else(|_| skip("the plugin cannot be loaded; see `loads`"))
    }

    /// The plugin behind the traits a host uses.
    pub(crate) fn origin(&self) -> Result<Origin, Stop> {
        match &self.way {
            Way::File(_) => self.loaded().map(Origin::Loaded),
            Way::Linked(plugin) => Ok(Origin::Static(plugin.clone())),
        }
    }

    /// All adapters.
    pub(crate) fn adapters(&self) -> Result<Vec<Readable>, Stop> {
        let origin = self.origin()?;
        let names: Vec<String> = origin.describe().adapters.into_iter().map(|meta| meta.name).collect();
        if names.is_empty() {
            return skip("the plugin brings no adapter");
        }
        let readable = |name: String| {
            let adapter = origin.adapter(&name)?;
            let options = self.settings.adapter_options(&name);
            let request = OpenRequest { options, ..OpenRequest::default() };
            Some(Readable { name, adapter, request, listener: Listener::new(&self.settings.secrets) })
        };
        Ok(names.into_iter().filter_map(readable).collect())
    }

    /// The adapters whose required options are given.
    pub(crate) fn readable(&self) -> Result<Vec<Readable>, Stop> {
        let mut wanted = String::new();
        let mut found = self.adapters()?;
        found.retain(|readable| {
            let missing = missing(&readable.adapter.meta().options, &readable.request.options);
            if let Some(option) = &missing {
                wanted = format!("adapter `{}` needs a value for its option `{option}`", readable.name);
            }
            missing.is_none()
        });
        if found.is_empty() { skip(wanted) } else { Ok(found) }
    }

    /// The adapters, with the options of a source without rows.
    pub(crate) fn empty(&self) -> Result<Vec<Readable>, Stop> {
        let mut found = self.adapters()?;
        if self.settings.empty.is_empty() {
            return skip(
                "no source without rows is known: set the options that select one (`Settings::empty`)",
            );
        }
        for readable in &mut found {
            readable.request.options = merged(&readable.request.options, &self.settings.empty);
        }
        Ok(found)
    }

    /// The rules, configured as far as options are known.
    pub(crate) fn rules(&self) -> Result<Vec<Box<dyn Rule>>, Stop> {
        self.configured(self.origin()?.rules(), "rule", "CODE", |rule, host| {
            rule.configure(&self.settings.options_of(&rule.meta().code), host).is_ok()
        })
    }

    /// The set-level rules, configured as far as options are known.
    pub(crate) fn set_rules(&self) -> Result<Vec<Box<dyn SetRule>>, Stop> {
        self.configured(self.origin()?.set_rules(), "set-level rule", "CODE", |rule, host| {
            rule.configure(&self.settings.options_of(&rule.meta().code), host).is_ok()
        })
    }

    /// The match features, configured as far as options are known.
    pub(crate) fn features(&self) -> Result<Vec<Box<dyn Feature>>, Stop> {
        self.configured(self.origin()?.features(), "match feature", "FEATURE", |feature, host| {
            feature.configure(&self.settings.options_of(&feature.meta().name), host).is_ok()
        })
    }

    /// Those that could be configured; `named` is how options say which one they are for.
    fn configured<T>(
        &self,
        mut all: Vec<T>,
        what: &str,
        named: &str,
        configure: impl Fn(&mut T, &Host) -> bool,
    ) -> Result<Vec<T>, Stop> {
        if all.is_empty() {
            return skip(format!("the plugin brings no {what}"));
        }
        let host = Listener::new(&self.settings.secrets).host();
        all.retain_mut(|one| configure(one, &host));
        if all.is_empty() {
            skip(format!("no {what} can be configured: set options for `{named}`"))
        } else {
            Ok(all)
        }
    }
}

/// The first required option that is not given.
fn missing(specs: &[OptionSpec], options: &Options) -> Option<String> {
    let required = specs.iter().filter(|spec| spec.required && !spec.secret);
    required.map(|spec| &spec.name).find(|name| options.get(name).is_none()).cloned()
}
