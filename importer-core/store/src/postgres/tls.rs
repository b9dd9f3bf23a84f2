//! What is asked of the server's certificate, as libpq's `sslmode` says
//! (<https://www.postgresql.org/docs/current/libpq-ssl.html>).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use postgres::config::SslMode;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::params::{Params, wrong};
use super::passfile::folder;
use super::place::cannot_read;
use importer_core::{Error, ErrorKind, Result};

/// How connections are encrypted.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    pub(super) fn connector(&self) -> MakeRustlsConnect {
        MakeRustlsConnect::new((*self.0).clone())
    }
}

/// How much of a certificate is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    Nothing,
    /// Who has signed it.
    Authority,
    /// That, and that it is this host's.
    Full,
}

/// Reads what is said about TLS.
pub(super) fn of(params: &Params) -> Result<(SslMode, Tls)> {
    let words = [
        ("disable", (SslMode::Disable, Check::Nothing)),
        ("allow", (SslMode::Prefer, Check::Nothing)),
        ("prefer", (SslMode::Prefer, Check::Nothing)),
        ("require", (SslMode::Require, Check::Nothing)),
        ("verify-ca", (SslMode::Require, Check::Authority)),
        ("verify-full", (SslMode::Require, Check::Full)),
    ];
    let (mode, mut check) = params.word("sslmode", &words)?.unwrap_or((SslMode::Prefer, Check::Nothing));
    let named = params.get("sslrootcert");
    let own = folder().map(|folder| folder.join("root.crt")).filter(|path| path.is_file());
    // As with libpq: whoever asks for encryption and has the authority's certificate wants it checked.
    if mode == SslMode::Require && check == Check::Nothing && (named.is_some() || own.is_some()) {
        check = Check::Authority;
    }
    if named == Some("system") && check != Check::Full {
        return Err(wrong("sslmode", "verify-full where `sslrootcert` is `system`"));
    }
    let provider = Arc::new(ring::default_provider());
    let authority = match check {
        Check::Nothing => None,
        Check::Authority | Check::Full => {
            let roots = Arc::new(roots(named, own)?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            Some(verifier.map_err(|error| unusable(&error))?)
        }
    };
    let verifier: Arc<dyn ServerCertVerifier> = match authority {
        Some(authority) if check == Check::Full => authority,
        authority => Arc::new(AnyName { authority, provider: provider.clone() }),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match client_certificate(params)? {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).map_err(|error| unusable(&error))?,
        None => config.with_no_client_auth(),
    };
    Ok((mode, Tls(Arc::new(config))))
}

fn unusable(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Config, "open the database", format!("its TLS settings cannot be used: {error}"))
}

fn roots(named: Option<&str>, own: Option<PathBuf>) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if named == Some("system") {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(store);
    }
    let path = named.map(PathBuf::from).or(own).ok_or_else(|| {
        wrong(
            "sslrootcert",
            "the certificate of the authority that signed the server's, or `system`, for this `sslmode`",
        )
    })?;
    let cannot = |why: String| cannot_read("sslrootcert", &path, why);
    for certificate in CertificateDer::pem_file_iter(&path).map_err(|error| cannot(error.to_string()))? {
        let certificate = certificate.map_err(|error| cannot(error.to_string()))?;
        store.add(certificate).map_err(|error| cannot(error.to_string()))?;
    }
    if store.is_empty() { Err(cannot("there is no certificate in it".into())) } else { Ok(store) }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Who we are, where the server asks for a certificate.
fn client_certificate(params: &Params) -> Result<Option<Identity>> {
    let file = |name: &str, usual: &str| {
        let own = folder().map(|folder| folder.join(usual)).filter(|path| path.is_file());
        params.get(name).map(PathBuf::from).or(own)
    };
    let Some(certificate) = file("sslcert", "postgresql.crt") else { return Ok(None) };
    let key = file("sslkey", "postgresql.key")
        .ok_or_else(|| wrong("sslkey", "the file with the key of `sslcert`"))?;
    let read = |path: &Path| CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let chain = read(&certificate).map_err(|error| cannot_read("sslcert", &certificate, error))?;
    let secret = PrivateKeyDer::from_pem_file(&key).map_err(|error| cannot_read("sslkey", &key, error))?;
    Ok(Some((chain, secret)))
}

/// Asks who signed a certificate, where an authority is given, and not whose it is: the connection is encrypted, and without an
/// authority nobody asks who is at the other end.
#[derive(Debug)]
struct AnyName {
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, between, name, response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
