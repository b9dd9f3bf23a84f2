//! What the name of a column says about it.

use importer_core::contracts::VOLUNTEER;
use importer_core::normalise::fold;

use crate::matching::role::Role;

/// What a column is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is compared in this role.
    Is(Role),
    /// It numbers something; whether people, its values tell.
    Number,
    /// It tells who is who.
    Answer,
    /// It tells nothing about who the person is.
    Aside,
}

use Meaning::{Answer, Aside, Is, Number};

/// Columns that number the records of a labelled set.
const RECORD_ID: &[&str] =
    &["recid", "id", "uniqueid", "recordid", "rowid", "rid", "recordnumber", "externalid"];

/// True for a column that is called like the number of a record.
pub(super) fn is_record_id(header: &str) -> bool {
    RECORD_ID.contains(&folded(header).as_str())
}

const ANSWERS: &[&str] = &[
    "cluster",
    "clusterid",
    "clusterno",
    "clusternumber",
    "truecluster",
    "entityid",
    "entity",
    "entid",
    "trueid",
    "trueentity",
    "trueentityid",
    "truth",
    "truthid",
    "realid",
    "realentityid",
    "goldid",
    "gold",
    "label",
    "labels",
    "group",
    "groupid",
    "matchid",
    "matchgroup",
    "dupid",
    "duplicateof",
    "isduplicate",
    "identityid",
    "masterid",
];

/// Names that tables of people use beside those of the contract.
const NAMES: &[(Role, &[&str])] = &[
    (
        Role::GivenName,
        &[
            "fnamec1",
            "givennames",
            "givenname1",
            "forenames",
            "forename1",
            "vorname",
            "prenom",
            "nombre",
            "voornaam",
            "firstnm",
            "namefirst",
        ],
    ),
    (
        Role::MiddleName,
        &[
            "fnamec2",
            "mname",
            "midname",
            "middlenames",
            "middlename1",
            "middlenm",
            "secondname",
            "secondforename",
            "forename2",
            "givenname2",
            "initials",
            "middleinitials",
            "midlname",
            "namemiddle",
        ],
    ),
    (
        Role::FamilyName,
        &[
            "lnamec1",
            "lnamec2",
            "sname",
            "surname1",
            "surname2",
            "nachname",
            "apellido",
            "apellidos",
            "nom",
            "achternaam",
            "lastnm",
            "secondname2",
            "namelast",
        ],
    ),
    (
        Role::FullName,
        &[
            "firstandsurname",
            "firstandlastname",
            "firstnameandsurname",
            "firstlast",
            "fullnm",
            "wholename",
            "nameandsurname",
            "personname",
            "patientname",
            "clientname",
            "namefull",
        ],
    ),
    (Role::NameSuffix, &["namesfx", "sfx", "suffixname", "namesuffixlbl", "namegeneration"]),
    (
        Role::BirthDate,
        &[
            "bdate",
            "dateborn",
            "birthdt",
            "dobirth",
            "birth",
            "geburtsdatum",
            "datedenaissance",
            "fechanacimiento",
            "datebirth",
        ],
    ),
    (
        Role::BirthYear,
        &[
            "by",
            "birthyear",
            "yob",
            "yearofbirth",
            "birthyr",
            "byear",
            "dobyear",
            "doby",
            "dobyr",
            "yearborn",
        ],
    ),
    (
        Role::BirthMonth,
        &["bm", "birthmonth", "monthofbirth", "bmonth", "dobmonth", "dobm", "dobmo", "birthmo", "monthborn"],
    ),
    (Role::BirthDay, &["bd", "dayofbirth", "dobday", "dobd", "daybirth", "bday1", "dayborn"]),
    (Role::Email, &["emailaddress", "mailaddress"]),
    (Role::Phone, &["phonenum", "phonenbr", "tele", "handphone", "gsm", "handy"]),
    (
        Role::Street,
        &[
            "streetname",
            "addressline",
            "line1",
            "addr1",
            "adr",
            "strasse",
            "streetaddress1",
            "streetline1",
            "roadname",
            "postaladdress",
            "fulladdress",
            "addrfull",
            "addrline1",
            "rue",
            "calle",
        ],
    ),
    (
        Role::HouseNumber,
        &[
            "streetnumber",
            "streetno",
            "streetnum",
            "streetnr",
            "stnumber",
            "housenumber",
            "houseno",
            "housenum",
            "housenr",
            "hausnummer",
            "buildingnumber",
        ],
    ),
    (
        Role::City,
        &[
            "cityname",
            "citydesc",
            "townname",
            "village",
            "posttown",
            "placename",
            "residence",
            "ort",
            "wohnort",
            "stadt",
            "ville",
            "ciudad",
            "towncity",
            "suburbname",
            "addrcity",
        ],
    ),
    (
        Role::State,
        &["statecd", "stateabbr", "stateabbreviation", "statename", "bundesland", "usstate", "addrstate"],
    ),
    (
        Role::PostalCode,
        &[
            "zip5",
            "plz",
            "postalcd",
            "pcode",
            "codepostal",
            "postcode1",
            "eircode",
            "pincode",
            "addrpostalcode",
        ],
    ),
    (Role::Gender, &["genders", "sexcode", "gendercode", "geschlecht", "sexe", "sexo"]),
    (
        Role::Identifier,
        &[
            "socsecid",
            "socsec",
            "socialsecurity",
            "socialsecuritynumber",
            "socialsecurityno",
            "ssn",
            "sin",
            "tin",
            "nationalid",
            "nationalidentitynumber",
            "nationalinsurancenumber",
            "nino",
            "nhsnumber",
            "medicarenumber",
            "taxid",
            "taxnumber",
            "passport",
            "passportnumber",
            "passportno",
            "driverslicense",
            "drivinglicence",
            "license",
            "licence",
        ],
    ),
    (
        Role::Text,
        &[
            "address2",
            "addressline2",
            "addr2",
            "addrline2",
            "address3",
            "addressline3",
            "addrline3",
            "addrcountry",
            "unit",
            "apartment",
            "apt",
            "occupation",
            "profession",
            "job",
            "jobtitle",
            "birthplace",
            "placeofbirth",
            "pob",
            "birthcity",
            "birthstate",
            "birthcountry",
            "countryofbirth",
            "nationality",
            "citizenship",
            "county",
            "district",
            "maidenname",
            "formername",
            "nickname",
            "alias",
            "language",
            "religion",
            "maritalstatus",
            "raceethnicity",
            "gradyear",
            "ageyears",
            "age",
        ],
    ),
];

