//! What a run looks like while it goes.

use std::time::Duration;

use super::detail::Detail;
use crate::result::{AnomalyResult, SloResult};
use crate::vu::LogLine;

/// The phase in which no iteration starts any more.
pub const STOPPING: &str = "stopping";

/// How far a scenario is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScenarioState {
    Waiting,
    Running,
    /// Told to end; iterations in progress may.
    Stopping,
    Done,
}

/// One scenario, as a progress line shows it.
#[derive(Debug, Clone)]
pub struct ScenarioProgress {
    pub name: String,
    pub state: ScenarioState,
    /// Virtual users that loop or are in an iteration.
    pub vus: u32,
    /// In an open model: how many users there are for arrivals to find.
    pub allocated: Option<u32>,
    pub vus_max: u32,
    pub iterations: u64,
    /// Planned iterations, where that is known.
    pub iterations_planned: Option<u64>,
    /// Iterations in the last second.
    pub rate: f64,
    /// 95th percentile of the response time over the last ten seconds, in milliseconds.
    pub p95: Option<f64>,
    /// Iterations that the script failed, so far: what the summary calls errors.
    pub errors: u64,
    /// Requests that failed, so far.
    pub failed: u64,
    pub dropped: u64,
    pub elapsed: Duration,
    /// The scenario's regular length, where it has one.
    pub total: Option<Duration>,
}

/// A fault that may be injected, or is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultProgress {
    pub name: String,
    /// What sets it off, in words.
    pub trigger: String,
    /// How much longer it is held, if it is at work.
    pub left: Option<Duration>,
}

/// A run, once a second.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Since the scenarios' start, without the time in which everything stood.
    pub elapsed: Duration,
    /// What is going on beside the scenarios: setup, stopping, teardown.
    pub phase: &'static str,
    pub scenarios: Vec<ScenarioProgress>,
    /// What scripts logged since the last time.
    pub logs: Vec<LogLine>,
    pub dropped_logs: u64,
    /// How the objectives stand; only told when someone looks on.
    pub slos: Vec<SloResult>,
    /// The run's id.
    pub run: String,
    /// More, if [`Settings`](super::Settings) ask for it.
    pub detail: Option<Box<Detail>>,
    /// The faults that the run may inject, in the order of the options, and those that a script has injected beside them.
    pub faults: Vec<FaultProgress>,
    /// What is unusual and was found since the last time, or has come to its end.
    pub anomalies: Vec<AnomalyResult>,
}
