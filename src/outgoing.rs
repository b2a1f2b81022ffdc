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
        // What follows a redirect loses the body, and shows headers and the address to who else is there.
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout))
}

/// What an answer that is none of success means: its status, and where it leads to if it leads elsewhere.
pub fn answered(response: &reqwest::Response) -> String {
    let status = response.status();
    let place = response.headers().get(reqwest::header::LOCATION);
    let place = place.and_then(|place| response.url().join(place.to_str().ok()?).ok());
    match place.filter(|_| status.is_redirection()) {
        // What stands behind the host may be a secret, as the address itself may.
        Some(place) => format!(
            "answered {status} and leads to {}; give the address that it leads to",
            place.origin().ascii_serialization()
        ),
        None => format!("answered {status}"),
    }
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

    /// Answers one request with this, and goes on with `more` for as long as it is read.
    fn answering(head: &'static str, more: &'static [u8]) -> String {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/secret", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(head.as_bytes());
            while !more.is_empty() && stream.write_all(more).is_ok() {}
        });
        url
    }

    #[tokio::test]
    async fn where_an_answer_leads_is_told_and_not_followed() {
        let url = answering(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.2:1/stolen?key=x\r\ncontent-length: 0\r\n\r\n",
            b"",
        );
        let client = client(Duration::from_secs(5)).unwrap();
        let response = client.post(url).send().await.unwrap();
        assert_eq!(
            answered(&response),
            "answered 307 Temporary Redirect and leads to http://127.0.0.2:1; give the address that it leads to"
        );
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
