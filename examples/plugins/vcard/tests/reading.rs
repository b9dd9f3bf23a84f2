//! Files as the plugin reads them, through what a host calls.

use std::path::Path;

use importer_plugin::{
    AdapterCapability, Error, ErrorKind, Extract, HealthStatus, Host, HostCalls, LogLevel, OpenRequest,
    Options, Source,
};

fn request(file: &Path) -> OpenRequest {
    OpenRequest { options: Options::default().with("file", file.to_str().unwrap()), ..OpenRequest::default() }
}

fn open(request: &OpenRequest) -> Result<Box<dyn Source>, Error> {
    importer_sample_vcard::plugin().find_adapter("vcard").unwrap().open(request, &Host::detached())
}

/// All rows as `column=cell` texts, and all findings as `row code` texts.
fn read(content: &[u8]) -> (Vec<Vec<String>>, Vec<String>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    rest(open(&request(file.path())).unwrap())
}

fn rest(mut source: Box<dyn Source>) -> (Vec<Vec<String>>, Vec<String>) {
    let columns = source.columns();
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    loop {
        let mut out = Extract::new(columns.len());
        source.next(&mut out).unwrap();
        if out.batch().is_empty() {
            return (rows, findings);
        }
        findings.extend(out.findings().iter().map(|f| format!("{} {}", rows.len() + f.row, f.code)));
        for row in 0..out.batch().rows() {
            let cells = columns.iter().zip(out.batch().row(row).cells());
            rows.push(cells.filter_map(|(name, cell)| Some(format!("{name}={}", cell?))).collect());
        }
    }
}

#[test]
fn every_version_is_read() {
    let (rows, findings) = read(include_bytes!("../data/people.vcf"));
    assert_eq!(
        rows[0],
        [
            "external_id=urn:uuid:5f1b7f0e-0001",
            "first_name=Ada",
            "middle_name=King",
            "last_name=Lovelace",
            "email=ada@example.org",
            "alt_emails=ada.home@example.org",
            "phone=(816) 234-5678",
            "alt_phones=816-234-5679",
            "dob=1985-04-23",
            "street=1200 Main St, Apt 4",
            "city=Kansas City",
            "state=MO",
            "postal_code=64105",
            "country=USA",
            "notes=Speaks French, helps at the desk\nand at fairs",
            "updated_at=2025-05-30T08:00:00Z"
        ]
    );
    let second = ["external_id=42", "first_name=José", "last_name=Nuñez", "email=jose@example.org"];
    assert_eq!(rows[1], [&second[..], &["notes=drives\nthe van"]].concat());
    let third = ["external_id=urn:uuid:5f1b7f0e-0003", "full_name=Grace Hopper", "phone=+1-816-234-5680"];
    assert_eq!(rows[2], third);
    assert_eq!(findings, ["2 SRC-104"]);
}

#[test]
fn odd_cards_are_handed_over_with_a_finding() {
    let odd = b"BEGIN:VCARD\nUID:1\nno colon here\nBEGIN:VCARD\nUID:2\nFN:M\xfcller\nEND:VCARD\nbetween\nbegin:vcard\nUID:3";
    let (rows, findings) = read(odd);
    assert_eq!(rows.concat(), ["external_id=1", "external_id=2", "full_name=M\u{fffd}ller", "external_id=3"]);
    assert_eq!(findings, ["0 SRC-101", "0 SRC-103", "1 SRC-102", "2 SRC-101"]);
}

#[test]
fn a_card_within_a_card_is_not_a_person_of_its_own() {
    let (rows, findings) =
        read(b"BEGIN:VCARD\nUID:1\nAGENT:\nBEGIN:VCARD\nUID:2\nEND:VCARD\nFN:Ada\nEND:VCARD\n");
    assert_eq!(rows, [["external_id=1", "full_name=Ada"]]);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn no_bytes_make_it_panic() {
    let sample = include_bytes!("../data/people.vcf");
    for at in 0..sample.len() {
        let mut damaged = sample.to_vec();
        damaged[at] = [b'\n', b':', b'\\', 0xff, b';'][at % 5];
        damaged.truncate(sample.len() - at / 3);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), damaged).unwrap();
        match open(&request(file.path())) {
            Ok(source) => assert!(rest(source).0.len() <= 4),
            Err(error) => assert_eq!(error.kind, ErrorKind::Data),
        }
    }
}

