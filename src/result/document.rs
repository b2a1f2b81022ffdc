//! The document itself and its first section: which run this was, where, from what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AnomalyResult, CheckResult, EndpointResult, ErrorResult, FaultResult, Intervals, MetricResult,
    MetricValues, ScenarioResult, SloResult, SlowRequest, TimeSeries, TrendSummary, Verdict,
};

/// The version of the document that this program writes and reads.
pub const VERSION: u32 = 1;

/// The result of one run: what ran, what was measured, how it was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "rhaid result")]
pub struct RunResult {
    /// Version of this document's format.
    #[schemars(extend("const" = 1))]
    pub version: u32,
    /// The program that wrote the document.
    pub tool: Tool,
    /// Which run this was, when, where, and how it ended.
    pub run: Run,
    /// The options as they were resolved from file, script, environment and command line. Secrets are left out.
    #[serde(deserialize_with = "super::bounded::whole")]
    #[schemars(with = "Value")]
    pub options: Value,
    /// The judgement on the whole run, and the exit code that follows from it.
    pub verdict: Verdict,
    /// Every service level objective with its verdict, by metric and then in the order of the script.
    pub slos: Vec<SloResult>,
    /// One row for each scenario.
    pub scenarios: Vec<ScenarioResult>,
    /// One row for each request name and method.
    pub endpoints: Vec<EndpointResult>,
    /// One row for each check.
    pub checks: Vec<CheckResult>,
    /// Errors grouped by kind and code, each with an example.
    pub errors: Vec<ErrorResult>,
    /// Every metric: its total and its values by tag set.
    pub metrics: Vec<MetricResult>,
    /// The main metrics over time.
    pub time_series: TimeSeries,
    /// Every metric and each endpoint, interval by interval; empty in documents of earlier programs.
    #[serde(default)]
    pub intervals: Intervals,
    /// The slowest requests whose trace was kept, a few of each endpoint, the slowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slow_requests: Vec<SlowRequest>,
    /// What went wrong on purpose, in the order in which it came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultResult>,
    /// What was unusual while the run went on, in the order in which it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<AnomalyResult>,
    /// What the load generator itself used while the scenarios ran.
    pub generator: Generator,
}

impl RunResult {
    /// The total of the metric called `name`, if the run had it.
    pub fn metric(&self, name: &str) -> Option<&MetricValues> {
        self.metrics
            .iter()
            .find(|metric| metric.name == name)
            .map(|metric| &metric.total)
    }

    /// The summary of the trend called `name`; `None` when it is missing, no trend, or without samples.
    pub fn trend(&self, name: &str) -> Option<&TrendSummary> {
        match self.metric(name) {
            Some(MetricValues::Trend { summary, .. }) if summary.count > 0 => Some(summary),
            _ => None,
        }
    }

    /// The sum of the counter called `name`; `None` when it is missing or no counter.
    pub fn counter(&self, name: &str) -> Option<f64> {
        match self.metric(name) {
            Some(MetricValues::Counter { count, .. }) => Some(*count),
            _ => None,
        }
    }
}

/// The program that wrote a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// The program's name.
    pub name: String,
    /// The program's version.
    pub version: String,
}

/// Which run this was, when, where, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Unique name of the run.
    pub id: String,
    /// Path of the script, as it was given.
    pub script: String,
    /// SHA-256 of the script's bytes, in lower-case hexadecimal.
    pub script_sha256: String,
    /// Newer versions of the script that took over while the run was going on (`--watch`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reloads: Vec<Reload>,
    /// When the run began (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// When the run ended (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    pub ended_at: String,
    /// How long the scenarios took, from the first's beginning to the last one's end, in seconds; `setup` and `teardown` come
    /// on top.
    pub duration_seconds: f64,
    /// How the run ended.
    pub outcome: Outcome,
    /// Seed of every random choice: the same seed repeats them.
    pub seed: u64,
    /// State of the git repository that the script lies in, if it lies in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// The machine that made the load.
    pub machine: Machine,
    /// The part of the plan that this machine ran (`1/3:2/3`), if it was not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_segment: Option<String>,
    /// Factor by which the plan was stretched in time: 1 is the plan as written.
    pub scale: f64,
    /// About how many tag sets lost their tags and are called `other`, because there were too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub folded_tag_sets: u64,
    /// Warnings that a reader of the figures must know.
    pub notes: Vec<String>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A newer version of the script took over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reload {
    /// When, in seconds from the start of the run.
    pub at: f64,
    /// Number of the version, from 1; the one that the run began with has none.
    pub version: u32,
    /// SHA-256 of the script's bytes, in lower-case hexadecimal.
    pub script_sha256: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The plan was carried out to its end.
    Completed,
    /// Someone stopped the run; what had been measured until then is here.
    Interrupted,
    /// The run was stopped from within.
    Aborted {
        /// Who stopped it.
        by: AbortedBy,
        /// Why, in a sentence.
        reason: String,
    },
    /// `setup` failed, so no iteration ran.
    SetupFailed {
        /// What went wrong, in a sentence.
        reason: String,
    },
}

