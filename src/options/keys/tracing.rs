//! Traces.

use super::{Key, key};

/// Options of traces: the map `tracing`.
pub const TRACING: &[Key] = &[
    key(
        "sample",
        "share, \"tail\" or \"off\"",
        "off",
        "which iterations are traced: a share such as \"1%\", or those that fail or are slow",
    ),
    key(
        "slowest",
        "share",
        "1%",
        "with `sample: \"tail\"`: which share of requests counts as slow",
    ),
    key(
        "propagation",
        "\"w3c\", \"b3\", \"b3multi\" or \"jaeger\"",
        "w3c",
        "which headers tell the target of the trace",
    ),
    key(
        "url",
        "URL with {trace_id}",
        "none",
        "where a trace is to be seen: reports link slow requests to it",
    ),
];
