//! Files to start from, as the program prints them.

use super::{Desk, ended, program};

fn printed(desk: &Desk, kind: &str) -> String {
    let mut command = program(desk.folder.path());
    command.args(["template", kind]);
    ended(command).succeeds().out.clone()
}

#[test]
fn the_printed_sample_imports_without_a_finding() {
    let desk = Desk::new();
    desk.file("sample.csv", printed(&desk, "sample"));
    let ended = desk.summary("sample.csv", &[]);
    assert_eq!(ended.succeeds().told(), "read 1, staged 1, clean 1, inserted 1");
    assert_eq!(ended.json()["dq"].to_string(), "{}");
    assert_eq!(ended.json()["unmapped_fields"].to_string(), "[]");
}

#[test]
fn the_printed_header_is_the_first_line_of_the_sample() {
    let desk = Desk::new();
    let header = printed(&desk, "csv");
    assert!(printed(&desk, "sample").starts_with(&header));
    assert_eq!(printed(&desk, "csv"), header);
    let mut command = program(desk.folder.path());
    command.arg("template");
    assert_eq!(ended(command).succeeds().out, header, "it is what is printed when nothing is said");
    desk.file("template.csv", header);
    let ended = desk.summary("template.csv", &[]);
    assert_eq!(ended.succeeds().json()["unmapped_fields"].to_string(), "[]");
}

#[test]
fn the_printed_mapping_fits_the_printed_sample() {
    let desk = Desk::new();
    desk.file("sample.csv", printed(&desk, "sample"));
    desk.file("mapping.yaml", printed(&desk, "mapping"));
    let ended = desk.summary("sample.csv", &["--mapping", "mapping.yaml"]);
    assert_eq!(ended.succeeds().told(), "read 1, staged 1, clean 1, inserted 1");
}

#[test]
fn the_printed_mapping_is_accepted_where_its_columns_exist() {
    let desk = Desk::new();
    let sample = printed(&desk, "sample");
    let (header, row) = sample.trim_end().split_once('\n').unwrap();
    desk.file("sample.csv", format!("{header},full_name,phone_extension\n{row},,\n"));
    desk.file("mapping.yaml", printed(&desk, "mapping"));
    let ended = desk.summary("sample.csv", &["--mapping", "mapping.yaml"]);
    assert_eq!(ended.succeeds().told(), "read 1, staged 1, clean 1, inserted 1");
    assert_eq!(ended.json()["unmapped_fields"].to_string(), "[]");
}

#[test]
fn only_what_exists_is_printed() {
    let desk = Desk::new();
    for (args, says) in [
        (&["template", "csv", "--entity", "event"][..], "the entities are: volunteer"),
        (&["template", "excel"], "possible values: csv, sample, mapping, suite"),
    ] {
        let mut command = program(desk.folder.path());
        command.args(args);
        let ended = ended(command);
        ended.fails(2, &[says]);
        assert_eq!(ended.out, "");
    }
}
