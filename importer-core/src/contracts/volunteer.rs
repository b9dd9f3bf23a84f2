use super::{Contract, Field, FieldKind as K, PiiClass as P};

/// A person who volunteers (`VolunteerIngest` of the specification, §4).
pub const VOLUNTEER: Contract = Contract {
    entity: "volunteer",
    plural: "volunteers",
    version: "1.0",
    fields: FIELDS,
    needed: &[&["first_name", "last_name", "full_name"], &["email_normalized", "phone_e164"]],
};

const FIELDS: &[Field] = &[
    Field::new(
        "external_id",
        K::Identifier,
        P::None,
        "The person's name in the source system; stable over exports.",
    )
    .example("V-1001")
    .synonyms(&[
        "id",
        "external id",
        "volunteer id",
        "contact id",
        "person id",
        "record id",
        "member id",
        "uid",
        "rec_id",
        "id number",
        "unique id",
        "vol id",
        "volunteer number",
        "volunteer no",
        "member number",
        "member no",
        "constituent id",
    ]),
    Field::new("first_name", K::Name, P::Personal, "Given name.").required().example("María").synonyms(&[
        "first",
        "given name",
        "forename",
        "fname",
        "firstname",
        "given",
        "preferred first name",
        "legal first name",
        "christian name",
        "name first",
        "primary name first",
        "frist name",
    ]),
    Field::new("middle_name", K::Name, P::Personal, "Middle names or initials.").synonyms(&[
        "middle",
        "middle initial",
        "mi",
        "second name",
        "name middle",
        "primary name middle",
    ]),
    Field::new("last_name", K::Name, P::Personal, "Family name.").required().example("de la Cruz").synonyms(
        &[
            "last",
            "surname",
            "family name",
            "lname",
            "lastname",
            "family",
            "legal last name",
            "name last",
            "primary name last",
        ],
    ),
    Field::new("name_suffix", K::Text, P::Personal, "What follows the family name, such as Jr. or III.")
        .synonyms(&[
            "suffix",
            "generation",
            "name generation",
            "primary name suffix",
            "primary name generation",
        ]),
    Field::new("full_name", K::FullName, P::Personal, "The whole name in one column; split into its parts.")
        .synonyms(&[
            "name",
            "volunteer name",
            "contact name",
            "display name",
            "volunteer",
            "person",
            "complete name",
            "name full",
            "primary name full",
        ]),
    Field::new("email_normalized", K::Email, P::Contact, "The primary email address.")
        .header("email")
        .example("maria.delacruz@example.org")
        .synonyms(&[
            "email",
            "e-mail",
            "email address",
            "e-mail address",
            "mail",
            "primary email",
            "personal email",
            "contact email",
            "work email",
            "home email",
            "email addr",
            "email adress",
            "email id",
            "email 1",
            "mail address",
            "primary email address",
        ]),
    Field::new(
        "phone_e164",
        K::Phone,
        P::Contact,
        "The primary phone number; local numbers use the default country.",
    )
    .header("phone")
    .example("(816) 234-5678 x12")
    .synonyms(&[
        "phone",
        "phone number",
        "telephone",
        "tel",
        "mobile",
        "mobile phone",
        "cell",
        "cell phone",
        "primary phone",
        "contact number",
        "home phone",
        "work phone",
        "mobile number",
        "fone",
        "ph",
        "ph no",
        "phone no",
        "phone 1",
        "tel no",
        "tel number",
        "telephone no",
        "telephone number",
        "mobile no",
        "mobile phone number",
        "cell no",
        "cell number",
        "cell phone number",
        "cellular",
        "contact no",
        "contact phone",
        "day phone",
        "daytime phone",
        "evening phone",
        "main phone",
        "primary phone number",
    ]),
    Field::new(
        "phone_extension",
        K::PhoneExtension,
        P::Contact,
        "The extension behind the primary phone number.",
    )
    .synonyms(&["extension", "phone ext", "ext"]),
    Field::new("alt_emails", K::EmailList, P::Contact, "Further email addresses, separated by semicolons.")
        .header("alt_email")
        .synonyms(&[
            "alt email",
            "other email",
            "secondary email",
            "alternate email",
            "email 2",
            "additional emails",
            "alternative email",
        ]),
    Field::new("alt_phones", K::PhoneList, P::Contact, "Further phone numbers, separated by semicolons.")
        .header("alt_phone")
        .synonyms(&[
            "alt phone",
            "other phone",
            "secondary phone",
            "alternate phone",
            "phone 2",
            "additional phones",
            "alternative phone",
        ]),
    Field::new("dob", K::Date, P::Sensitive, "Date of birth.").example("1985-04-23").synonyms(&[
        "birth date",
        "birthdate",
        "date of birth",
        "birthday",
        "born",
        "born on",
        "d.o.b.",
        "b-day",
    ]),
    Field::new("gender", K::Text, P::Sensitive, "Gender, as the source words it.").synonyms(&["sex"]),
    Field::new("race_ethnicity", K::Text, P::Sensitive, "Race or ethnicity, where it is collected.")
        .synonyms(&["race", "ethnicity", "race/ethnicity"]),
    Field::new("street", K::Text, P::Contact, "House number, street and unit.")
        .example("1200 Main St, Apt 4")
        .synonyms(&[
            "address",
            "street address",
            "address 1",
            "address line 1",
            "mailing street",
            "mailing address",
            "address1",
            "home address",
            "street 1",
            "street adress",
            "adress",
            "addr",
            "residential address",
            "addr full",
            "addr line 1",
            "primary addr full",
            "primary addr line 1",
        ]),
    Field::new("city", K::Text, P::Contact, "City or town.").example("Kansas City").synonyms(&[
        "town",
        "suburb",
        "locality",
        "mailing city",
        "city/town",
        "municipality",
        "addr city",
        "primary addr city",
    ]),
    Field::new("state_code", K::State, P::Contact, "State or province, by code or name.")
        .header("state")
        .example("MO")
        .synonyms(&[
            "state",
            "province",
            "region",
            "state/province",
            "state or province",
            "mailing state",
            "addr state",
            "primary addr state",
        ]),
    Field::new("postal_code", K::PostalCode, P::Contact, "Postal code.").example("64105").synonyms(&[
        "zip",
        "zip code",
        "postcode",
        "postal",
        "zipcode",
        "mailing zip",
        "zip/postal code",
        "postal/zip code",
        "zip/postcode",
        "zip+4",
        "addr postal code",
        "primary addr postal code",
    ]),
    Field::new("country_code", K::Country, P::Contact, "Country, by code or name.")
        .header("country")
        .example("US")
        .synonyms(&[
            "country",
            "mailing country",
            "nation",
            "country/region",
            "country name",
            "addr country",
            "primary addr country",
        ]),
    Field::new("employer", K::Text, P::Personal, "Employer.").synonyms(&[
        "company",
        "organization",
        "organisation",
        "workplace",
        "employer name",
        "place of work",
        "organization name",
        "organisation name",
        "account name",
    ]),
    Field::new("school_affiliation", K::Text, P::Personal, "School or university.")
        .header("school")
        .synonyms(&["school", "school name", "university", "college", "school code"]),
    Field::new("student_flag", K::Flag, P::None, "True for students.").synonyms(&[
        "student",
        "is student",
        "student?",
    ]),
    Field::new("grad_year", K::Integer, P::Personal, "Year of graduation.").synonyms(&[
        "graduation year",
        "class of",
        "graduation",
    ]),
    Field::new("consent_required", K::Flag, P::None, "True when a signed consent must be on file.")
        .synonyms(&["needs consent", "requires consent"]),
    Field::new("consent_signed_at", K::Timestamp, P::Sensitive, "When the consent was signed.")
        .consent()
        .example("2025-03-01T15:04:05Z")
        .synonyms(&["consent date", "consent signed", "waiver signed", "waiver date", "consent"]),
    Field::new(
        "background_check_status",
        K::Choice,
        P::Sensitive,
        "How the background check ended: pending, cleared, expired, failed.",
    )
    .check()
    .synonyms(&["background check", "background status", "bg check", "background check result"]),
    Field::new("background_check_date", K::Date, P::Sensitive, "When the background check ended.")
        .check()
        .synonyms(&["bg check date", "background date", "background check completed"]),
    Field::new("photo_release", K::Flag, P::None, "True when photos may be used.")
        .consent()
        .example("yes")
        .synonyms(&["photo consent", "media release", "photo release signed"]),
    Field::new("notes", K::Text, P::Sensitive, "Remarks, kept as they are.").synonyms(&[
        "note",
        "comments",
        "comment",
        "remarks",
        "description",
    ]),
    Field::new("source_updated_at", K::Timestamp, P::None, "When the source last changed the record.")
        .header("updated_at")
        .example("2025-05-30T08:00:00Z")
        .synonyms(&[
            "updated at",
            "last modified",
            "modified",
            "last modified date",
            "systemmodstamp",
            "last updated",
            "modified at",
            "updated",
            "date modified",
            "date updated",
            "last changed",
            "last edited",
            "last modified at",
            "last update",
            "last updated at",
            "modified on",
            "updated on",
        ]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::mapping::header_key;

    #[test]
    fn no_header_means_two_fields() {
        let mut owner: HashMap<String, &str> = HashMap::new();
        for field in VOLUNTEER.fields {
            for header in field.synonyms.iter().chain([&field.name, &field.header]) {
                let before = owner.insert(header_key(header), field.name);
                assert!(
                    before.is_none_or(|b| b == field.name),
                    "`{header}` is both {before:?} and {}",
                    field.name
                );
            }
        }
    }

    #[test]
    fn every_needed_field_exists() {
        for name in VOLUNTEER.needed.iter().copied().flatten() {
            assert!(VOLUNTEER.field(name).is_some(), "{name}");
        }
    }
}
