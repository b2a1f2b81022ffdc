//! What all messages say: who measured, and attributes.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::output::RunInfo;

/// The semantic conventions that names follow.
pub const SCHEMA: &str = "https://opentelemetry.io/schemas/1.30.0";

/// An attribute that is a text.
pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

/// One that is a number.
pub fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// Who measured: this run of rhaid.
pub fn resource(run: &RunInfo) -> Option<Resource> {
    Some(Resource {
        attributes: vec![
            text("service.name", "rhaid"),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("service.instance.id", run.id.as_str()),
            text("rhaid.run.id", run.id.as_str()),
            text("rhaid.script", run.script.as_str()),
        ],
        ..Resource::default()
    })
}

/// What measured.
pub fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "rhaid".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    })
}

/// Nanoseconds since 1970, of milliseconds.
pub fn nanos(millis: u64) -> u64 {
    millis.saturating_mul(1_000_000)
}
