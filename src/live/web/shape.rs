//! The documents of the API, which the messages to pages are made of too. Their comments are the API's documentation.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::result::{
    CheckResult, EndpointResult, ErrorResult, MetricResult, SloResult, TimeSeries, Verdict,
};
use crate::run::{Controlled, FaultProgress, ScenarioProgress, ScenarioState};
use crate::slo::Breach;
use crate::vu::{LogLevel, LogLine, Wanted};

/// How the run stands.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Status {
    /// The run's id, as its result has it; none before it starts.
    pub run: Option<String>,
    /// The script.
    pub script: String,
    /// Version of rhaid.
    pub version: String,
    /// What is going on: `starting`, `setup`, `preparing`, `running`, `stopping`, `teardown`, `idle` or `over`.
    pub phase: String,
    /// Scenarios are running.
    pub running: bool,
    /// Everything stands.
    pub paused: bool,
    /// The run is over; nothing changes any more.
    pub over: bool,
    /// Seconds of the plan that have passed, without pauses.
    pub elapsed: f64,
    /// Seconds since the scenarios' start.
    pub seconds: f64,
    /// Regular length of the plan in seconds, where it has one.
    pub total: Option<f64>,
    /// Active virtual users.
    pub vus: u32,
    /// Most virtual users so far.
    pub vus_max: u32,
    /// Iterations so far.
    pub iterations: u64,
    /// An objective is past its target now.
    pub tainted: bool,
    /// The verdict, once the run is over.
    pub verdict: Option<Verdict>,
    /// Why no run goes on, in a phase `idle`.
    pub idle: Option<String>,
}

/// A change of the run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusChange {
    /// Lets everything stand, or go on.
    pub paused: Option<bool>,
    /// `true` ends the run: iterations in progress may end, then come `vu_stop` and `teardown`. A result is written.
    pub stopped: Option<bool>,
    /// With `stopped`: everything ends at once.
    #[serde(default)]
    pub now: bool,
}

/// One scenario.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// `waiting`, `running`, `stopping` or `done`.
    pub state: String,
    /// Active virtual users.
    pub vus: u32,
    /// In an open model: virtual users that are there for arrivals to find.
    pub allocated: Option<u32>,
    /// Most virtual users so far.
    pub vus_max: u32,
    /// Iterations so far.
    pub iterations: u64,
    /// Planned iterations, where that is known.
    pub iterations_planned: Option<u64>,
    /// Iterations in the last second.
    pub rate: f64,
    /// 95th percentile of the response time over the last ten seconds, in milliseconds.
    pub p95: Option<f64>,
    /// Script errors and failed requests so far.
    pub errors: u64,
    /// Iterations that could not start for want of a free user.
    pub dropped: u64,
    /// Seconds since its start.
    pub elapsed: f64,
    /// Its regular length in seconds, where it has one.
    pub total: Option<f64>,
    /// What it is told from outside; none of a scenario that follows its plan.
    pub control: Option<Control>,
}

/// What an externally controlled scenario is told.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Control {
    /// Wanted virtual users; none where the rate is controlled.
    pub vus: Option<u32>,
    /// Wanted iterations per second; none where the users are controlled.
    pub rate: Option<f64>,
    /// The most virtual users that it may have.
    pub vus_max: u32,
    /// It stands.
    pub paused: bool,
}

/// A change of an externally controlled scenario.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioChange {
    /// Wanted virtual users; never more than its `max_vus`.
    pub vus: Option<u32>,
    /// Wanted iterations per second, of one whose rate is controlled; never more than a million.
    pub rate: Option<f64>,
    /// Lets it stand, or go on.
    pub paused: Option<bool>,
}

/// One objective as it stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Slo {
    #[serde(flatten)]
    pub row: SloResult,
    pub breach: TimeToBreach,
}

/// When an objective will be missed if all goes on as in the last 30 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TimeToBreach {
    /// It is missed already.
    Past,
    /// After so many seconds.
    In { seconds: f64 },
    /// Not as long as all goes on as it does now.
    Never,
    /// Too little is known of the present, or it is none that can be foretold.
    Unknown,
}

/// A fault that the options declare, or that a script has injected.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Fault {
    /// What it is called.
    pub name: String,
    /// What sets it off, in words.
    pub trigger: String,
    /// It is at work.
    pub active: bool,
    /// How many seconds longer it is held, if it is at work.
    pub left: Option<f64>,
}

/// A time in which a fault was at work.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Band {
    pub name: String,
    /// Seconds from the scenarios' start.
    pub at: f64,
    /// Its end; none while it is at work.
    pub until: Option<f64>,
}

/// A version of the script that took over.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Version {
    /// Seconds from the scenarios' start.
    pub at: f64,
    pub version: u32,
}

