use importer_core::ports::{
    AuditEntry, AuditOutcome, LONGEST_NAME, LONGEST_REASON, StewardSession, in_transaction, within,
};
use importer_core::{Error, ErrorKind, Result};

use super::{Action, Actor};
use crate::Importer;

/// The place where an actor acts: it authorises each call, masks the answer and writes the audit log.
///
/// [`Importer::desk`] opens one. Its methods have these things in common:
///
/// - The role must allow the [`Action`]. A refusal has the kind [`ErrorKind::Forbidden`], and the audit log keeps it.
/// - A change needs a reason: a text of at most 2,000 characters that is not blank. It is made in one transaction
///   together with its line in the audit log, or in several, each with a line, where a method says so. Reading needs no
///   reason and leaves no line.
/// - Values that the role does not see are masked. A role also cannot set a field that it does not see.
/// - Where nothing may be written, refusals and exports are not in the audit log.
///
/// ```
/// use importer::service::{Actor, Role};
/// use importer::{ErrorKind, Importer};
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// let importer = Importer::builder().database(&url).build()?;
/// let desk = importer.desk(Actor::new("vera", Role::Viewer));
/// let refused = desk.audit_log(&Default::default()).unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Forbidden);
/// // The refusal is in the audit log.
/// let log = importer.desk(Actor::admin("ann")).audit_log(&Default::default())?;
/// assert_eq!((log[0].entry.actor.as_str(), log[0].entry.action.as_str()), ("vera", "view_audit"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug)]
pub struct Desk<'a> {
    pub(crate) importer: &'a Importer,
    pub(crate) actor: Actor,
}

/// What the audit log is told about an action beside who and when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Note {
    /// What it was done to, such as `merge 7`.
    pub(crate) subject: String,
    pub(crate) entity: Option<String>,
    /// Why, in the actor's words.
    pub(crate) reason: String,
    /// What else there is to know; no values of records.
    pub(crate) details: serde_json::Map<String, serde_json::Value>,
}

impl Note {
    pub(crate) fn new(subject: impl Into<String>, reason: &str) -> Self {
        Self { subject: subject.into(), reason: reason.trim().into(), ..Self::default() }
    }

    pub(crate) fn entity(mut self, entity: &str) -> Self {
        self.entity = Some(entity.into());
        self
    }

    pub(crate) fn detail(&mut self, key: &str, value: impl Into<serde_json::Value>) {
        self.details.insert(key.into(), value.into());
    }
}

impl Importer {
    /// Opens the desk of an actor.
    ///
    /// The host answers for the name and the role. Opening a desk checks nothing; each call at the desk does.
    ///
    /// ```
    /// use importer::service::{Actor, Role};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let desk = importer.desk(Actor::new("vera", Role::Viewer));
    /// assert_eq!(desk.runs(&Default::default())?.len(), 1);
    /// assert!(desk.rerun(1.into(), importer::service::RerunStep::Validate, "new rules").is_err());
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn desk(&self, actor: Actor) -> Desk<'_> {
        Desk { importer: self, actor }
    }
}

