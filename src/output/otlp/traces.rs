//! Spans as messages.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{self, ResourceSpans, ScopeSpans, Status};

use super::common::{SCHEMA, number, resource, scope, text};
use crate::output::RunInfo;
use crate::trace::{Kind, Span, Value};

/// Recorded, and its parent is of the same process: the bits of the field `flags`.
const FLAGS: u32 = 0x101;

/// A request with these spans.
pub fn request(run: &RunInfo, spans: &[Span]) -> ExportTraceServiceRequest {
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

fn message(span: &Span) -> v1::Span {
    let attributes = span.attributes.iter().map(|(key, value)| match value {
        Value::Text(value) => text(key.as_str(), value.as_str()),
        Value::Number(value) => number(key.as_str(), *value),
    });
    v1::Span {
        trace_id: span.trace.to_bytes().to_vec(),
        span_id: span.id.to_bytes().to_vec(),
        parent_span_id: span
            .parent
            .map(|parent| parent.to_bytes().to_vec())
            .unwrap_or_default(),
        flags: FLAGS,
        name: span.name.clone(),
        kind: match span.kind {
            Kind::Internal => SpanKind::Internal,
            Kind::Client => SpanKind::Client,
        }
        .into(),
        start_time_unix_nano: span.begin,
        end_time_unix_nano: span.end,
        attributes: attributes.collect(),
        status: span.failure.as_ref().map(|why| Status {
            message: why.clone(),
            code: StatusCode::Error.into(),
        }),
        ..v1::Span::default()
    }
}
