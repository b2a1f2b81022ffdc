//! Spans as messages.
//!
//! A run that traces one request in a hundred still has thousands of spans a second, so they are written straight to the wire, after the
//! published definitions (`opentelemetry/proto/trace/v1/trace.proto`): messages of the generated types would be filled with copies of every text,
//! and measured once for every message that they are in.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};

use super::common::{SCHEMA, resource, scope};
use super::wire::Writer;
use crate::output::RunInfo;
use crate::trace::{Kind, Span, Value};

/// Recorded, and its parent is of the same process: the bits of the field `flags`.
const FLAGS: u32 = 0x101;

/// Bytes of a span, on average.
const USUAL: usize = 180;

/// What fields have for numbers: of the request, of `ResourceSpans` and `ScopeSpans`, of `Span`, and of what is in a span.
mod field {
    pub const RESOURCE_SPANS: u8 = 1;
    pub const SCOPE_SPANS: u8 = 2;
    pub const SPANS: u8 = 2;
    pub const TRACE_ID: u8 = 1;
    pub const SPAN_ID: u8 = 2;
    pub const PARENT_SPAN_ID: u8 = 4;
    pub const NAME: u8 = 5;
    pub const KIND: u8 = 6;
    pub const START: u8 = 7;
    pub const END: u8 = 8;
    pub const ATTRIBUTES: u8 = 9;
    pub const STATUS: u8 = 15;
    pub const FLAGS: u8 = 16;
    pub const ATTRIBUTE_KEY: u8 = 1;
    pub const ATTRIBUTE_VALUE: u8 = 2;
    pub const VALUE_TEXT: u8 = 1;
    pub const VALUE_NUMBER: u8 = 3;
    pub const STATUS_MESSAGE: u8 = 2;
    pub const STATUS_CODE: u8 = 3;
}

/// A request with these spans, as it is sent.
pub fn request(run: &RunInfo, spans: &[Span]) -> Vec<u8> {
    let everyone = ResourceSpans {
        resource: resource(run),
        scope_spans: Vec::new(),
        schema_url: SCHEMA.to_owned(),
    };
    let ours = ScopeSpans {
        scope: scope(),
        spans: Vec::new(),
        schema_url: SCHEMA.to_owned(),
    };
    let mut out = Writer::with_capacity(spans.len() * USUAL);
    out.message(field::RESOURCE_SPANS, |out| {
        out.fields_of(&everyone);
        out.message(field::SCOPE_SPANS, |out| {
            out.fields_of(&ours);
            for span in spans {
                out.message(field::SPANS, |out| write(span, out));
            }
        });
    });
    out.into_bytes()
}

fn write(span: &Span, out: &mut Writer) {
    out.bytes(field::TRACE_ID, &span.trace.to_bytes());
    out.bytes(field::SPAN_ID, &span.id.to_bytes());
    if let Some(parent) = &span.parent {
        out.bytes(field::PARENT_SPAN_ID, &parent.to_bytes());
    }
    out.fixed32(field::FLAGS, FLAGS);
    out.bytes(field::NAME, span.name.as_bytes());
    let kind = match span.kind {
        Kind::Internal => SpanKind::Internal,
        Kind::Client => SpanKind::Client,
    };
    out.number(field::KIND, kind as i64);
    out.fixed64(field::START, span.begin);
    out.fixed64(field::END, span.end);
    for (key, value) in &span.attributes {
        out.message(field::ATTRIBUTES, |out| {
            out.bytes(field::ATTRIBUTE_KEY, key.as_str().as_bytes());
            out.message(field::ATTRIBUTE_VALUE, |out| match value {
                Value::Text(text) => out.bytes(field::VALUE_TEXT, text.as_bytes()),
                Value::Number(number) => out.number(field::VALUE_NUMBER, *number),
            });
        });
    }
    if let Some(why) = &span.failure {
        out.message(field::STATUS, |out| {
            out.bytes(field::STATUS_MESSAGE, why.as_bytes());
            out.number(field::STATUS_CODE, StatusCode::Error as i64);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::{self, Status};
    use proptest::prelude::*;
    use prost::Message;

    use super::super::common::{number, text};
    use super::*;
    use crate::trace::{Key, Settings, Tracing};

    /// The same by the generated types.
    fn expected(run: &RunInfo, spans: &[Span]) -> ExportTraceServiceRequest {
        let message = |span: &Span| v1::Span {
            trace_id: span.trace.to_bytes().to_vec(),
            span_id: span.id.to_bytes().to_vec(),
            parent_span_id: span.parent.map_or(Vec::new(), |id| id.to_bytes().to_vec()),
            flags: FLAGS,
            name: span.name.to_string(),
            kind: match span.kind {
                Kind::Internal => SpanKind::Internal.into(),
                Kind::Client => SpanKind::Client.into(),
            },
            start_time_unix_nano: span.begin,
            end_time_unix_nano: span.end,
            attributes: span
                .attributes
                .iter()
                .map(|(key, value)| match value {
                    Value::Text(value) => text(key.as_str(), value.as_ref()),
                    Value::Number(value) => number(key.as_str(), *value),
                })
                .collect(),
            status: span.failure.as_ref().map(|why| Status {
                message: why.clone(),
                code: StatusCode::Error.into(),
            }),
            ..v1::Span::default()
        };
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: resource(run),
                scope_spans: vec![ScopeSpans {
                    scope: scope(),
                    spans: spans.iter().map(message).collect(),
                    schema_url: SCHEMA.to_owned(),
                }],
                schema_url: SCHEMA.to_owned(),
            }],
        }
    }

    /// Whether there is a parent and of which kind it is, when it began and ended; name, values of attributes, failure.
    type Drawn = ((bool, bool, u64, u64), String, Vec<Value>, Option<String>);

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            ".{0,300}".prop_map(|text| Value::Text(Cow::Owned(text))),
            any::<i64>().prop_map(Value::Number),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_the_official_definitions_read(
            spans in prop::collection::vec(
                (
                    (any::<bool>(), any::<bool>(), any::<u64>(), any::<u64>()),
                    ".{0,200}",
                    prop::collection::vec(value(), 0..4),
                    prop::option::of(".{0,200}"),
                ),
                0..4,
            ),
            id in ".{0,200}",
        ) {
            let run = RunInfo { id, script: "t.rhai".into(), at: 1 };
            let mut ids = Tracing::new(Settings::default(), 1, true).ids();
            let mut span = |(bits, name, values, failure): Drawn| Span {
                trace: ids.trace(),
                id: ids.span(),
                parent: bits.0.then(|| ids.span()),
                name: Cow::Owned(name),
                kind: if bits.1 { Kind::Client } else { Kind::Internal },
                begin: bits.2,
                end: bits.3,
                attributes: values.into_iter().map(|value| (Key::Url, value)).collect(),
                failure,
            };
            let spans: Vec<_> = spans.into_iter().map(&mut span).collect();
            let sent = request(&run, &spans);
            let read = ExportTraceServiceRequest::decode(&*sent).unwrap();
            prop_assert_eq!(read, expected(&run, &spans));
        }
    }
}
