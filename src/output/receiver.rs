//! A receiver that is spoken to by HTTP: who it thinks it is spoken to by, and what its answers mean.
//!
//! Credentials come from the environment, so that no command line and no file of the project shows them. For the output
//! `remote-write` they are `RHAID_REMOTE_WRITE_USERNAME` and `_PASSWORD`, `_BEARER_TOKEN`, `_HEADERS` (`Name: value`, a line each),
//! `_CA`, `_CERT` and `_KEY` (PEM files).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode, Url};

use super::OutputError;
use super::courier::{Carrier, Parcel, Refusal};
use crate::http::TlsSettings;
use crate::outgoing::{self, OutgoingError};
use crate::{harmless, lengths};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of a refusal is told.
const TOLD: usize = 200;

/// Where requests of an output go.
pub struct Receiver {
    client: Client,
    pub url: Url,
    headers: HeaderMap,
    login: Option<(String, Option<String>)>,
}

impl Receiver {
    /// The receiver at `target`, with the credentials that the environment has for `output`.
    ///
    /// # Errors
    /// When the address or a credential does not fit.
    pub fn new(
        output: &str,
        target: &str,
        env: &BTreeMap<String, String>,
    ) -> Result<Self, OutputError> {
        Self::speaking(output, target, env, outgoing::client_with)
    }

    /// The same, spoken to by HTTP/2 alone.
    ///
    /// # Errors
    /// When the address or a credential does not fit.
    pub fn http2(
        output: &str,
        target: &str,
        env: &BTreeMap<String, String>,
    ) -> Result<Self, OutputError> {
        Self::speaking(output, target, env, outgoing::http2_client_with)
    }

    fn speaking(
        output: &str,
        target: &str,
        env: &BTreeMap<String, String>,
        client: fn(Duration, &TlsSettings) -> Result<Client, OutgoingError>,
    ) -> Result<Self, OutputError> {
        let prefix = prefix(output);
        let get = |name: &str| setting(output, env, name);
        let usage = |text: String| OutputError::Usage(text);
        check(target).map_err(|why| usage(format!("`--out {output}=…`: {why}")))?;
        let mut url =
            Url::parse(target).map_err(|why| usage(format!("`--out {output}=…`: {why}")))?;
        let mut login = get("USERNAME").map(|name| (name, get("PASSWORD")));
        // A login in the address is taken out of it: it would stand in every message.
        if login.is_none() && !url.username().is_empty() {
            let decoded = |text: &str| {
                percent_encoding::percent_decode_str(text)
                    .decode_utf8_lossy()
                    .into_owned()
            };
            login = Some((decoded(url.username()), url.password().map(decoded)));
        }
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let mut headers = HeaderMap::new();
        for line in get("HEADERS").unwrap_or_default().lines() {
            if line.trim().is_empty() {
                continue;
            }
            let header = line.split_once(':').and_then(|(name, value)| {
                let name = HeaderName::try_from(name.trim()).ok()?;
                let mut value = HeaderValue::try_from(value.trim()).ok()?;
                value.set_sensitive(true);
                Some((name, value))
            });
            let Some((name, value)) = header else {
                return Err(usage(format!(
                    "{prefix}_HEADERS has a line that is no header: write `Name: value`, a line each"
                )));
            };
            headers.insert(name, value);
        }
        if let Some(token) = get("BEARER_TOKEN") {
            let mut value =
                HeaderValue::try_from(format!("Bearer {}", token.trim())).map_err(|_| {
                    usage(format!(
                        "{prefix}_BEARER_TOKEN has characters that no header can have"
                    ))
                })?;
            value.set_sensitive(true);
            headers.insert(reqwest::header::AUTHORIZATION, value);
        }
        let tls = tls(output, env)?;
        let client =
            client(TIMEOUT, &tls).map_err(|why| usage(format!("`--out {output}=…`: {why}")))?;
        Ok(Self {
            client,
            url,
            headers,
            login,
        })
    }

    /// Posts a body to `url`, under these headers beside the receiver's own.
    ///
    /// # Errors
    /// What the answer, or its absence, means.
    pub async fn post(
        &self,
        url: &Url,
        headers: &[(&'static str, &'static str)],
        body: Bytes,
    ) -> Result<(), Refusal> {
        self.ask(url, headers, body).await.map(drop)
    }

    /// The same, and gives the answer.
    ///
    /// # Errors
    /// What the answer, or its absence, means.
    pub async fn ask(
        &self,
        url: &Url,
        headers: &[(&'static str, &'static str)],
        body: Bytes,
    ) -> Result<Response, Refusal> {
        self.send(Method::POST, url, headers, body).await
    }

    /// The same by any method.
    ///
    /// # Errors
    /// What the answer, or its absence, means.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: &[(&'static str, &'static str)],
        body: Bytes,
    ) -> Result<Response, Refusal> {
        let mut request = self
            .client
            .request(method, url.clone())
            .headers(self.headers.clone())
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some((name, password)) = &self.login {
            request = request.basic_auth(name, password.as_ref());
        }
        let response = request.send().await.map_err(|error| Refusal::Later {
            why: outgoing::why(&error),
            after: None,
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let answered = outgoing::answered(&response);
        let said = beginning(response, 4 * TOLD).await;
        let mut said = String::from_utf8_lossy(&said).into_owned();
        lengths::shorten(&mut said, TOLD);
        let said = harmless::line(said.trim());
        let why = match said.is_empty() {
            true => format!("the receiver {answered}"),
            false => format!("the receiver {answered}: {said}"),
        };
        Err(match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Refusal::Absent { why },
            status => refusal(status, why, after),
        })
    }
}

