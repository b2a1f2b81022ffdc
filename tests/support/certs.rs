//! A certificate authority for one test: it signs a server and a client, and keeps its files in a temp folder.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

/// What is wrong with a server's certificate, if anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertKind {
    /// For `localhost` and `127.0.0.1`, signed by the test's authority.
    #[default]
    Good,
    /// For the right names, signed by itself.
    SelfSigned,
    /// Signed by the authority, valid until 2020.
    Expired,
    /// Signed by the authority, for `wrong.example` only.
    WrongHost,
}

/// The authority. Its files go when it is dropped.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    dir: TempDir,
}

/// A certificate chain with its key, as rustls takes them.
pub type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Authority {
    /// Makes an authority, signs a client with it, and writes `ca.pem`, `client.pem` and `client.key`.
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        params
            .distinguished_name
            .push(DnType::CommonName, "the test's authority");
        let certificate = params.self_signed(&key).unwrap();
        let dir = tempfile::Builder::new()
            .prefix("rhaid-test-ca-")
            .tempdir()
            .unwrap();
        std::fs::write(dir.path().join("ca.pem"), certificate.pem()).unwrap();
        let authority = Self {
            issuer: Issuer::new(params, key),
            certificate: certificate.der().clone(),
            dir,
        };
        authority.write_client();
        authority
    }

    /// A server's certificate of this kind.
    pub fn server(&self, kind: CertKind) -> Identity {
        let names: &[&str] = match kind {
            CertKind::WrongHost => &["wrong.example"],
            _ => &["localhost", "127.0.0.1"],
        };
        let mut params = CertificateParams::new(
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>(),
        )
        .unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "the test's server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if kind == CertKind::Expired {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = match kind {
            CertKind::SelfSigned => params.self_signed(&key),
            _ => params.signed_by(&key, &self.issuer),
        }
        .unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        (vec![certificate.der().clone()], key)
    }

    fn write_client(&self) {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "the test's client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.client_cert_path(), certificate.pem()).unwrap();
        std::fs::write(self.client_key_path(), key.serialize_pem()).unwrap();
    }

    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The authority's certificate in PEM.
    pub fn ca_pem_path(&self) -> PathBuf {
        self.dir().join("ca.pem")
    }

    /// The client's certificate in PEM.
    pub fn client_cert_path(&self) -> PathBuf {
        self.dir().join("client.pem")
    }

    /// The client's private key in PEM (PKCS #8).
    pub fn client_key_path(&self) -> PathBuf {
        self.dir().join("client.key")
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }
}
