//! Merging people and taking merges back.

#[path = "merging/any_order.rs"]
mod any_order;
#[path = "merging/history.rs"]
pub(crate) mod history;
#[path = "merging/host_laws.rs"]
mod host_laws;
#[path = "merging/host_refusals.rs"]
mod host_refusals;
#[path = "merging/host_tables.rs"]
pub(crate) mod host_tables;
#[path = "merging/laws.rs"]
mod laws;
#[path = "merging/matches.rs"]
mod matches;
#[path = "merging/obvious.rs"]
mod obvious;
#[path = "merging/statements.rs"]
mod statements;

use importer::service::{Actor, Edit, FieldChoice, MergeRequest, RedoRequest, Role};
use importer::{ErrorKind, Importer, MergeId, RecordId};
use importer_core::ports::MergeFilter;

use super::support;
use history::{World, snapshot};

fn merge_of(people: &[i64]) -> MergeRequest {
    MergeRequest::new("volunteer", people.iter().copied(), "the same person")
}

fn field(importer: &Importer, id: i64, name: &str) -> Option<String> {
    let contract = importer_core::contracts::find("volunteer").unwrap();
    let person = importer.record("volunteer", RecordId(id)).unwrap()?;
    person.record.get(contract.index(name).unwrap()).map(Into::into)
}

#[test]
fn who_goes_leaves_the_core_and_leads_to_the_survivor() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let preview = desk.preview_merge(&merge_of(&[1, 2])).unwrap();
        assert_eq!((preview.survivor, &preview.retired[..]), (RecordId(1), &[RecordId(2)][..]));
        let done = desk.merge(&merge_of(&[2, 1])).unwrap();
        assert_eq!((done.survivor, &done.retired[..]), (RecordId(1), &[RecordId(2)][..]));
        assert!(importer.record("volunteer", RecordId(2)).unwrap().is_none(), "{}", world.db.backend);
        assert_eq!(desk.who_is("volunteer", RecordId(2)).unwrap(), RecordId(1));
        // Both addresses are the survivor's now, and what comes under the other id is the survivor's too.
        let person = importer.record("volunteer", RecordId(1)).unwrap().unwrap();
        assert_eq!(person.contacts.iter().filter(|c| c.kind.as_str() == "email").count(), 2);
        assert_eq!(world.owner_of("p2"), 1);
        let audit = desk.audit_log(&Default::default()).unwrap();
        let last = &audit.last().unwrap().entry;
        assert_eq!((last.action.as_str(), last.subject.as_str()), ("merge", "merge 1"));
        // Once gone, nobody is merged again.
        let error = desk.merge(&merge_of(&[3, 2])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("volunteer 2 went into 1 with merge 1"), "{error}");
    }
}

#[test]
fn taken_back_everything_is_as_before() {
    for db in support::databases() {
        let world = World::new(db);
        world.sign_up(2, "picnic");
        let before = snapshot(&world.db);
        let importer = world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let merge = desk.merge(&merge_of(&[1, 2, 3])).unwrap().merge;
        assert_ne!(snapshot(&world.db), before);
        let undone = desk.undo_merge(merge, "twins").unwrap();
        assert_eq!((undone.restored, undone.conflicts), (vec![RecordId(2), RecordId(3)], vec![]));
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
        // Undoing the undoing, and undoing that.
        let merged = desk.redo(&RedoRequest::new(merge, "no twins after all")).unwrap();
        assert_eq!(desk.who_is("volunteer", RecordId(3)).unwrap(), RecordId(1));
        desk.undo_merge(merged, "twins").unwrap();
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
        let lines = desk.merges("volunteer", &MergeFilter::default()).unwrap();
        assert_eq!(
            lines.iter().map(|l| (l.merge, l.redone_by)).collect::<Vec<_>>(),
            [(MergeId(1), Some(MergeId(2))), (MergeId(2), None)]
        );
        assert!(desk.undo_merge(merge, "again").unwrap_err().to_string().contains("merge 2 redid it"));
    }
}

#[test]
fn what_somebody_chooses_outranks_every_rule_and_later_imports() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let (one, other) = (field(&importer, 1, "city"), field(&importer, 2, "city"));
        assert_ne!(one, other);
        let mut request = merge_of(&[1, 2]);
        request.choices = vec![
            ("city".into(), FieldChoice::Of(RecordId(2))),
            ("employer".into(), FieldChoice::Value("Own Company".into())),
        ];
        let done = desk.merge(&request).unwrap();
        assert!(done.changed.contains(&"city".to_owned()), "{done:?}");
        world.bring(9, 0, 7);
        assert_eq!(field(&importer, 1, "city"), other, "{}", world.db.backend);
        assert_eq!(field(&importer, 1, "employer").as_deref(), Some("Own Company"));
    }
}

#[test]
fn an_edit_on_top_of_a_value_of_the_other_stays_and_is_told() {
    let world = World::new(support::sqlite());
    let importer = world.importer();
    let desk = importer.desk(Actor::admin("ann"));
    let mut request = merge_of(&[1, 2]);
    request.choices = vec![("city".into(), FieldChoice::Of(RecordId(2)))];
    let merge = desk.merge(&request).unwrap().merge;
    let edit = Edit { values: vec![("city".into(), "Bergen".into())], reason: "moved".into() };
    desk.edit("volunteer", RecordId(1), &edit).unwrap();
    let undone = desk.undo_merge(merge, "twins").unwrap();
    assert_eq!(undone.kept, [(RecordId(1), "city".to_owned())]);
    assert_eq!(undone.conflicts.len(), 1, "{undone:?}");
    assert_eq!(field(&importer, 1, "city").as_deref(), Some("Bergen"));
}

#[test]
fn merging_needs_an_admin_and_a_reason() {
    let world = World::new(support::sqlite());
    let before = snapshot(&world.db);
    let importer = world.importer();
    for role in [Role::Steward, Role::Viewer] {
        let desk = importer.desk(Actor::new("sam", role));
        assert_eq!(desk.merge(&merge_of(&[1, 2])).unwrap_err().kind(), ErrorKind::Forbidden);
        assert_eq!(desk.undo_merge(MergeId(1), "why not").unwrap_err().kind(), ErrorKind::Forbidden);
    }
    let desk = importer.desk(Actor::admin("ann"));
    let refused = desk.merge(&MergeRequest::new("volunteer", [1, 2], " ")).unwrap_err();
    assert!(refused.to_string().contains("it needs a reason"), "{refused}");
    for wrong in [vec![1], vec![1, 1], vec![1, 99]] {
        desk.merge(&merge_of(&wrong)).unwrap_err();
    }
    assert_eq!(snapshot(&world.db), before);
}
