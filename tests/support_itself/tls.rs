//! TLS: who is believed, who is let in, and what is spoken.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::background::wait_until;
use crate::support::certs::CertKind;
use crate::support::tls::{Alpn, TlsConfig, TlsServer};
use crate::support_itself::client::{connect, parse, read_to_end, request};

fn client(server: &TlsServer, with_certificate: bool, alpn: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(server.ca_pem_path()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = if with_certificate {
        let chain = vec![CertificateDer::from_pem_file(server.client_cert_path()).unwrap()];
        let key = PrivateKeyDer::from_pem_file(server.client_key_path()).unwrap();
        builder.with_client_auth_cert(chain, key).unwrap()
    } else {
        builder.with_no_client_auth()
    };
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

fn hello(server: &TlsServer, config: ClientConfig) -> std::io::Result<String> {
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(session, connect(server.addr()));
    stream.write_all(&request("GET", "/hello", &[], b""))?;
    Ok(parse(&read_to_end(&mut stream)?).text())
}

#[test]
fn a_good_certificate_is_believed() {
    let server = TlsServer::start(TlsConfig::default());
    assert_eq!(
        hello(&server, client(&server, false, &["http/1.1"])).unwrap(),
        "hello\n"
    );
    assert!(server.url("/hello").starts_with("https://127.0.0.1:"));
    assert_eq!(server.requests()[0].http_version, "1.1");
}

#[test]
fn each_bad_certificate_fails_for_its_own_reason() {
    for (kind, reason) in [
        (CertKind::SelfSigned, "UnknownIssuer"),
        (CertKind::Expired, "xpired"),
        (CertKind::WrongHost, "not valid for name"),
    ] {
        let server = TlsServer::start(TlsConfig {
            kind,
            ..TlsConfig::default()
        });
        let error = hello(&server, client(&server, false, &[]))
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{kind:?}: {error}");
        assert!(server.requests().is_empty());
    }
}

#[test]
fn a_client_without_the_wanted_certificate_is_not_served() {
    let server = TlsServer::start(TlsConfig {
        client_ca: true,
        ..TlsConfig::default()
    });
    assert!(hello(&server, client(&server, false, &[])).is_err());
    assert_eq!(
        hello(&server, client(&server, true, &[])).unwrap(),
        "hello\n"
    );
    wait_until("the refusal is counted", Duration::from_secs(10), || {
        server.traffic().failed_handshakes() == 1
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_temporary_files_go_with_the_server() {
    let server = TlsServer::start(TlsConfig::default());
    let path = server.ca_pem_path();
    assert!(path.exists());
    drop(server);
    assert!(!path.exists() && !path.parent().is_some_and(Path::exists));
}

#[test]
fn alpn_chooses_among_what_the_server_offers() {
    for (alpn, chosen) in [(Alpn::Http1, "1.1"), (Alpn::Http2, "2"), (Alpn::Both, "2")] {
        let server = TlsServer::start(TlsConfig {
            alpn,
            ..TlsConfig::default()
        });
        let config = client(&server, false, &["h2", "http/1.1"]);
        if chosen == "2" {
            assert_eq!(
                crate::support_itself::h2::hello_over_tls(server.addr(), config),
                "hello\n"
            );
        } else {
            assert_eq!(hello(&server, config).unwrap(), "hello\n");
        }
        assert_eq!(server.requests()[0].http_version, chosen, "{alpn:?}");
    }
}
