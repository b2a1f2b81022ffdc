//! Streams out of a run while it goes: to the tools that a team already has.
//!
//! - **In**: what workers measured, second by second, and what happened ([`Feed`]), which the run hands over without waiting.
//! - **Out**: what each [`Output`] makes of it, and at the end what became of it ([`Delivered`]).
//!
//! The [`Hub`] has a thread of its own. There one [`Book`] adds up what came from all workers, and every output reads it once a
//! second. What goes over a network or to a disk is put into a [`Courier`]'s bounded queue, so that a slow or dead receiver
//! costs memory up to a limit, then samples, which are counted, and never the load's time.
//!
//! A kind of output is one implementation of [`Output`], listed in [`kinds`].

mod book;
mod columns;
mod courier;
mod csv;
mod feed;
mod file;
mod grafana;
mod hub;
mod influxdb;
mod kafka;
mod kinds;
mod log;
mod loki;
mod ndjson;
mod otlp;
pub mod prometheus;
mod receiver;
mod records;
mod samples;
mod statsd;

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::trace::Span;

pub use book::{Book, Line, Sample};
pub use courier::{Carrier, Courier, Parcel, Refusal};
pub use feed::{Anomaly, Event, EventKind, Feed, Moment, RunInfo};
pub use hub::Hub;
pub use hub::{Account, Setting, Surroundings};
pub use kinds::{KINDS, Kind, Wanted, wanted, wanted_annotations, wanted_log};

/// Takes what a run measures to somewhere else. Lives in the hub's thread; no call may wait.
pub trait Output {
    /// The run begins.
    fn begin(&mut self, _run: &RunInfo) {}
    /// A second is over: the book holds what was measured in it and since the start.
    fn second(&mut self, now: &Moment, book: &Book);
    /// Single samples of one worker, in the order in which it took them; only for who [wants](Wanted::samples) them. `lost` were
    /// too many to be handed over.
    fn samples(&mut self, _samples: &[Sample<'_>], _lost: u64) {}
    /// Traces that were kept, without secrets; only for who [takes](Wanted::spans) them. `lost` spans were too many to be handed over.
    fn spans(&mut self, _spans: &[Span], _lost: u64) {}
    /// Something happened.
    fn event(&mut self, _event: &Event) {}
    /// The run is over: delivers what is left. May wait, until it is dropped.
    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()>;
    /// Tells at any time, after the end too, what became of everything so far.
    fn tally(&self) -> Tally;
}

/// Tells what became of everything so far; what still waits counts as lost.
pub type Tally = Rc<dyn Fn() -> Delivered>;

/// What became of what an output was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Samples that arrived.
    pub sent: u64,
    /// Samples that did not, and never will.
    pub lost: u64,
    /// The last thing that went wrong.
    pub problem: Option<String>,
}

/// An output that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// What was written on the command line, or in the environment, does not fit.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be written.
    #[error("cannot write `{path}`: {why}")]
    File { path: String, why: std::io::Error },
    /// An address cannot be listened at.
    #[error("cannot listen at {address} for `--out {kind}`: {why}")]
    Listen {
        kind: &'static str,
        address: String,
        why: std::io::Error,
    },
    /// The thread for it could not be made.
    #[error("cannot start the outputs: {0}")]
    Start(#[from] std::io::Error),
}