/// Who stopped a run from within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AbortedBy {
    /// An SLO with `abort: true` was past its target.
    Slo,
    /// The script called `abort`.
    Script,
    /// A guardrail of a fault was crossed.
    Guardrail,
    /// The program itself could not go on.
    Internal,
}

impl AbortedBy {
    /// How the one who stopped the run is named in a sentence ("aborted by …").
    pub fn label(self) -> &'static str {
        match self {
            Self::Slo => "an SLO",
            Self::Script => "the script",
            Self::Guardrail => "a guardrail",
            Self::Internal => "rhaid itself",
        }
    }
}

/// State of a git repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Git {
    /// Full hash of the commit that was checked out.
    pub commit: String,
    /// The branch, unless the head was detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether there were changes that no commit held.
    pub dirty: bool,
}

/// The machine that made the load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// Operating system, such as `linux`.
    pub os: String,
    /// Version of its kernel.
    pub kernel: String,
    /// Processor architecture, such as `x86_64`.
    pub arch: String,
    /// Number of logical processors.
    pub cpus: u32,
    /// Size of its memory, in bytes.
    pub memory_bytes: u64,
    /// Number of worker threads that ran virtual users.
    pub workers: u32,
}

/// What the load generator itself used while the scenarios ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Generator {
    /// Processor time spent in the program, in seconds.
    pub cpu_user_seconds: f64,
    /// Processor time spent in the kernel on the program's behalf, in seconds.
    pub cpu_system_seconds: f64,
    /// Greatest resident memory, in bytes.
    pub peak_rss_bytes: u64,
    /// Number of worker threads that ran virtual users.
    pub workers: u32,
}

impl Generator {
    /// What was used since an earlier look. The greatest memory is that of the whole process.
    #[must_use]
    pub fn since(self, earlier: &Self) -> Self {
        Self {
            cpu_user_seconds: self.cpu_user_seconds - earlier.cpu_user_seconds,
            cpu_system_seconds: self.cpu_system_seconds - earlier.cpu_system_seconds,
            ..self
        }
    }
}

/// The JSON Schema (draft 2020-12) of the result document.
pub fn schema() -> Value {
    schemars::schema_for!(RunResult).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn every_sample_document_satisfies_the_published_schema() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        for (name, result) in sample::all() {
            let document = serde_json::to_value(&result).unwrap();
            let faults: Vec<_> = validator
                .iter_errors(&document)
                .map(|e| e.to_string())
                .collect();
            assert!(faults.is_empty(), "{name}: {faults:?}");
        }
    }

    #[test]
    fn the_schema_refuses_another_version() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let mut document = serde_json::to_value(sample::passing()).unwrap();
        document["version"] = 2.into();
        assert!(!validator.is_valid(&document));
    }

    #[test]
    fn every_property_of_the_schema_is_described() {
        let schema = schema();
        let mut bare = Vec::new();
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            for (property, body) in definition["properties"].as_object().into_iter().flatten() {
                if body.get("description").is_none() {
                    bare.push(format!("{name}.{property}"));
                }
            }
        }
        assert!(bare.is_empty(), "without description: {bare:?}");
    }

    #[test]
    fn absent_options_leave_no_trace_in_the_json() {
        let mut result = sample::passing();
        result.run.git = None;
        let document = serde_json::to_value(&result).unwrap();
        assert!(document["run"].get("git").is_none());
        assert!(document["run"].get("execution_segment").is_none());
    }

    #[test]
    fn a_trend_without_samples_is_no_trend_to_a_reader() {
        assert!(sample::empty().trend("http_req_duration").is_none());
        assert!(sample::passing().trend("http_req_duration").is_some());
        assert!(sample::passing().trend("http_reqs").is_none());
    }
}
