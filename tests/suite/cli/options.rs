//! What the options of a run do.

use super::{Desk, PEOPLE};

#[test]
fn a_limit_takes_the_first_rows() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    for (limit, read, core) in [("2", 2, 2), ("0", 0, 2), ("3", 3, 2), ("99", 4, 2)] {
        let counts = desk.summary("people.csv", &["--limit", limit]).succeeds().counts();
        assert_eq!(counts["read"], read, "--limit {limit}");
        assert_eq!(desk.rows("core_volunteers"), core, "--limit {limit}");
    }
}

#[test]
fn since_leaves_older_rows_aside_and_keeps_rows_of_its_very_second() {
    let timeless = "5,Joan,Clarke,joan@example.org,,,\n";
    for (since, read) in [
        ("2025-01-01", 5),
        ("2025-02-10", 4),
        ("2025-02-10T08:00:00Z", 4),
        ("2025-02-10T08:00:01Z", 3),
        // The same moment, told by a clock further west.
        ("2025-02-10T03:00:00-05:00", 4),
        ("2030-01-01", 1),
    ] {
        let desk = Desk::new();
        desk.file("people.csv", format!("{PEOPLE}{timeless}"));
        let ended = desk.run("people.csv", &["--since", since]);
        let line = format!("{read}  rows read");
        assert!(ended.succeeds().out.contains(&line), "--since {since}: {}", ended.out);
        if read < 5 {
            let aside = match 5 - read {
                1 => "1 row is older than --since and was left aside".into(),
                older => format!("{older} rows are older than --since and were left aside"),
            };
            assert!(ended.out.contains(&aside), "--since {since}: {}", ended.out);
        }
    }
}

#[test]
fn a_mapping_names_what_the_columns_are() {
    let desk = Desk::new();
    desk.file("odd.csv", "Kennung,Rufname,Sippe,Kontakt\n7,Emmy,Noether,emmy@example.org\n");
    desk.run("odd.csv", &[]).fails(2, &["`Kontakt`", "email_normalized"]);
    desk.file(
        "odd.yaml",
        "mapping: odd\nversion: 3\nentity: volunteer\nfields:\n  - { source: Kennung, field: external_id }\n  \
         - { source: Rufname, field: first_name }\n  - { source: Sippe, field: last_name }\n  \
         - { source: Kontakt, field: email_normalized }\n",
    );
    assert_eq!(
        desk.summary("odd.csv", &["--mapping", "odd.yaml"]).succeeds().told(),
        "read 1, staged 1, clean 1, inserted 1"
    );
    let sql = "SELECT first_name || ' ' || last_name || ' ' || email_normalized AS t FROM core_volunteers";
    assert_eq!(desk.db.texts(sql), ["Emmy Noether emmy@example.org"]);
    assert_eq!(desk.db.texts("SELECT external_id AS t FROM external_id_map"), ["7"]);
    let sql = "SELECT mapping_name || ' ' || CAST(mapping_version AS TEXT) AS t FROM import_runs";
    assert_eq!(desk.db.texts(sql), ["odd 3"]);
}

#[test]
fn options_reach_the_adapter() {
    let semicolons = PEOPLE.replace(',', ";");
    // Every row has more commas than semicolons, which would mislead whoever guesses.
    let commas = semicolons.replace("chess", "a,b,c,d,e,f,g,h,i,j");
    let latin: Vec<u8> =
        PEOPLE.replace("Grace", "Zoé").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for (file, options) in [
        (semicolons.clone().into_bytes(), &["--set", "delimiter=;"][..]),
        (semicolons.into_bytes(), &["--set", "delimiter=semicolon"]),
        (commas.into_bytes(), &["--set", "delimiter=;"]),
        (latin, &["--set", "encoding=windows-1252", "--set", "quote=none"]),
        (format!("A report\n\n{PEOPLE}").into_bytes(), &["--set", "header_row=3"]),
    ] {
        let desk = Desk::new();
        desk.file("people.csv", file);
        let counts = desk.summary("people.csv", options).succeeds().counts();
        assert_eq!((counts["read"], counts["inserted"]), (4, 2), "{options:?}");
    }
}

#[test]
fn two_systems_may_number_their_people_alike() {
    let desk = Desk::new();
    desk.file("north.csv", "id,first name,last name,email\n1,Ada,Lovelace,ada@example.org\n");
    desk.file("south.csv", "id,first name,last name,email\n1,Grace,Hopper,grace@example.org\n");
    desk.run("north.csv", &["--system", "north"]).succeeds();
    desk.run("south.csv", &["--system", "south"]).succeeds();
    assert_eq!(desk.rows("core_volunteers"), 2);
    let sql = "SELECT external_system || ':' || external_id AS t FROM external_id_map ORDER BY 1";
    assert_eq!(desk.db.texts(sql), ["north:1", "south:1"]);
    // Under one name the second file's row would be the first person's.
    desk.run("south.csv", &["--system", "north"]);
    assert_eq!(desk.rows("external_id_map"), 2);
}

#[test]
fn rules_warn_instead_of_holding_back() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let ended = desk.summary("people.csv", &["--rules-mode", "warn"]);
    let counts = ended.succeeds().counts();
    assert_eq!((counts["clean"], counts["quarantined"]), (4, 0));
    assert_eq!(ended.json()["dq"]["FMT-101"], 1);
    assert_eq!(desk.db.texts("SELECT DISTINCT severity AS t FROM dq_violations"), ["warning"]);
    // A value that is none never reaches the core, however lenient the rules are.
    let sql = "SELECT COUNT(*) AS t FROM core_volunteers WHERE email_normalized LIKE '%zzyzxmarker%'";
    assert_eq!(desk.db.number(sql), 0);
    desk.empty(&["quarantine"]);

    // The same file under strict rules is judged anew.
    let strict = desk.summary("people.csv", &["--rules-mode", "enforce"]).succeeds().counts();
    assert_eq!(strict["quarantined"], 1);
}

#[test]
fn the_environment_sets_the_mode_of_the_rules_too() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let mut command = super::program(desk.folder.path());
    command.args(["run", "--source", "csv", "--file", "people.csv", "--summary-json", "--db", &desk.db.url]);
    command.env("IMPORTER_RULES_MODE", "warn");
    assert_eq!(super::ended(command).succeeds().counts()["quarantined"], 0);
}

#[test]
fn a_suite_replaces_the_shipped_one() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let shipped = super::ended({
        let mut command = super::program(desk.folder.path());
        command.args(["template", "suite"]);
        command
    });
    desk.file("suite.yaml", &shipped.succeeds().out);
    let ended = desk.summary("people.csv", &["--suite", "suite.yaml"]);
    assert_eq!(ended.succeeds().counts()["quarantined"], 1, "the printed suite is the shipped one");
}
