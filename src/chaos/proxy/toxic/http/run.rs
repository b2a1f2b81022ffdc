//! Bytes of which some pass, some are left out, and some are held: those that pass stay together.

use bytes::Bytes;
use tokio::time::Instant;

use crate::chaos::proxy::flow::Out;

/// Bytes that are gone through once.
#[derive(Debug)]
pub struct Run {
    bytes: Bytes,
    /// What passes and has not left yet begins here.
    start: usize,
    at: usize,
}

impl Run {
    pub fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            start: 0,
            at: 0,
        }
    }

    /// What has not been gone through yet.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// So much of it at most, to be kept while the run goes on.
    pub fn peek(&self, most: usize) -> Bytes {
        let end = self.bytes.len().min(self.at.saturating_add(most));
        self.bytes.slice(self.at..end)
    }

    pub fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// So many bytes pass.
    pub fn pass(&mut self, count: usize) {
        self.at = self.at.saturating_add(count).min(self.bytes.len());
    }

    pub fn pass_all(&mut self) {
        self.at = self.bytes.len();
    }

    /// Lets what passes leave.
    pub fn flush(&mut self, at: Instant, out: &mut Out) {
        out.bytes(at, self.bytes.slice(self.start..self.at));
        self.start = self.at;
    }

    /// Takes so many bytes out, after those that pass have left.
    pub fn take(&mut self, count: usize, at: Instant, out: &mut Out) -> Bytes {
        self.flush(at, out);
        self.pass(count);
        let taken = self.bytes.slice(self.start..self.at);
        self.start = self.at;
        taken
    }

    pub fn take_all(&mut self, at: Instant, out: &mut Out) -> Bytes {
        self.take(self.bytes.len(), at, out)
    }
}
