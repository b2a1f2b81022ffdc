//! One call as it came in.

use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::budget::Held;

/// What a call weighs besides its body and headers, in bytes.
const OVERHEAD: usize = 512;

/// A webhook call, read whole.
#[derive(Debug)]
pub struct Call {
    pub method: Method,
    /// What follows the token in the path, `/` if nothing does.
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// When its last byte was read.
    pub arrived: Instant,
    pub arrived_at: SystemTime,
    /// The sender's address, without the port.
    pub remote: std::net::IpAddr,
    /// How often the same event has come by now, from 1: those that were answered with an error count too.
    pub attempt: u32,
    /// The same event was taken before.
    pub duplicate: bool,
    /// An event with a later number was taken before.
    pub out_of_order: bool,
    /// Why it was not taken, if so.
    pub refused: Option<&'static str>,
    /// Its part of the memory that calls may take.
    pub held: Option<Held>,
}

impl Call {
    /// What it takes of the memory for calls.
    pub fn weight(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        let query = self.query.as_ref().map_or(0, String::len);
        OVERHEAD + headers + self.path.len() + query + self.body.len()
    }

    /// A header's value, if it is there and is text.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
pub mod testing {
    use super::*;

    /// A call with this body and these headers.
    pub fn call(body: &str, headers: &[(&'static str, &str)]) -> Call {
        Call {
            method: Method::POST,
            path: "/".to_owned(),
            query: None,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
                .collect(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            arrived: Instant::now(),
            arrived_at: SystemTime::now(),
            remote: std::net::Ipv4Addr::LOCALHOST.into(),
            attempt: 1,
            duplicate: false,
            out_of_order: false,
            refused: None,
            held: None,
        }
    }
}
