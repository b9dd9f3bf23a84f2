//! A known external id is not proof of a person: nobody gets the values of somebody else because an id moved.

use importer::service::Actor;
use importer::{GateMode, GatePolicy, Importer, ReportStatus, RunReport, RunRequest};

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,phone,dob,background check,bg check date\n";

fn importer(database: &Database, moved_ids: GateMode) -> Importer {
    let gate = GatePolicy { moved_ids, ..GatePolicy::default() };
    Importer::builder()
        .database(&database.url)
        .plugin(importer_adapter_csv::plugin())
        .gate(gate)
        .build()
        .unwrap()
}

fn import(importer: &Importer, rows: &str) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", format!("{HEADER}{rows}"));
    importer.run(&RunRequest::new("csv").file(&file)).unwrap()
}

/// What the core knows, a line for each person.
fn people(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT first_name || ' ' || last_name || ' ' || COALESCE(CAST(dob AS TEXT), '') || ' ' || \
         COALESCE(background_check_status, '') AS t FROM core_volunteers ORDER BY 1",
    )
}

fn codes(report: &RunReport) -> Vec<&str> {
    report.anomalies.iter().map(|anomaly| anomaly.code.as_str()).collect()
}

/// Imports rows and then others, and expects these people.
fn check(before: &str, after: &str, expected: &[&str], moved: bool) {
    for database in support::databases() {
        let importer = importer(&database, GateMode::Warn);
        import(&importer, before);
        let report = import(&importer, after);
        assert_eq!(report.status, ReportStatus::Succeeded, "{:?}", report.error);
        assert_eq!(people(&database), expected, "{}: {before} -> {after}", database.backend);
        assert_eq!(
            codes(&report).contains(&"external_id_moved"),
            moved,
            "{before} -> {after}: {:?}",
            report.anomalies
        );
        // The same again changes nothing.
        let again = import(&importer, after);
        assert_eq!(again.counts.unchanged, again.counts.read, "{:?}", again.counts);
        assert_eq!(people(&database), expected);
    }
}

#[test]
fn ids_that_change_places_carry_nothing_along() {
    // With birth dates, and a status that must stay with its person.
    check(
        "1,John,Stone,stone@example.org,8165550142,1975-04-23,failed,2025-01-02\n\
         2,Mary,Stone,stone@example.org,8165550142,1977-09-01,cleared,2025-01-02\n",
        "1,Mary,Stone,stone@example.org,8165550142,1977-09-01,,\n\
         2,John,Stone,stone@example.org,8165550142,1975-04-23,,\n",
        &["John Stone 1975-04-23 failed", "Mary Stone 1977-09-01 cleared"],
        true,
    );
    // Without.
    check(
        "1,John,Stone,stone@example.org,,,failed,2025-01-02\n2,Mary,Stone,stone@example.org,,,,\n",
        "1,Mary,Stone,stone@example.org,,,,\n2,John,Stone,stone@example.org,,,,\n",
        &["John Stone  failed", "Mary Stone  "],
        true,
    );
    // Twins, of whom one has another contact as well.
    check(
        "1,Lea,Senn,senn@example.org,,2011-03-04,,\n2,Leo,Senn,senn@example.org,,2011-03-04,,\n",
        "1,Leo,Senn,senn@example.org,8165550142,2011-03-04,,\n2,Lea,Senn,senn@example.org,,2011-03-04,,\n",
        &["Lea Senn 2011-03-04 ", "Leo Senn 2011-03-04 "],
        true,
    );
}

#[test]
fn an_id_given_to_another_is_somebody_new() {
    for (before, after) in [
        ("Mia,Brand,mum@example.org,8165550142,2012-05-06", "Leo,Ford,mum@example.org,,2014-08-09"),
        ("Tom,Hale,tom@example.org,8165550143,1970-01-02", "Sue,Hale,sue@example.org,8165550153,1980-03-04"),
        ("Kai,Moss,kai@example.org,8165550144,1971-01-02", "Kai,Nash,nash@example.org,8165550154,1990-03-04"),
        ("Karin,Roth,roth@example.org,8165550145,1975-02-01", "Nils,Roth,roth@example.org,8165550145,"),
        ("Gina,Roth,home@example.org,,", "Sven,Ochs,home@example.org,,"),
    ] {
        for database in support::databases() {
            let importer = importer(&database, GateMode::Warn);
            import(&importer, &format!("7,{before},failed,2025-01-02\n"));
            let report = import(&importer, &format!("7,{after},,\n"));
            assert_eq!(report.counts.inserted, 1, "{before} -> {after}");
            assert_eq!(codes(&report), ["external_id_moved"]);
            let statuses = database
                .texts("SELECT COALESCE(background_check_status, '-') AS t FROM core_volunteers ORDER BY id");
            assert_eq!(statuses, ["failed", "-"], "{before} -> {after}");
            // What the id's next row says of the newcomer reaches the newcomer, whatever contacts they have.
            let (first, rest) = after.split_once(',').unwrap();
            let (last, _) = rest.split_once(',').unwrap();
            let dob = after.rsplit(',').next().unwrap();
            let next = import(
                &importer,
                &format!("7,{first},{last},new.one@example.org,,{dob},cleared,2026-01-02\n"),
            );
            assert_eq!((next.counts.inserted, next.counts.updated), (0, 1), "{after}: {:?}", next.counts);
            let statuses = database
                .texts("SELECT COALESCE(background_check_status, '-') AS t FROM core_volunteers ORDER BY id");
            assert_eq!(statuses, ["failed", "cleared"], "{after}");
        }
    }
}

