//! What a column is about.

use serde::{Deserialize, Serialize};

/// What a column of people's records is about, and so how its values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A first name.
    GivenName,
    /// Middle names or initials.
    MiddleName,
    /// A last name.
    FamilyName,
    /// The whole name in one.
    FullName,
    /// Jr, Sr, III.
    NameSuffix,
    /// A date of birth.
    BirthDate,
    /// The year of birth alone.
    BirthYear,
    /// The month of birth alone.
    BirthMonth,
    /// The day of birth alone.
    BirthDay,
    /// An email address.
    Email,
    /// A phone number.
    Phone,
    /// A line of a street address.
    Street,
    /// The house number alone.
    HouseNumber,
    /// A town or suburb.
    City,
    /// A state or province.
    State,
    /// A postal code.
    PostalCode,
    /// An employer or a school.
    Organisation,
    /// Sex or gender.
    Gender,
    /// A number or code that few share.
    Identifier,
    /// An id under which a system knows the person, written `system:id`.
    ExternalId,
    /// Any other text.
    Text,
    /// Not compared.
    Ignored,
}