/// A line that a script logged, or that rhaid has to say about the run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LogEntry {
    /// Goes up by one from line to line.
    pub number: u64,
    /// Seconds since the run began, `setup` included.
    pub at: f64,
    /// `trace`, `info`, `warn` or `error`.
    pub level: String,
    /// The scenario; empty outside of scenarios.
    pub scenario: String,
    /// The virtual user; 0 outside of scenarios.
    pub vu: u64,
    pub text: String,
}

/// Endpoints, the one that took the most time first.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Endpoints {
    pub rows: Vec<EndpointResult>,
    /// How many there are in all; `rows` may hold fewer.
    pub in_all: usize,
}

/// Checks, those that fail most first.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Checks {
    pub rows: Vec<CheckResult>,
    pub in_all: usize,
}

/// Errors, the most frequent first.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Errors {
    pub rows: Vec<ErrorResult>,
    pub in_all: usize,
}

/// The totals of each metric.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Metrics {
    pub rows: Vec<MetricResult>,
}

/// The last log lines, the newest last.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Logs {
    pub rows: Vec<LogEntry>,
    /// Lines that came too fast to be kept.
    pub dropped: u64,
}

#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Scenarios {
    pub rows: Vec<Scenario>,
}

#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Slos {
    pub rows: Vec<Slo>,
}

#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Faults {
    pub rows: Vec<Fault>,
    /// When faults have been at work.
    pub bands: Vec<Band>,
}

/// The main metrics over time.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Series {
    #[serde(flatten)]
    pub series: TimeSeries,
}

/// The token, in exchange for a cookie.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    pub token: String,
}

/// What was asked for is done.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Done {
    pub ok: bool,
}

/// What was asked for is not done.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Problem {
    /// Why.
    pub error: String,
}

/// Which tables a message brings, for the page.
#[derive(Debug, Clone, Serialize)]
pub struct PageTables<'a> {
    pub endpoints: &'a [EndpointResult],
    pub endpoints_in_all: usize,
    pub checks: &'a [CheckResult],
    pub checks_in_all: usize,
    pub errors: Vec<PageError<'a>>,
    pub errors_in_all: usize,
    /// Sums of the counters and rates that tiles show.
    pub sums: BTreeMap<&'a str, f64>,
}

/// An error without the exchange that it came from: that is in the API.
#[derive(Debug, Clone, Serialize)]
pub struct PageError<'a> {
    pub kind: &'a crate::result::ErrorKind,
    pub code: &'a str,
    pub message: &'a str,
    pub count: u64,
    pub first_seconds: f64,
    pub last_seconds: f64,
    pub text: &'a str,
    pub scenario: Option<&'a str>,
    pub url: Option<&'a str>,
}

pub fn scenario(progress: &ScenarioProgress, controls: &[Controlled]) -> Scenario {
    let control = controls.iter().find(|one| one.scenario == progress.name);
    Scenario {
        name: progress.name.clone(),
        state: match progress.state {
            ScenarioState::Waiting => "waiting",
            ScenarioState::Running => "running",
            ScenarioState::Stopping => "stopping",
            ScenarioState::Done => "done",
        }
        .to_owned(),
        vus: progress.vus,
        allocated: progress.allocated,
        vus_max: progress.vus_max,
        iterations: progress.iterations,
        iterations_planned: progress.iterations_planned,
        rate: progress.rate,
        p95: progress.p95,
        errors: progress.errors,
        dropped: progress.dropped,
        elapsed: progress.elapsed.as_secs_f64(),
        total: progress.total.map(|total| total.as_secs_f64()),
        control: control.map(|control| Control {
            vus: match control.wanted {
                Wanted::Vus(vus) => Some(vus),
                Wanted::Rate(_) => None,
            },
            rate: match control.wanted {
                Wanted::Vus(_) => None,
                Wanted::Rate(rate) => Some(rate),
            },
            vus_max: control.vus_max,
            paused: control.paused,
        }),
    }
}

pub fn breach(breach: Breach) -> TimeToBreach {
    match breach {
        Breach::Past => TimeToBreach::Past,
        Breach::In(after) => TimeToBreach::In {
            seconds: after.as_secs_f64(),
        },
        Breach::Never => TimeToBreach::Never,
        Breach::Unknown => TimeToBreach::Unknown,
    }
}

pub fn fault(fault: &FaultProgress) -> Fault {
    Fault {
        name: fault.name.clone(),
        trigger: fault.trigger.clone(),
        active: fault.left.is_some(),
        left: fault.left.map(|left| left.as_secs_f64()),
    }
}

pub fn log(number: u64, line: LogLine) -> LogEntry {
    LogEntry {
        number,
        at: line.at,
        level: match line.level {
            LogLevel::Trace => "trace",
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
        .to_owned(),
        scenario: line.scenario,
        vu: line.vu,
        text: line.text,
    }
}
