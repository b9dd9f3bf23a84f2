//! Owned data that crosses the boundary, and its conversion from and to the plain types.

use std::time::Duration;

use abi_stable::StableAbi;
use abi_stable::std_types::{ROption, RString, RVec};

use crate::{Batch, Error, ErrorKind, Extract, Finding, OpenRequest, Options, Severity};

/// A [`Batch`] in parts.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatBatch {
    columns: u64,
    text: RVec<u8>,
    offsets: RVec<u32>,
    valid: RVec<u8>,
}

impl From<Batch> for FlatBatch {
    fn from(batch: Batch) -> Self {
        let (columns, text, offsets, valid) = batch.into_parts();
        Self { columns: columns as u64, text: text.into(), offsets: offsets.into(), valid: valid.into() }
    }
}

impl FlatBatch {
    /// Checks every promise of the layout once.
    pub fn into_batch(self) -> Result<Batch, Error> {
        let columns =
            usize::try_from(self.columns).map_err(|_| Error::bug("a batch with too many columns"))?;
        Batch::from_parts(columns, self.text.into(), self.offsets.into(), self.valid.into())
    }
}

/// A [`Finding`].
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatFinding {
    row: u64,
    severity: u8,
    code: RString,
    column: RString,
    message: RString,
}

impl From<Finding> for FlatFinding {
    fn from(finding: Finding) -> Self {
        Self {
            row: finding.row as u64,
            severity: match finding.severity {
                Severity::Info => 0,
                Severity::Warning => 1,
                Severity::Error => 2,
            },
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
            // An unknown severity of a newer plugin is taken as the worst: uncertainty goes to quarantine.
            severity: match flat.severity {
                0 => Severity::Info,
                1 => Severity::Warning,
                _ => Severity::Error,
            },
            code: flat.code.into(),
            column: flat.column.into(),
            message: flat.message.into(),
        }
    }
}

/// The answer of one call of a source: an [`Extract`] and the cursor after it.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatExtract {
    batch: FlatBatch,
    positions: RVec<u64>,
    findings: RVec<FlatFinding>,
    cursor: ROption<RString>,
}

impl FlatExtract {
    /// Takes the parts of an extract.
    pub fn new(extract: Extract, cursor: Option<String>) -> Self {
        let (batch, positions, findings) = extract.into_parts();
        Self {
            batch: batch.into(),
            positions: positions.into(),
            findings: findings.into_iter().map(Into::into).collect(),
            cursor: cursor.map(RString::from).into(),
        }
    }

    /// Checks and puts the parts together.
    pub fn into_extract(self) -> Result<(Extract, Option<String>), Error> {
        let findings = self.findings.into_iter().map(Into::into).collect();
        let extract = Extract::from_parts(self.batch.into_batch()?, self.positions.into(), findings)?;
        Ok((extract, self.cursor.into_option().map(Into::into)))
    }
}

/// An [`OpenRequest`].
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatOpen {
    options: RString,
    cursor: ROption<RString>,
    since: ROption<RString>,
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

impl FlatOpen {
    pub(crate) fn into_request(self) -> Result<OpenRequest, Error> {
        Ok(OpenRequest {
            options: Options::from_json(&self.options)?,
            cursor: self.cursor.into_option().map(Into::into),
            since: self.since.into_option().map(Into::into),
        })
    }
}

/// An [`Error`]; frozen.
#[repr(C)]
#[derive(StableAbi)]
pub struct FlatError {
    kind: u8,
    retry_after_ms: ROption<u64>,
    field: ROption<RString>,
    message: RString,
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
