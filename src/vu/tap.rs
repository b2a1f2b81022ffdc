//! What virtual users do, told as it happens to someone who looks on while writing a script.
//!
//! A run that is meant as load has no tap, and its virtual users pay one look at an empty field for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use bytes::Bytes;

use super::life::Failure;
use super::worker::LogLevel;
use crate::http::Timings;

/// Happenings that wait to be looked at; more are counted and left out. Bodies are shared, not copied.
const BACKLOG: usize = 4_096;

/// Headers, names as they are sent or came.
pub type Headers = Vec<(String, String)>;

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchanged {
    /// The script's name for the request, if it gave one.
    pub name: Option<String>,
    pub method: String,
    pub url: String,
    /// What the script and the session put into the request's head.
    pub request_headers: Headers,
    pub request_body: Bytes,
    /// Where redirects led, if anywhere.
    pub final_url: Option<String>,
    /// 0 when nothing came back; see `error`.
    pub status: u16,
    pub protocol: &'static str,
    /// Of the last hop, in nanoseconds.
    pub timings: Timings,
    /// On the wire, of all hops.
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub hops: u32,
    pub response_headers: Headers,
    /// Decompressed.
    pub response_body: Bytes,
    pub error: Option<String>,
    /// Whether the outcome is what was asked for.
    pub expected: bool,
}

/// Both sides of a comparison that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    pub operator: String,
    /// As Rhai prints them, shortened.
    pub left: String,
    pub right: String,
}

/// What can happen to a virtual user.
#[derive(Debug, Clone)]
pub enum What {
    IterationBegan,
    IterationEnded {
        took: Duration,
        failure: Option<Failure>,
        /// Whether it was cut off.
        interrupted: bool,
    },
    Request(Box<Exchanged>),
    Check {
        name: String,
        held: bool,
        sides: Option<Sides>,
        /// Why it did not hold, if the script or an error says so.
        reason: Option<String>,
    },
    Log {
        level: LogLevel,
        text: String,
    },
}

/// What happened to whom.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Since the run's epoch.
    pub at: Duration,
    pub scenario: String,
    /// 0 in `setup` and `teardown`.
    pub vu: u64,
    /// From 0.
    pub iteration: u64,
    pub what: What,
}

/// The virtual users' side.
#[derive(Debug)]
pub struct Tap {
    happenings: SyncSender<Happening>,
    lost: AtomicU64,
}

impl Tap {
    /// A tap, and where it leads.
    pub fn new() -> (Self, Receiver<Happening>) {
        let (happenings, receiver) = sync_channel(BACKLOG);
        let lost = AtomicU64::new(0);
        (Self { happenings, lost }, receiver)
    }

    /// Tells what happened. Never waits: who cannot follow misses some.
    pub fn tell(&self, happening: Happening) {
        if self.happenings.try_send(happening).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How much was missed since the last time this was asked.
    pub fn lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_look_misses_some_and_is_told_how_much() {
        let (tap, happenings) = Tap::new();
        for iteration in 0..BACKLOG as u64 + 10 {
            tap.tell(Happening {
                at: Duration::ZERO,
                scenario: String::new(),
                vu: 1,
                iteration,
                what: What::IterationBegan,
            });
        }
        assert_eq!(happenings.try_iter().count(), BACKLOG);
        assert_eq!((tap.lost(), tap.lost()), (10, 0));
    }
}
