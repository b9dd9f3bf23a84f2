use importer_plugin_abi::{
    CheckResult, CreateRuleResult, FlatBatch, FlatFinding, FlatHost, FlatRule, RString, RVec,
};

use super::{answer, flat};
use crate::abi::convert::{refill, severity};
use crate::abi::guard::Guarded;
use crate::{Batch, Error, Findings, Host, Options, Plugin, Rule};

/// Answers `create` of `import.rule/1`.
pub fn create_rule(plugin: fn() -> Plugin, code: &str, options: RString, host: FlatHost) -> CreateRuleResult {
    answer(|| {
        let found = plugin().find_rule(code);
        let mut rule = found.ok_or_else(|| Error::config(format!("there is no rule `{code}` here")))?;
        rule.configure(&Options::from_json(&options)?, &Host::from(host))?;
        let meta = rule.meta();
        let columns = (0..meta.columns.len()).collect();
        let checking = Checking { rule, code: meta.code.into_owned(), columns, rows: Batch::default() };
        Ok(FlatRule { handle: Guarded::<Checking>::into_handle(Box::new(checking)), check, close })
    })
}

struct Checking {
    rule: Box<dyn Rule>,
    code: String,
    columns: Vec<usize>,
    /// Its memory is used again for every batch.
    rows: Batch,
}

extern "C" fn check(handle: *mut (), batch: FlatBatch, of: u8) -> CheckResult {
    // SAFETY: the host gives back the handle of `create_rule`, one call at a time, and never after `close`.
    flat(unsafe {
        Guarded::<Checking>::call(handle, |checking| {
            refill(&mut checking.rows, &batch)?;
            let mut findings = Findings::new();
            findings.of(&checking.code, severity(of));
            checking.rule.check_batch(&checking.rows, &checking.columns, &mut findings)?;
            Ok(findings.take().into_iter().map(FlatFinding::from).collect::<RVec<_>>())
        })
    })
}

extern "C" fn close(handle: *mut ()) {
    // SAFETY: as in `check`; the host closes once.
    unsafe { Guarded::<Checking>::close(handle) }
}