impl Desk<'_> {
    /// Returns the actor who acts at this desk. It needs no permission.
    ///
    /// ```
    /// use importer::service::Actor;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let desk = importer.desk(Actor::admin("ann"));
    /// assert_eq!(desk.actor(), &Actor::admin("ann"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Nothing, if the actor may; otherwise an error, which is kept in the audit log.
    pub(crate) fn authorize(&self, action: Action, note: &Note) -> Result<()> {
        // Whoever has no name that can be kept is told so at once, and no log tells of them.
        within(LONGEST_NAME, "act", "actor", &self.actor.name)?;
        if action.allowed(self.actor.role) {
            return Ok(());
        }
        let what = action.as_str().replace('_', " ");
        let error = self.refuse(action, note, &what)?;
        Err(error.hint(format!("it needs the role {}", action.needs())))
    }

    /// Keeps a refusal in the audit log, where that may be written; what the actor is told.
    pub(crate) fn refuse(&self, action: Action, note: &Note, what: &str) -> Result<Error> {
        let message = format!("a {} may not {what}", self.actor.role);
        let error = Error::new(ErrorKind::Forbidden, "act", message).at("actor", &self.actor.name);
        Ok(match self.tell_audit(action, note, AuditOutcome::Refused)? {
            true => error,
            false => error.at("audit log", "cannot be written, so this is not recorded"),
        })
    }

    /// Writes a line of the audit log about something that changes nothing in the database; false where it may not be written.
    /// What may be looked at there may be looked at without it.
    pub(crate) fn tell_audit(&self, action: Action, note: &Note, outcome: AuditOutcome) -> Result<bool> {
        let mut session = self.importer.store()?.session()?;
        match session.audit(&self.line(action, note, outcome), self.importer.clock.now()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::ReadOnly => {
                tracing::info!(
                    action = action.as_str(),
                    "the audit log cannot be written, so this is not recorded"
                );
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Nothing, if the actor may and says why.
    pub(crate) fn ready(&self, action: Action, note: &Note) -> Result<()> {
        self.authorize(action, note)?;
        self.has_reason(action, note)
    }

    pub(crate) fn has_reason(&self, action: Action, note: &Note) -> Result<()> {
        if !note.reason.is_empty() {
            return within(LONGEST_REASON, "act", "reason", &note.reason);
        }
        Err(Error::new(ErrorKind::Config, "act", "it needs a reason")
            .at("action", action.as_str())
            .hint("give one, for the readers of the audit log"))
    }

    /// Reads something the actor may see.
    pub(crate) fn query<T>(
        &self,
        action: Action,
        subject: &str,
        read: impl FnOnce(&mut dyn StewardSession) -> Result<T>,
    ) -> Result<T> {
        self.authorize(action, &Note::new(subject, ""))?;
        read(self.importer.store()?.session()?.as_mut())
    }

    /// Does something in one transaction, its line in the audit log included.
    pub(crate) fn act<T>(
        &self,
        action: Action,
        note: Note,
        work: impl FnOnce(&mut dyn StewardSession, &mut Note) -> Result<T>,
    ) -> Result<T> {
        self.ready(action, &note)?;
        let mut session = self.importer.store()?.session()?;
        self.act_on(session.as_mut(), action, note, work)
    }

    /// The same on a session that is there: one of many, each of which would have to connect on its own.
    pub(crate) fn act_on<T>(
        &self,
        session: &mut dyn StewardSession,
        action: Action,
        mut note: Note,
        work: impl FnOnce(&mut dyn StewardSession, &mut Note) -> Result<T>,
    ) -> Result<T> {
        self.ready(action, &note)?;
        // What people do may take records out, to which rows of the host refer.
        session.guard_references(true)?;
        in_transaction(session, |session| {
            let done = work(session, &mut note)?;
            session.audit(&self.line(action, &note, AuditOutcome::Done), self.importer.clock.now())?;
            Ok(done)
        })
    }

    /// A line of the audit log for this actor.
    pub(crate) fn line(&self, action: Action, note: &Note, outcome: AuditOutcome) -> AuditEntry {
        AuditEntry {
            actor: self.actor.name.clone(),
            role: self.actor.role.as_str().into(),
            action: action.as_str().into(),
            entity: note.entity.as_deref().map(|entity| kept(entity, LONGEST_NAME)),
            subject: kept(&note.subject, LONGEST_NAME),
            outcome,
            // Of somebody who is refused, no bound was asked.
            reason: kept(&note.reason, LONGEST_REASON),
            details: note.details.clone(),
        }
    }
}

/// As much of a text as the audit log keeps: what somebody acts on may name thousands of people, or nothing that there is.
fn kept(text: &str, most: usize) -> String {
    let text = text.replace('\0', "�");
    match text.char_indices().nth(most - 1) {
        Some((end, last)) if end + last.len_utf8() < text.len() => format!("{}…", &text[..end]),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::kept;

    #[test]
    fn what_fits_is_kept_as_it_is() {
        assert_eq!(kept("run 1", 5), "run 1");
        assert_eq!(kept("", 5), "");
        assert_eq!(kept("ééééé", 5), "ééééé");
        assert_eq!(kept("éééééé", 5), "éééé…");
        assert_eq!(kept("a\0b", 5), "a�b");
    }
}
