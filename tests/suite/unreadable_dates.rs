//! A column of dates that nobody can read holds the run: without birth dates, father and son are one person.

use importer::service::Actor;
use importer::{Documents, GateMode, GatePolicy, Importer, ReportStatus, RunReport, RunRequest};
use importer_core::mapping::Mapping;

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,date of birth\n";

fn importer(database: &Database) -> Importer {
    let csv = importer_adapter_csv::plugin();
    Importer::builder().database(&database.url).plugin(csv).build().unwrap()
}

/// Father and son of one name at one address, and others.
fn family(dates: [&str; 4]) -> String {
    let [father, son, ann, bob] = dates;
    format!(
        "{HEADER}1,Otto,Behr,behr@example.org,\"{father}\"\n2,Otto,Behr,behr@example.org,\"{son}\"\n\
         3,Ann,Lee,ann@example.org,\"{ann}\"\n4,Bob,Ray,bob@example.org,\"{bob}\"\n"
    )
}

fn run(importer: &Importer, rows: &str, documents: Option<Documents>) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", rows);
    let request = RunRequest::new("csv").file(&file);
    importer
        .run(&match documents {
            Some(documents) => request.documents(documents),
            None => request,
        })
        .unwrap()
}

fn with_format(format: &str) -> Documents {
    let text =
        format!("mapping: m\nversion: 1\nentity: volunteer\ndefaults: {{ date_format: \"{format}\" }}\n");
    Documents::new().mapping(Mapping::parse(&text, "m.yaml").unwrap())
}

#[test]
fn a_column_of_american_dates_holds_the_run_and_the_report_says_what_to_write() {
    let rows = family(["01/02/1950", "08/29/1979", "12/31/1990", "02/03/2001"]);
    for database in support::databases() {
        let importer = importer(&database);
        let held = run(&importer, &rows, None);
        assert_eq!((held.status, held.counts.inserted), (ReportStatus::Held, 0), "{}", database.backend);
        let [anomaly] = &held.anomalies[..] else { panic!("{:?}", held.anomalies) };
        assert_eq!(anomaly.code, "unreadable_dates");
        let told = "4 of 4 dates of column `date of birth` (field `dob`) cannot be read";
        assert!(anomaly.message.starts_with(told), "{}", anomaly.message);
        assert!(
            anomaly.message.contains("month/day/year: write `date_format: \"%m/%d/%Y\"`"),
            "{}",
            anomaly.message
        );
        assert!(!anomaly.message.contains("1950"), "no value is told");

        // With what the report says, father and son are two.
        let desk = importer.desk(Actor::admin("ann"));
        desk.discard(held.run_id, "the format was missing").unwrap();
        let report = run(&importer, &rows, Some(with_format("%m/%d/%Y")));
        assert_eq!((report.status, report.anomalies.len()), (ReportStatus::Succeeded, 0), "{report:?}");
        assert_eq!((report.counts.inserted, report.counts.auto_merged), (4, 0), "{}", database.backend);
    }
}

#[test]
fn somebody_may_approve_it_and_the_same_rows_are_not_held_again() {
    let rows = family(["01/02/1950", "08/29/1979", "12/31/1990", "02/03/2001"]);
    for database in support::databases() {
        let importer = importer(&database);
        let held = run(&importer, &rows, None);
        let desk = importer.desk(Actor::admin("ann"));
        let report = desk.approve(held.run_id, "the dates are not needed").unwrap();
        assert_eq!(report.status, ReportStatus::Succeeded, "{}", database.backend);
        assert_eq!(report.anomalies.last(), held.anomalies.last(), "what was found stays with the run");
        let again = run(&importer, &rows, None);
        assert_eq!((again.status, again.counts.unchanged), (ReportStatus::Succeeded, 4), "{again:?}");
    }
}

#[test]
fn the_gate_may_be_told_to_warn_only() {
    let rows = family(["01/02/1950", "08/29/1979", "12/31/1990", "02/03/2001"]);
    let database = support::sqlite();
    let importer = importer(&database);
    let lenient = GatePolicy { unreadable_dates: GateMode::Warn, ..GatePolicy::default() };
    let report = run(&importer, &rows, Some(Documents::new().gate(lenient)));
    assert_eq!((report.status, report.anomalies.len()), (ReportStatus::Succeeded, 1), "{report:?}");
}

#[test]
fn what_cannot_be_told_is_not_guessed_and_slips_hold_nothing() {
    for (dates, held, says) in [
        (
            ["01/02/1950", "08/09/1979", "12/11/1990", "02/03/2001"],
            true,
            "month/day/year or day/month/year, and no value",
        ),
        (["13.02.1950", "29.08.1979", "1.1.1990", "2.3.2001"], true, "write `date_format: \"%d.%m.%Y\"`"),
        (["1/2/50", "8/29/79", "12/31/90", "2/3/01"], true, "Declare how they are written"),
        (["May 2, 1950", "Aug 29, 1979", "1990-01-01", "June 3, 2001"], true, "`date_format: \"%B %d, %Y\"`"),
        (["1950-01-02", "1979-08-29", "31.12.1990", "2.3.2001"], false, ""),
        (["unknown", "n/a", "-", "0000-00-00"], false, ""),
        (["0000-00-00", "00/00/0000", "0000-00-00", "31.12.1990"], false, ""),
    ] {
        let database = support::sqlite();
        let report = run(&importer(&database), &family(dates), None);
        assert_eq!(report.status == ReportStatus::Held, held, "{dates:?}");
        let messages: Vec<_> = report.anomalies.iter().map(|anomaly| anomaly.message.as_str()).collect();
        assert!(messages.join("").contains(says), "{dates:?} {messages:?}");
    }
}

#[test]
fn the_wrong_format_is_told_by_what_it_leaves_unread() {
    let database = support::sqlite();
    let rows = family(["08/21/1950", "08/29/1979", "12/31/1990", "02/03/2001"]);
    let report = run(&importer(&database), &rows, Some(with_format("%d/%m/%Y")));
    assert_eq!(report.status, ReportStatus::Held, "{report:?}");
    assert!(report.anomalies[0].message.contains("\"%m/%d/%Y\""), "{:?}", report.anomalies);
}

#[test]
fn a_preview_says_it_without_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let rows = family(["01/02/1950", "08/29/1979", "12/31/1990", "02/03/2001"]);
    let file = support::file(folder.path(), "people.csv", rows);
    let csv = importer_adapter_csv::plugin();
    let importer = Importer::builder().without_database().plugin(csv).build().unwrap();
    let preview = importer.preview(&RunRequest::new("csv").file(&file)).unwrap();
    let [told] = &preview.unreadable_dates[..] else { panic!("{preview:?}") };
    assert!(told.contains("\"%m/%d/%Y\""), "{told}");
    let shown =
        support::command_line().args(["run", "--source", "csv", "--preview", "--file"]).arg(&file).output();
    let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
    assert!(shown.contains("Warning (unreadable_dates): 4 of 4 dates"), "{shown}");
}
