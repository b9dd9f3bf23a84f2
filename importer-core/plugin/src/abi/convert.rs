//! From the plain types to what crosses the boundary, and back.

use std::time::Duration;

use importer_plugin_abi::{FlatBatch, FlatError, FlatExtract, FlatFinding, FlatOpen, RString, THE_WHOLE};

use crate::{Batch, Error, ErrorKind, Extract, Finding, OpenRequest, Options, SetFinding, Severity};

impl From<Batch> for FlatBatch {
    fn from(batch: Batch) -> Self {
        let (columns, text, offsets, valid) = batch.into_parts();
        Self { columns: columns as u64, text: text.into(), offsets: offsets.into(), valid: valid.into() }
    }
}

impl TryFrom<FlatBatch> for Batch {
    type Error = Error;

    /// Checks every promise of the layout once.
    fn try_from(flat: FlatBatch) -> Result<Self, Error> {
        Self::from_parts(columns(&flat)?, flat.text.into(), flat.offsets.into(), flat.valid.into())
    }
}

/// Copies what came over the boundary into the memory of `batch` and checks every promise of the layout once.
///
/// # Errors
/// When the parts do not fit each other; `batch` has no rows then.
pub(crate) fn refill(batch: &mut Batch, flat: &FlatBatch) -> Result<(), Error> {
    batch.refill(columns(flat)?, &flat.text, &flat.offsets, &flat.valid)
}

fn columns(flat: &FlatBatch) -> Result<usize, Error> {
    usize::try_from(flat.columns).map_err(|_| Error::bug("a batch with too many columns"))
}

/// A severity as a number.
pub fn flat_severity(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
    }
}

/// An unknown severity of a newer side is taken as the worst: uncertainty goes to quarantine.
pub(crate) fn severity(number: u8) -> Severity {
    match number {
        0 => Severity::Info,
        1 => Severity::Warning,
        _ => Severity::Error,
    }
}

impl From<Finding> for FlatFinding {
    fn from(finding: Finding) -> Self {
        Self {
            row: finding.row as u64,
            severity: flat_severity(finding.severity),
            code: finding.code.into(),
            column: finding.column.into(),
            message: finding.message.into(),
        }
    }
}

impl From<FlatFinding> for Finding {
    fn from(flat: FlatFinding) -> Self {
        Self {
            row: usize::try_from(flat.row).unwrap_or(usize::MAX),
            severity: severity(flat.severity),
            code: flat.code.into(),
            column: flat.column.into(),
            message: flat.message.into(),
        }
    }
}

/// A finding about a run.
pub(crate) fn flat_set_finding(finding: SetFinding) -> FlatFinding {
    FlatFinding {
        row: finding.row.unwrap_or(THE_WHOLE),
        severity: flat_severity(finding.severity),
        code: finding.code.into(),
        column: finding.column.into(),
        message: finding.message.into(),
    }
}

/// A finding about a run.
pub fn set_finding(flat: FlatFinding) -> SetFinding {
    SetFinding {
        row: (flat.row != THE_WHOLE).then_some(flat.row),
        severity: severity(flat.severity),
        code: flat.code.into(),
        column: flat.column.into(),
        message: flat.message.into(),
    }
}

/// Takes an extract apart; `cursor` is where the source stands after it.
pub(crate) fn flat_extract(extract: Extract, cursor: Option<String>) -> FlatExtract {
    let (batch, positions, findings) = extract.into_parts();
    FlatExtract {
        batch: batch.into(),
        positions: positions.into(),
        findings: findings.into_iter().map(Into::into).collect(),
        cursor: cursor.map(RString::from).into(),
    }
}

/// Checks the parts of an extract, puts them together in the memory of `out` and returns the cursor.
///
/// # Errors
/// When they do not fit; `out` has no rows then.
pub fn extract(flat: FlatExtract, out: &mut Extract) -> Result<Option<String>, Error> {
    let findings = flat.findings.into_iter().map(Into::into).collect();
    out.refill(&flat.positions, findings, |batch| refill(batch, &flat.batch))?;
    Ok(flat.cursor.into_option().map(Into::into))
}

impl From<&OpenRequest> for FlatOpen {
    fn from(request: &OpenRequest) -> Self {
        Self {
            options: request.options.to_json().into(),
            cursor: request.cursor.clone().map(RString::from).into(),
            since: request.since.clone().map(RString::from).into(),
        }
    }
}

pub(crate) fn open_request(flat: FlatOpen) -> Result<OpenRequest, Error> {
    Ok(OpenRequest {
        options: Options::from_json(&flat.options)?,
        cursor: flat.cursor.into_option().map(Into::into),
        since: flat.since.into_option().map(Into::into),
    })
}

const KINDS: [ErrorKind; 7] = [
    ErrorKind::Config,
    ErrorKind::Auth,
    ErrorKind::RateLimited,
    ErrorKind::Transient,
    ErrorKind::Data,
    ErrorKind::Bug,
    ErrorKind::Cancelled,
];

impl From<Error> for FlatError {
    fn from(error: Error) -> Self {
        let kind = KINDS.iter().position(|&k| k == error.kind).and_then(|k| u8::try_from(k).ok());
        Self {
            kind: kind.unwrap_or(u8::MAX),
            retry_after_ms: error
                .retry_after
                .map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
                .into(),
            field: error.field.map(RString::from).into(),
            message: error.message.into(),
        }
    }
}

impl From<FlatError> for Error {
    fn from(flat: FlatError) -> Self {
        Self {
            kind: KINDS.get(usize::from(flat.kind)).copied().unwrap_or(ErrorKind::Bug),
            retry_after: flat.retry_after_ms.into_option().map(Duration::from_millis),
            field: flat.field.into_option().map(Into::into),
            message: flat.message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_survive_the_flat_form() {
        for kind in KINDS {
            let error =
                Error::new(kind, "what happened").in_field("file").retry_after(Duration::from_secs(3));
            assert_eq!(Error::from(FlatError::from(error.clone())), error);
        }
    }

    #[test]
    fn findings_survive_the_flat_form() {
        for severity in [Severity::Info, Severity::Warning, Severity::Error] {
            let finding = Finding {
                row: 4,
                code: "FMT-101".into(),
                column: "email".into(),
                severity,
                message: "no @".into(),
            };
            assert_eq!(Finding::from(FlatFinding::from(finding.clone())), finding);
        }
    }
}
