use std::process::ExitCode;

use importer::Result;
use importer::ports::ViolationFilter;

use crate::args::ViolationsArgs;
use crate::say;
use crate::setup;

pub(crate) fn violations(args: &ViolationsArgs) -> Result<ExitCode> {
    let importer = setup::on(&args.database)?;
    let found = importer.desk(args.who.actor()).violations(&ViolationFilter {
        run: args.run,
        rule: args.rule.clone(),
        severity: args.severity.clone(),
        status: args.status.clone(),
        after: args.after,
        limit: args.limit,
    })?;
    if args.json {
        let rows: Vec<serde_json::Value> = found
            .iter()
            .map(|row| {
                let v = &row.violation;
                serde_json::json!({
                    "id": row.id, "run_id": row.run_id, "entity": row.entity, "status": row.status,
                    "record": v.record_key, "rule": v.rule_code, "severity": v.severity.as_str(), "field": v.field,
                    "message": v.message,
                    "details": serde_json::from_str::<serde_json::Value>(&v.details_json).unwrap_or_default(),
                })
            })
            .collect();
        say!("{}", serde_json::Value::from(rows));
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        say!("There are no such violations in {}.", importer.database());
        return Ok(ExitCode::SUCCESS);
    }
    say!(
        "{:>7} {:>5} {:<9} {:<8} {:>7}  {:<28} what is wrong",
        "id",
        "run",
        "rule",
        "severity",
        "line",
        "record"
    );
    for row in &found {
        let v = &row.violation;
        let field = if v.field.is_empty() { String::new() } else { format!("{}: ", v.field) };
        say!(
            "{:>7} {:>5} {:<9} {:<8} {:>7}  {:<28} {field}{}",
            row.id,
            row.run_id,
            v.rule_code,
            v.severity.as_str(),
            row.position,
            v.record_key,
            v.message
        );
    }
    if let (Some(last), true) = (found.last(), found.len() as i64 == args.limit) {
        say!("There may be more: --after {}", last.id);
    }
    Ok(ExitCode::SUCCESS)
}
