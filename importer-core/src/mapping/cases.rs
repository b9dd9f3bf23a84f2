//! Rows as sources have them.

use super::Plan;
use super::laws::{Cells, automatic, cell, normalised, planned};

fn row(plan: &Plan, cells: &[&str]) -> Cells {
    normalised(plan, &[cells.iter().map(|c| Some((*c).into())).collect()]).remove(0)
}

#[test]
fn the_country_of_the_row_decides() {
    let plan = automatic(&["Name", "Phone", "Province", "Postcode", "Country"]);
    let made = row(&plan, &["Ana", "020 7946 0018", "", "sw1a 1aa", "United Kingdom"]);
    assert_eq!(cell(&made, "phone_e164").0, None, "local numbers are the organisation's, not the row's");
    assert_eq!(cell(&made, "postal_code").0, Some("SW1A 1AA"));
    let made = row(&plan, &["Ana", "816-234-5678", "Ontario", "m5v2t6", "CA"]);
    assert_eq!(cell(&made, "state_code").0, Some("ON"));
    assert_eq!(cell(&made, "postal_code").0, Some("M5V 2T6"));
    let made = row(&plan, &["Ana", "816-234-5678", "Missouri", "64105", "Atlantis"]);
    assert_eq!(cell(&made, "country_code"), (None, Some("Atlantis")));
    assert_eq!(cell(&made, "state_code").0, Some("MO"), "an unknown country leaves the default one");
    assert_eq!(cell(&made, "phone_e164").0, Some("+18162345678"));
}

#[test]
fn a_constant_country_is_the_country_of_the_row() {
    let plan = planned("fields: [{ field: country_code, default: Canada }]", &["Name", "Phone", "State"]);
    let made = row(&plan, &["Ana", "416 967 1111", "Ontario"]);
    assert_eq!(cell(&made, "country_code"), (Some("CA"), None), "a default has no original");
    assert_eq!(cell(&made, "state_code").0, Some("ON"));
}

#[test]
fn a_whole_name_fills_what_is_blank() {
    let plan = automatic(&["Name", "First", "Email"]);
    let made = row(&plan, &["CRUZ, ANA M.", "", "a@x.org"]);
    assert_eq!(cell(&made, "first_name"), (Some("Ana"), Some("CRUZ, ANA M.")));
    assert_eq!(cell(&made, "last_name"), (Some("Cruz"), Some("CRUZ, ANA M.")));
    assert_eq!(cell(&made, "name_suffix"), (None, None), "what is not there has no original");
    let made = row(&plan, &["Cruz, Ana", "Anita", "a@x.org"]);
    assert_eq!(cell(&made, "first_name"), (Some("Anita"), Some("Anita")));
}

#[test]
fn a_generation_in_the_cell_of_a_name_is_the_suffix() {
    let plan = automatic(&["First Name", "Last Name", "Suffix", "Email"]);
    for (cells, first, last, suffix) in [
        (["Otto", "Behr Jr.", "", "b@x.org"], "Otto", "Behr", Some("Jr.")),
        (["OTTO", "BEHR, III", "", "b@x.org"], "Otto", "Behr", Some("III")),
        (["Morris II", "Behr", "", "b@x.org"], "Morris", "Behr", Some("II")),
        (["Otto", "Behr I", "", "b@x.org"], "Otto", "Behr", Some("I")),
        (["Otto", "Behr Jr", "Sr", "b@x.org"], "Otto", "Behr", Some("Sr")),
        // An initial, more often than not.
        (["Mary I", "Behr", "", "b@x.org"], "Mary I", "Behr", None),
        (["Otto", "Senior", "", "b@x.org"], "Otto", "Senior", None),
    ] {
        let made = row(&plan, &cells);
        let values = ["first_name", "last_name", "name_suffix"].map(|field| cell(&made, field).0);
        assert_eq!(values, [Some(first), Some(last), suffix], "{cells:?}");
        assert_eq!(cell(&made, "last_name").1, Some(cells[1]), "the original stays");
    }
    let made = row(&automatic(&["First Name", "Last Name", "Email"]), &["Otto", "Behr Jr.", "b@x.org"]);
    assert_eq!(cell(&made, "name_suffix"), (Some("Jr."), Some("Behr Jr.")));
}

#[test]
fn extensions_come_apart() {
    let plan = automatic(&["Name", "Phone", "Ext"]);
    let made = row(&plan, &["Ana", "816-234-5678 x12", " "]);
    assert_eq!(cell(&made, "phone_extension"), (Some("12"), Some("816-234-5678 x12")));
    let made = row(&plan, &["Ana", "816-234-5678 x12", "ext. 7"]);
    assert_eq!(cell(&made, "phone_extension"), (Some("7"), Some("ext. 7")));
    let made = row(&plan, &["Ana", "nobody x12", ""]);
    assert_eq!(cell(&made, "phone_extension"), (None, None));
}

