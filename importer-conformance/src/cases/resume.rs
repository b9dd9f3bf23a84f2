use importer_plugin::AdapterCapability;

use crate::case::{Area, Case, CaseResult, demand, fail, skip};
use crate::cases::each::{answers, each};
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "resume",
    area: Area::Adapters,
    demands: "Opened with the cursor of any batch, a source hands over exactly the rows behind it.",
    why: "An interrupted run must lose no row and read none twice.",
    advice: "let the cursor say what has been handed over, and no more; give none if the source cannot go on",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    each(subject, |readable| {
        let all = answers(readable)?;
        let promised = readable.adapter.meta().capabilities.contains(&AdapterCapability::Resume);
        if all.is_empty() {
            return skip("the source has no rows");
        }
        for (at, answer) in all.iter().enumerate() {
            let Some(cursor) = &answer.cursor else {
                if promised {
                    return fail(format!("it says that it resumes, and batch {} has no cursor", at + 1));
                }
                return skip("the source gives no cursors");
            };
            let opened = readable.open_at(Some(cursor.clone()));
            let Ok(mut source) = opened else {
                return fail(format!("the cursor of batch {} is refused", at + 1));
            };
            let Ok((rest, _)) = reading::read(&mut *source) else {
                return fail(format!("reading on behind batch {} fails", at + 1));
            };
            let (rest, expected) = (reading::rows(&rest), reading::rows(&all[at + 1..]));
            // A source that is too large to be read whole may go on a little further.
            demand(rest.len() >= expected.len() && rest[..expected.len()] == expected[..], || {
                format!(
                    "behind batch {} come {} rows, not the {} expected",
                    at + 1,
                    rest.len(),
                    expected.len()
                )
            })?;
            demand(all.len() == reading::MOST_BATCHES || rest.len() == expected.len(), || {
                format!("behind batch {} come {} rows, not {}", at + 1, rest.len(), expected.len())
            })?;
        }
        Ok(())
    })
}
