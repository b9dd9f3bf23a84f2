//! Plugins: which there are, and whether they may be loaded.

#[cfg(feature = "plugins")]
use std::path::Path;
#[cfg(feature = "plugins")]
use std::sync::Arc;
use std::sync::{MutexGuard, PoisonError};

use importer_core::plugins::PluginInfo;
use importer_core::{Error, ErrorKind, Result};
use importer_plugin::{Adapter, AdapterCapability, Health, Host, OpenRequest, Options, SourceField};
#[cfg(feature = "plugins")]
use importer_plugin_host::LoadedPlugin;

use crate::Importer;
use crate::builder::Plugins;

impl Importer {
    /// Returns the plugins that are linked into the program, then those that were loaded from files.
    ///
    /// ```
    /// let csv = importer_adapter_csv::plugin();
    /// let importer = importer::Importer::builder().without_database().plugin(csv).build()?;
    /// let plugins = importer.plugins();
    /// assert_eq!((plugins[0].id.as_str(), plugins[0].origin, plugins[0].verified), ("csv", "static", true));
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn plugins(&self) -> Vec<PluginInfo> {
        self.lock_plugins().infos()
    }

    /// Loads a plugin file under the trust policy, so that its rules and match features take part in runs.
    ///
    /// Returns the loaded plugin. A file that is loaded already is not loaded again.
    ///
    /// ```
    /// use importer::ErrorKind;
    ///
    /// let importer = importer::Importer::builder().without_database().build()?;
    /// let error = importer.load_plugin("/nowhere/libcrm.so".as_ref()).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Plugin);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the file is refused; the message says why.
    #[cfg(feature = "plugins")]
    pub fn load_plugin(&self, file: &Path) -> Result<Arc<LoadedPlugin>> {
        self.lock_plugins().load_file(file)
    }

    /// Loads every plugin file that the discovery names, so that its rules and match features take part in runs.
    ///
    /// ```
    /// use importer::plugin_host::{Discovery, TrustPolicy};
    ///
    /// let discovery = Discovery::new(TrustPolicy::default()).file("/nowhere/libcrm.so");
    /// let importer = importer::Importer::builder().without_database().discovery(discovery).build()?;
    /// assert!(importer.load_given_plugins().is_err(), "there is no such file");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When one of them is refused; those before it stay loaded.
    #[cfg(feature = "plugins")]
    pub fn load_given_plugins(&self) -> Result<()> {
        self.lock_plugins().load_given_files()
    }

    /// Asks the adapter of a source which fields the source has, such as the columns of a file.
    ///
    /// The options are those of a run of this source. Nothing is read into the database.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let options = importer::plugin::Options::default().with("file", file.to_str().unwrap());
    /// let fields = importer.source_fields("csv", &options)?;
    /// assert_eq!((fields.len(), fields[1].name.as_str()), (4, "first_name"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the adapter cannot tell, the options do not fit, a secret is missing, or the source cannot be asked.
    pub fn source_fields(&self, source: &str, options: &Options) -> Result<Vec<SourceField>> {
        self.ask(source, options, AdapterCapability::Fields, "tell the fields of a source", |a, r, h| {
            a.fields(r, h)
        })
    }

    /// Asks the adapter of a source whether the source can be reached, for how long, and how many calls it still takes.
    ///
    /// The options are those of a run of this source. Only some adapters can tell, such as those of web services.
    ///
    /// ```
    /// use importer::ErrorKind;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let options = importer::plugin::Options::default().with("file", file.to_str().unwrap());
    /// let error = importer.source_health("csv", &options).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config, "a file has no health");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the adapter cannot tell, the options do not fit, or a secret is missing.
    pub fn source_health(&self, source: &str, options: &Options) -> Result<Health> {
        self.ask(source, options, AdapterCapability::Health, "tell how a source is", |a, r, h| a.health(r, h))
    }

    fn ask<T>(
        &self,
        source: &str,
        options: &Options,
        capability: AdapterCapability,
        what: &'static str,
        question: impl Fn(&dyn Adapter, &OpenRequest, &Host) -> Result<T, importer_plugin::Error>,
    ) -> Result<T> {
        let adapter = self.lock_plugins().adapter(source)?;
        // What an adapter cannot do needs no right options to be told.
        if !adapter.0.meta().capabilities.contains(&capability) {
            let message = format!("the adapter `{source}` cannot do that");
            return Err(Error::new(ErrorKind::Config, what, message).at("plugin", &adapter.1.id));
        }
        let (adapter, plugin) = self.adapter(source, options)?;
        let _in_use = self.plugins_in_use(&plugin, &format!("question to `{source}`"))?;
        let request = OpenRequest { options: options.clone(), ..OpenRequest::default() };
        question(adapter.as_ref(), &request, &self.host())
            .map_err(|error| Error::from_plugin(&plugin.id, what, error))
    }

    pub(crate) fn lock_plugins(&self) -> MutexGuard<'_, Plugins> {
        // The set is changed in one step, so a panic of another thread leaves it whole.
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
