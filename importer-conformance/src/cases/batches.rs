use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::each::{answers, each};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "batches",
    area: Area::Adapters,
    demands: "A batch has at most 8,192 rows (four times the agreed 2,048); positions rise from row to row, or are all 0.",
    why: "Memory stays flat only if batches are small, and people find rows by their positions.",
    advice: "return when `Extract::is_full` says so, and count positions from 1",
    check,
};

const MOST_ROWS: usize = 4 * 2_048;

fn check(subject: &Subject) -> CaseResult {
    each(subject, |readable| {
        let mut last = 0;
        let mut unknown = None;
        for answer in answers(readable)? {
            let rows = answer.rows.len();
            demand(rows <= MOST_ROWS, || format!("a batch has {rows} rows"))?;
            for position in answer.positions {
                let none = *unknown.get_or_insert(position == 0);
                demand(none == (position == 0), || "some rows have a position and some have none".into())?;
                demand(none || position > last, || {
                    format!("position {position} comes after position {last}")
                })?;
                last = position;
            }
        }
        Ok(())
    })
}
