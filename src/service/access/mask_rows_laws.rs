//! No masked value occurs anywhere in what is told about rows in quarantine.

use importer_core::ports::{QuarantineEntry, QuarantineStatus, RowId, RunId, parse_moment};
use proptest::prelude::*;

use super::super::mask::laws::{check, entities, json, mapped, marker, role};
use super::*;
use crate::service::quarantine::CellChange;

fn column(field: &str) -> String {
    format!("column {field}")
}

/// The columns of a run in which these fields are mapped, each from a column of its own.
fn columns(contract: &Contract, mapped: &[bool]) -> Columns {
    let mapped = contract.fields.iter().zip(mapped).filter(|(_, mapped)| **mapped);
    Columns(mapped.map(|(field, _)| (column(field.name), field.pii)).collect())
}

fn entry(contract: &Contract, values: &[String], quoted: usize, reason: usize) -> QuarantineEntry {
    let at = parse_moment("2025-01-01T00:00:00Z").unwrap();
    let cells = contract.fields.iter().zip(values);
    QuarantineEntry {
        row: RowId(1),
        run: RunId(1),
        source: "csv".into(),
        system: "csv".into(),
        external_id: values[quoted].clone(),
        position: 7,
        rules: vec!["ACME-001".into()],
        status: QuarantineStatus::Open,
        first_seen_at: at,
        last_seen_at: at,
        decided_by: None,
        decided_at: None,
        reason: Some(format!("it said {}", values[reason])),
        corrected_by: None,
        payload_json: json(cells.map(|(field, value)| (column(field.name), value.clone()))).to_string(),
    }
}

/// Cells of columns that no field takes are for those alone who see everything.
fn check_cells(contract: &Contract, answer: &str, role: crate::service::Role, mapped: &[bool]) {
    check(contract, answer, role);
    for place in (0..contract.fields.len()).filter(|place| !mapped[*place] && !role.sees(PiiClass::Sensitive))
    {
        assert!(
            !answer.to_lowercase().contains(&marker(place)),
            "a {role} sees an unmapped column: {answer}"
        );
    }
}

proptest! {
    #[test]
    fn rows_hide_cells_names_reasons_messages_and_suggestions(
        (contract, values) in entities(), role in role(), mapped in mapped(),
        quoted in any::<prop::sample::Index>(), about in any::<prop::sample::Index>(),
    ) {
        let (quoted, about) = (quoted.index(values.len()), about.index(values.len()));
        let (columns, entry) = (columns(contract, &mapped), entry(contract, &values, quoted, about));
        let summary = Mask(role).row_summary(&columns, &entry);
        check_cells(contract, &serde_json::to_string(&summary).unwrap(), role, &mapped);
        let finding = FindingView {
            rule: "ACME-001".into(), severity: "error", field: contract.fields[about].name.into(),
            message: format!("`{}` is odd", values[quoted]), status: "open".into(), hint: String::new(),
            suggestion: Some(values[about].clone()),
        };
        let by_field = || json(contract.fields.iter().zip(&values).map(|(f, v)| (f.name.to_owned(), v.clone())));
        let mut normalised = by_field();
        normalised["original"] = by_field();
        let Value::Object(normalised) = normalised else { unreachable!() };
        let Value::Object(raw) = serde_json::from_str(&entry.payload_json).unwrap() else { unreachable!() };
        let mut detail = RowDetail {
            summary: RowSummary::from(&entry), entity: contract.entity.into(), columns: vec![], raw: raw.clone(), normalised,
            findings: vec![finding.clone()],
        };
        Mask(role).row_detail(contract, &columns, &mut detail);
        check(contract, &serde_json::to_string(&detail).unwrap(), role);
        check(contract, &format!("{detail:?}"), crate::service::Role::Viewer);
        for ((field, value), mapped) in contract.fields.iter().zip(&values).zip(&mapped) {
            let class = if *mapped { field.pii } else { PiiClass::Sensitive };
            prop_assert_eq!(detail.raw[&column(field.name)] == *value.as_str(), role.sees(class));
            prop_assert_eq!(detail.normalised[field.name] == *value.as_str(), role.sees(field.pii));
        }
        let mut findings = [finding];
        Mask(role).findings(contract, &columns, &raw, &mut findings);
        check(contract, &serde_json::to_string(&findings[0]).unwrap(), role);
    }

    #[test]
    fn previews_and_files_hide_cells_before_and_after(
        (contract, values) in entities(), role in role(), mapped in mapped(), quoted in any::<prop::sample::Index>(),
    ) {
        let quoted = quoted.index(values.len());
        let (columns, entry) = (columns(contract, &mapped), entry(contract, &values, quoted, quoted));
        let cells = contract.fields.iter().zip(&values).map(|(field, value)| CellChange {
            column: column(field.name), before: Some(value.clone()), after: Some(format!("{value}!")),
        });
        let mut row = BulkRow { row: RowId(1), external_id: entry.external_id.clone(), cells: cells.collect(), still: vec![], effect: None };
        Mask(role).bulk_row(&columns, &entry.payload_json, &mut row);
        check_cells(contract, &serde_json::to_string(&row).unwrap(), role, &mapped);
        for (cell, value) in row.cells.iter().zip(&values) {
            let class = columns.class(&cell.column);
            prop_assert_eq!(cell.before.as_ref() == Some(value), role.sees(class));
            prop_assert_eq!(Mask(role).exported(class, value).is_some(), role.sees(class));
            prop_assert_eq!(Mask(role).exported(class, ""), Some(""));
        }
    }
}