/// Words in front of a name that leave its meaning as it is.
const BEFORE: &[&str] = &[
    "res",
    "residential",
    "residence",
    "mail",
    "mailing",
    "postal",
    "home",
    "primary",
    "main",
    "current",
    "patient",
    "person",
    "client",
    "customer",
    "member",
    "voter",
    "volunteer",
    "contact",
    "applicant",
    "donor",
    "student",
    "employee",
    "legal",
    "your",
    "the",
    "my",
    "personal",
    "user",
    "owner",
    "subject",
];

/// Words behind a name that leave its meaning as it is.
const BEHIND: &[&str] = &[
    "fake",
    "desc",
    "cd",
    "code",
    "nm",
    "txt",
    "text",
    "value",
    "raw",
    "clean",
    "std",
    "norm",
    "normalized",
    "orig",
    "original",
    "field",
    "1",
    "lbl",
    "str",
    "new",
];

/// Whoever it is about, it is not the person.
const OTHERS: &[&str] = &[
    "mother",
    "mothers",
    "father",
    "fathers",
    "parent",
    "parents",
    "guardian",
    "spouse",
    "partner",
    "husband",
    "wife",
    "kin",
    "emergency",
    "child",
    "referrer",
    "supervisor",
    "manager",
    "doctor",
    "physician",
    "maiden",
    "previous",
    "former",
];

