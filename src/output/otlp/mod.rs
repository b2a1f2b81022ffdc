//! `otlp=URL`: traces, metrics and logs of a run by OpenTelemetry's protocol.
//!
//! - **In**: spans, the book of every second, what happened.
//! - **Out**: the official messages, by HTTP (`http://host:4318`) or gRPC (`grpc://host:4317`).
//!
//! The three have a queue each: a receiver that takes traces alone, as Jaeger does, holds up nothing. All figures come from histograms
//! that are there already, so the messages are filled in here rather than by an SDK, which would count anew.

mod common;
mod grpc;
mod logs;
mod metrics;
mod traces;
mod transport;
mod wire;

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use super::courier::{Courier, Parcel, QUEUE_BYTES, Say};
use super::hub::Surroundings;
use super::prometheus::{Histograms, Ledger, Names, too_many_sets};
use super::{Book, Delivered, Event, Moment, Output, OutputError, RunInfo, Tally};
use crate::trace::Span;
use transport::{Export, Signal};

pub const NAME: &str = "otlp";

/// Seconds from one push of metrics to the next.
const INTERVAL: u64 = 5;
/// Spans, log records or points in one request: well below the 4 MiB that gRPC takes by default.
const BATCH: usize = 1_000;

/// What is wrong with an address.
pub fn check(target: &str) -> Result<(), String> {
    transport::address(target).map(drop)
}

/// Sends what a run measures to a receiver of OpenTelemetry.
pub struct Otlp {
    traces: Courier,
    metrics: Courier,
    logs: Courier,
    say: Say,
    ledger: Ledger,
    histograms: Histograms,
    run: RunInfo,
    records: Vec<LogRecord>,
    seconds: u64,
    /// When the last second was told.
    last: u64,
    /// When metrics were pushed last, in milliseconds since 1970.
    pushed: u64,
}

impl Otlp {
    /// # Errors
    /// When the address or its credentials do not fit.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let exports = Export::all(target, &around.env)?;
        // What holds up one of the three mostly holds up the others, and is said once.
        let (said, speaks) = (RefCell::new(HashSet::new()), around.say.clone());
        let once: Say = Rc::new(move |text: &str| {
            if said.borrow_mut().insert(text.to_owned()) {
                speaks(text);
            }
        });
        let [traces, metrics, logs] =
            exports.map(|export| Courier::start(NAME, QUEUE_BYTES, export, &once));
        Ok(Box::new(Self {
            traces,
            metrics,
            logs,
            say: around.say.clone(),
            ledger: Ledger::new(Names::Rhaid, around.bounds.clone()),
            histograms: around.histograms,
            run: RunInfo {
                id: String::new(),
                script: String::new(),
                at: 0,
            },
            records: Vec::new(),
            seconds: 0,
            last: 0,
            pushed: 0,
        }))
    }

    fn push(&mut self, at: u64, is_end: bool) {
        let time = metrics::Time {
            start: common::nanos(self.run.at),
            now: common::nanos(at),
            pushed: std::mem::replace(&mut self.pushed, at),
            is_end,
        };
        let post = |request: ExportMetricsServiceRequest, points| {
            self.metrics.post(Parcel {
                body: request.encode_to_vec().into(),
                samples: points,
            });
        };
        metrics::requests(&self.ledger, &self.run, time, self.histograms, post);
    }

    fn post_logs(&mut self) {
        let mut records = std::mem::take(&mut self.records).into_iter().peekable();
        while records.peek().is_some() {
            let some: Vec<_> = records.by_ref().take(BATCH).collect();
            let samples = some.len() as u64;
            self.logs.post(Parcel {
                body: logs::request(&self.run, some).encode_to_vec().into(),
                samples,
            });
        }
    }
}

impl Output for Otlp {
    fn begin(&mut self, run: &RunInfo) {
        self.ledger.begin(run);
        self.run = run.clone();
    }

    fn second(&mut self, now: &Moment, book: &Book) {
        if self.ledger.second(now, book) {
            (self.say)(&too_many_sets(NAME));
        }
        self.last = now.at;
        if self.seconds.is_multiple_of(INTERVAL) {
            self.push(now.at, false);
        }
        self.seconds += 1;
        self.post_logs();
    }

    fn spans(&mut self, spans: &[Span], lost: u64) {
        self.traces.lose(lost);
        for some in spans.chunks(BATCH) {
            self.traces.post(Parcel {
                body: traces::request(&self.run, some).into(),
                samples: some.len() as u64,
            });
        }
    }

    fn event(&mut self, event: &Event) {
        self.ledger.event(event);
        self.records.push(logs::record(event));
    }

    fn end(mut self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        self.post_logs();
        if self.last > 0 {
            // Later than what was pushed in the last second, of which there can be two at the end.
            self.push(self.last + 1, false);
            self.push(self.last + 2, true);
        }
        let ends = [self.traces.end(), self.metrics.end(), self.logs.end()];
        Box::pin(async move {
            futures_util::future::join_all(ends).await;
        })
    }

    fn tally(&self) -> Tally {
        let tallies = [self.traces.tally(), self.metrics.tally(), self.logs.tally()];
        Rc::new(move || {
            let all = tallies.iter().map(|tally| tally());
            all.fold(Delivered::default(), |sum, one| Delivered {
                sent: sum.sent + one.sent,
                lost: sum.lost + one.lost,
                problem: sum.problem.or(one.problem),
            })
        })
    }
}

/// Which of the three a parcel is of.
pub(super) const SIGNALS: [Signal; 3] = [Signal::Traces, Signal::Metrics, Signal::Logs];
