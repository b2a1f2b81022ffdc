//! The judgement of one value against one objective.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expression::{Direction, Expression};
use super::{Objective, Priority};

/// How an objective stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Status {
    /// Within the warning bound, or within the target where there is none.
    #[serde(rename = "PASS")]
    Pass,
    /// Between the warning bound and the target.
    #[serde(rename = "WARNING")]
    Warning,
    /// Past the target.
    #[serde(rename = "FAIL")]
    Fail,
    /// Past the target of a P0 objective.
    #[serde(rename = "CRITICAL")]
    Critical,
    /// Nothing was measured.
    #[serde(rename = "NO DATA")]
    NoData,
}

impl Status {
    /// The status as it is written everywhere.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warning => "WARNING",
            Self::Fail => "FAIL",
            Self::Critical => "CRITICAL",
            Self::NoData => "NO DATA",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` rather than `write_str`, so that tables can align it.
        f.pad(self.label())
    }
}

/// A value judged against an objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    pub status: Status,
    /// The value in natural units; absent without data.
    pub actual: Option<f64>,
    /// How much of the target is left, as a share of it: 0.25 when an upper bound of 4 s is used up to 3 s,
    /// negative past the target. Absent without data, where the target is zero, and for `!=`.
    pub margin: Option<f64>,
}

/// Judges a value, in natural units. No value, or one that is not a number, is NO DATA.
pub fn judge(objective: &Objective, actual: Option<f64>) -> Judgement {
    let Some(actual) = actual.filter(|actual| !actual.is_nan()) else {
        return Judgement {
            status: Status::NoData,
            actual: None,
            margin: None,
        };
    };
    let status = match (
        objective.target.holds(actual),
        objective.warn,
        objective.priority,
    ) {
        (true, Some(warn), _) if !warn.holds(actual) => Status::Warning,
        (true, ..) => Status::Pass,
        (false, _, Priority::P0) => Status::Critical,
        (false, ..) => Status::Fail,
    };
    Judgement {
        status,
        actual: Some(actual),
        margin: margin(&objective.target, actual),
    }
}

fn margin(target: &Expression, actual: f64) -> Option<f64> {
    let bound = target.threshold.bound();
    let left = match (target.op.direction(), target.op) {
        (Direction::Below, _) => bound - actual,
        (Direction::Above, _) => actual - bound,
        (Direction::Exact, super::Op::Equal) => -(actual - bound).abs(),
        (Direction::Exact, _) => return None,
    };
    let share = left / bound.abs();
    // Adding zero makes a zero of a negative zero.
    share.is_finite().then_some(share + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::ObjectiveSpec;

    fn objective(target: &str, warn: Option<&str>, priority: Priority) -> Objective {
        let mut spec = ObjectiveSpec::new("m".parse().unwrap(), target.parse().unwrap());
        spec.warn = warn.map(|warn| warn.parse().unwrap());
        spec.priority = priority;
        spec.try_into().unwrap()
    }

    /// The standard six: metric, target, warning bound, priority.
    const STANDARD: [(&str, &str, &str, Priority); 6] = [
        (
            "http_req_duration",
            "p(95) < 3s",
            "p(95) < 2.5s",
            Priority::P0,
        ),
        (
            "http_req_duration",
            "p(99) < 5s",
            "p(99) < 4s",
            Priority::P1,
        ),
        ("http_req_failed", "rate < 1%", "rate < 0.5%", Priority::P0),
        ("http_reqs", "rate > 10", "rate > 12", Priority::P2),
        ("checks", "rate > 99%", "rate > 99.5%", Priority::P1),
        (
            "http_req_duration",
            "avg < 1500ms",
            "avg < 1200ms",
            Priority::P2,
        ),
    ];

    #[test]
    fn the_standard_six_are_judged_on_both_sides_of_each_bound() {
        use Status::{Critical, Fail, Pass, Warning};
        let cases = [
            [
                (2499.0, Pass),
                (2500.0, Warning),
                (2999.0, Warning),
                (3000.0, Critical),
            ],
            [
                (3999.0, Pass),
                (4000.0, Warning),
                (4999.0, Warning),
                (5000.0, Fail),
            ],
            [
                (0.0049, Pass),
                (0.005, Warning),
                (0.0099, Warning),
                (0.01, Critical),
            ],
            [(12.1, Pass), (12.0, Warning), (10.1, Warning), (10.0, Fail)],
            [
                (0.996, Pass),
                (0.995, Warning),
                (0.991, Warning),
                (0.99, Fail),
            ],
            [
                (1199.0, Pass),
                (1200.0, Warning),
                (1499.0, Warning),
                (1500.0, Fail),
            ],
        ];
        for ((_, target, warn, priority), values) in STANDARD.into_iter().zip(cases) {
            let objective = objective(target, Some(warn), priority);
            for (actual, status) in values {
                assert_eq!(
                    judge(&objective, Some(actual)).status,
                    status,
                    "{target}: {actual}"
                );
            }
        }
    }

    #[test]
    fn nothing_measured_is_no_data_whatever_the_priority() {
        for priority in [Priority::P0, Priority::P1, Priority::P2] {
            let objective = objective("avg < 3s", None, priority);
            let expected = Judgement {
                status: Status::NoData,
                actual: None,
                margin: None,
            };
            assert_eq!(judge(&objective, None), expected);
            assert_eq!(judge(&objective, Some(f64::NAN)), expected);
        }
    }

    #[test]
    fn the_margin_is_the_share_of_the_target_that_is_left() {
        let cases = [
            ("avg < 4s", 3000.0, Some(0.25)),
            ("avg < 4s", 4000.0, Some(0.0)),
            ("avg < 4s", 5000.0, Some(-0.25)),
            ("rate > 10", 15.0, Some(0.5)),
            ("rate > 10", 0.0, Some(-1.0)),
            ("value > -4", -3.0, Some(0.25)),
            ("count == 4", 4.0, Some(0.0)),
            ("count == 4", 5.0, Some(-0.25)),
            ("count != 4", 5.0, None),
            ("count <= 0", 3.0, None),
            ("avg < 4s", f64::INFINITY, None),
        ];
        for (target, actual, margin) in cases {
            let objective = objective(target, None, Priority::P1);
            assert_eq!(
                judge(&objective, Some(actual)).margin,
                margin,
                "{target}: {actual}"
            );
        }
    }

    #[test]
    fn statuses_are_written_alike_in_text_and_in_json() {
        for status in [
            Status::Pass,
            Status::Warning,
            Status::Fail,
            Status::Critical,
            Status::NoData,
        ] {
            assert_eq!(
                serde_json::to_string(&status).unwrap(),
                format!("\"{status}\"")
            );
        }
        assert_eq!(format!("[{:8}]", Status::NoData), "[NO DATA ]");
    }
}