/// Signs of a moment in the life of the record.
const OF_THE_RECORD: &[&str] = &[
    "created",
    "updated",
    "modified",
    "inserted",
    "imported",
    "registered",
    "registration",
    "registr",
    "joined",
    "signup",
    "timestamp",
    "login",
    "visited",
    "expires",
    "version",
    "source",
    "file",
    "filename",
    "status",
    "flag",
    "password",
    "consent",
    "optin",
    "surplus",
    "dataset",
];

/// What the name of a column says; nothing when it is a name that nobody knows.
pub(super) fn meaning(header: &str) -> Option<Meaning> {
    let words = words(header);
    if let Some(known) = named(&words.concat()) {
        return Some(known);
    }
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(OTHERS) {
        return Some(Is(Role::Text));
    }
    // The fewer words are taken away, the better.
    let before = words.iter().take_while(|word| BEFORE.contains(&word.as_str())).count();
    let behind = words.iter().rev().take_while(|word| BEHIND.contains(&word.as_str())).count();
    for gone in 1..=before + behind {
        for first in (gone.saturating_sub(behind)..=gone.min(before)).rev() {
            let rest = words.get(first..words.len() - (gone - first)).unwrap_or_default();
            if let Some(known) = named(&rest.concat()) {
                return Some(known);
            }
        }
    }
    let last = words.last().map_or("", String::as_str);
    if ["type", "kind", "ext", "verified"].contains(&last) || has(OF_THE_RECORD) {
        return Some(Aside);
    }
    if words.iter().any(|word| word.contains("email")) {
        return Some(Is(Role::Email));
    }
    if words.iter().any(|word| {
        word.ends_with("phone") || ["mobile", "cell", "telephone", "tel"].contains(&word.as_str())
    }) {
        return Some(Is(Role::Phone));
    }
    let numbers = ["id", "no", "num", "number", "nr", "nbr", "key", "code", "uuid", "guid", "ref"];
    numbers.contains(&last).then_some(Number)
}

fn named(key: &str) -> Option<Meaning> {
    if ANSWERS.contains(&key) {
        return Some(Answer);
    }
    if let Some((role, _)) = NAMES.iter().find(|(_, names)| names.contains(&key)) {
        return Some(Is(*role));
    }
    let is = |name: &str| folded(name) == key;
    let field = VOLUNTEER
        .fields
        .iter()
        .find(|field| is(field.name) || is(field.header) || field.synonyms.iter().any(|name| is(name)))?;
    Some(field_meaning(field.name))
}

/// What a field of the contract is to matching.
pub(super) fn field_meaning(field: &str) -> Meaning {
    match field {
        "external_id" => Number,
        "first_name" => Is(Role::GivenName),
        "middle_name" => Is(Role::MiddleName),
        "last_name" => Is(Role::FamilyName),
        "name_suffix" => Is(Role::NameSuffix),
        "full_name" => Is(Role::FullName),
        "email_normalized" | "alt_emails" => Is(Role::Email),
        "phone_e164" | "alt_phones" => Is(Role::Phone),
        "dob" => Is(Role::BirthDate),
        "gender" => Is(Role::Gender),
        "street" => Is(Role::Street),
        "city" => Is(Role::City),
        "state_code" => Is(Role::State),
        "postal_code" => Is(Role::PostalCode),
        "employer" | "school_affiliation" => Is(Role::Organisation),
        "race_ethnicity" | "country_code" | "grad_year" => Is(Role::Text),
        _ => Aside,
    }
}

/// The words of a header in matching form; a capital behind a small letter begins one.
fn words(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in header.chars() {
        if !c.is_alphanumeric() || (small && c.is_uppercase()) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.push(c));
        }
        small = c.is_lowercase();
    }
    words.iter().map(|word| folded(word)).filter(|word| !word.is_empty()).collect()
}

