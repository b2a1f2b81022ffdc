//! A finished span, as outputs take it.

use std::borrow::Cow;

use super::{SpanId, TraceId};

/// What a span is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something within the load generator.
    Internal,
    /// A request, as its sender sees it.
    Client,
}

/// What is said of a span: OpenTelemetry's semantic conventions, and rhaid's own under `rhaid.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Method,
    Url,
    ServerAddress,
    ServerPort,
    Status,
    ErrorType,
    ProtocolVersion,
    ResendCount,
    Scenario,
    Vu,
    Iteration,
    Name,
    Group,
    FinalUrl,
    LeftOut,
}

impl Key {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Method => "http.request.method",
            Self::Url => "url.full",
            Self::ServerAddress => "server.address",
            Self::ServerPort => "server.port",
            Self::Status => "http.response.status_code",
            Self::ErrorType => "error.type",
            Self::ProtocolVersion => "network.protocol.version",
            Self::ResendCount => "http.request.resend_count",
            Self::Scenario => "rhaid.scenario",
            Self::Vu => "rhaid.vu",
            Self::Iteration => "rhaid.iteration",
            Self::Name => "rhaid.name",
            Self::Group => "rhaid.group",
            Self::FinalUrl => "rhaid.url.final",
            Self::LeftOut => "rhaid.spans_left_out",
        }
    }
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(Cow<'static, str>),
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Cow::Owned(text.to_owned()))
    }
}

impl From<Cow<'static, str>> for Value {
    fn from(text: Cow<'static, str>) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// One span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub trace: TraceId,
    pub id: SpanId,
    pub parent: Option<SpanId>,
    pub name: Cow<'static, str>,
    pub kind: Kind,
    /// Nanoseconds since 1970.
    pub begin: u64,
    pub end: u64,
    pub attributes: Vec<(Key, Value)>,
    /// Why it counts as failed, if it does.
    pub failure: Option<String>,
}

impl Span {
    /// Every text in it that a script or a target may have put there.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let attributes = self
            .attributes
            .iter_mut()
            .filter_map(|(_, value)| match value {
                Value::Text(text) => Some(text),
                Value::Number(_) => None,
            });
        let texts = std::iter::once(&mut self.name).chain(attributes);
        // What is borrowed is written in the program itself.
        let made = texts.filter_map(|text| match text {
            Cow::Owned(text) => Some(text),
            Cow::Borrowed(_) => None,
        });
        made.chain(&mut self.failure)
    }
}
