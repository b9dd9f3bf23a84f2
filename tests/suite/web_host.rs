//! The web service of the examples: a host whose runtime never waits for the importer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::support;

/// The service at work, until this is dropped.
struct Service {
    process: Child,
    address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start(database: &Path) -> Self {
        let name = format!("axum_host{}", std::env::consts::EXE_SUFFIX);
        let program = support::profile_folder().join("examples").join(name);
        assert!(
            program.is_file(),
            "{} is not built; run the tests with `cargo xtask test`",
            program.display()
        );
        let mut process = Command::new(program)
            .arg(format!("sqlite://{}", database.display()))
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.trim().strip_prefix("listening on http://").expect("it says where it listens").to_owned();
        Self { process, address }
    }

    /// Sends a request, and gives the status and the whole body. HTTP 1.0: the server closes the connection behind its answer.
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn json(&self, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
        let (status, body) = self.ask(method, path, body);
        (status, serde_json::from_str(&body).unwrap_or_else(|e| panic!("{path}: {e}: {body}")))
    }

    /// Waits for the end of a run by its events, and gives their names and the last one's data.
    fn follow(&self, run: i64) -> (Vec<String>, Value) {
        let (status, stream) = self.ask("GET", &format!("/imports/{run}/events"), b"");
        assert_eq!(status, 200);
        let of = |field: &str| -> Vec<String> {
            let lines = stream.lines().filter_map(|line| line.strip_prefix(field));
            lines.map(|text| text.trim().to_owned()).collect()
        };
        (of("event:"), serde_json::from_str(of("data:").last().unwrap()).unwrap())
    }
}

#[test]
fn an_upload_is_imported_followed_and_its_quarantine_served_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&folder.path().join("people.db"));
    let sample = std::fs::read(support::root().join("examples/data/volunteers.csv")).unwrap();
    let (status, started) = service.json("POST", "/imports", &sample);
    assert_eq!((status, &started["run"]), (202, &Value::from(1)), "{started}");
    let (events, report) = service.follow(1);
    assert_eq!(events.last().unwrap(), "report", "{events:?}");
    assert_eq!(
        (&report["status"], &report["counts"]["read"]),
        (&Value::from("succeeded"), &Value::from(62)),
        "{report}"
    );

    let held = report["counts"]["quarantined"].as_u64().unwrap();
    let (status, page) = service.json("GET", "/quarantine", b"");
    let rows = page["rows"].as_array().unwrap();
    assert_eq!((status, rows.len() as u64), (200, held), "{page}");
    assert!(page["next"].is_null() && rows.iter().all(|row| row["status"] == "open"), "{page}");
    let (_, first) = service.json("GET", "/quarantine?limit=1", b"");
    let (_, second) = service.json("GET", &format!("/quarantine?limit=1&after={}", first["next"]), b"");
    assert_eq!((&first["rows"][0], &second["rows"][0]), (&rows[0], &rows[1]));

    // What is wrong is told as JSON with a code.
    let (status, gone) = service.json("GET", "/imports/99", b"");
    assert_eq!((status, &gone["code"]), (404, &Value::from("not_found")), "{gone}");
    let (status, gone) = service.json("DELETE", "/imports/1", b"");
    assert_eq!((status, &gone["code"]), (404, &Value::from("not_found")), "{gone}");
    let (status, refused) = service.json("POST", "/imports", b"nothing,that,fits\n1,2,3\n");
    assert_eq!((status, &refused["code"]), (422, &Value::from("mapping")), "{refused}");
}

#[test]
fn the_service_answers_while_it_imports_and_a_run_that_is_cancelled_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&folder.path().join("people.db"));
    let mut file = String::from("id,first name,last name,email\n");
    for n in 0..60_000 {
        file.push_str(&format!("{n},Pat{n},Stone{n},pat{n}@example.org\n"));
    }
    let (_, started) = service.json("POST", "/imports", file.as_bytes());
    let run = started["run"].as_i64().unwrap();
    let (status, at_work) = service.json("GET", &format!("/imports/{run}"), b"");
    assert_eq!((status, &at_work["status"]), (200, &Value::from("running")), "{at_work}");
    assert_eq!(service.json("GET", "/quarantine", b"").0, 200);
    assert_eq!(service.ask("DELETE", &format!("/imports/{run}"), b"").0, 202);
    let (_, report) = service.follow(run);
    assert_eq!(
        (&report["run_id"], &report["status"]),
        (&Value::from(run), &Value::from("failed")),
        "{report}"
    );
    let (_, started) =
        service.json("POST", "/imports", b"id,first name,last name,email\n1,Ann,Lee,ann@example.org\n");
    let (_, report) = service.follow(started["run"].as_i64().unwrap());
    assert_eq!(report["status"], "succeeded", "{report}");
}
