//! What passed through a proxy, counted while it passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts of one proxy since it was made, and how many connections are open now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were accepted.
    pub connections: u64,
    /// Of those, open now.
    pub open: u64,
    /// Of those, turned away by a toxic before anything passed.
    pub refused: u64,
    /// Connections for which the upstream could not be reached.
    pub unreachable: u64,
    /// Bytes read from clients, and written to the upstream.
    pub upstream_received: u64,
    pub upstream_sent: u64,
    /// Bytes read from the upstream, and written to clients.
    pub downstream_received: u64,
    pub downstream_sent: u64,
    /// Requests that a toxic which understands HTTP has read.
    pub requests: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub connections: AtomicU64,
    pub open: AtomicU64,
    pub refused: AtomicU64,
    pub unreachable: AtomicU64,
    /// Received and sent, by direction.
    pub bytes: [[AtomicU64; 2]; 2],
    pub requests: AtomicU64,
}

impl Counters {
    pub fn counts(&self) -> Counts {
        let [[up_in, up_out], [down_in, down_out]] = &self.bytes;
        Counts {
            connections: self.connections.load(Relaxed),
            open: self.open.load(Relaxed),
            refused: self.refused.load(Relaxed),
            unreachable: self.unreachable.load(Relaxed),
            upstream_received: up_in.load(Relaxed),
            upstream_sent: up_out.load(Relaxed),
            downstream_received: down_in.load(Relaxed),
            downstream_sent: down_out.load(Relaxed),
            requests: self.requests.load(Relaxed),
        }
    }
}

/// Counts the requests of one connection, which several toxics may read: the first that counts is the one that does.
#[derive(Debug)]
pub struct Tally {
    counters: Arc<Counters>,
    /// The toxic that counts, and 0 if there is none.
    teller: Arc<AtomicU64>,
    me: u64,
}

impl Tally {
    pub(super) fn new(counters: &Arc<Counters>, teller: &Arc<AtomicU64>, toxic: u64) -> Self {
        Self {
            counters: Arc::clone(counters),
            teller: Arc::clone(teller),
            me: toxic.saturating_add(1),
        }
    }

    /// A request was read.
    pub fn request(&self) {
        let teller = self
            .teller
            .compare_exchange(0, self.me, Relaxed, Relaxed)
            .unwrap_or_else(|teller| teller);
        if teller == 0 || teller == self.me {
            self.counters.requests.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let _ = self.teller.compare_exchange(self.me, 0, Relaxed, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_two_read_counts_once_and_goes_on_counting_when_one_is_gone() {
        let (counters, teller) = (Arc::default(), Arc::default());
        let tally = |toxic| Tally::new(&counters, &teller, toxic);
        let (first, second) = (tally(0), tally(1));
        for _ in 0..3 {
            first.request();
            second.request();
        }
        assert_eq!(counters.counts().requests, 3);
        drop(first);
        second.request();
        assert_eq!(counters.counts().requests, 4);
    }
}
