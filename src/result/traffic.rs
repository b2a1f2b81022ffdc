//! The rows about traffic: scenarios, endpoints, checks, errors.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TrendSummary;

/// What one scenario did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioResult {
    /// Its name.
    pub name: String,
    /// Its executor, such as `ramping-vus`.
    pub executor: String,
    /// The script function it ran.
    pub exec: String,
    /// The plan in a phrase: "up to 10 VUs for 2m30s over 2 stages".
    pub description: String,
    /// When it began, in seconds from the start of the run.
    pub start_seconds: f64,
    /// How long it ran, in seconds.
    pub duration_seconds: f64,
    /// The most virtual users it had at once.
    pub vus_max: u64,
    /// Iterations that ran to their end, those with a script error included.
    pub iterations: u64,
    /// Iterations that a script error ended.
    pub iteration_errors: u64,
    /// Iterations that were stopped before their end.
    pub interrupted_iterations: u64,
    /// Arrivals that found no free virtual user.
    pub dropped_iterations: u64,
    /// Iterations per second of the scenario's own duration.
    pub iterations_per_second: f64,
    /// How long iterations took, in milliseconds.
    pub iteration_duration: TrendSummary,
    /// Actual minus scheduled start, in milliseconds.
    pub iteration_lag: TrendSummary,
}

/// What was sent to one endpoint: the requests of one name and method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointResult {
    /// The request's `name`, or its URL where it has none.
    pub name: String,
    /// The HTTP method.
    pub method: String,
    /// The scenario, where the row is about one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The group, where the request was sent in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Number of requests.
    pub requests: u64,
    /// Requests per second of the run.
    pub per_second: f64,
    /// Requests that failed: no response, or a status that was not expected.
    pub failed: u64,
    /// Failed requests as a fraction of all.
    pub failed_rate: f64,
    /// Number of requests by the status of their response; `error` stands for no response.
    pub statuses: BTreeMap<String, u64>,
    /// Response time of all requests, in milliseconds.
    pub duration: TrendSummary,
    /// Response time of the failed requests only, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_failed: Option<TrendSummary>,
}

/// How often one check held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// Its name.
    pub name: String,
    /// The group it was made in; empty outside any.
    pub group: String,
    /// The scenario it was made in; empty when the row is about all.
    pub scenario: String,
    /// How often it held.
    pub passes: u64,
    /// How often it did not.
    pub fails: u64,
}

/// Errors of one kind and code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorResult {
    /// Where it came from.
    pub kind: ErrorKind,
    /// What tells it from others of its kind: an error code, a status, a place in the script.
    pub code: String,
    /// What happened, in a sentence.
    pub message: String,
    /// How often.
    pub count: u64,
    /// When it was first seen, in seconds from the start of the run.
    pub first_seconds: f64,
    /// When it was last seen, in seconds from the start of the run.
    pub last_seconds: f64,
    /// One of them in full. Secrets are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<ErrorExample>,
}

/// Where an error came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// A request failed.
    Http,
    /// The script threw, which ended an iteration or one of its other functions.
    Script,
    /// A check threw: it counts as failed, and the iteration went on.
    Check,
    /// A limit cut something short: a time limit of a lifecycle function, for one.
    Timeout,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// The kind as the document writes it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Script => "script",
            Self::Check => "check",
            Self::Timeout => "timeout",
            Self::Other => "other",
        }
    }
}

/// One error in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorExample {
    /// The error's text; of a script error the source with its caret, in several lines.
    pub text: String,
    /// URL of the request, if it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The scenario it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The number of the virtual user it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vu: Option<u64>,
    /// The number of that user's iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u64>,
    /// The trace that it is part of, in hexadecimal, if that was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What was sent, if it was about a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<MessageExample>,
    /// What came back, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<MessageExample>,
}

/// A request whose trace was kept, and that took long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlowRequest {
    /// The request's name, as in `endpoints`.
    pub name: String,
    /// Its method.
    pub method: String,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// When it was over, in seconds from the start of the run.
    pub at: f64,
    /// Its response time in milliseconds.
    pub duration: f64,
    /// The trace that it is part of, in hexadecimal.
    pub trace_id: String,
}

/// A request or a response, without secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageExample {
    /// `POST https://…`, or `HTTP/1.1 503`.
    pub start: String,
    /// Its headers, names as they were sent.
    pub headers: Vec<HeaderExample>,
    /// The beginning of its body, laid out for reading.
    pub body: String,
}

/// One header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeaderExample {
    /// Its name.
    pub name: String,
    /// Its value; `***` stands for a secret.
    pub value: String,
}
