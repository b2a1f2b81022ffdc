//! TLS by rustls: which certificates are trusted, which one is shown.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{Error as Pem, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::HttpError;
use crate::project;

/// Of a file of certificates or keys, in bytes; the authorities of a whole system take a quarter of a MiB.
const MAX_PEM: u64 = 16 << 20;

impl TlsError {
    /// The option at fault, if it is one alone.
    pub fn key(&self, settings: &TlsSettings) -> Option<&'static str> {
        let (Self::File { path, .. } | Self::NoCertificate { path } | Self::Identity { path, .. }) =
            self
        else {
            return None;
        };
        match &settings.identity {
            Some((certificate, _)) if certificate == path => Some("cert"),
            Some((_, key)) if key == path => Some("key"),
            _ => settings.ca.contains(path).then_some("ca"),
        }
    }
}

/// What a file of certificates could not be read for, without the words of the library that tried.
fn reason(error: &Pem) -> String {
    match error {
        Pem::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "there is no such file".to_owned()
        }
        Pem::Io(error) => error.to_string(),
        Pem::NoItemsFound => "it holds no key in PEM".to_owned(),
        other => other.to_string(),
    }
}

/// What a run says about TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// Accept any certificate.
    pub insecure: bool,
    /// PEM files with further trusted authorities.
    pub ca: Vec<PathBuf>,
    /// PEM file with the client certificate chain (mTLS), and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Do not trust the system's authorities, only `ca`.
    pub only_custom_ca: bool,
}

/// TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read the {what} `{}`: {reason}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        reason: String,
    },
    #[error(
        "`{}` holds no certificate: a PEM file has blocks that begin with -----BEGIN CERTIFICATE-----", path.display()
    )]
    NoCertificate { path: PathBuf },
    #[error("the client certificate `{}` and its key do not fit: {reason}", path.display())]
    Identity { path: PathBuf, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER
        .get_or_init(|| Arc::new(rustls::crypto::ring::default_provider()))
        .clone()
}

fn read_certificates(
    path: &Path,
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fail = |reason: String| TlsError::File {
        what,
        path: path.to_owned(),
        reason,
    };
    let bytes = project::read(path, MAX_PEM).map_err(|error| fail(reason(&Pem::Io(error))))?;
    let certificates = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| fail(reason(&error)))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(certificates)
}

/// The system's trusted authorities, read once per process.
fn system_roots() -> &'static [CertificateDer<'static>] {
    static ROOTS: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    ROOTS.get_or_init(|| rustls_native_certs::load_native_certs().certs)
}

impl TlsSettings {
    /// The client configuration, offering these protocols by ALPN.
    ///
    /// Session resumption is off: each virtual user stands for another browser, whose first handshake is
    /// a full one.
    ///
    /// # Errors
    /// When a file cannot be read or does not hold what it should.
    pub fn client_config(&self, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, TlsError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?;
        let builder = if self.insecure {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AcceptAnything(provider())))
        } else {
            let mut roots = RootCertStore::empty();
            if !self.only_custom_ca {
                roots.add_parsable_certificates(system_roots().iter().cloned());
            }
            for path in &self.ca {
                for certificate in read_certificates(path, "authority's certificate")? {
                    roots.add(certificate).map_err(|error| TlsError::File {
                        what: "authority's certificate",
                        path: path.clone(),
                        reason: error.to_string(),
                    })?;
                }
            }
            builder.with_root_certificates(roots)
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = read_certificates(certificate, "client certificate")?;
                let read = project::read(key, MAX_PEM).map_err(Pem::Io);
                let parsed = read.and_then(|bytes| PrivateKeyDer::from_pem_slice(&bytes));
                let key = parsed.map_err(|error| TlsError::File {
                    what: "client key",
                    path: key.clone(),
                    reason: reason(&error),
                })?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| TlsError::Identity {
                        path: certificate.clone(),
                        reason: error.to_string(),
                    })?
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

/// What a failed handshake means, under the code that says which kind it is.
pub fn handshake_error(error: &std::io::Error, host: &str) -> HttpError {
    use rustls::{CertificateError as Cert, Error as Tls};
    let Some(tls) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Tls>())
    else {
        return match error.kind() {
            std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset => {
                HttpError::new(
                    HttpError::TLS,
                    format!(
                        "{host} closed the connection during the TLS handshake; does it speak TLS on this port?"
                    ),
                )
            }
            _ => HttpError::from_io(error, "making the TLS handshake"),
        };
    };
    let trust =
        "; to accept it give its authority with `tls: #{ ca: \"file.pem\" }`, or `insecure: true`";
    match tls {
        Tls::InvalidCertificate(Cert::UnknownIssuer) => HttpError::new(
            HttpError::UNKNOWN_AUTHORITY,
            format!("the certificate of {host} is signed by an unknown authority{trust}"),
        ),
        // A new authority under the name of an old one, as test set-ups make them.
        Tls::InvalidCertificate(Cert::BadSignature) => HttpError::new(
            HttpError::UNKNOWN_AUTHORITY,
            format!(
                "the certificate of {host} names a trusted authority as its signer, but is signed by another of the same name{trust}"
            ),
        ),
        Tls::InvalidCertificate(Cert::NotValidForName | Cert::NotValidForNameContext { .. }) => {
            HttpError::new(
                HttpError::CERTIFICATE_NAME,
                format!(
                    "the certificate is not valid for the name {host}; ask by a name that it is made out to, or accept it with `tls: #{{ insecure: true }}`"
                ),
            )
        }
        Tls::InvalidCertificate(Cert::Expired | Cert::ExpiredContext { .. }) => HttpError::new(
            HttpError::CERTIFICATE_EXPIRED,
            format!(
                "the certificate of {host} has expired; renew it, or accept it with `tls: #{{ insecure: true }}`"
            ),
        ),
        Tls::InvalidCertificate(other) => HttpError::new(
            HttpError::TLS,
            format!("the certificate of {host} is not acceptable: {other}{trust}"),
        ),
        Tls::InvalidMessage(_) => HttpError::new(
            HttpError::TLS,
            format!("{host} does not speak TLS on this port; is it http:// rather than https://?"),
        ),
        other => refusal(other, host).unwrap_or_else(|| {
            HttpError::new(
                HttpError::TLS,
                format!("TLS handshake with {host} failed: {other}"),
            )
        }),
    }
}

/// What the server's alert about the client's certificate means, if it is one. In TLS 1.3 it comes after the
/// handshake, when the first answer is read.
pub fn refusal(error: &rustls::Error, host: &str) -> Option<HttpError> {
    use rustls::AlertDescription as Alert;
    let rustls::Error::AlertReceived(alert) = error else {
        return None;
    };
    let how = "`tls: #{ cert: \"client.pem\", key: \"client.key\" }`";
    let message = match alert {
        Alert::CertificateRequired => {
            format!("{host} wants a client certificate; show one with {how}")
        }
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA => {
            format!(
                "{host} does not accept the client certificate ({alert:?}); show another with {how}"
            )
        }
        _ => return None,
    };
    Some(HttpError::new(HttpError::TLS, message))
}

/// `insecure: true`: every certificate will do; signatures are still checked.
#[derive(Debug)]
struct AcceptAnything(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
