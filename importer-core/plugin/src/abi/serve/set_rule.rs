use importer_plugin_abi::{
    CheckResult, CreateSetRuleResult, FlatBatch, FlatFinding, FlatHost, FlatSetRule, ObserveResult, RString,
    RVec,
};

use super::{answer, flat};
use crate::abi::convert::{flat_set_finding, severity};
use crate::abi::guard::Guarded;
use crate::{Batch, Error, Host, Options, Plugin, SetFindings, SetRule};

/// Answers `create` of `import.set-rule/1`.
pub fn create_set_rule(
    plugin: fn() -> Plugin,
    code: &str,
    options: RString,
    host: FlatHost,
) -> CreateSetRuleResult {
    answer(|| {
        let found = plugin().find_set_rule(code);
        let mut rule =
            found.ok_or_else(|| Error::config(format!("there is no set-level rule `{code}` here")))?;
        rule.configure(&Options::from_json(&options)?, &Host::from(host))?;
        let observing = Observing { code: rule.meta().code.into_owned(), rule };
        Ok(FlatSetRule {
            handle: Guarded::<Observing>::into_handle(Box::new(observing)),
            observe,
            finish,
            close,
        })
    })
}

struct Observing {
    rule: Box<dyn SetRule>,
    code: String,
}

extern "C" fn observe(handle: *mut (), batch: FlatBatch) -> ObserveResult {
    // SAFETY: the host gives back the handle of `create_set_rule`, one call at a time, and never after `close`.
    flat(unsafe {
        Guarded::<Observing>::call(handle, |observing| {
            let batch = Batch::try_from(batch)?;
            observing.rule.observe(&batch)?;
            Ok(batch.rows() as u64)
        })
    })
}

extern "C" fn finish(handle: *mut (), of: u8) -> CheckResult {
    // SAFETY: as in `observe`.
    flat(unsafe {
        Guarded::<Observing>::call(handle, |observing| {
            let mut findings = SetFindings::new(&observing.code, severity(of));
            observing.rule.finish(&mut findings)?;
            Ok(findings.take().into_iter().map(flat_set_finding).collect::<RVec<FlatFinding>>())
        })
    })
}

extern "C" fn close(handle: *mut ()) {
    // SAFETY: as in `observe`; the host closes once.
    unsafe { Guarded::<Observing>::close(handle) }
}
