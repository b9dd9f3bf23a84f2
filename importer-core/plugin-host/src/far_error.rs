use importer_plugin::{Error, ErrorKind};

/// An error from the far side. Faults of the plugin itself name it: nobody else can repair them.
pub(super) fn named(plugin: &str, error: Error) -> Error {
    if error.kind != ErrorKind::Bug {
        return error;
    }
    let message = format!("plugin `{plugin}`: {}", error.message);
    Error { message, ..error }
}

/// A broken promise of the plugin.
pub(super) fn bug(plugin: &str, what: impl std::fmt::Display) -> Error {
    named(plugin, Error::bug(what.to_string()))
}
