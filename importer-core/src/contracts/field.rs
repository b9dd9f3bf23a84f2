use serde::Serialize;

/// What a field holds, which decides how it is normalised and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// The record's name in its source.
    Identifier,
    /// Free text.
    Text,
    /// A person's name or part of it.
    Name,
    /// A whole name in one column; split into its parts, not stored itself.
    FullName,
    /// The primary email address.
    Email,
    /// Further email addresses.
    EmailList,
    /// The primary phone number.
    Phone,
    /// What follows the phone number.
    PhoneExtension,
    /// Further phone numbers.
    PhoneList,
    /// A calendar date.
    Date,
    /// A moment, in UTC.
    Timestamp,
    /// Yes or no.
    Flag,
    /// A whole number.
    Integer,
    /// One of a few words.
    Choice,
    /// A state or province, as the second part of its ISO 3166-2 code.
    State,
    /// A country, as its ISO 3166-1 alpha-2 code.
    Country,
    /// A postal code.
    PostalCode,
}

impl FieldKind {
    /// True when the field is stored in the core table; lists and extensions live among the contacts, and a whole name
    /// lives in its parts.
    pub const fn is_column(self) -> bool {
        !matches!(self, Self::FullName | Self::Identifier | Self::EmailList | Self::PhoneList)
    }

    /// True for several values in one cell, one per line.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::EmailList | Self::PhoneList)
    }
}

/// How personal a field is; masking and retention follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PiiClass {
    /// Not personal.
    None,
    /// Personal, needed for daily work: names, employer.
    Personal,
    /// Reaches a person: email, phone, address.
    Contact,
    /// To be seen by few: birth date, ethnicity, background checks.
    Sensitive,
}

/// One field of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its canonical name.
    pub name: &'static str,
    /// What templates call it.
    pub header: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// True when a record without it is not accepted.
    pub required: bool,
    /// How personal it is.
    pub pii: PiiClass,
    /// The contract version that introduced it.
    pub since: &'static str,
    /// What it means, in a sentence.
    pub doc: &'static str,
    /// A value as a source may write it.
    pub example: &'static str,
    /// Other headers it is known by; compared without case, spaces and punctuation.
    pub synonyms: &'static [&'static str],
    /// True when it holds what the person consented to: a refusal stands until a dated consent, or until the row that said it
    /// says otherwise.
    pub consent: bool,
    /// True when it holds the result of a check of the person, which is no other person's.
    pub check: bool,
}

impl Field {
    /// A field of the first contract version that nobody has to fill.
    pub const fn new(name: &'static str, kind: FieldKind, pii: PiiClass, doc: &'static str) -> Self {
        Self {
            name,
            header: name,
            kind,
            required: false,
            pii,
            since: "1.0",
            doc,
            example: "",
            synonyms: &[],
            consent: false,
            check: false,
        }
    }

    /// Sets the header of templates.
    #[must_use]
    pub const fn header(mut self, header: &'static str) -> Self {
        self.header = header;
        self
    }

    /// Sets the example.
    #[must_use]
    pub const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Sets the synonyms.
    #[must_use]
    pub const fn synonyms(mut self, synonyms: &'static [&'static str]) -> Self {
        self.synonyms = synonyms;
        self
    }

    /// Marks it as a consent.
    ///
    /// ```
    /// use importer_core::contracts::{Field, FieldKind, PiiClass};
    /// let field = Field::new("newsletter", FieldKind::Flag, PiiClass::None, "True when it may be sent.").consent();
    /// assert!(field.consent);
    /// ```
    #[must_use]
    pub const fn consent(mut self) -> Self {
        self.consent = true;
        self
    }

    /// Marks it as the result of a check of the person.
    ///
    /// ```
    /// use importer_core::contracts::{Field, FieldKind, PiiClass};
    /// let field = Field::new("first_aid", FieldKind::Choice, PiiClass::Sensitive, "How the course ended.").check();
    /// assert!(field.check);
    /// ```
    #[must_use]
    pub const fn check(mut self) -> Self {
        self.check = true;
        self
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}
