//! Pairs to look at, and who lives with whom.

use importer_core::Result;
use importer_core::ports::{Household, RecordId, SuggestionFilter, SuggestionRow};

use super::access::{Action, Desk, Mask, MaskedSearch, Role};
use crate::Importer;

impl Importer {
    /// Returns suggestions in the order of their ids, or the likeliest first if the filter says so. To page, set
    /// [`SuggestionFilter::after`] to the id of the last suggestion.
    ///
    /// A suggestion that waits is about its records as they are now: where one has changed since the pair was scored,
    /// score and terms are worked out anew ([`SuggestionRow::rescored`]). What is stored changes with the next scan.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from
    /// [`Desk::suggestions`](super::Desk::suggestions).
    ///
    /// ```
    /// use importer::{SuggestionFilter, SuggestionKind};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let filter = SuggestionFilter { kind: Some(SuggestionKind::PossibleDuplicate), ..SuggestionFilter::default() };
    /// let found = importer.suggestions(&filter)?;
    /// assert_eq!((found[0].left.0, found[0].right.0), (1, 2));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    pub fn suggestions(&self, filter: &SuggestionFilter) -> Result<Vec<SuggestionRow>> {
        let mut session = self.store()?.session()?;
        MaskedSearch::by(Mask(Role::Admin), &self.contracts).suggestions(
            session.as_mut(),
            filter,
            &|session, rows| self.rescore_changed(session, rows),
        )
    }

    /// Makes a filter for the suggestions that wait for a decision now: open ones, and deferred ones whose time has
    /// come.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// assert_eq!(importer.suggestions(&importer.pending_suggestions())?.len(), 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn pending_suggestions(&self) -> SuggestionFilter {
        SuggestionFilter { waiting_at: Some(self.clock.now()), ..SuggestionFilter::default() }
    }
}

impl Desk<'_> {
    /// Returns the households of a person, each with the ids of its members in ascending order. Any role may call it.
    ///
    /// ```
    /// use importer::service::ReviewDecision;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Tom,Lee,home@example.org\n2,Ann,Lee,home@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let pair = desk.suggestions(&importer.pending_suggestions())?[0].id;
    /// desk.review(pair, &ReviewDecision::accept(), "they said so")?;
    /// assert_eq!(desk.households("volunteer", 1.into())?[0].members, [1, 2]);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see records, there is no such entity, or the database fails.
    pub fn households(&self, entity: &str, id: RecordId) -> Result<Vec<Household>> {
        let contract = self.importer.contract(entity)?;
        self.query(Action::ViewRecords, &format!("{entity} {id}"), |session| session.households(contract, id))
    }
}
