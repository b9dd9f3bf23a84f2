//! How data lies in the body of a frame: numbers in little endian, texts and lists behind their length.

use std::time::Duration;

use importer_plugin::abi::{FlatError, RString};
use importer_plugin::{Batch, Error, Extract, Finding, SetFinding, Severity};

/// Why a body cannot be read.
pub(super) type Broken = &'static str;

const CUT_OFF: Broken = "it is cut off";
const NOT_UTF8: Broken = "a text is not UTF-8";
/// The row of a finding about the run as a whole.
const THE_WHOLE: u64 = u64::MAX;

pub(super) trait Put {
    fn number(&mut self, number: u64);
    fn bytes(&mut self, bytes: &[u8]);
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
    fn optional(&mut self, text: Option<&str>);
    fn batch(&mut self, batch: Batch);
    fn extract(&mut self, extract: Extract, cursor: Option<&str>);
    fn findings(&mut self, findings: &[Finding]);
    fn set_findings(&mut self, findings: &[SetFinding]);
    fn error(&mut self, error: Error);
}

impl Put for Vec<u8> {
    fn number(&mut self, number: u64) {
        self.extend_from_slice(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }

    fn optional(&mut self, text: Option<&str>) {
        self.push(u8::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn batch(&mut self, batch: Batch) {
        let (columns, text, offsets, valid) = batch.into_parts();
        self.reserve(text.len() + 4 * offsets.len() + valid.len() + 64);
        self.number(columns as u64);
        self.bytes(&text);
        self.number(offsets.len() as u64);
        self.extend(offsets.iter().flat_map(|end| end.to_le_bytes()));
        self.bytes(&valid);
    }

    fn extract(&mut self, extract: Extract, cursor: Option<&str>) {
        let (batch, positions, findings) = extract.into_parts();
        self.batch(batch);
        self.number(positions.len() as u64);
        self.extend(positions.iter().flat_map(|position| position.to_le_bytes()));
        self.findings(&findings);
        self.optional(cursor);
    }

    fn findings(&mut self, findings: &[Finding]) {
        self.number(findings.len() as u64);
        for finding in findings {
            self.number(finding.row as u64);
            self.push(severity_number(finding.severity));
            self.text(&finding.code);
            self.text(&finding.column);
            self.text(&finding.message);
        }
    }

    fn set_findings(&mut self, findings: &[SetFinding]) {
        self.number(findings.len() as u64);
        for finding in findings {
            self.number(finding.row.unwrap_or(THE_WHOLE));
            self.push(severity_number(finding.severity));
            self.text(&finding.code);
            self.text(&finding.column);
            self.text(&finding.message);
        }
    }

    fn error(&mut self, error: Error) {
        let (field, wait) = (error.field.clone(), error.retry_after);
        let flat = FlatError::from(error);
        self.push(flat.kind);
        self.number(wait.map_or(u64::MAX, |wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX - 1)));
        self.optional(field.as_deref());
        self.text(&flat.message);
    }
}

pub(super) fn severity_number(severity: Severity) -> u8 {
    importer_plugin::abi::flat_severity(severity)
}

/// A body that is being read; every step checks that there is something to read.
pub(super) struct Take<'a>(pub(super) &'a [u8]);

impl<'a> Take<'a> {
    pub(super) fn slice(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        self.slice(1).map(|byte| byte[0])
    }

    pub(super) fn number(&mut self) -> Result<u64, Broken> {
        let bytes = self.slice(8)?.try_into().map_err(|_| CUT_OFF)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn length(&mut self) -> Result<usize, Broken> {
        usize::try_from(self.number()?).map_err(|_| CUT_OFF)
    }

    /// A list of as many items of `size` bytes as it says.
    fn list(&mut self, size: usize) -> Result<&'a [u8], Broken> {
        let count = self.length()?;
        self.slice(count.checked_mul(size).ok_or(CUT_OFF)?)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        self.list(1)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Broken> {
        std::str::from_utf8(self.bytes()?).map_err(|_| NOT_UTF8)
    }

    pub(super) fn optional(&mut self) -> Result<Option<&'a str>, Broken> {
        let there = self.byte()? != 0;
        let text = self.text()?;
        Ok(there.then_some(text))
    }

    /// `Batch::from_parts` checks what the parts promise each other.
    pub(super) fn batch(&mut self) -> Result<Batch, Broken> {
        let columns = self.length()?;
        let text = self.bytes()?.to_vec();
        let offsets = self.list(4)?.as_chunks().0.iter().map(|end| u32::from_le_bytes(*end)).collect();
        let valid = self.bytes()?.to_vec();
        Batch::from_parts(columns, text, offsets, valid).map_err(|_| "the parts of a batch do not fit")
    }