/// A text in matching form.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, role: Role) {
        assert_eq!(meaning(header), Some(Is(role)), "{header}");
    }

    #[test]
    fn every_field_of_the_contract_has_a_meaning() {
        for field in VOLUNTEER.fields {
            for name in field.synonyms.iter().chain([&field.header]) {
                assert_eq!(meaning(name), Some(field_meaning(field.name)), "{name}");
            }
        }
    }

    #[test]
    fn tables_of_people_are_understood() {
        for header in
            ["first_name", "given_name", "fname_c1", "FirstName", "voter_first_name", "Patient First Name"]
        {
            check(header, Role::GivenName);
        }
        for header in ["fname_c2", "middle_name", "midl_name", "middleInitial"] {
            check(header, Role::MiddleName);
        }
        for header in ["surname", "lname_c1", "lname_c2", "last_name_1", "Nachname"] {
            check(header, Role::FamilyName);
        }
        for header in ["full_name", "first_and_surname", "name", "Person Name"] {
            check(header, Role::FullName);
        }
        for header in ["dob", "date_of_birth", "birth_date", "DOB_1", "birthDate"] {
            check(header, Role::BirthDate);
        }
        for (header, role) in [("by", Role::BirthYear), ("bm", Role::BirthMonth), ("bd", Role::BirthDay)] {
            check(header, role);
        }
        check("birth_year", Role::BirthYear);
        for (header, role) in
            [("DOB_Y", Role::BirthYear), ("DOB_M", Role::BirthMonth), ("dob day", Role::BirthDay)]
        {
            check(header, role);
        }
        for (header, role) in [
            ("PRIMARY_NAME_FIRST", Role::GivenName),
            ("PRIMARY_NAME_MIDDLE", Role::MiddleName),
            ("PRIMARY_NAME_LAST", Role::FamilyName),
            ("NAME_FULL", Role::FullName),
            ("PRIMARY_NAME_GENERATION", Role::NameSuffix),
            ("ADDR_FULL", Role::Street),
            ("HOME_ADDR_LINE1", Role::Street),
            ("ADDR_CITY", Role::City),
            ("MAILING_ADDR_STATE", Role::State),
            ("ADDR_POSTAL_CODE", Role::PostalCode),
            ("EMAIL_ADDRESS", Role::Email),
            ("PHONE_NUMBER", Role::Phone),
        ] {
            check(header, role);
        }
        check("name_suffix_lbl", Role::NameSuffix);
        for header in ["email", "e-mail", "email_address_2", "EmailAddress"] {
            check(header, Role::Email);
        }
        for header in ["phone", "mobile", "telephone", "full_phone_number", "cell_phone", "phone_num"] {
            check(header, Role::Phone);
        }
        for header in ["address_1", "address1", "street_address", "res_street_address", "street", "address"] {
            check(header, Role::Street);
        }
        check("street_number", Role::HouseNumber);
        for header in ["suburb", "town", "res_city_desc", "mail_city", "City"] {
            check(header, Role::City);
        }
        for header in ["state", "state_cd", "mail_state"] {
            check(header, Role::State);
        }
        for header in ["postcode", "zip", "postcode_fake", "zip_code", "mailZipcode"] {
            check(header, Role::PostalCode);
        }
        for header in ["soc_sec_id", "ssn", "national_id"] {
            check(header, Role::Identifier);
        }
        for header in ["sex", "gender", "gender_code"] {
            check(header, Role::Gender);
        }
        for header in
            ["address_2", "occupation", "birth_place", "race", "county", "age", "mother_name", "maiden_name"]
        {
            check(header, Role::Text);
        }
        check("employer", Role::Organisation);
    }

    #[test]
    fn what_numbers_answers_or_is_about_the_record_is_told_apart() {
        for header in ["member_no", "ncid_number", "customer_key"] {
            assert_eq!(meaning(header), Some(Number), "{header}");
        }
        for header in ["cluster", "cluster_id", "entity_id", "ent_id", "true_id", "label", "Group"] {
            assert_eq!(meaning(header), Some(Answer), "{header}");
        }
        for header in
            ["updated_at", "registration_date", "phone_type", "notes", "voter_status_desc", "(surplus)"]
        {
            assert_eq!(meaning(header), Some(Aside), "{header}");
        }
        for header in ["shoe size", "x1", ""] {
            assert_eq!(meaning(header), None, "{header}");
        }
    }
}
