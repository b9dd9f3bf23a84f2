//! The sample plugins and the templates, built by cargo as an author would build them, and used as a host would.

mod built;
mod isolated;
mod linked;
mod loaded;
mod templates;
