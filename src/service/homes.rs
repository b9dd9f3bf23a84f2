//! Suggested households, home by home.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use importer_core::Result;
use importer_core::ports::{RecordId, SuggestionFilter, SuggestionId, SuggestionKind};
use serde::Serialize;

use super::access::{Action, Desk, RecordView};

/// How many suggestions are read at a time.
const PAGE: i64 = 1_000;

/// Which suggested homes [`Desk::homes`] is to list.
///
/// ```
/// let request = importer::service::HomesRequest::new("volunteer");
/// assert_eq!((request.after.0, request.limit), (0, 50));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct HomesRequest {
    /// The entity, such as `volunteer`.
    pub entity: String,
    /// Only homes whose first person has a higher id than this, for paging.
    pub after: RecordId,
    /// At most this many homes; all when 0.
    pub limit: i64,
}

impl HomesRequest {
    /// Makes a request for the first 50 homes.
    ///
    /// ```
    /// assert_eq!(importer::service::HomesRequest::new("volunteer").entity, "volunteer");
    /// ```
    pub fn new(entity: impl Into<String>) -> Self {
        Self { entity: entity.into(), after: RecordId(0), limit: 50 }
    }
}

/// People whom suggestions that wait take for one household.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Tom,Lee,home@example.org\n2,Ann,Lee,home@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # use importer::service::HomesRequest;
/// let home = &desk.homes(&HomesRequest::new("volunteer"))?[0];
/// assert_eq!((home.members.len(), home.suggestions.len()), (2, 1));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Home {
    /// The people, in the order of their ids, with the values and contacts that the role sees.
    pub members: Vec<RecordView>,
    /// The suggestions that link them; [`Desk::review_all`] decides about all of them.
    pub suggestions: Vec<SuggestionId>,
}

impl Desk<'_> {
    /// Returns the households that wait for a decision, home by home rather than pair by pair: everybody whom suggested
    /// households link is one home. In the order of the first person of each. Any role may call it.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Tom,Lee,home@example.org\n2,Ann,Lee,home@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// use importer::service::{HomesRequest, ReviewDecision};
    ///
    /// let homes = desk.homes(&HomesRequest::new("volunteer"))?;
    /// desk.review_all(&homes[0].suggestions, &ReviewDecision::accept(), "they said so");
    /// assert!(desk.homes(&HomesRequest::new("volunteer"))?.is_empty());
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see suggestions, there is no such entity, or the database fails.
    pub fn homes(&self, request: &HomesRequest) -> Result<Vec<Home>> {
        let contract = self.importer.contract(&request.entity)?;
        self.query(Action::ViewSuggestions, "homes", |session| {
            let mut filter = SuggestionFilter {
                entity: Some(contract.entity.into()),
                kind: Some(SuggestionKind::Household),
                limit: PAGE,
                ..self.importer.pending_suggestions()
            };
            let mut pairs = Vec::new();
            loop {
                let page = session.suggestions(&filter)?;
                let Some(last) = page.last() else { break };
                filter.after = last.id;
                pairs.extend(page.iter().map(|row| (row.id, row.left, row.right)));
            }
            let mut homes: Vec<(RecordId, BTreeSet<RecordId>, Vec<SuggestionId>)> =
                grouped(&pairs).into_iter().filter(|(first, ..)| *first > request.after).collect();
            if request.limit > 0 {
                homes.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
            }
            let ids: BTreeSet<RecordId> = homes.iter().flat_map(|(_, members, _)| members).copied().collect();
            let people = session.load(contract, &ids.into_iter().collect::<Vec<_>>())?;
            let people: HashMap<RecordId, RecordView> =
                people.iter().map(|person| (person.id, self.mask().record(contract, person))).collect();
            let home = |(_, members, suggestions): (_, BTreeSet<RecordId>, _)| Home {
                members: members.iter().filter_map(|id| people.get(id).cloned()).collect(),
                suggestions,
            };
            Ok(homes.into_iter().map(home).collect())
        })
    }
}

/// Homes by their first person: who is linked with whom, however many are between them.
fn grouped(
    pairs: &[(SuggestionId, RecordId, RecordId)],
) -> Vec<(RecordId, BTreeSet<RecordId>, Vec<SuggestionId>)> {
    let mut first_of: BTreeMap<RecordId, RecordId> = BTreeMap::new();
    let mut members: BTreeMap<RecordId, BTreeSet<RecordId>> = BTreeMap::new();
    for (_, left, right) in pairs {
        let first = |id: &RecordId| first_of.get(id).copied().unwrap_or(*id);
        let (one, other) = (first(left), first(right));
        let (stays, goes) = (one.min(other), one.max(other));
        let joined = members.remove(&goes).unwrap_or_else(|| [goes].into());
        first_of.extend(joined.iter().map(|id| (*id, stays)));
        first_of.insert(stays, stays);
        members.entry(stays).or_insert_with(|| [stays].into()).extend(joined);
    }
    let mut suggestions: BTreeMap<RecordId, Vec<SuggestionId>> = BTreeMap::new();
    for (id, left, _) in pairs {
        suggestions.entry(first_of[left]).or_default().push(*id);
    }
    members
        .into_iter()
        .map(|(first, members)| (first, members, suggestions.remove(&first).unwrap_or_default()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_linked_over_others_is_in_one_home() {
        let pair = |id, left, right| (SuggestionId(id), RecordId(left), RecordId(right));
        let homes = grouped(&[pair(1, 4, 9), pair(2, 2, 3), pair(3, 3, 9), pair(4, 7, 8)]);
        let homes: Vec<_> = homes
            .into_iter()
            .map(|(first, members, pairs)| {
                (first.0, members.iter().map(|id| id.0).collect::<Vec<_>>(), pairs.len())
            })
            .collect();
        assert_eq!(homes, [(2, vec![2, 3, 4, 9], 3), (7, vec![7, 8], 1)]);
    }
}
