//! How a person is named in lists.

use importer::service::RecordView;

/// The name, as far as it is known.
pub(crate) fn name(person: &RecordView) -> String {
    let parts = ["first_name", "last_name", "name_suffix"].map(|field| person.values.get(field));
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Who somebody is, in one line: the id, the name, the date of birth and the contacts.
pub(crate) fn one_line(person: &RecordView) -> String {
    let born = person.values.get("dob").map_or("-", String::as_str);
    let contacts: Vec<&str> = person.contacts.iter().map(|contact| contact.value.as_str()).collect();
    format!("{:>9}  {:<28} {born:<10} {}", person.id, name(person), contacts.join(", ")).trim_end().into()
}
