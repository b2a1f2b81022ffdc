//! From a request's measurements to samples: the hottest path after the network itself.

use std::cell::RefCell;
use std::rc::Rc;

use http::Method;
use rustc_hash::FxHashMap;

use super::context::Vu;
use super::errors::{Example, FailureKind, TallyKey};
use crate::http::{Exchange, HttpError, Observer, Protocol, Timings};
use crate::metrics::{Builtin, MetricId, Recorder, SeriesId, TagSetId};

/// What tells two requests' samples apart. The name is compared by address: names are interned, and the
/// cached handles keep them alive.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    context: TagSetId,
    name: usize,
    method: Method,
    status: u16,
    error: u16,
    protocol: Protocol,
    expected: bool,
}

/// Handles of all samples of one kind of request.
#[derive(Debug)]
pub struct HttpSeries {
    _name: Rc<str>,
    requests: SeriesId,
    failed: SeriesId,
    duration: SeriesId,
    corrected: SeriesId,
    blocked: SeriesId,
    looking_up: SeriesId,
    connecting: SeriesId,
    tls_handshaking: SeriesId,
    sending: SeriesId,
    waiting: SeriesId,
    receiving: SeriesId,
    data_sent: SeriesId,
    data_received: SeriesId,
}

/// Handles by kind of request, per worker.
#[derive(Default)]
pub struct HttpSeriesCache(FxHashMap<Key, Rc<HttpSeries>>);

/// Past this the cache starts anew; the recorder's own cap on tag sets bounds what it refers to.
const MAX_CACHED: usize = 16_384;

/// Records one request's exchanges for a virtual user.
pub struct RequestObserver<'a> {
    pub vu: &'a Vu,
    /// The script's name for the request; the URL without its query otherwise.
    pub name: Option<Rc<str>>,
    /// The virtual user's tags with the request's own.
    pub tags: TagSetId,
    /// What the request's failure is counted as, if it is the first of its kind and no one has said yet what was sent.
    pub unexplained: RefCell<Option<TallyKey>>,
}

impl HttpSeries {
    /// The times of an exchange that are not nothing, each with the series that has it. `late` is as [`RequestObserver::late`] tells it.
    pub fn times(&self, timings: &Timings, late: u64) -> impl Iterator<Item = (SeriesId, u64)> {
        let duration = timings.duration();
        // What never reached a server has none that would be corrected.
        let corrected = match duration {
            0 => 0,
            duration => duration.saturating_add(late),
        };
        [
            (self.duration, duration),
            (self.corrected, corrected),
            (self.blocked, timings.blocked),
            (self.looking_up, timings.looking_up),
            (self.connecting, timings.connecting),
            (self.tls_handshaking, timings.tls_handshaking),
            (self.sending, timings.sending),
            (self.waiting, timings.waiting),
            (self.receiving, timings.receiving),
        ]
        .into_iter()
        .filter(|(_, nanos)| *nanos > 0)
    }
}

impl Observer for RequestObserver<'_> {
    fn exchanged(&self, exchange: &Exchange<'_>) {
        self.record(exchange);
    }

    fn abandoned(&self, bytes_sent: u64, bytes_received: u64) {
        let mut recorder = self.vu.worker.recorder.borrow_mut();
        for (metric, bytes) in [
            (Builtin::DataSent, bytes_sent),
            (Builtin::DataReceived, bytes_received),
        ] {
            let series = recorder.series(metric.into(), self.tags);
            recorder.count(series, bytes as f64);
        }
    }
}

