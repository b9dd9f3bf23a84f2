use importer_core::contracts::PiiClass;

use super::Role;

/// What an actor can do at a [`Desk`](super::Desk). Each action needs a certain role.
///
/// ```
/// use importer::service::{Action, Role};
///
/// assert_eq!(Action::FixRows.as_str(), "fix_rows");
/// assert_eq!(Action::FixRows.needs(), Role::Steward);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See runs and what they found.
    ViewRuns,
    /// See records and their changes, masked for the role.
    ViewRecords,
    /// See findings and rows in quarantine, masked for the role.
    ViewQuarantine,
    /// See pairs to review and their scores, masked for the role.
    ViewSuggestions,
    /// See the audit log.
    ViewAudit,
    /// Write records, findings or rows to files, masked for the role.
    Export,
    /// Run imports, scans and training; pause, cancel, label and resume runs.
    ControlRuns,
    /// Correct rows in quarantine and send them in again.
    FixRows,
    /// Exempt a row from a rule, give a row up, or reopen one.
    SuppressRows,
    /// Create a person by hand.
    CreateRecords,
    /// Edit a person.
    EditRecords,
    /// Accept, reject or defer suggestions that change no record; link and part households.
    Review,
    /// Merge people.
    Merge,
    /// Undo a merge or a match.
    UndoMerge,
    /// Let a held run into the core, or give it up.
    ApproveRuns,
    /// Roll a whole run back.
    RollBackRuns,
    /// Purge or anonymise old data.
    Retain,
}

impl Action {
    /// Every action, those that need the weakest role first.
    pub const ALL: [Self; 17] = [
        Self::ViewRuns,
        Self::ViewRecords,
        Self::ViewQuarantine,
        Self::ViewSuggestions,
        Self::ViewAudit,
        Self::Export,
        Self::ControlRuns,
        Self::FixRows,
        Self::SuppressRows,
        Self::CreateRecords,
        Self::EditRecords,
        Self::Review,
        Self::Merge,
        Self::UndoMerge,
        Self::ApproveRuns,
        Self::RollBackRuns,
        Self::Retain,
    ];

    /// Returns the name that the action has in the audit log, such as `merge`.
    ///
    /// ```
    /// assert_eq!(importer::service::Action::RollBackRuns.as_str(), "roll_back_runs");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewRuns => "view_runs",
            Self::ViewRecords => "view_records",
            Self::ViewQuarantine => "view_quarantine",
            Self::ViewSuggestions => "view_suggestions",
            Self::ViewAudit => "view_audit",
            Self::Export => "export",
            Self::ControlRuns => "control_runs",
            Self::FixRows => "fix_rows",
            Self::SuppressRows => "suppress_rows",
            Self::CreateRecords => "create_records",
            Self::EditRecords => "edit_records",
            Self::Review => "review",
            Self::Merge => "merge",
            Self::UndoMerge => "undo_merge",
            Self::ApproveRuns => "approve_runs",
            Self::RollBackRuns => "roll_back_runs",
            Self::Retain => "retain",
        }
    }

    /// What it is, behind "cannot".
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Merge => "merge people",
            Self::UndoMerge => "undo a merge",
            Self::RollBackRuns => "roll a run back",
            _ => "act",
        }
    }

    /// Describes the action in a few words, as for a list of permissions.
    ///
    /// ```
    /// assert_eq!(importer::service::Action::EditRecords.describe(), "edit a person");
    /// ```
    pub fn describe(self) -> &'static str {
        match self {
            Self::ViewRuns => "see runs and their results",
            Self::ViewRecords => "see records and their changes, masked",
            Self::ViewQuarantine => "see findings and rows in quarantine, masked",
            Self::ViewSuggestions => "see pairs to review and their scores, masked",
            Self::ViewAudit => "see who did what",
            Self::Export => "write records, rows or logs to files, masked",
            Self::ControlRuns => "run imports and scans; pause, cancel, label and continue them",
            Self::FixRows => "correct rows in quarantine and import them again",
            Self::SuppressRows => "exempt a row from a rule, or reject it",
            Self::CreateRecords => "create a person by hand",
            Self::EditRecords => "edit a person",
            Self::Review => "accept, reject or defer suggestions; link and separate households",
            Self::Merge => "merge people",
            Self::UndoMerge => "undo a merge",
            Self::ApproveRuns => "approve a held run, or discard it",
            Self::RollBackRuns => "roll a run back",
            Self::Retain => "purge or anonymise old data",
        }
    }

    /// Returns the weakest role that may do it (specification, IMP-90: merge and undo need an admin).
    ///
    /// ```
    /// use importer::service::{Action, Role};
    ///
    /// assert_eq!(Action::ViewRecords.needs(), Role::Viewer);
    /// assert_eq!(Action::UndoMerge.needs(), Role::Admin);
    /// ```
    pub fn needs(self) -> Role {
        match self {
            Self::ViewRuns | Self::ViewRecords | Self::ViewQuarantine | Self::ViewSuggestions => Role::Viewer,
            Self::ViewAudit
            | Self::Export
            | Self::ControlRuns
            | Self::FixRows
            | Self::SuppressRows
            | Self::CreateRecords
            | Self::EditRecords
            | Self::Review => Role::Steward,
            Self::Merge | Self::UndoMerge | Self::ApproveRuns | Self::RollBackRuns | Self::Retain => {
                Role::Admin
            }
        }
    }

    /// Returns whether a role may do it. A stronger role may do whatever a weaker one may.
    ///
    /// ```
    /// use importer::service::{Action, Role};
    /// assert!(Action::Review.allowed(Role::Steward));
    /// assert!(!Action::Merge.allowed(Role::Steward));
    /// ```
    pub fn allowed(self, role: Role) -> bool {
        let might = |role: Role| Role::ALL.iter().position(|r| *r == role);
        might(role) <= might(self.needs())
    }
}

