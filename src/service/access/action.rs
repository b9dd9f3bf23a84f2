use super::Role;

/// What can be done at a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See runs and what they found.
    ViewRuns,
    /// See records, with what the role sees of them.
    ViewRecords,
    /// See rows in quarantine, with what the role sees of them.
    ViewQuarantine,
    /// See pairs to review.
    ViewSuggestions,
    /// See who did what.
    ViewAudit,
    /// Write records, rows or logs to files, with what the role sees of them.
    Export,
    /// Run imports, scans and training; pause, cancel and go on with them.
    ControlRuns,
    /// Correct rows in quarantine and send them in again.
    FixRows,
    /// Exempt a row from a rule, or give it up.
    SuppressRows,
    /// Make a person by hand.
    CreateRecords,
    /// Edit a person.
    EditRecords,
    /// Accept, reject or defer suggestions that change no record; link and part households.
    Review,
    /// Merge people.
    Merge,
    /// Take a merge back.
    UndoMerge,
    /// Let a held run into the core, or give it up.
    ApproveRuns,
    /// Take a whole run back.
    RollBackRuns,
    /// Purge or anonymise what is old.
    Retain,
}

impl Action {
    /// Every action.
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

    /// Its name in the audit log.
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
            Self::UndoMerge => "take a merge back",
            Self::RollBackRuns => "roll a run back",
            _ => "act",
        }
    }

    /// The least mighty role that may do it (specification, IMP-90: merge and undo need an admin).
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

    /// Whether a role may do it.
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
