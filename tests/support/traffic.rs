//! What a server saw: requests, connections, streams.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::auth::DigestNonces;

/// How many requests are kept whole. Later ones are only counted: a load test must not fill the memory.
const KEPT_REQUESTS: usize = 50_000;

/// The number of a connection at its server, from 1 in order of acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub usize);

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    pub method: String,
    /// The request target as sent: `/path?query`, or a whole URL when a client speaks to a proxy.
    pub target: String,
    /// Lowercase names, in the order of arrival, duplicates kept.
    pub headers: Vec<(String, String)>,
    /// Decoded from chunks; empty when the answer did not wait for it.
    pub body: Vec<u8>,
    pub conn_id: ConnId,
    pub remote_addr: SocketAddr,
    /// `1.0`, `1.1` or `2`.
    pub http_version: &'static str,
}

impl SeenRequest {
    /// The first header of this (lowercase) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every header of this (lowercase) name, in order.
    pub fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text, with anything that is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The target without scheme, host and query.
    pub fn path(&self) -> &str {
        let target = self.origin_form();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// The decoded query pairs, in order.
    pub fn query(&self) -> Vec<(String, String)> {
        let query = self
            .origin_form()
            .split_once('?')
            .map_or("", |(_, query)| query);
        url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The decoded value of the first query pair of this name.
    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query()
            .into_iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value)
    }

    fn origin_form(&self) -> &str {
        match self.target.split_once("://") {
            Some((_, rest)) if !self.target.starts_with('/') => {
                rest.find('/').map_or("/", |slash| &rest[slash..])
            }
            _ => &self.target,
        }
    }
}

/// Everything one server remembers.
#[derive(Default)]
pub struct Traffic {
    requests: Mutex<Vec<SeenRequest>>,
    request_count: AtomicUsize,
    connections: AtomicUsize,
    open_connections: Arc<AtomicUsize>,
    open_streams: AtomicUsize,
    peak_streams: AtomicUsize,
    failed_handshakes: AtomicUsize,
    pub(super) nonces: DigestNonces,
}

/// Counts a connection as open while it lives.
pub struct OpenConnection(Arc<AtomicUsize>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Traffic {
    pub fn connection_opened(&self) -> (ConnId, OpenConnection) {
        let id = ConnId(self.connections.fetch_add(1, Ordering::SeqCst) + 1);
        self.open_connections.fetch_add(1, Ordering::SeqCst);
        (id, OpenConnection(Arc::clone(&self.open_connections)))
    }

    pub fn record(&self, request: SeenRequest) {
        self.request_count.fetch_add(1, Ordering::SeqCst);
        let mut requests = self.requests.lock().unwrap();
        if requests.len() < KEPT_REQUESTS {
            requests.push(request);
        }
    }

    pub fn stream_opened(&self) {
        let open = self.open_streams.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak_streams.fetch_max(open, Ordering::SeqCst);
    }

    pub fn stream_closed(&self) {
        self.open_streams.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn handshake_failed(&self) {
        self.failed_handshakes.fetch_add(1, Ordering::SeqCst);
    }

    /// The requests in order of arrival; the first 50,000 are kept whole.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// How many requests arrived, however many were kept.
    pub fn request_count(&self) -> usize {
        self.request_count.load(Ordering::SeqCst)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many of them have not ended.
    pub fn open_connections(&self) -> usize {
        self.open_connections.load(Ordering::SeqCst)
    }

    /// The most HTTP/2 streams that were open at the same time, over all connections.
    pub fn peak_streams(&self) -> usize {
        self.peak_streams.load(Ordering::SeqCst)
    }

    /// How many TLS handshakes did not succeed.
    pub fn failed_handshakes(&self) -> usize {
        self.failed_handshakes.load(Ordering::SeqCst)
    }
}
