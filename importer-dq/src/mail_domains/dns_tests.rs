//! Against a name server of our own on 127.0.0.1, byte by byte, so that nothing depends on a network.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::AtomicUsize;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig};

use super::*;

const MX: u16 = 15;
const A: u16 = 1;

/// The answer of the server: a code and the records' data.
fn zone(name: &str, kind: u16) -> (u8, Vec<Vec<u8>>) {
    let host = |name: &str| {
        let mut data = vec![0, 10];
        for label in name.split('.').filter(|l| !l.is_empty()) {
            data.push(u8::try_from(label.len()).unwrap());
            data.extend(label.bytes());
        }
        data.push(0);
        data
    };
    match (name, kind) {
        ("mail.test", MX) => (0, vec![host("mx.mail.test")]),
        ("null.test", MX) => (0, vec![vec![0, 0, 0]]),
        ("null.test", A) | ("plain.test", A) => (0, vec![vec![192, 0, 2, 1]]),
        ("broken.test", _) => (2, vec![]),
        ("plain.test" | "empty.test", _) => (0, vec![]),
        _ => (3, vec![]),
    }
}

fn answer(question: &[u8]) -> Vec<u8> {
    let mut at = 12;
    let mut labels = Vec::new();
    while question[at] != 0 {
        let end = at + 1 + usize::from(question[at]);
        labels.push(String::from_utf8_lossy(&question[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    let kind = u16::from_be_bytes([question[at + 1], question[at + 2]]);
    let (code, records) = zone(&labels.join("."), kind);
    let mut out = question[..2].to_vec();
    out.extend([0x85, 0x80 | code, 0, 1, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
    out.extend(&question[12..at + 5]);
    for data in records {
        out.extend([0xC0, 12]);
        out.extend(kind.to_be_bytes());
        out.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
        out.extend(data);
    }
    out
}

/// A server that answers until the test ends, and counts the questions.
fn serve() -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let questions = Arc::new(AtomicUsize::new(0));
    let counted = questions.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = socket.send_to(&answer(&buffer[..length]), from);
        }
    });
    (address, questions)
}

fn asking(server: SocketAddr) -> DnsMailDomains {
    asking_with(server, PATIENCE)
}

fn asking_with(server: SocketAddr, patience: Duration) -> DnsMailDomains {
    let mut connection = ConnectionConfig::udp();
    connection.port = server.port();
    let server = NameServerConfig::new(server.ip(), true, vec![connection]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    DnsMailDomains::start(builder, patience).unwrap()
}

#[test]
fn only_what_a_server_says_counts() {
    let domains = asking(serve().0);
    for (domain, expected) in [
        ("mail.test", Some(true)),
        ("plain.test", Some(true)),
        ("null.test", Some(false)),
        ("empty.test", Some(false)),
        ("gone.test", Some(false)),
        ("broken.test", None),
    ] {
        assert_eq!(domains.accepts_mail(domain), expected, "{domain}");
    }
    assert_eq!(domains.unknown(), 1);
}

#[test]
fn a_domain_is_asked_about_once() {
    let (server, questions) = serve();
    let domains = asking(server);
    domains.prepare(&["mail.test", "gone.test"]);
    let asked = questions.load(Ordering::SeqCst);
    domains.prepare(&["gone.test"]);
    for _ in 0..5 {
        assert_eq!(domains.accepts_mail("mail.test"), Some(true));
    }
    assert_eq!(questions.load(Ordering::SeqCst), asked);
}

#[test]
fn a_network_that_is_away_is_left_alone() {
    let (server, questions) = serve();
    let domains = asking(server);
    domains.unanswered.store(GIVE_UP, Ordering::Relaxed);
    assert_eq!(domains.accepts_mail("mail.test"), None);
    assert_eq!(questions.load(Ordering::SeqCst), 0);
}

#[test]
fn a_server_that_does_not_answer_says_nothing() {
    // Bound and never read: the question runs into its time limit.
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let domains = asking_with(silent.local_addr().unwrap(), Duration::from_millis(50));
    assert_eq!(domains.accepts_mail("mail.test"), None);
    assert_eq!(domains.unknown(), 1);
}

#[test]
fn a_host_may_call_from_async_code() {
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(async {
        let domains = asking(serve().0);
        assert_eq!(domains.accepts_mail("mail.test"), Some(true));
    });
}