    pub(super) fn extract(&mut self) -> Result<(Extract, Option<String>), Broken> {
        let batch = self.batch()?;
        let positions = self.list(8)?.as_chunks().0.iter().map(|at| u64::from_le_bytes(*at)).collect();
        let findings = self.findings()?;
        let cursor = self.optional()?.map(str::to_owned);
        let extract = Extract::from_parts(batch, positions, findings);
        Ok((extract.map_err(|_| "rows, positions and findings do not fit")?, cursor))
    }

    pub(super) fn findings(&mut self) -> Result<Vec<Finding>, Broken> {
        let count = self.number()?;
        let mut found = Vec::new();
        for _ in 0..count {
            found.push(Finding {
                row: usize::try_from(self.number()?).unwrap_or(usize::MAX),
                severity: self.severity()?,
                code: self.text()?.into(),
                column: self.text()?.into(),
                message: self.text()?.into(),
            });
        }
        Ok(found)
    }

    pub(super) fn set_findings(&mut self) -> Result<Vec<SetFinding>, Broken> {
        let count = self.number()?;
        let mut found = Vec::new();
        for _ in 0..count {
            found.push(SetFinding {
                row: Some(self.number()?).filter(|row| *row != THE_WHOLE),
                severity: self.severity()?,
                code: self.text()?.into(),
                column: self.text()?.into(),
                message: self.text()?.into(),
            });
        }
        Ok(found)
    }

    pub(super) fn levels(&mut self) -> Result<Vec<i16>, Broken> {
        Ok(self.list(2)?.as_chunks().0.iter().map(|level| i16::from_le_bytes(*level)).collect())
    }

    pub(super) fn severity(&mut self) -> Result<Severity, Broken> {
        // Uncertainty goes to quarantine.
        Ok([Severity::Info, Severity::Warning]
            .get(usize::from(self.byte()?))
            .copied()
            .unwrap_or(Severity::Error))
    }

    pub(super) fn error(&mut self) -> Result<Error, Broken> {
        let kind = self.byte()?;
        let wait = Some(self.number()?).filter(|wait| *wait != u64::MAX);
        let field = self.optional()?.map(str::to_owned);
        let message = RString::from(self.text()?);
        let flat = FlatError { kind, retry_after_ms: None.into(), field: None.into(), message };
        Ok(Error { retry_after: wait.map(Duration::from_millis), field, ..flat.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use importer_plugin::ErrorKind;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_extract_survives_the_wire(
            rows in prop::collection::vec((any::<u64>(), prop::array::uniform2(prop::option::of(".*"))), 0..20),
            cursor in prop::option::of(".*"),
        ) {
            let mut extract = Extract::new(2);
            for (position, cells) in &rows {
                extract.push_row(*position, cells.iter().map(Option::as_deref)).unwrap();
                extract.report("SRC-001", Severity::Warning, "odd");
            }
            let mut wire = Vec::new();
            wire.extract(extract, cursor.as_deref());
            let (back, back_cursor) = Take(&wire).extract().unwrap();
            prop_assert_eq!(back_cursor, cursor);
            prop_assert_eq!((back.batch().rows(), back.findings().len()), (rows.len(), rows.len()));
            for (r, (position, cells)) in rows.iter().enumerate() {
                prop_assert_eq!(back.position(r), *position);
                for (c, cell) in cells.iter().enumerate() {
                    prop_assert_eq!(back.batch().get(r, c), cell.as_deref());
                }
            }
            for cut in 0..wire.len() {
                prop_assert!(Take(&wire[..cut]).extract().is_err());
            }
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Take(&bytes).extract();
            let _ = Take(&bytes).findings();
            let _ = Take(&bytes).set_findings();
            let _ = Take(&bytes).levels();
            let _ = Take(&bytes).error();
        }
    }

    #[test]
    fn an_error_survives_the_wire() {
        let error = Error::new(ErrorKind::RateLimited, "slower")
            .in_field("token")
            .retry_after(Duration::from_secs(9));
        for error in [error, Error::bug("a panic")] {
            let mut wire = Vec::new();
            wire.error(error.clone());
            assert_eq!(Take(&wire).error().unwrap(), error);
        }
    }

    #[test]
    fn a_finding_about_the_run_stays_one() {
        let finding = |row| SetFinding {
            row,
            code: "SET-401".into(),
            column: String::new(),
            severity: Severity::Error,
            message: "too few".into(),
        };
        let found = [finding(None), finding(Some(3))];
        let mut wire = Vec::new();
        wire.set_findings(&found);
        assert_eq!(Take(&wire).set_findings().unwrap(), found);
    }
}