#[test]
fn an_interrupted_run_goes_on_behind_the_last_batch() {
    let card = |n: usize| format!("BEGIN:VCARD\r\nUID:{n}\r\nFN:Person {n}\r\nEND:VCARD\r\n");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), (0..5000).map(card).collect::<String>()).unwrap();
    let mut source = open(&request(file.path())).unwrap();
    let mut out = Extract::new(source.columns().len());
    source.next(&mut out).unwrap();
    let seen = out.batch().rows();
    assert!((1..5000).contains(&seen));
    let resumed = OpenRequest { cursor: source.cursor(), ..request(file.path()) };
    let (rows, _) = rest(open(&resumed).unwrap());
    assert_eq!(rows.len(), 5000 - seen);
    assert_eq!(rows[0][0], format!("external_id={seen}"));
    assert_eq!(out.position(seen - 1) as usize, seen * 4 - 3);

    std::fs::write(file.path(), card(1)).unwrap();
    let error = open(&resumed).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.message.contains("the file changed since the interrupted run"), "{error}");
}

#[test]
fn what_is_no_source_is_said_before_a_run() {
    let adapter = importer_sample_vcard::plugin().find_adapter("vcard").unwrap();
    assert!(adapter.meta().capabilities.contains(&AdapterCapability::Health));
    let csv = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(csv.path(), "first_name,email\n").unwrap();
    let cases = [(Path::new("/nowhere/people.vcf"), "cannot be read"), (csv.path(), "is no vCard file")];
    for (file, why) in cases {
        let health = adapter.health(&request(file), &Host::detached()).unwrap();
        assert_eq!(health.status, HealthStatus::Failed);
        assert!(health.message.contains(why), "{health:?}");
    }
    let error = adapter.open(&OpenRequest::default(), &Host::detached()).err().unwrap();
    assert_eq!(error.message, "option `file` is missing");
    std::fs::write(csv.path(), "\n").unwrap();
    let health = adapter.health(&request(csv.path()), &Host::detached()).unwrap();
    assert_eq!(health.status, HealthStatus::Ok, "an address book may be empty");
    let fields = adapter.fields(&request(csv.path()), &Host::detached()).unwrap();
    assert_eq!((fields[0].name.as_str(), fields[0].label.as_deref()), ("external_id", Some("UID")));
}

#[test]
fn a_cancelled_run_stops() {
    struct Impatient;
    impl HostCalls for Impatient {
        fn log(&self, _: LogLevel, _: &str) {}
        fn progress(&self, _: u64, _: u64) {}
        fn cancelled(&self) -> bool {
            true
        }
        fn secret(&self, _: &str) -> Option<String> {
            None
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), include_bytes!("../data/people.vcf")).unwrap();
    let adapter = importer_sample_vcard::plugin().find_adapter("vcard").unwrap();
    let host = Host::new(std::sync::Arc::new(Impatient));
    let ended =
        adapter.open(&request(file.path()), &host).and_then(|mut source| source.next(&mut Extract::new(18)));
    assert_eq!(ended.unwrap_err().kind, ErrorKind::Cancelled);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    use std::io::Write;
    let file = tempfile::NamedTempFile::new().unwrap();
    let card = |n| format!("BEGIN:VCARD\nVERSION:4.0\nUID:{n}\nFN:Ada {n}\nEND:VCARD\n");
    std::fs::write(file.path(), (0..9).map(card).collect::<String>()).unwrap();
    let mut source = open(&request(file.path())).unwrap();
    let mut out = Extract::new(source.columns().len());
    source.next(&mut out).unwrap();
    assert_eq!(out.batch().rows(), 9);
    let mut writer = std::fs::OpenOptions::new().append(true).open(file.path()).unwrap();
    writer.write_all(b"BEGIN:VCARD\nVERSION:4.0\nUID:9\nFN:Ad").unwrap();
    let error = source.next(&mut out).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Data, Some("file")));
    assert!(error.message.contains("changed while it was read"), "{error}");
}
