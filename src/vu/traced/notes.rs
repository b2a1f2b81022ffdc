//! From notes to spans.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Instant;

use http::Method;

use super::super::observe::HttpSeries;
use super::name_of;
use crate::http::{HttpError, Protocol, Target, Timings};
use crate::metrics::SeriesId;
use crate::trace::{
    Exemplar, Ids, Key, Kind, SlowRequest, SlowRequests, Span, SpanId, TraceId, Tracing, Value,
};

/// What is said of most requests.
const ATTRIBUTES: usize = 7;

/// Something that happened in an iteration.
#[derive(Debug)]
pub enum Note {
    Group(Group),
    Request(Box<Request>),
}

/// A group that was entered.
#[derive(Debug)]
pub struct Group {
    pub id: SpanId,
    pub parent: SpanId,
    /// Such as `::checkout::payment`.
    pub path: String,
    pub began: Instant,
    /// None when the iteration ended in it.
    pub ended: Option<Instant>,
}

/// One exchange of a request: redirects make it several.
#[derive(Debug, Clone)]
pub struct Hop {
    pub ended: Instant,
    pub timings: Timings,
    /// How much later than planned it began, in nanoseconds.
    pub late: u64,
    /// Where its times were recorded.
    pub series: Rc<HttpSeries>,
}

/// A request that is over.
#[derive(Debug)]
pub struct Request {
    pub id: SpanId,
    pub parent: SpanId,
    pub began: Instant,
    pub ended: Instant,
    pub method: Method,
    pub target: Rc<Target>,
    /// What answered, after redirects.
    pub last: Rc<Target>,
    /// The script's name for it.
    pub name: Option<Rc<str>>,
    /// 0 when nothing came back.
    pub status: u16,
    pub protocol: Protocol,
    pub error: Option<Rc<HttpError>>,
    pub expected: bool,
    pub hops: Vec<Hop>,
}

impl Request {
    /// Its response time: of the slowest exchange, for metrics have each of them.
    pub fn duration(&self) -> u64 {
        let durations = self.hops.iter().map(|hop| hop.timings.duration());
        durations.max().unwrap_or(0)
    }

    /// Has the result tell of it, if it is among the slowest.
    pub fn offer(&self, slow: &mut SlowRequests, trace: TraceId, at: f64) {
        let name = name_of(self.name.as_ref(), &self.last);
        let (method, duration) = (self.method.as_str(), self.duration());
        slow.offer(&name, method, duration, || SlowRequest {
            name: name.to_string(),
            method: method.to_owned(),
            status: self.status,
            at,
            duration,
            trace,
        });
    }

    /// As an example of every time that was recorded of it.
    pub fn examples(
        &self,
        trace: TraceId,
        tracing: &Tracing,
    ) -> impl Iterator<Item = (SeriesId, Exemplar)> {
        self.hops.iter().flat_map(move |hop| {
            let at = tracing.unix_nanos(hop.ended);
            let times = hop.series.times(&hop.timings, hop.late);
            times.map(move |(series, value)| {
                let span = self.id;
                let exemplar = Exemplar {
                    value,
                    at,
                    trace,
                    span,
                };
                (series, exemplar)
            })
        })
    }

    fn failure(&self) -> Option<(String, String)> {
        if self.expected {
            return None;
        }
        Some(match &self.error {
            Some(error) => (error.code().to_string(), error.message().to_owned()),
            None if self.status == 0 => ("interrupted".to_owned(), "it was cut off".to_owned()),
            None => (
                self.status.to_string(),
                format!("the status {} was not expected", self.status),
            ),
        })
    }

    fn span(&self, trace: TraceId, tracing: &Tracing) -> Span {
        let url = self.target.shown();
        let method = method_text(&self.method);
        let mut attributes = Vec::with_capacity(ATTRIBUTES);
        attributes.extend([
            (Key::Method, Value::from(method.clone())),
            (Key::ServerAddress, Value::from(&*self.target.host)),
            (Key::ServerPort, Value::from(u64::from(self.target.port))),
            (
                Key::Name,
                Value::from(&*name_of(self.name.as_ref(), &self.target)),
            ),
        ]);
        if self.status > 0 {
            attributes.push((Key::Status, Value::from(u64::from(self.status))));
            let version = Cow::Borrowed(version(self.protocol));
            attributes.push((Key::ProtocolVersion, Value::from(version)));
        }
        let failure = self.failure();
        if let Some((kind, _)) = &failure {
            attributes.push((Key::ErrorType, Value::from(kind.as_str())));
        }
        if self.hops.len() > 1 {
            attributes.push((Key::ResendCount, Value::from(self.hops.len() as u64 - 1)));
            let last = self.last.shown();
            if last != url {
                attributes.push((Key::FinalUrl, Value::from(last)));
            }
        }
        attributes.push((Key::Url, Value::from(url)));
        Span {
            trace,
            id: self.id,
            parent: Some(self.parent),
            // A URL may differ from request to request; a name that the script gave does not.
            name: match &self.name {
                Some(name) => Cow::Owned(format!("{method} {name}")),
                None => method,
            },
            kind: Kind::Client,
            begin: tracing.unix_nanos(self.began),
            end: tracing.unix_nanos(self.ended),
            attributes,
            failure: failure.map(|(_, why)| why),
        }
    }