impl RequestObserver<'_> {
    /// How much later than planned a request began that waited for its thread like this, in nanoseconds.
    pub fn late(&self, timings: &Timings) -> u64 {
        self.vu.lag.get().map_or(0, |lag| lag + timings.deferred)
    }

    /// Records an exchange; gives where.
    pub fn record(&self, exchange: &Exchange<'_>) -> Rc<HttpSeries> {
        let worker = &self.vu.worker;
        let name = self.name.as_ref().unwrap_or(&exchange.target.name);
        let error = exchange.error.map_or(0, |error| error.code());
        let key = Key {
            context: self.tags,
            name: name.as_ptr() as usize,
            method: exchange.method.clone(),
            status: exchange.status,
            error,
            protocol: exchange.protocol,
            expected: exchange.expected,
        };
        let mut recorder = worker.recorder.borrow_mut();
        let mut cache = worker.http_series.borrow_mut();
        let series = match cache.0.get(&key) {
            Some(series) => series.clone(),
            None => {
                if cache.0.len() >= MAX_CACHED {
                    cache.0.clear();
                }
                let series = Rc::new(make_series(&mut recorder, self.tags, name, exchange, error));
                cache.0.insert(key, series.clone());
                series
            }
        };
        let timings = &exchange.timings;
        let duration = timings.duration();
        recorder.count(series.requests, 1.0);
        recorder.rate(series.failed, !exchange.expected);
        // What never reached a server took no time there: a zero would make a dead target look fast.
        if exchange.error.is_none() || duration > 0 {
            recorder.time(series.duration, duration);
            let corrected = duration.saturating_add(self.late(timings));
            recorder.time(series.corrected, corrected);
            recorder.time(series.sending, timings.sending);
            recorder.time(series.waiting, timings.waiting);
            recorder.time(series.receiving, timings.receiving);
        }
        recorder.time(series.blocked, timings.blocked);
        recorder.time(series.looking_up, timings.looking_up);
        recorder.time(series.connecting, timings.connecting);
        recorder.time(series.tls_handshaking, timings.tls_handshaking);
        recorder.count(series.data_sent, exchange.bytes_sent as f64);
        recorder.count(series.data_received, exchange.bytes_received as f64);
        drop((recorder, cache));
        if !exchange.expected {
            self.tally(exchange, name, error);
        }
        series
    }

    #[cold]
    fn tally(&self, exchange: &Exchange<'_>, name: &str, error: u16) {
        let (code, message) = match exchange.error {
            Some(failure) => (error, failure.message().to_owned()),
            None => (
                HttpError::status_code(exchange.status),
                format!(
                    "{} {name} answered with status {}",
                    exchange.method, exchange.status
                ),
            ),
        };
        let vu = self.vu;
        vu.worker.run.chaos.touch(&vu.touched);
        let key = TallyKey {
            kind: FailureKind::Http,
            code,
            message,
        };
        let opened =
            vu.worker
                .errors
                .borrow_mut()
                .add(key, vu.worker.run.elapsed_seconds(), || Example {
                    text: format!("{} {}", exchange.method, exchange.target.shown()),
                    url: Some(exchange.target.shown().to_owned()),
                    scenario: vu.scenario.name.to_string(),
                    vu: vu.id,
                    iteration: vu.iteration.get(),
                    trace: vu.seen_in_trace().map(|(trace, _)| trace),
                    exchange: None,
                });
        if opened.is_some() {
            *self.unexplained.borrow_mut() = opened;
        }
    }
}

fn make_series(
    recorder: &mut Recorder,
    context: TagSetId,
    name: &Rc<str>,
    exchange: &Exchange<'_>,
    error: u16,
) -> HttpSeries {
    let pair = |key: &str, value: &str| (Rc::from(key), Rc::from(value));
    let mut pairs = vec![
        (Rc::from("name"), name.clone()),
        pair("method", exchange.method.as_str()),
        pair("status", &exchange.status.to_string()),
        pair("proto", exchange.protocol.as_str()),
        pair(
            "expected_response",
            if exchange.expected { "true" } else { "false" },
        ),
    ];
    if !exchange.expected {
        let code = if error == 0 {
            HttpError::status_code(exchange.status)
        } else {
            error
        };
        pairs.push(pair("error_code", &code.to_string()));
    }
    let tags = recorder.tags(context).with(pairs);
    let tags = recorder.intern(tags);
    let mut series = |metric: Builtin| recorder.series(MetricId::from(metric), tags);
    HttpSeries {
        _name: name.clone(),
        requests: series(Builtin::HttpReqs),
        failed: series(Builtin::HttpReqFailed),
        duration: series(Builtin::HttpReqDuration),
        corrected: series(Builtin::HttpReqCorrected),
        blocked: series(Builtin::HttpReqBlocked),
        looking_up: series(Builtin::HttpReqLookingUp),
        connecting: series(Builtin::HttpReqConnecting),
        tls_handshaking: series(Builtin::HttpReqTlsHandshaking),
        sending: series(Builtin::HttpReqSending),
        waiting: series(Builtin::HttpReqWaiting),
        receiving: series(Builtin::HttpReqReceiving),
        data_sent: recorder.series(Builtin::DataSent.into(), context),
        data_received: recorder.series(Builtin::DataReceived.into(), context),
    }
}