/// The beginning of an answer's body, which may have no end.
pub async fn beginning(mut response: Response, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < most
        && let Ok(Some(chunk)) = response.chunk().await
    {
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(most);
    bytes
}

/// Posts each parcel to the receiver's own address, under the same headers.
pub struct Posts {
    pub receiver: Receiver,
    pub headers: &'static [(&'static str, &'static str)],
}

impl Carrier for Posts {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel) -> LocalBoxFuture<'a, Result<(), Refusal>> {
        let Self { receiver, headers } = self;
        Box::pin(receiver.post(&receiver.url, headers, parcel.body.clone()))
    }
}

/// What variables of an output begin with.
fn prefix(output: &str) -> String {
    format!("RHAID_{}", output.replace('-', "_").to_uppercase())
}

/// What the environment has for an output under this name, such as `BEARER_TOKEN`.
pub fn setting(output: &str, env: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let value = env.get(&format!("{}_{name}", prefix(output)));
    value.filter(|value| !value.is_empty()).cloned()
}

/// What the environment says about TLS for an output.
///
/// # Errors
/// When a certificate is without its key, or the other way round.
pub fn tls(output: &str, env: &BTreeMap<String, String>) -> Result<TlsSettings, OutputError> {
    let get = |name: &str| setting(output, env, name).map(PathBuf::from);
    let identity = match (get("CERT"), get("KEY")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            let prefix = prefix(output);
            return Err(OutputError::Usage(format!(
                "{prefix}_CERT and {prefix}_KEY belong together: set both, or none"
            )));
        }
    };
    Ok(TlsSettings {
        ca: get("CA").into_iter().collect(),
        identity,
        ..TlsSettings::default()
    })
}

/// What is wrong with an address.
pub fn check(target: &str) -> Result<(), String> {
    match Url::parse(target) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
        _ => Err("write an address that begins with http:// or https://".to_owned()),
    }
}

/// Remote write's rule: what the server could not do may be tried again, what it did not like may not.
fn refusal(status: StatusCode, why: String, after: Option<Duration>) -> Refusal {
    match status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        true => Refusal::Later { why, after },
        false => Refusal::Never { why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn told(pairs: &[(&str, &str)]) -> String {
        match Receiver::new("remote-write", "http://127.0.0.1:9/w", &env(pairs)) {
            Ok(_) => "nothing is wrong".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_login_in_the_address_is_taken_out_of_it() {
        let receiver = Receiver::new("loki", "http://me:my%20own@127.0.0.1:9/push", &env(&[]));
        let receiver = receiver.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(receiver.url.as_str(), "http://127.0.0.1:9/push");
        assert_eq!(receiver.login, Some(("me".into(), Some("my own".into()))));
    }

    #[test]
    fn credentials_that_do_not_fit_are_told_without_being_shown() {
        let told_of_headers =
            told(&[("RHAID_REMOTE_WRITE_HEADERS", "X-Scope: a\nno header s3cret")]);
        assert!(told_of_headers.contains("_HEADERS"), "{told_of_headers}");
        assert!(!told_of_headers.contains("s3cret"));
        assert!(told(&[("RHAID_REMOTE_WRITE_CERT", "a.pem")]).contains("belong together"));
        assert!(told(&[("RHAID_REMOTE_WRITE_BEARER_TOKEN", "a\nb")]).contains("_BEARER_TOKEN"));
        assert_eq!(told(&[("RHAID_LOKI_CERT", "a.pem")]), "nothing is wrong");
    }

    #[tokio::test]
    async fn of_an_answer_without_an_end_only_the_beginning_is_read() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let target = format!("http://{}/w", listener.local_addr().unwrap());
        let writer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 1000000000\r\n\r\n";
            let mut sent = 0;
            let _ = stream.write_all(head);
            while sent < 1_000_000_000 && stream.write_all(&[b'x'; 4096]).is_ok() {
                sent += 4096;
            }
            sent
        });
        let receiver = Receiver::new("loki", &target, &env(&[]));
        let receiver = receiver.unwrap_or_else(|error| panic!("{error}"));
        let refusal = receiver
            .post(&receiver.url, &[], Bytes::from_static(b"x"))
            .await;
        let Err(Refusal::Later { why, .. }) = refusal else {
            panic!("{refusal:?}")
        };
        assert!(
            why.contains("500 Internal Server Error: xxx") && why.len() < 300,
            "{why}"
        );
        drop(receiver);
        // What the kernel holds, and no more. The connection is closed by the runtime, which has to go on meanwhile.
        let sent = tokio::task::spawn_blocking(|| writer.join().unwrap());
        assert!(sent.await.unwrap() < 50_000_000);
    }

    #[test]
    fn what_the_server_could_not_do_is_tried_again() {
        let is_later = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            matches!(refusal(status, String::new(), None), Refusal::Later { .. })
        };
        assert_eq!(
            [400, 401, 404, 413, 429, 500, 503].map(is_later),
            [false, false, false, false, true, true, true]
        );
    }
}
