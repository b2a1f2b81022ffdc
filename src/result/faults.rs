//! Faults that a run injected, and what they did to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::TrendSummary;

/// How a fault came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultStatus {
    /// It was held for its time.
    Held,
    /// A script, or somebody who looked on, undid it before.
    Undone,
    /// A guard was crossed: it was undone at once.
    Guarded,
    /// Its own function failed.
    Failed,
    /// The run ended before its time was over.
    Cut,
    /// It was not injected: what had to hold before did not.
    Skipped,
    /// The run ended before it came.
    NotReached,
}

/// One injection of a fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultResult {
    /// What the options or the script call it.
    pub name: String,
    /// What set it off, in words.
    pub trigger: String,
    /// How it came to its end.
    pub status: FaultStatus,
    /// Why it ended before its time, or never came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it broke, in words.
    #[serde(default)]
    pub effects: Vec<String>,
    /// Seconds from the scenarios' start to its injection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<f64>,
    /// Seconds from the scenarios' start to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_seconds: Option<f64>,
    /// What was to be put right and could not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_undos: Vec<FailedUndo>,
    /// What it did to the run; none if it never came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<FaultImpact>,
    /// The run before, during and after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<FaultPhase>,
}

/// Something that is still broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedUndo {
    /// What was to be done.
    pub what: String,
    /// Why it could not be done.
    pub why: String,
}

/// What a fault did to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultImpact {
    /// Seconds from its injection to the end of the first second that was not well; none if all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detect_seconds: Option<f64>,
    /// Seconds from its end until all was well again; none if it never was in this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover_seconds: Option<f64>,
    /// Another fault began before all was well again: how long that would have taken is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_by_next: bool,
    /// Requests that failed during it and the recovery, beyond as many as would have failed at the share of before.
    pub requests_lost: f64,
    /// Virtual users of which a request failed during it or the recovery.
    pub users_touched: u64,
    /// Of the seconds during it and the recovery, the share that was not well.
    pub degraded_share: f64,
    /// Of the failures that an objective allows in the whole run, the share that fell into it and the recovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_budget_spent: Option<f64>,
    /// From 0 (it was an outage) to 100 (nobody noticed); none if there is nothing to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// No second with requests had passed before it: what it did cannot be told from what would have been without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_before: bool,
}

/// A part of the run, seen from a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    Before,
    During,
    Recovery,
    After,
}

impl PhaseName {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::Recovery => "recovery",
            Self::After => "after",
        }
    }
}

/// The requests of one phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultPhase {
    /// Which phase.
    pub name: PhaseName,
    /// Whole seconds from the scenarios' start to its beginning.
    pub start_seconds: f64,
    /// Whole seconds from the scenarios' start to its end.
    pub end_seconds: f64,
    /// All requests of the phase.
    pub total: PhaseRequests,
    /// Those of each request name and method that had any.
    pub endpoints: Vec<PhaseEndpoint>,
}

/// Requests of one name and method in a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseEndpoint {
    /// The request's name.
    pub name: String,
    /// The HTTP method.
    pub method: String,
    #[serde(flatten)]
    pub requests: PhaseRequests,
}

/// Requests and how long they took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseRequests {
    /// Requests that ended in the phase.
    pub requests: u64,
    /// Of those, failed.
    pub failed: u64,
    /// Response times in milliseconds.
    pub duration: TrendSummary,
    /// The same as a histogram (HdrHistogram V2, compressed, base64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<String>,
}
