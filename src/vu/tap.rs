//! What virtual users do, told as it happens to someone who looks on while writing a script.
//!
//! A run that is meant as load has no tap, and its virtual users pay one look at an empty field for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::life::Failure;
use super::worker::LogLevel;
use crate::http::Timings;

/// Happenings that wait to be looked at; more are counted and left out.
const BACKLOG: usize = 4_096;

/// What those may weigh together, in bytes; see [`Happening::weight`].
const BACKLOG_BYTES: usize = 64 << 20;

/// Of a body that is passed on, in bytes: nobody reads more.
pub const BODY: usize = 64 << 10;

/// Headers, names as they are sent or came.
pub type Headers = Vec<(String, String)>;

/// A body, or the beginning of one: whoever keeps it does not keep all of a long one in memory.
#[derive(Debug, Clone, Default)]
pub struct Body {
    pub part: Bytes,
    /// Bytes of the whole.
    pub length: usize,
}

impl Body {
    /// What is kept of a body.
    pub fn of(whole: &Bytes) -> Self {
        Self::beginning(whole, BODY)
    }

    /// So many bytes of it, or all if there are no more.
    pub fn beginning(whole: &Bytes, most: usize) -> Self {
        Self {
            part: match whole.get(..most) {
                // A part of it that is shared would keep the whole.
                Some(part) if whole.len() > most => Bytes::copy_from_slice(part),
                _ => whole.clone(),
            },
            length: whole.len(),
        }
    }

    /// Bytes that are not kept.
    pub fn missing(&self) -> usize {
        self.length.saturating_sub(self.part.len())
    }
}

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchanged {
    /// The script's name for the request, if it gave one.
    pub name: Option<String>,
    pub method: String,
    pub url: String,
    /// What the script and the session put into the request's head.
    pub request_headers: Headers,
    pub request_body: Body,
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
    pub response_body: Body,
    pub error: Option<String>,
    /// Whether the outcome is what was asked for.
    pub expected: bool,
}

#[cfg(test)]
impl Exchanged {
    /// A request that went well, to nowhere.
    pub fn test(method: &str) -> Self {
        Self {
            name: None,
            method: method.to_owned(),
            url: String::new(),
            request_headers: Vec::new(),
            request_body: Body::default(),
            final_url: None,
            status: 200,
            protocol: "HTTP/1.1",
            timings: Timings::default(),
            bytes_sent: 98,
            bytes_received: 1_200,
            hops: 1,
            response_headers: Vec::new(),
            response_body: Body::default(),
            error: None,
            expected: true,
        }
    }
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
        /// The phases of the response that it looked at, if it looked at one: they tell it from all others.
        about: Option<Timings>,
    },
    Log {
        level: LogLevel,
        text: String,
    },
}

/// What happened to whom.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Since someone began to look on, however many runs ago.
    pub at: Duration,
    pub scenario: String,
    /// 0 in `setup` and `teardown`.
    pub vu: u64,
    /// From 0.
    pub iteration: u64,
    pub what: What,
}

impl Happening {
    /// Bytes that it takes about.
    pub fn weight(&self) -> usize {
        const ITSELF: usize = 512;
        let of_headers = |headers: &Headers| -> usize {
            headers
                .iter()
                .map(|(name, value)| name.len() + value.len() + 48)
                .sum()
        };
        let texts = match &self.what {
            What::Request(request) => {
                request.url.len()
                    + request.name.as_ref().map_or(0, String::len)
                    + request.final_url.as_ref().map_or(0, String::len)
                    + request.error.as_ref().map_or(0, String::len)
                    + of_headers(&request.request_headers)
                    + of_headers(&request.response_headers)
                    + request.request_body.part.len()
                    + request.response_body.part.len()
            }
            What::Check { name, reason, .. } => name.len() + reason.as_ref().map_or(0, String::len),
            What::Log { text, .. } => text.len(),
            What::IterationEnded {
                failure: Some(failure),
                ..
            } => failure.message.len() + failure.rendered.len(),
            What::IterationBegan | What::IterationEnded { .. } => 0,
        };
        ITSELF + texts
    }
}

/// The virtual users' side.
#[derive(Debug)]
pub struct Tap {
    happenings: SyncSender<Happening>,
    waiting: Arc<AtomicUsize>,
    lost: AtomicU64,
    began: Instant,
}

/// The side of whoever looks on.
#[derive(Debug)]
pub struct Happenings {
    received: Receiver<Happening>,
    /// What those that wait weigh.
    waiting: Arc<AtomicUsize>,
    began: Instant,
}

impl Happenings {
    /// When someone began to look on.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Those that wait.
    pub fn try_iter(&self) -> impl Iterator<Item = Happening> {
        self.received.try_iter().inspect(|happening| {
            self.waiting
                .fetch_sub(happening.weight(), Ordering::Relaxed);
        })
    }
}

impl Tap {
    /// A tap, and where it leads.
    pub fn new() -> (Self, Happenings) {
        let (happenings, received) = sync_channel(BACKLOG);
        let waiting = Arc::new(AtomicUsize::new(0));
        let began = Instant::now();
        let onlooker = Happenings {
            received,
            waiting: waiting.clone(),
            began,
        };
        let lost = AtomicU64::new(0);
        let tap = Self {
            happenings,
            waiting,
            lost,
            began,
        };
        (tap, onlooker)
    }

    /// How long someone has been looking on.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Tells what happened. Never waits: who cannot follow misses some.
    pub fn tell(&self, happening: Happening) {
        let weight = happening.weight();
        let waiting = self.waiting.fetch_add(weight, Ordering::Relaxed);
        if waiting > BACKLOG_BYTES || self.happenings.try_send(happening).is_err() {
            self.waiting.fetch_sub(weight, Ordering::Relaxed);
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

    #[test]
    fn what_waits_to_be_looked_at_is_bounded_in_bytes_too() {
        let (tap, happenings) = Tap::new();
        let long = Happening {
            at: Duration::ZERO,
            scenario: String::new(),
            vu: 1,
            iteration: 0,
            what: What::Log {
                level: LogLevel::Info,
                text: "x".repeat(BACKLOG_BYTES / 4),
            },
        };
        for _ in 0..20 {
            tap.tell(long.clone());
        }
        let kept = happenings.try_iter().count();
        assert!((4..=5).contains(&kept), "{kept}");
        assert_eq!(tap.lost(), 20 - kept as u64);
        tap.tell(long);
        assert_eq!(happenings.try_iter().count(), 1);
    }

    #[test]
    fn of_a_long_body_only_the_beginning_is_kept() {
        let body = Body::of(&Bytes::from(vec![b'x'; BODY + 10]));
        assert_eq!((body.part.len(), body.missing()), (BODY, 10));
        assert_eq!(Body::of(&Bytes::from_static(b"abc")).missing(), 0);
    }
}
