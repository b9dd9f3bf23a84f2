use importer_core::contracts::PiiClass;

/// What somebody is to the importer (specification, section 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything, and sees everything.
    Admin,
    /// Keeps the data in order: fixes rows, reviews pairs, runs imports.
    Steward,
    /// Looks.
    Viewer,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Steward, Self::Viewer];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Steward => "steward",
            Self::Viewer => "viewer",
        }
    }

    /// Whether fields of this class are shown to it; others are masked.
    ///
    /// ```
    /// use importer::contracts::PiiClass;
    /// use importer::service::Role;
    /// assert!(Role::Admin.sees(PiiClass::Sensitive));
    /// assert!(Role::Steward.sees(PiiClass::Contact) && !Role::Steward.sees(PiiClass::Sensitive));
    /// assert!(Role::Viewer.sees(PiiClass::Personal) && !Role::Viewer.sees(PiiClass::Contact));
    /// ```
    pub fn sees(self, class: PiiClass) -> bool {
        class
            <= match self {
                Self::Admin => PiiClass::Sensitive,
                Self::Steward => PiiClass::Contact,
                Self::Viewer => PiiClass::Personal,
            }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is none of admin, steward and viewer"))
    }
}

/// Who acts, and as what. Whoever embeds the importer knows its users and says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name under which it is remembered.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

impl Actor {
    /// An actor.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role }
    }

    /// One who may do everything.
    pub fn admin(name: impl Into<String>) -> Self {
        Self::new(name, Role::Admin)
    }
}
