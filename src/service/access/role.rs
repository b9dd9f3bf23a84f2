use importer_core::contracts::PiiClass;

/// The role of an actor, which says what the actor may do and see (specification, section 11).
///
/// A role is parsed from its name, as options and settings have it.
///
/// ```
/// use importer::service::Role;
///
/// assert_eq!("steward".parse(), Ok(Role::Steward));
/// assert_eq!(Role::Viewer.to_string(), "viewer");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything, and sees every field.
    Admin,
    /// Keeps the data in order: corrects rows, reviews pairs and runs imports. Sees every field but sensitive ones.
    Steward,
    /// Reads. Sees neither contacts nor sensitive fields.
    Viewer,
}

impl Role {
    /// Every role, the strongest first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Steward, Self::Viewer];

    /// Returns the name of the role: `admin`, `steward` or `viewer`.
    ///
    /// ```
    /// assert_eq!(importer::service::Role::Admin.as_str(), "admin");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Steward => "steward",
            Self::Viewer => "viewer",
        }
    }

    /// Returns whether the role sees the fields of a PII class. Other fields are masked.
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

/// The person or program that acts, and its role. The host knows its users and says who acts.
///
/// ```
/// use importer::service::{Actor, Role};
///
/// let job = Actor::new("nightly job", Role::Steward);
/// assert_eq!((job.name.as_str(), job.role), ("nightly job", Role::Steward));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Actor {
    /// The name in the audit log and with decisions, of at most 200 characters; each call refuses a longer one.
    pub name: String,
    /// The role, which says what the actor may do and see.
    pub role: Role,
}

impl Actor {
    /// Makes an actor of a name and a role.
    ///
    /// ```
    /// use importer::service::{Actor, Role};
    ///
    /// assert_eq!(Actor::new("vera", Role::Viewer).role, Role::Viewer);
    /// ```
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role }
    }

    /// Makes an actor with the role [`Role::Admin`], who may do everything and sees every field.
    ///
    /// ```
    /// use importer::service::{Actor, Role};
    ///
    /// assert_eq!(Actor::admin("ann"), Actor::new("ann", Role::Admin));
    /// ```
    pub fn admin(name: impl Into<String>) -> Self {
        Self::new(name, Role::Admin)
    }
}
