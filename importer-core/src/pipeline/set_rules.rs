//! Set-level rules at the gate: all clean rows of the run, read back batch by batch, whether the run was interrupted or not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use importer_plugin::{Batch, SetFinding, Severity};

use super::clean_rows::{self, Visit, Which};
use super::context::RunContext;
use super::finding::About;
use super::report::SetVerdict;
use super::working::{Working, millis};
use super::{Anomaly, payload};
use crate::Result;
use crate::ports::{CleanRow, LandingWrite, Phase, RowId, Session, StagedRow, Violation};

/// Judges the rows of a run that has landed them all. What is found about rows is stored with them in the transaction
/// that notes that the judgement was made.
pub(super) fn judge(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &mut Working,
) -> Result<SetVerdict> {
    if let Some(verdict) = &work.metrics.set_verdict {
        return Ok(verdict.clone());
    }
    // A run of an older version that is loading already: it is too late to hold it.
    if work.run.phase != Phase::Gate {
        return Ok(SetVerdict::default());
    }
    let Some(mut judge) = context.rules.judge_set()? else {
        return Ok(SetVerdict::default());
    };
    let clock = Instant::now();
    let mut rows = Batch::new(2 * context.contract.fields.len());
    each_batch(context, session, work, &mut |_, clean| {
        rows.clear();
        for (_, row) in clean {
            payload::row(context.contract, &row.payload_json, &mut rows)?;
        }
        judge.observe(&rows)
    })?;
    let (about_rows, about_run): (Vec<SetFinding>, Vec<SetFinding>) =
        judge.finish()?.into_iter().partition(|finding| finding.row.is_some());
    let verdict = SetVerdict {
        holds: about_run.iter().any(|finding| finding.severity == Severity::Error),
        anomalies: (about_run.into_iter())
            .map(|finding| Anomaly { code: finding.code, message: finding.message })
            .collect(),
    };
    work.in_transaction(session, context.clock, |session, work| {
        store(context, session, work, about_rows)?;
        work.metrics.set_verdict = Some(verdict.clone());
        work.metrics.durations_ms.validate += millis(clock);
        Ok(())
    })?;
    Ok(verdict)
}

/// Shows all clean rows of the run in an order that is the same every time: those that are new to us, then those that came
/// again unchanged.
fn each_batch(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &Working,
    visit: &mut Visit<'_>,
) -> Result<()> {
    [Which::Landed, Which::Again]
        .into_iter()
        .try_for_each(|which| clean_rows::each_batch(context, session, work, which, visit))
}

/// Stores findings about rows as findings of these rows. They stay clean: they were judged one by one before.
fn store(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    findings: Vec<SetFinding>,
) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let mut of_row: BTreeMap<u64, Vec<SetFinding>> = BTreeMap::new();
    for finding in findings {
        of_row.entry(finding.row.unwrap_or_default()).or_default().push(finding);
    }
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    let mut first = 0;
    let (run, now) = (work.run.clone(), context.clock.now());
    each_batch(context, session, work, &mut |session, clean| {
        let behind = first + clean.len() as u64;
        let mut concerned: Vec<(&CleanRow, &[SetFinding])> = Vec::new();
        for (&row, found) in of_row.range(first..behind) {
            let place = usize::try_from(row - first).unwrap_or(usize::MAX);
            if let Some((_, clean)) = clean.get(place) {
                concerned.push((clean, found));
            }
        }
        first = behind;
        if concerned.is_empty() {
            return Ok(());
        }
        let ids: Vec<RowId> = concerned.iter().map(|(row, _)| row.staging_id).collect();
        let known: BTreeSet<(RowId, String)> = session.rules_with_findings(&ids)?.into_iter().collect();
        let staged: BTreeMap<RowId, StagedRow> =
            session.staged_rows(context.contract, &ids)?.into_iter().map(|row| (row.id, row)).collect();
        let mut write = LandingWrite::default();
        for (row, found) in concerned {
            let codes: BTreeSet<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
            for code in codes {
                *counted.entry(code.to_owned()).or_default() += 1;
            }
            let Some(staged) = staged.get(&row.staging_id) else { continue };
            // The same row again, with the same finding: it is told once.
            let new = found.iter().filter(|f| !known.contains(&(row.staging_id, f.code.clone())));
            write
                .violations
                .extend(new.map(|finding| violation(&run.new.external_system, row, staged, finding)));
        }
        session.land(context.contract, &run, &write, now)
    })?;
    for (code, rows) in counted {
        *work.metrics.dq.entry(code).or_default() += rows;
    }
    Ok(())
}

fn violation(system: &str, row: &CleanRow, staged: &StagedRow, finding: &SetFinding) -> Violation {
    let about = About {
        system,
        external_id: &row.external_id,
        staging_id: row.staging_id,
        position: staged.position,
        raw: &staged.payload_json,
        normalised: &row.payload_json,
    };
    about.violation(&finding.code, finding.severity, &finding.column, &finding.message)
}
