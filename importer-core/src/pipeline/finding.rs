//! From what was found about a row to what is written.

use importer_plugin::Severity;

use crate::ports::{RowId, Violation};

/// A row that something was found about: its name, its bytes as received and as normalised.
pub(super) struct About<'a> {
    pub(super) system: &'a str,
    pub(super) external_id: &'a str,
    pub(super) staging_id: RowId,
    pub(super) position: i64,
    /// JSON.
    pub(super) raw: &'a str,
    /// JSON.
    pub(super) normalised: &'a str,
}

impl About<'_> {
    /// The finding with everything that is needed to judge it where it is shown.
    pub(super) fn violation(&self, code: &str, severity: Severity, field: &str, message: &str) -> Violation {
        let Self { system, external_id, staging_id, position, raw, normalised } = self;
        Violation {
            staging_id: *staging_id,
            record_key: format!("{system}:{external_id}"),
            rule_code: code.to_owned(),
            severity,
            field: field.to_owned(),
            message: message.to_owned(),
            details_json: format!(r#"{{"position":{position},"raw":{raw},"normalised":{normalised}}}"#),
        }
    }
}
