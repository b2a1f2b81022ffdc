//! What a comparison says: the two runs, how they differ in kind, and a row for each statistic of each metric and endpoint.

use schemars::JsonSchema;
use serde::Serialize;

use crate::result::Contains;

/// Two runs, compared.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// The run that is held to be normal.
    pub before: Side,
    /// The run that is judged by it.
    pub after: Side,
    /// Whether both are one and the same run, of which nothing can have changed.
    pub same_run: bool,
    /// What else differs between them, so that a change of the figures may come from it.
    pub differences: Vec<Difference>,
    /// The verdict on the whole: worse if any row is, else better if any is, else whether the main rows could tell.
    pub verdict: Verdict,
    /// How many rows there are of each verdict.
    pub counts: Counts,
    /// How it was told what is real.
    pub method: Method,
    /// The main rows first, then other metrics, then endpoints.
    pub rows: Vec<Row>,
}

/// One of the two runs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Side {
    /// What the user calls it: a file, or `baseline:NAME`.
    pub label: String,
    /// The run's own name.
    pub id: String,
    /// Its script.
    pub script: String,
    /// When it began (RFC 3339).
    pub started_at: String,
    /// How long it ran, in seconds.
    pub duration_seconds: f64,
    /// HTTP requests that it sent.
    pub requests: u64,
    /// The commit that was checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// Something in which the runs differ beside their figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// What it is: `script`, `options.scenarios.guests.vus`.
    pub what: String,
    /// What it was.
    pub before: String,
    /// What it is now.
    pub after: String,
}

/// What a row, or a whole comparison, comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A real change for the worse.
    Worse,
    /// A real change for the better.
    Better,
    /// A real change of something of which nobody said which way is better.
    Changed,
    /// No change, or one too small to matter; a change that matters would have shown.
    Same,
    /// There may be a change that matters, or not: too little was measured to say.
    CannotTell,
}

impl Verdict {
    /// The verdict as people read it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// How many rows there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Changes for the worse.
    pub worse: usize,
    /// Changes for the better.
    pub better: usize,
    /// Changes of no known direction.
    pub changed: usize,
    /// Rows without a change that matters.
    pub same: usize,
    /// Rows of which nothing can be said.
    pub cannot_tell: usize,
}

/// How it was told what is real.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Method {
    /// The name of the test.
    pub test: String,
    /// How rare a difference must be among runs of the same thing to be called real.
    pub level: f64,
    /// The smallest relative change that matters.
    pub margin: f64,
    /// Whether the same moments of both runs were drawn together, which takes out what the plan itself does over time.
    pub paired: bool,
    /// Intervals of the shorter run.
    pub intervals: usize,
    /// Length of an interval before, in seconds.
    pub interval_seconds: u64,
    /// Mean length of a block for the median of `http_req_duration`, in intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_intervals: Option<f64>,
    /// Runs that the baseline remembers, whose differences from each other were allowed for; absent when there are too few.
    #[serde(skip_serializing_if = "is_zero")]
    pub earlier_runs: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Lower is better.
    Lower,
    /// Higher is better.
    Higher,
    /// Nobody said.
    Unknown,
}

/// Which statistic of a metric a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The arithmetic mean.
    Avg,
    /// The median.
    Med,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// A share of samples, as a fraction.
    Share,
    /// A sum per second.
    PerSecond,
    /// The mean of a level over time.
    Level,
}

impl Statistic {
    /// The statistic as people read it; nothing where a metric has only one.
    pub fn label(self) -> &'static str {
        match self {
            Self::Avg => "avg",
            Self::Med => "med",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Share => "rate",
            Self::PerSecond => "per second",
            Self::Level => "mean level",
        }
    }
}

/// The requests that a row is about, if not all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Endpoint {
    /// The request's name.
    pub name: String,
    /// The HTTP method.
    pub method: String,
}

/// One statistic of one metric, over all or of one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// The metric.
    pub metric: String,
    /// The endpoint, where the row is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// The statistic.
    pub statistic: Statistic,
    /// What the values are.
    pub contains: Contains,
    /// Which way is better.
    pub direction: Direction,
    /// Whether it is one of the main rows, each of which is judged for itself.
    pub main: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// The value before; absent when the run had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// The value after; absent when the run had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<f64>,
    /// After minus before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// The change as a fraction of the value before; absent when that was zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// Where the change lies, with 99 % confidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// How often runs of the same thing differ at least as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The same, corrected for how many rows were looked at (Benjamini and Hochberg).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted_p_value: Option<f64>,
    /// How strong the change is beside the spread of the samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Standard deviation of the figure between the runs that the baseline remembers, where it is more than their intervals say, and was
    /// allowed for: relative to the value for times, else in its unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub between_runs: Option<f64>,
    /// Samples before.
    pub samples_before: u64,
    /// Samples after.
    pub samples_after: u64,
    /// Why nothing can be said, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How much would have to be measured to say something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<Needed>,
}

impl Row {
    /// By how much it is worse, as a fraction of the value before; infinite where that was zero. `None` unless it is worse.
    pub fn regression(&self) -> Option<f64> {
        if self.verdict != Verdict::Worse {
            return None;
        }
        // Of checks the failed ones are what grows: from 99.9 % to 99.7 % they are three times as many.
        if self.metric == super::rows::CHECKS {
            let (before, after) = (1.0 - self.before?, 1.0 - self.after?);
            return Some(fraction(after - before, before).unwrap_or(f64::INFINITY));
        }
        Some(self.relative.map_or(f64::INFINITY, f64::abs))
    }
}

/// A range of changes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Interval {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

/// How strong a change is beside the spread of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Effect {
    /// How often a sample of the later run is greater than one of the earlier run; ties count half.
    pub superiority: f64,
    /// Cliff's delta: from -1 (all smaller) over 0 (no difference) to 1 (all greater).
    pub cliffs_delta: f64,
}

/// How much each run would have to measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Needed {
    /// So many samples.
    pub samples: u64,
    /// At the rate of these runs, so many seconds.
    pub seconds: f64,
}

/// `part / whole`, where there is a whole.
pub(super) fn fraction(part: f64, whole: f64) -> Option<f64> {
    let share = part / whole.abs();
    share.is_finite().then_some(share)
}
