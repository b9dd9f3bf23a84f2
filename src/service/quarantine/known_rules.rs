//! Codes of rules that people type: one that is none would find nothing, or exempt from nothing, without a word.

use importer_core::ports::{Session, ViolationFilter};
use importer_core::{Error, ErrorKind, Result};

use crate::Importer;

impl Importer {
    /// Nothing, if there are rules of these codes: built in, of plugins or of the suite, of adapters, or of findings that are
    /// stored, whose plugin need not be there any more.
    ///
    /// # Errors
    /// When there is no rule of a code, or the database fails.
    pub(crate) fn known_rules<'a>(
        &self,
        session: &mut dyn Session,
        entity: &str,
        codes: impl IntoIterator<Item = &'a str>,
        operation: &'static str,
    ) -> Result<()> {
        let codes: Vec<&str> = codes.into_iter().collect();
        if codes.is_empty() {
            return Ok(());
        }
        let built_in = importer_dq::catalogue().into_iter().chain(importer_dq::set_catalogue());
        let mut known: Vec<String> = built_in.map(|rule| rule.code.into_owned()).collect();
        if codes.iter().all(|code| is_of_adapter(code) || known.iter().any(|k| k == code)) {
            return Ok(());
        }
        // A suite that does not fit is told of where it judges; here it knows no further codes.
        let of_suite = self.rules(entity, "").unwrap_or_default();
        known.extend(of_suite.into_iter().map(|entry| entry.rule.code.into_owned()));
        for code in codes {
            if !is_of_adapter(code) && !known.iter().any(|k| k == code) && !is_stored(session, code)? {
                return Err(unknown(code, known, operation));
            }
        }
        Ok(())
    }
}

/// Adapters do not say beforehand what they find.
fn is_of_adapter(code: &str) -> bool {
    let number = code.strip_prefix("SRC-");
    number.is_some_and(|number| number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()))
}

fn is_stored(session: &mut dyn Session, code: &str) -> Result<bool> {
    // Unless asked for by status, findings of dry runs are not listed.
    for status in [None, Some("preview".to_owned())] {
        let filter = ViolationFilter { rule: Some(code.into()), status, limit: 1, ..Default::default() };
        if !session.violations(&filter)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unknown(code: &str, mut known: Vec<String>, operation: &'static str) -> Error {
    known.sort();
    known.dedup();
    let near: Vec<String> = known.iter().filter(|k| is_near(code, k)).map(|k| format!("`{k}`")).collect();
    let hint = match near.is_empty() {
        false => format!("did you mean {}?", near.join(" or ")),
        true => format!(
            "the rules are {}; others come from plugins, which must be loaded first",
            known.join(", ")
        ),
    };
    Error::new(ErrorKind::Config, operation, "there is no such rule").at("rule", code).hint(hint)
}

/// Whether a code is probably a slip of the pen: letter case, a sign left out, or two characters at most that differ.
fn is_near(code: &str, known: &str) -> bool {
    let plain = |code: &str| -> Vec<char> {
        code.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
    };
    let (code, known) = (plain(code), plain(known));
    code.len() == known.len() && code.iter().zip(&known).filter(|(a, b)| a != b).count() <= 2
}
