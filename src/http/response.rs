//! What came back.

use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::HttpError;
use super::h1::Head;
use super::target::Target;

/// The protocol a response was spoken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    Http10,
    #[default]
    Http11,
    Http2,
}

impl Protocol {
    /// As in the `proto` tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2.0",
        }
    }
}

/// The phases of a request, in nanoseconds. `blocked` contains looking up, connecting and the handshake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    pub blocked: u64,
    /// Before the request was written, for other virtual users of the thread to have their turn. A delay of the load
    /// tool itself, so no part of the response time, but of the one counted from the scheduled start.
    pub deferred: u64,
    pub looking_up: u64,
    pub connecting: u64,
    pub tls_handshaking: u64,
    pub sending: u64,
    pub waiting: u64,
    pub receiving: u64,
}

impl Timings {
    /// The response time: sending + waiting + receiving.
    pub fn duration(&self) -> u64 {
        self.sending + self.waiting + self.receiving
    }
}

/// A response's header, kept as it came and read when someone looks.
#[derive(Debug, Clone, Default)]
pub enum HeaderBlock {
    /// There was none.
    #[default]
    None,
    Http1(Rc<Head>),
    Map(Box<HeaderMap>),
}

impl HeaderBlock {
    /// The header that these bytes are.
    #[cfg(test)]
    pub fn of_wire(wire: &[u8]) -> Self {
        let head = super::h1::KnownHead::default().read(wire, false);
        head.unwrap().map_or(Self::None, Self::Http1)
    }

    /// Calls `each` with every header, names in lower case.
    pub fn for_each(&self, mut each: impl FnMut(&str, &[u8])) {
        match self {
            Self::Map(map) => map
                .iter()
                .for_each(|(name, value)| each(name.as_str(), value.as_bytes())),
            Self::None => {}
            Self::Http1(head) => {
                for line in head.raw.split(|&byte| byte == b'\n').skip(1) {
                    let Some(colon) = line.iter().position(|&byte| byte == b':') else {
                        continue;
                    };
                    let Ok(name) = std::str::from_utf8(&line[..colon]) else {
                        continue;
                    };
                    each(
                        &name.trim().to_ascii_lowercase(),
                        line[colon + 1..].trim_ascii(),
                    );
                }
            }
        }
    }

    /// The first value of a header, `name` in lower case.
    pub fn get(&self, name: &str) -> Option<String> {
        let mut found = None;
        self.for_each(|other, value| {
            if found.is_none() && other == name {
                found = Some(String::from_utf8_lossy(value).into_owned());
            }
        });
        found
    }

    /// All values of a header, `name` in lower case.
    pub fn get_all(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.for_each(|other, value| {
            if other == name {
                found.push(String::from_utf8_lossy(value).into_owned());
            }
        });
        found
    }
}

/// A response, or the reason why there is none (then `status` is 0).
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub protocol: Protocol,
    pub headers: HeaderBlock,
    /// Decompressed, empty when discarded.
    pub body: Bytes,
    /// Of the last hop.
    pub timings: Timings,
    /// What answered, after redirects.
    pub target: Rc<Target>,
    pub method: Method,
    pub remote: Option<SocketAddr>,
    pub error: Option<Rc<HttpError>>,
    /// The network error's code, [`HttpError::status_code`] for a failed status, 0 for success.
    pub error_code: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_headers_are_read_by_lower_case_name() {
        let block = HeaderBlock::of_wire(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-A: 1\r\nx-a:  2 \r\n\r\n",
        );
        assert_eq!(block.get("content-type").as_deref(), Some("text/html"));
        assert_eq!(block.get_all("x-a"), ["1", "2"]);
        assert_eq!(block.get("absent"), None);
    }
}
