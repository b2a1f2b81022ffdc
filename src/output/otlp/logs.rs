//! Log lines and events as messages.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};

use super::common::{SCHEMA, nanos, number, resource, scope, text};
use crate::output::{Event, EventKind, RunInfo};
use crate::vu::LogLevel;

/// A request with these records.
pub fn request(run: &RunInfo, records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: resource(run),
            scope_logs: vec![ScopeLogs {
                scope: scope(),
                log_records: records,
                schema_url: SCHEMA.to_owned(),
            }],
            schema_url: SCHEMA.to_owned(),
        }],
    }
}

/// Something that happened.
pub fn record(event: &Event) -> LogRecord {
    let (mut name, mut attributes, mut level) = ("", Vec::new(), LogLevel::Info);
    let mut trace = None;
    match &event.kind {
        EventKind::Started => name = "rhaid.run.started",
        EventKind::Ended { status, exit_code } => {
            name = "rhaid.run.ended";
            attributes.push(text("rhaid.verdict", status.as_str()));
            attributes.push(number("rhaid.exit_code", i64::from(*exit_code)));
        }
        EventKind::FaultBegan { name: fault, .. } => {
            name = "rhaid.fault.began";
            attributes.push(text("rhaid.fault", fault.as_str()));
        }
        EventKind::FaultEnded { name: fault, .. } => {
            name = "rhaid.fault.ended";
            attributes.push(text("rhaid.fault", fault.as_str()));
        }
        EventKind::Reloaded => name = "rhaid.script.reloaded",
        EventKind::Aborted => (name, level) = ("rhaid.run.aborted", LogLevel::Error),
        EventKind::AnomalyFound(anomaly) | EventKind::AnomalyEnded(anomaly) => {
            (name, level) = match &event.kind {
                EventKind::AnomalyEnded(_) => ("rhaid.anomaly.ended", LogLevel::Info),
                _ => ("rhaid.anomaly.found", anomaly.level()),
            };
            for (key, value) in anomaly.fields() {
                attributes.push(text(&format!("rhaid.anomaly.{key}"), value));
            }
        }
        EventKind::Log(line) => {
            level = line.level;
            trace = line.trace;
            if !line.scenario.is_empty() {
                attributes.push(text("rhaid.scenario", line.scenario.as_str()));
            }
            if line.vu > 0 {
                let vu = i64::try_from(line.vu).unwrap_or(i64::MAX);
                attributes.push(number("rhaid.vu", vu));
            }
            if let Some(place) = &line.place {
                attributes.push(text("rhaid.place", place.as_str()));
            }
        }
        EventKind::Own {
            level: own,
            module,
            fields,
        } => {
            level = *own;
            attributes.push(text("rhaid.module", module.as_str()));
            for (key, value) in fields {
                attributes.push(text(key, value.as_str()));
            }
        }
    }
    let severity = match level {
        LogLevel::Trace => SeverityNumber::Trace,
        LogLevel::Debug => SeverityNumber::Debug,
        LogLevel::Info => SeverityNumber::Info,
        LogLevel::Warn => SeverityNumber::Warn,
        LogLevel::Error => SeverityNumber::Error,
    };
    LogRecord {
        time_unix_nano: nanos(event.at),
        observed_time_unix_nano: nanos(event.at),
        severity_number: severity.into(),
        severity_text: level.as_str().to_uppercase(),
        body: Some(AnyValue {
            value: Some(Value::StringValue(event.text.clone())),
        }),
        attributes,
        flags: u32::from(trace.is_some()),
        trace_id: trace
            .map(|(trace, _)| trace.to_bytes().to_vec())
            .unwrap_or_default(),
        span_id: trace
            .map(|(_, span)| span.to_bytes().to_vec())
            .unwrap_or_default(),
        event_name: name.to_owned(),
        ..LogRecord::default()
    }
}
