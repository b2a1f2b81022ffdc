//! What a run hands over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::Sender;

use crate::metrics::Snapshot;
use crate::result::SloResult;
use crate::trace::Span;
use crate::vu::LogLine;

/// What is told of a run at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    /// The run's id, as it stands in its result.
    pub id: String,
    /// The script's name.
    pub script: String,
    /// When the run began, in milliseconds since 1970.
    pub at: u64,
}

/// The end of a second.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub at: u64,
    /// Since the scenarios' start.
    pub elapsed: Duration,
    /// What goes on: `setup`, `running`, `stopping`, `teardown`.
    pub phase: &'static str,
    /// How the objectives stand.
    pub slos: Vec<SloResult>,
}

/// What kind of thing happened.
#[derive(Debug, Clone)]
pub enum EventKind {
    /// The scenarios start.
    Started,
    /// The run is over, with this verdict.
    Ended {
        status: String,
        exit_code: u8,
    },
    FaultBegan {
        id: u64,
        name: String,
    },
    FaultEnded {
        id: u64,
        name: String,
    },
    Reloaded,
    Aborted,
    Log(Box<LogLine>),
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// Milliseconds since 1970.
    pub at: u64,
    pub kind: EventKind,
    /// In a sentence, without secrets.
    pub text: String,
}

/// What goes through the channel.
pub(super) enum Message {
    Begin(Box<RunInfo>),
    Interval { worker: usize, snapshot: Snapshot },
    Second(Box<Moment>),
    Event(Box<Event>),
    Spans { spans: Vec<Span>, lost: u64 },
}

/// Hands over what a run measures. Never waits: what the hub is too slow for is counted, and gone.
#[derive(Debug, Clone)]
pub struct Feed {
    sender: Sender<Message>,
    lost: Arc<AtomicU64>,
    samples: bool,
    spans: bool,
}

impl Feed {
    pub(super) fn new(
        sender: Sender<Message>,
        lost: Arc<AtomicU64>,
        samples: bool,
        spans: bool,
    ) -> Self {
        Self {
            sender,
            lost,
            samples,
            spans,
        }
    }

    /// Whether somebody wants every single sample.
    pub fn wants_samples(&self) -> bool {
        self.samples
    }

    /// Whether somebody takes spans.
    pub fn takes_spans(&self) -> bool {
        self.spans
    }

    fn send(&self, message: Message) {
        if self.sender.try_send(message).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The run begins.
    pub fn begin(&self, run: RunInfo) {
        self.send(Message::Begin(Box::new(run)));
    }

    /// What a worker measured since the last time.
    pub fn interval(&self, worker: usize, snapshot: Snapshot) {
        self.send(Message::Interval { worker, snapshot });
    }

    /// Traces that were kept, without secrets.
    pub fn spans(&self, spans: Vec<Span>, lost: u64) {
        self.send(Message::Spans { spans, lost });
    }

    /// A second is over; what was handed over since the last belongs to it.
    pub fn second(&self, elapsed: Duration, phase: &'static str, slos: Vec<SloResult>) {
        self.send(Message::Second(Box::new(Moment {
            at: now(),
            elapsed,
            phase,
            slos,
        })));
    }

    /// Something happened just now.
    pub fn event(&self, kind: EventKind, text: impl Into<String>) {
        self.send(Message::Event(Box::new(Event {
            at: now(),
            kind,
            text: text.into(),
        })));
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Begin(_) => "Begin",
            Self::Interval { .. } => "Interval",
            Self::Second(_) => "Second",
            Self::Event(_) => "Event",
            Self::Spans { .. } => "Spans",
        })
    }
}
