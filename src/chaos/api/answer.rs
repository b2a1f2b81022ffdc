//! Answers, byte for byte as Toxiproxy's.

use axum::body::Body;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::chaos::proxy::ProxyError;

/// What is answered to a request.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    kind: Option<&'static str>,
    location: Option<String>,
    body: String,
}

const TEXT: &str = "text/plain; charset=utf-8";

impl Answer {
    /// A document: compact, without a newline.
    pub fn json(status: StatusCode, value: &Value) -> Self {
        Self {
            status,
            kind: Some("application/json"),
            location: None,
            body: escaped(&value.to_string()),
        }
    }

    pub fn of_kind(kind: &'static str, body: String) -> Self {
        Self {
            status: StatusCode::OK,
            kind: Some(kind),
            location: None,
            body,
        }
    }

    /// Words that are no JSON.
    pub fn words(status: StatusCode, words: &str) -> Self {
        Self {
            status,
            kind: Some(TEXT),
            location: None,
            body: format!("{words}\n"),
        }
    }

    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            kind: None,
            location: None,
            body: String::new(),
        }
    }

    pub fn elsewhere(location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::empty(StatusCode::MOVED_PERMANENTLY)
        }
    }

    pub fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(kind) = self.kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        if self.kind == Some(TEXT) {
            headers.insert(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            );
        }
        let location = self
            .location
            .and_then(|location| HeaderValue::from_str(&location).ok());
        if let Some(location) = location {
            headers.insert(header::LOCATION, location);
        }
        headers.insert(
            HeaderName::from_static("x-rhaid-version"),
            HeaderValue::from_static(env!("CARGO_PKG_VERSION")),
        );
        response
    }
}

/// Go writes characters that mean something in HTML as escapes. They stand in strings alone.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            _ => text.push(c),
        }
    }
    text
}

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub text: String,
}

impl Refusal {
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }

    pub fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// As the errors of most routes: JSON by its look, text by its type.
    pub fn answer(&self) -> Answer {
        let document = json!({ "error": self.text, "status": self.status.as_u16() });
        Answer::words(self.status, &escaped(&document.to_string()))
    }

    /// A proxy that cannot be started, or a toxic that is not as it should be. `listening`: what the words about an address that is not one
    /// begin with.
    pub fn of(error: &ProxyError, listening: &str) -> Self {
        let failed = |text: String| Self::new(StatusCode::INTERNAL_SERVER_ERROR, text);
        match error {
            ProxyError::NoProxy { .. } => Self::new(StatusCode::NOT_FOUND, "proxy not found"),
            ProxyError::NoToxic { .. } => Self::new(StatusCode::NOT_FOUND, "toxic not found"),
            ProxyError::ProxyExists(_) => Self::new(StatusCode::CONFLICT, "proxy already exists"),
            ProxyError::ToxicExists(_) => Self::new(StatusCode::CONFLICT, "toxic already exists"),
            ProxyError::Stream(_) => {
                Self::bad("stream was invalid, can be either upstream or downstream")
            }
            ProxyError::NoKind { .. } => Self::bad("invalid toxic type"),
            ProxyError::Address(address) => failed(format!("{listening}{}", no_address(address))),
            ProxyError::Lookup { address, .. } => {
                let host = address.rsplit_once(':').map_or("", |(host, _)| host);
                failed(format!("{listening}lookup {host}: no such host"))
            }
            ProxyError::Listen { address, source } => {
                failed(format!("listen tcp {address}: bind: {}", system(source)))
            }
            other => Self::bad(other.to_string()),
        }
    }
}

/// What Go says of an address that is none.
fn no_address(address: &str) -> String {
    let port = match address.rsplit_once(':') {
        None => return format!("address {address}: missing port in address"),
        Some((host, _)) if host.contains(':') && !host.starts_with('[') => {
            return format!("address {address}: too many colons in address");
        }
        Some((_, port)) => port,
    };
    match port.parse::<u64>() {
        Ok(_) => format!("address {port}: invalid port"),
        Err(_) => format!("lookup tcp/{port}: unknown port"),
    }
}

/// The system's own words, as Go writes them.
fn system(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_html_is_escaped_and_stays_the_same_json() {
        let value = json!({ "name": "<a> & b" });
        let text = escaped(&value.to_string());
        assert_eq!(text, r#"{"name":"\u003ca\u003e \u0026 b"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_port_that_is_taken_is_told_in_the_words_of_go() {
        let error = ProxyError::Listen {
            address: "127.0.0.1:1".into(),
            source: std::io::Error::from_raw_os_error(libc::EADDRINUSE),
        };
        let text = Refusal::of(&error, "listen tcp: ").text;
        assert_eq!(text, "listen tcp 127.0.0.1:1: bind: address already in use");
        let error = ProxyError::Address("nope".into());
        assert_eq!(
            Refusal::of(&error, "listen tcp: ").text,
            "listen tcp: address nope: missing port in address"
        );
    }
}
