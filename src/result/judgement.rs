//! The judgement: the verdict on the run and on each service level objective.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::slo::{Priority, Status as SloStatus};

/// The judgement on the whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The judgement in one word.
    pub status: VerdictStatus,
    /// The exit code that the run ended with.
    pub exit_code: u8,
    /// Whether warnings were treated as failures (`--strict`).
    pub strict: bool,
    /// Why it is not a pass, one sentence each, the gravest first.
    pub reasons: Vec<String>,
}

/// The judgement on the whole run in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictStatus {
    /// Every SLO passed.
    Pass,
    /// Within every target, but past a warning bound.
    Warning,
    /// An SLO is past its target, the run was aborted, or the script threw.
    Failed,
    /// The run was interrupted, so there is no verdict on the plan.
    Interrupted,
    /// The run could not be carried out (`setup` failed, for one), so there is nothing to judge.
    Error,
}

/// One service level objective and its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SloResult {
    /// The metric and tags it is about, as written: `http_req_duration{name:reserve}`.
    pub metric: String,
    /// What the script calls it, if it gives it a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The target, as written: `p(95) < 3s`.
    pub target: String,
    /// The warning bound, as written, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<String>,
    /// How grave it is to miss the target.
    pub priority: Priority,
    /// The length of the sliding window, as written, if it is judged over one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// Whether it may go without samples.
    pub optional: bool,
    /// Whether being past the target stops the run.
    pub abort: bool,
    /// The verdict.
    pub status: SloStatus,
    /// What was measured, in the metric's base unit; absent without samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<f64>,
    /// What was measured, as a reader wants it: `2.41s`, `0.3%`.
    pub actual_text: String,
    /// Distance to the target as a fraction of the target: positive within it, negative past it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The unit of `actual_text`: `ms`, `bytes`, `%`, `/s`, or empty for a plain number.
    pub unit: String,
}

impl SloResult {
    /// What reports call it: its name, or else what it is about.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.metric)
    }

    /// Whether the SLO holds: within its target, or excused from having samples.
    pub fn is_met(&self) -> bool {
        match self.status {
            SloStatus::Pass | SloStatus::Warning => true,
            SloStatus::Fail | SloStatus::Critical => false,
            SloStatus::NoData => self.optional,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn a_status_is_labelled_exactly_as_it_is_written() {
        for status in [
            SloStatus::Pass,
            SloStatus::Warning,
            SloStatus::Fail,
            SloStatus::Critical,
            SloStatus::NoData,
        ] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.label());
        }
    }

    #[test]
    fn an_objective_without_data_is_met_only_when_it_is_optional() {
        let mut slo = sample::empty().slos.remove(0);
        assert!(!slo.is_met());
        slo.optional = true;
        assert!(slo.is_met());
    }
}