#[test]
fn further_columns_stand_in_and_fill_the_list() {
    let plan = automatic(&["Name", "Email", "Work Email", "Alt Email"]);
    let made = row(&plan, &["Ana", "a@x.org", " B@x.org", "c@x.org; A@X.org; oops"]);
    assert_eq!(cell(&made, "email_normalized").0, Some("a@x.org"));
    assert_eq!(
        cell(&made, "alt_emails"),
        (Some("c@x.org\nb@x.org"), Some("c@x.org; A@X.org; oops\n B@x.org"))
    );
    let made = row(&plan, &["Ana", "", " B@x.org", ""]);
    assert_eq!(cell(&made, "email_normalized"), (Some("b@x.org"), Some(" B@x.org")));
    assert_eq!(cell(&made, "alt_emails"), (None, None), "what stands in is not listed again");
    let made = row(&plan, &["Ana", "broken", "b@x.org", ""]);
    assert_eq!(cell(&made, "email_normalized"), (None, Some("broken")), "only a blank is stood in for");
}

#[test]
fn texts_are_blank_only_where_that_is_declared() {
    let plan = automatic(&["Name", "Email", "City"]);
    assert_eq!(cell(&row(&plan, &["Ana Null", "a@x.org", "NA"]), "city"), (Some("NA"), Some("NA")));
    let fields = r#"
fields:
  - { source: City, field: city, blank: ["NA", "-"] }
  - { source: OK, field: photo_release, values: { Sure: true, "?": null }, default: false }
"#;
    let plan = planned(fields, &["Name", "Email", "City", "OK"]);
    let made = row(&plan, &["Ana", "a@x.org", " NA", "?"]);
    assert_eq!(cell(&made, "city"), (None, None));
    assert_eq!(cell(&made, "photo_release"), (Some("false"), None));
    let made = row(&plan, &["Ana", "a@x.org", "Na", "sure"]);
    assert_eq!(cell(&made, "city"), (Some("Na"), Some("Na")));
    assert_eq!(cell(&made, "photo_release"), (Some("true"), Some("sure")));
    let made = row(&plan, &["Ana", "a@x.org", "", "perhaps"]);
    assert_eq!(
        cell(&made, "photo_release"),
        (None, Some("perhaps")),
        "a default fills blanks, it hides nothing"
    );
}

#[test]
fn lines_have_their_own_formats() {
    let fields = r#"
defaults: { date_format: "%m/%d/%Y", timezone: America/Chicago, timestamp_format: "%m/%d/%Y %H:%M" }
fields:
  - { source: Born, field: dob, transform: date, format: "%d.%m.%Y" }
  - { source: When, field: notes, transform: timestamp }
  - { source: Nr, field: external_id, transform: digits, prefix: "V-" }
"#;
    let plan = planned(fields, &["Name", "Email", "Born", "When", "Nr", "Background date"]);
    let made = row(&plan, &["Ana", "a@x.org", "1.5.1990", "05/01/2024 08:00", "No. 17", "5/2/2024"]);
    assert_eq!(cell(&made, "dob").0, Some("1990-05-01"));
    assert_eq!(cell(&made, "notes").0, Some("2024-05-01T13:00:00Z"));
    assert_eq!(cell(&made, "external_id"), (Some("V-17"), Some("No. 17")));
    assert_eq!(cell(&made, "background_check_date").0, Some("2024-05-02"));
}

#[test]
fn the_name_of_a_row_is_its_identifier() {
    let plan = automatic(&["Record ID", "Name", "Email"]);
    let mut raw = importer_plugin::Batch::new(3);
    raw.push_row([Some(" V-1\u{FEFF}"), Some("Ana"), None]).unwrap();
    raw.push_row([Some(" "), Some("Bo"), None]).unwrap();
    let mut normaliser = plan.normaliser();
    assert_eq!(normaliser.external_id(raw.row(0)), Some("V-1"));
    assert_eq!(normaliser.external_id(raw.row(1)), None);
    assert_eq!(cell(&row(&plan, &[" V-1\u{FEFF}", "Ana", ""]), "external_id").0, Some("V-1"));
}

#[test]
fn nothing_stands_in_for_a_column_that_a_line_names() {
    let plan = planned("fields: [{ source: Tel, field: phone_e164 }]", &["Name", "Tel", "Mobile"]);
    let made = row(&plan, &["Ana", "", "816-234-5678"]);
    assert_eq!(cell(&made, "phone_e164"), (None, None));
    assert_eq!(cell(&made, "alt_phones").0, Some("+18162345678"));
}
