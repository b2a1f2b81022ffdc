//! What a run hands over.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::Sender;

use crate::logging::Record;
use crate::metrics::{SeriesId, Snapshot};
use crate::result::{AnomalyResult, SloResult};
use crate::trace::{Exemplar, Span};
use crate::vu::{LogLevel, LogLine, now_millis};

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
    /// Something unusual was found.
    AnomalyFound(Box<Anomaly>),
    /// The level that it went to has come to its end.
    AnomalyEnded(Box<Anomaly>),
    /// A script logged a line, or the run did for it.
    Log(Box<LogLine>),
    /// rhaid itself has something to say: which of its modules, and how urgent it is.
    Own {
        level: LogLevel,
        module: String,
        fields: Vec<(String, String)>,
    },
}

/// Something unusual.
#[derive(Debug, Clone, PartialEq)]
pub struct Anomaly {
    /// Tells it from the run's others: its beginning and its end have the same.
    pub number: usize,
    /// As the result has it, without secrets.
    pub row: AnomalyResult,
    /// When it began, in milliseconds since 1970.
    pub from: u64,
    /// When it ended, if it has.
    pub to: Option<u64>,
}

impl Anomaly {
    /// How urgent it is: what was done to the run on purpose explains what follows.
    pub fn level(&self) -> LogLevel {
        match self.row.explained_by {
            Some(_) => LogLevel::Info,
            None => LogLevel::Warn,
        }
    }

    /// What the result says of it, by name; of its tags each.
    pub fn fields(&self) -> Vec<(String, String)> {
        let written = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let mut fields = Vec::new();
        // A row is an object, and can always be written.
        if let Ok(Value::Object(row)) = serde_json::to_value(&self.row) {
            for (name, value) in row {
                match value {
                    Value::Object(tags) => {
                        fields.extend(tags.into_iter().map(|(tag, value)| (tag, written(value))));
                    }
                    value => fields.push((name, written(value))),
                }
            }
        }
        fields
    }
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

impl Event {
    /// The event as a line of a log.
    pub fn record<'a>(&'a self, run: &'a str) -> Record<'a> {
        let (level, source, fields) = match &self.kind {
            EventKind::Log(line) => return Record::of_line(line, run),
            EventKind::AnomalyFound(anomaly) => (anomaly.level(), "anomalies", anomaly.fields()),
            EventKind::AnomalyEnded(anomaly) => (LogLevel::Info, "anomalies", anomaly.fields()),
            EventKind::Own {
                level,
                module,
                fields,
            } => (*level, module.as_str(), fields.clone()),
            EventKind::Aborted => (LogLevel::Error, "run", Vec::new()),
            EventKind::FaultBegan { .. } | EventKind::FaultEnded { .. } => {
                (LogLevel::Info, "faults", Vec::new())
            }
            EventKind::Started | EventKind::Ended { .. } | EventKind::Reloaded => {
                (LogLevel::Info, "run", Vec::new())
            }
        };
        let field = |(name, value): (String, String)| (Cow::Owned(name), value);
        Record {
            at: self.at,
            level,
            run,
            source: Cow::Borrowed(source),
            text: Cow::Borrowed(&self.text),
            scenario: "",
            vu: 0,
            iteration: None,
            place: None,
            fields: fields.into_iter().map(field).collect(),
        }
    }
}

/// What goes through the channel.
pub(super) enum Message {
    Begin(Box<RunInfo>),
    Interval {
        worker: usize,
        snapshot: Snapshot,
    },
    Second(Box<Moment>),
    Event(Box<Event>),
    Spans {
        spans: Vec<Span>,
        lost: u64,
    },
    Exemplars {
        worker: usize,
        exemplars: Vec<(SeriesId, Exemplar)>,
    },
}

/// Hands over what a run measures. Never waits: what the hub is too slow for is counted, and gone.
#[derive(Debug, Clone)]
pub struct Feed {
    sender: Sender<Message>,
    lost: Arc<AtomicU64>,
    wants: Wants,
}

/// What somebody wants beside what all outputs get.
#[derive(Debug, Clone, Default)]
pub(super) struct Wants {
    pub samples: bool,
    pub spans: bool,
    /// Upper bounds of the buckets that exemplars are for, in nanoseconds.
    pub exemplars: Option<Arc<[u64]>>,
}

impl Feed {
    pub(super) fn new(sender: Sender<Message>, lost: Arc<AtomicU64>, wants: Wants) -> Self {
        Self {
            sender,
            lost,
            wants,
        }
    }

    /// Whether somebody wants every single sample.
    pub fn wants_samples(&self) -> bool {
        self.wants.samples
    }

    /// Whether somebody takes spans.
    pub fn takes_spans(&self) -> bool {
        self.wants.spans
    }

    /// For which buckets of histograms somebody takes exemplars: their upper bounds, in nanoseconds.
    pub fn exemplar_bounds(&self) -> Option<Arc<[u64]>> {
        self.wants.exemplars.clone()
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

    /// Examples of what a worker recorded, and reported before.
    pub fn exemplars(&self, worker: usize, exemplars: Vec<(SeriesId, Exemplar)>) {
        self.send(Message::Exemplars { worker, exemplars });
    }

    /// A second is over; what was handed over since the last belongs to it.
    pub fn second(&self, elapsed: Duration, phase: &'static str, slos: Vec<SloResult>) {
        self.send(Message::Second(Box::new(Moment {
            at: now_millis(),
            elapsed,
            phase,
            slos,
        })));
    }

    /// Something happened just now.
    pub fn event(&self, kind: EventKind, text: impl Into<String>) {
        self.send(Message::Event(Box::new(Event {
            at: now_millis(),
            kind,
            text: text.into(),
        })));
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Begin(_) => "Begin",
            Self::Interval { .. } => "Interval",
            Self::Second(_) => "Second",
            Self::Event(_) => "Event",
            Self::Spans { .. } => "Spans",
            Self::Exemplars { .. } => "Exemplars",
        })
    }
}