/// Returns a page in Markdown that says what each role may do and see.
///
/// ```
/// let page = importer::service::roles_reference();
/// assert!(page.contains("| `merge` | merge people | yes | no | no |"));
/// ```
pub fn roles_reference() -> String {
    use std::fmt::Write;
    let heads: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    let cells =
        |may: &dyn Fn(Role) -> bool| Role::ALL.map(|role| if may(role) { "yes" } else { "no" }).join(" | ");
    let mut out = format!(
        "# Roles\n\nWhat each role may do. Whoever tries something else is refused, and the refusal is in the audit log, as is \
         everything that was done; where nothing may be written, the refusal and an export say that they are not.\n\n| Action | What it is | {} |\n|---|---|---|---|---|\n",
        heads.join(" | ")
    );
    for action in Action::ALL {
        let may = cells(&|role| action.allowed(role));
        // Writing into a text cannot fail.
        let _ = writeln!(out, "| `{}` | {} | {may} |", action.as_str(), action.describe());
    }
    let _ = write!(
        out,
        "\n## What each role sees\n\nBy the PII class of a field, as [the contract](contract-volunteer.md) says. Other values \
         are shown as `{}`, in records, rows as received, findings, changes and scores. A column that no field takes counts \
         as sensitive.\n\n| Class | {} |\n|---|---|---|---|\n",
        super::MASKED,
        heads.join(" | ")
    );
    for (name, class) in [
        ("none", PiiClass::None),
        ("personal", PiiClass::Personal),
        ("contact", PiiClass::Contact),
        ("sensitive", PiiClass::Sensitive),
    ] {
        let _ = writeln!(out, "| {name} | {} |", cells(&|role| role.sees(class)));
    }
    let _ = write!(
        out,
        "\n## What a score tells\n\nA score, and why a pair is held back, follow from every field; with the model, a hidden one could be worked \
         out. So a role that does not see every term is told the score of the terms it sees, as if nobody had a value for the others, when \
         a pair is scored, in lists of suggestions and in filters by score. `{}` stands for the other terms, whatever they are. Probabilities in \
         reasons, blocking keys, samples of scans and what holds a pair back are for those who see every field. Models tell of nobody and are \
         shown; a scan of a role that does not see every field takes only those that were learned in the same database. That a pair is \
         suggested, and as what, is told to whoever may see suggestions.\n",
        super::MASKED
    );
    out
}
