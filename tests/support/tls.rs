//! The same routes behind TLS: HTTP/1.1 or HTTP/2, as ALPN decides.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::background::{Accepted, Background};
use super::certs::{Authority, CertKind};
use super::server::Serving;
use super::{h2, server};

/// The protocols that a server offers by ALPN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alpn {
    Http1,
    Http2,
    /// HTTP/2 preferred.
    #[default]
    Both,
}

/// How a [`TlsServer`] presents itself. The default is a good certificate, no client certificate, both protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TlsConfig {
    pub kind: CertKind,
    /// Clients must present a certificate of the server's authority.
    pub client_ca: bool,
    pub alpn: Alpn,
}

/// HTTP behind TLS 1.2 or 1.3, with an authority of its own.
pub struct TlsServer {
    serving: Serving,
    authority: Authority,
}

impl TlsServer {
    pub fn start(config: TlsConfig) -> Self {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(Arc::new(server_config(&authority, config)));
        let background = Background::start("tls server", move |accepted: Accepted| {
            let acceptor = acceptor.clone();
            async move {
                let (stream, peer) = accepted.split();
                let Ok(stream) = acceptor.accept(stream).await else {
                    peer.traffic.handshake_failed();
                    return;
                };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    h2::serve(stream, &peer).await;
                } else {
                    server::serve(stream, &peer).await;
                }
            }
        });
        Self {
            serving: Serving::new("https", background),
            authority,
        }
    }

    /// The certificate that signs the server's, in PEM.
    pub fn ca_pem_path(&self) -> PathBuf {
        self.authority.ca_pem_path()
    }

    /// A client certificate that the server accepts, in PEM.
    pub fn client_cert_path(&self) -> PathBuf {
        self.authority.client_cert_path()
    }

    /// Its private key, in PEM (PKCS #8).
    pub fn client_key_path(&self) -> PathBuf {
        self.authority.client_key_path()
    }
}

impl Deref for TlsServer {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.serving
    }
}

/// How a server of this authority speaks TLS.
pub fn server_config(authority: &Authority, config: TlsConfig) -> ServerConfig {
    // Named here instead of installed for the process: a test may want another provider.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if config.client_ca {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let (chain, key) = authority.server(config.kind);
    let mut server = builder.with_single_cert(chain, key).unwrap();
    server.alpn_protocols = match config.alpn {
        Alpn::Http1 => vec![b"http/1.1".to_vec()],
        Alpn::Http2 => vec![b"h2".to_vec()],
        Alpn::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    server
}
