//! Connections by TLS: what is asked of the server's certificate is what `sslmode` says.

use std::path::Path;
use std::sync::Arc;

use importer_store::SqlStore;
use postgres::config::Host;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{Database, database, name_of};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server shows that is called `localhost`.
fn shown(authority: &CertifiedIssuer<'_, KeyPair>) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}

/// Where the server of a database listens, and who its clients are.
fn socket_and_role(database: &Database) -> (String, String) {
    let config: postgres::Config = database.url.parse().unwrap();
    let [Host::Unix(folder)] = config.get_hosts() else { panic!("the tests reach the server by its socket") };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let role = database.texts("SELECT current_user AS t").concat();
    (format!("{}/.s.PGSQL.{port}", folder.display()), role)
}

/// Speaks TLS on a port, as a server does that has it on, and passes everything on to the real one behind. `speaks` is its answer to
/// who asks for TLS.
async fn serve(port: TcpListener, socket: String, config: Arc<ServerConfig>, speaks: bool) {
    loop {
        let (client, _) = port.accept().await.unwrap();
        // Who does not trust the certificate goes away.
        tokio::task::spawn_local(passed_on(client, socket.clone(), Arc::clone(&config), speaks));
    }
}

async fn passed_on(
    mut client: TcpStream,
    socket: String,
    config: Arc<ServerConfig>,
    speaks: bool,
) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket).await?;
    // SSLRequest: eight bytes, of which the last four are this number.
    let mut begin = [0; 8];
    client.read_exact(&mut begin).await?;
    if begin[4..] != 80_877_103_u32.to_be_bytes() {
        server.write_all(&begin).await?;
        return copy_bidirectional(&mut client, &mut server).await.map(drop);
    }
    if !speaks {
        client.write_all(b"N").await?;
        return copy_bidirectional(&mut client, &mut server).await.map(drop);
    }
    client.write_all(b"S").await?;
    let mut client = TlsAcceptor::from(config).accept(client).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// A port behind which the database is, for as long as the test lasts.
fn behind(database: &Database, config: ServerConfig, speaks: bool) -> u16 {
    let (socket, _) = socket_and_role(database);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    port.set_nonblocking(true).unwrap();
    let number = port.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let served = async {
            serve(TcpListener::from_std(port).unwrap(), socket, Arc::new(config), speaks).await;
        };
        tokio::task::LocalSet::new().block_on(&runtime, served);
    });
    number
}

fn written(folder: &Path, name: &str, authority: &CertifiedIssuer<'_, KeyPair>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, authority.pem()).unwrap();
    path.display().to_string()
}

#[test]
fn a_certificate_is_asked_what_the_mode_says() {
    let Some(database) = database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (authority(), authority());
    let (ours_file, theirs_file) =
        (written(folder.path(), "ours", &ours), written(folder.path(), "theirs", &theirs));
    let port = behind(&database, shown(&ours), true);
    let (_, role) = socket_and_role(&database);
    let open = |host: &str, options: &str| {
        let name = name_of(&database);
        SqlStore::open(&format!("postgres://{role}@{host}:{port}/{name}?{options}"))
            .map_err(|error| error.to_string())
    };
    let (ours, theirs) = (format!("sslrootcert={ours_file}"), format!("sslrootcert={theirs_file}"));
    for (host, options) in [
        ("localhost", "sslmode=disable".to_owned()),
        ("localhost", "sslmode=prefer".into()),
        ("localhost", "sslmode=require".into()),
        ("localhost", format!("sslmode=verify-ca&{ours}")),
        ("127.0.0.1", format!("sslmode=verify-ca&{ours}")),
        ("localhost", format!("sslmode=verify-full&{ours}")),
    ] {
        open(host, &options).unwrap_or_else(|error| panic!("{host} {options}: {error}"));
    }
    for (host, options, why) in [
        ("127.0.0.1", format!("sslmode=verify-full&{ours}"), "not valid for name"),
        ("localhost", format!("sslmode=verify-full&{theirs}"), "invalid peer certificate"),
        ("localhost", format!("sslmode=verify-ca&{theirs}"), "invalid peer certificate"),
        // Whoever names an authority wants it asked.
        ("localhost", format!("sslmode=require&{theirs}"), "invalid peer certificate"),
        ("localhost", "sslmode=verify-full&sslrootcert=/nowhere".into(), "/nowhere"),
        ("localhost", format!("sslmode=sometimes&{ours}"), "one of disable"),
    ] {
        let error = open(host, &options).err().unwrap_or_else(|| panic!("{host} {options} was taken"));
        assert!(error.contains(why), "{host} {options}: {error}");
    }
}

#[test]
fn who_needs_tls_does_not_go_without() {
    let Some(database) = database() else { return };
    let port = behind(&database, shown(&authority()), false);
    let (_, role) = socket_and_role(&database);
    let url = format!("postgres://{role}@localhost:{port}/{}", name_of(&database));
    SqlStore::open(&url).unwrap();
    assert!(SqlStore::open(&format!("{url}?sslmode=require")).is_err());
}
