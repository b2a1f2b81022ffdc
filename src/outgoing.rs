//! The HTTP client for what is no load: notifications, metrics that are sent on, questions to Prometheus.
//!
//! Virtual users have a client of their own (`http`), which measures; this one only has to arrive. It speaks TLS through the same rustls
//! with the same provider, trusts the system's authorities, and takes proxies from the environment as `curl` does.

use std::error::Error;
use std::time::Duration;

use crate::http::{TlsError, TlsSettings};

/// How others see who calls.
const USER_AGENT: &str = concat!("rhaid/", env!("CARGO_PKG_VERSION"));

/// No client could be made.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("cannot set up an HTTP client: {}", why(.0))]
    Client(reqwest::Error),
}

/// A client whose every request, connecting included, takes at most `timeout`. To be used within a runtime, and kept: it holds connections.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client(timeout: Duration) -> Result<reqwest::Client, OutgoingError> {
    client_with(timeout, &TlsSettings::default())
}

/// The same, with authorities and a certificate of its own.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client_with(timeout: Duration, tls: &TlsSettings) -> Result<reqwest::Client, OutgoingError> {
    builder(timeout, tls, b"http/1.1")?
        .redirect(reqwest::redirect::Policy::limited(3))
        .build()
        .map_err(OutgoingError::Client)
}

/// One that speaks HTTP/2 and nothing else, as gRPC wants it.
///
/// # Errors
/// When TLS cannot be set up.
pub fn http2_client_with(
    timeout: Duration,
    tls: &TlsSettings,
) -> Result<reqwest::Client, OutgoingError> {
    builder(timeout, tls, b"h2")?
        .http2_prior_knowledge()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(OutgoingError::Client)
}

fn builder(
    timeout: Duration,
    tls: &TlsSettings,
    protocol: &'static [u8],
) -> Result<reqwest::ClientBuilder, OutgoingError> {
    let tls = tls.client_config(&[protocol])?;
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured((*tls).clone())
        .user_agent(USER_AGENT)
        .timeout(timeout))
}

/// Why a request came to nothing, with its causes and without its address: that of a webhook is a secret.
pub fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    // The error's own text has the address in it, those of its causes have not.
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    // Each tells the next one's text too, or says less than it: the last is the cause.
    match causes.pop() {
        Some(last) => last,
        None if error.is_builder() => "it is no address that can be called".to_owned(),
        None => "the request failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_says_why_and_not_where() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        let client = client(Duration::from_secs(5)).unwrap();
        let sent = client.get(format!("http://{address}/hidden")).send().await;
        let told = why(&sent.unwrap_err());
        assert!(told.to_lowercase().contains("refused"), "{told}");
        assert!(!told.contains("hidden"), "{told}");
    }

    #[tokio::test]
    async fn what_takes_too_long_is_told() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let client = client(Duration::from_millis(50)).unwrap();
        let sent = client.get(format!("http://{address}/hidden")).send().await;
        assert_eq!(why(&sent.unwrap_err()), "it took too long");
    }
}