#[test]
fn one_person_stays_one_whatever_changes_under_the_id() {
    for (before, after) in [
        // Marriage.
        ("Gina,Roth,gina@example.org,,1975-01-02", "Gina,Ochs,gina.ochs@example.net,,1975-01-02"),
        ("Gina,Roth,gina@example.org,,", "Gina,Ochs,gina@example.org,,"),
        // A typo that the source corrects, a nickname, a new given name, a birth date that was wrong.
        ("Jhon,Reed,a@example.org,,", "John,Reed,b@example.org,,"),
        ("Bob,Reed,a@example.org,,1950-01-02", "Robert,Reed,b@example.org,,1950-01-02"),
        ("Xiao,Chen,x@example.org,,1990-05-06", "Kevin,Chen,kevin@example.org,,1990-05-06"),
        ("Ana,Ruiz,ana@example.org,,1950-01-02", "Ana,Ruiz,ana@example.org,,1979-08-09"),
        // All contacts are new.
        ("Ana,Ruiz,a@example.org,8165550142,", "Ana,Ruiz,b@example.org,9135550143,"),
    ] {
        for database in support::databases() {
            let importer = importer(&database, GateMode::Warn);
            import(&importer, &format!("7,{before},,\n"));
            let report = import(&importer, &format!("7,{after},,\n"));
            assert_eq!((report.counts.inserted, report.counts.updated), (0, 1), "{before} -> {after}");
            assert_eq!(codes(&report), [""; 0], "{before} -> {after}");
        }
    }
}

/// Families of three, one after the other, numbered from `first` on.
fn families(first: usize, count: usize) -> String {
    let mut number = first;
    let mut rows = String::new();
    for family in ["Stone", "Marsh", "Pike", "Lund", "Rowe", "Cole"].iter().take(count) {
        for (given, year) in [("Paul", 1975), ("Mary", 1977), ("Kim", 2010)] {
            rows += &format!(
                "{number},{given},{family},{}@example.org,,{year}-04-{:02},,\n",
                family.to_lowercase(),
                10 + number % 15
            );
            number += 1;
        }
    }
    rows
}

/// The same people, whose ids have all moved by one.
fn moved_by_one(rows: &str) -> String {
    let moved = rows.lines().map(|row| {
        let (id, rest) = row.split_once(',').unwrap();
        format!("{},{rest}\n", id.parse::<usize>().unwrap() + 1)
    });
    format!("1,Ann,Aaron,ann@example.org,,1980-01-01,,\n{}", moved.collect::<String>())
}

#[test]
fn a_list_whose_ids_are_row_numbers_is_held_until_somebody_looks() {
    for database in support::databases() {
        let importer = importer(&database, GateMode::Enforce);
        let rows = families(1, 5);
        import(&importer, &rows);
        let before = people(&database);
        let report = import(&importer, &moved_by_one(&rows));
        assert_eq!(
            (report.status, &codes(&report)[..]),
            (ReportStatus::Held, &["ids_look_like_row_numbers"][..])
        );
        assert!(
            report.anomalies[0].message.starts_with("15 of 15 changed external ids"),
            "{:?}",
            report.anomalies
        );
        assert_eq!(people(&database), before);
        // Let in all the same, each row is who it is.
        let desk = importer.desk(Actor::admin("grace"));
        let approved = desk.approve(report.run_id, "checked").unwrap();
        assert_eq!(approved.status, ReportStatus::Succeeded, "{:?}", approved.error);
        let mut expected = before.clone();
        expected.insert(0, "Ann Aaron 1980-01-01 ".into());
        assert_eq!(people(&database), expected);
        // From now on it is known who is meant: a new version of the list is not held again.
        let changed = moved_by_one(&rows).replace("@example.org", "@example.net");
        let report = import(&importer, &changed);
        assert_eq!(report.status, ReportStatus::Succeeded, "{:?}", report.anomalies);
        assert_eq!((report.counts.inserted, people(&database)), (0, expected));
    }
}

#[test]
fn a_few_moved_ids_hold_nothing() {
    for database in support::databases() {
        let importer = importer(&database, GateMode::Enforce);
        let rows = families(1, 5);
        import(&importer, &rows);
        let swapped = rows
            .replacen("1,Paul", "x,Paul", 1)
            .replacen("2,Mary", "1,Mary", 1)
            .replacen("x,Paul", "2,Paul", 1);
        let before = people(&database);
        let report = import(&importer, &swapped);
        assert_eq!(
            (report.status, &codes(&report)[..]),
            (ReportStatus::Succeeded, &["external_id_moved"][..])
        );
        assert_eq!(people(&database), before);
    }
}