    /// Adds its phases, laid back from the end of each exchange.
    fn phases(&self, trace: TraceId, tracing: &Tracing, ids: &mut Ids, spans: &mut Vec<Span>) {
        let first = tracing.unix_nanos(self.began);
        for hop in &self.hops {
            let times = &hop.timings;
            let opening = times.looking_up + times.connecting + times.tls_handshaking;
            let phases = [
                ("receive", times.receiving),
                ("wait", times.waiting),
                ("send", times.sending),
                ("tls", times.tls_handshaking),
                ("connect", times.connecting),
                ("dns", times.looking_up),
                // For a connection of the pool, for the option `rps`, and for the others of its thread.
                (
                    "blocked",
                    times.blocked.saturating_sub(opening) + times.deferred,
                ),
            ];
            let mut end = tracing.unix_nanos(hop.ended);
            for (name, nanos) in phases {
                if nanos == 0 {
                    continue;
                }
                // Clocks are read at different moments: a phase never begins before its request.
                let begin = end.saturating_sub(nanos).max(first).min(end);
                spans.push(Span {
                    trace,
                    id: ids.span(),
                    parent: Some(self.id),
                    name: Cow::Borrowed(name),
                    kind: Kind::Internal,
                    begin,
                    end,
                    attributes: Vec::new(),
                    failure: None,
                });
                end = begin;
            }
        }
    }
}

/// Those that everybody uses need no room of their own.
fn method_text(method: &Method) -> Cow<'static, str> {
    Cow::Borrowed(match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => return Cow::Owned(method.to_string()),
    })
}

/// As semantic conventions write it.
fn version(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http10 => "1.0",
        Protocol::Http11 => "1.1",
        Protocol::Http2 => "2",
    }
}

/// The iteration itself, or another part of the script.
pub struct Root<'a> {
    pub trace: TraceId,
    pub id: SpanId,
    /// The function that ran.
    pub part: String,
    pub scenario: &'a str,
    pub vu: u64,
    pub iteration: u64,
    pub began: Instant,
    pub ended: Instant,
    pub failure: Option<String>,
    pub left_out: u64,
}

impl Root<'_> {
    /// Adds all spans of the trace.
    pub fn spans(self, notes: &[Note], tracing: &Tracing, ids: &mut Ids, spans: &mut Vec<Span>) {
        let mut attributes = vec![(Key::Scenario, Value::from(self.scenario))];
        // `setup` and its like belong to no virtual user.
        if self.vu > 0 {
            attributes.push((Key::Vu, Value::from(self.vu)));
            attributes.push((Key::Iteration, Value::from(self.iteration)));
        }
        if self.failure.is_some() {
            let script = Cow::Borrowed("script");
            attributes.push((Key::ErrorType, Value::from(script)));
        }
        if self.left_out > 0 {
            attributes.push((Key::LeftOut, Value::from(self.left_out)));
        }
        spans.push(Span {
            trace: self.trace,
            id: self.id,
            parent: None,
            name: Cow::Owned(self.part),
            kind: Kind::Internal,
            begin: tracing.unix_nanos(self.began),
            end: tracing.unix_nanos(self.ended),
            attributes,
            failure: self.failure,
        });
        for note in notes {
            match note {
                Note::Group(group) => spans.push(Span {
                    trace: self.trace,
                    id: group.id,
                    parent: Some(group.parent),
                    name: Cow::Owned(match group.path.rsplit_once("::") {
                        Some((_, name)) => name.to_owned(),
                        None => group.path.clone(),
                    }),
                    kind: Kind::Internal,
                    begin: tracing.unix_nanos(group.began),
                    end: tracing.unix_nanos(group.ended.unwrap_or(self.ended)),
                    attributes: vec![(Key::Group, Value::from(group.path.as_str()))],
                    failure: None,
                }),
                Note::Request(request) => {
                    spans.push(request.span(self.trace, tracing));
                    request.phases(self.trace, tracing, ids, spans);
                }
            }
        }
    }
}
