//! Recommendations: why an objective was missed, as far as the run's own numbers tell, and what to try.
//!
//! - **In**: a finished [`RunResult`].
//! - **Out**: [`Hint`]s, each with the numbers behind it and how sure it is; and [`Trust`]: whether the load generator itself
//!   kept up, without which no other number is worth much.
//!
//! A cause is one function in one file here, listed in [`LOOKS`]. It looks at one objective that was missed, or nearly, and
//! says nothing unless the numbers speak. A run with one cause has one hint (and, beside it, which endpoint is at it most).

mod change;
mod connections;
mod drift;
mod endpoint;
mod evidence;
pub mod generator;
mod order;
mod saturation;
mod scan;
mod stats;
#[cfg(test)]
mod synthetic;
mod tail;
mod waves;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::result::{RunResult, SloStatus};
use evidence::Evidence;

pub use generator::{Trust, trust};

/// Why an objective was missed, and what to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hint {
    /// The cause in one word.
    pub cause: Cause,
    /// The objective it is about, as reports call it; absent when it is about the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What was found, in a sentence.
    pub finding: String,
    /// The numbers behind it, one a line.
    pub evidence: Vec<String>,
    /// What to try, the most promising first.
    pub advice: Vec<String>,
}

/// What may be behind a missed objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The load generator did not keep up: the result is not trustworthy.
    Generator,
    /// One endpoint does most of it.
    Endpoint,
    /// Response times rise with the load.
    Saturation,
    /// Response times rise with time, at the same load.
    Leak,
    /// Response times changed at once and stayed so.
    Step,
    /// The same, when a new version of the script took over.
    AfterReload,
    /// Response times rise and fall with a period.
    Waves,
    /// Few requests are very slow, at all times.
    Tail,
    /// Connections are opened again and again.
    Connections,
    /// Requests failed before response times rose, or without it.
    ErrorsFirst,
    /// Response times rose before requests failed.
    LatencyFirst,
}

/// How sure a hint is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Worth a look.
    Low,
    /// More likely than not.
    Medium,
    /// The numbers leave little else.
    High,
}

impl Confidence {
    /// As it stands in a sentence.
    pub fn label(self) -> &'static str {
        match self {
            Self::Low => "perhaps",
            Self::Medium => "probably",
            Self::High => "almost certainly",
        }
    }
}

/// What a look at an objective found, before it is said about which.
struct Finding {
    cause: Cause,
    confidence: Confidence,
    finding: String,
    /// Since when, if it began in the middle of the run; in seconds from its start.
    begins: Option<f64>,
    evidence: Vec<String>,
    advice: Vec<&'static str>,
}

impl Finding {
    /// What began while a fault was at work is that fault's doing until something else is known.
    fn mind_faults(&mut self, evidence: &Evidence<'_>) {
        let Some(begins) = self.begins else { return };
        let near = 1.5 * evidence.interval.max(1.0);
        let mut faults = evidence.result.faults.iter();
        let fault = faults.rfind(|fault| {
            let ends = fault.end_seconds.unwrap_or(f64::INFINITY);
            let starts = fault.start_seconds;
            starts.is_some_and(|starts| starts - near <= begins) && begins <= ends + near
        });
        if let Some(fault) = fault {
            let name = &fault.name;
            self.finding
                .push_str(&format!(", while the fault `{name}` was at work"));
            self.advice = vec![
                "this was done on purpose: what the run says under Faults tells how the target took it and how soon it was well again",
                "if the target is to stand it, look at what should have: time-outs, retries, a fallback; if not, judge such runs by objectives of their own",
            ];
        }
    }
}

type Look = fn(&Evidence<'_>) -> Option<Finding>;

/// Every cause that is looked for, in the order in which hints are told when they are equally sure.
const LOOKS: [Look; 8] = [
    saturation::look,
    change::look,
    drift::look,
    waves::look,
    tail::look,
    order::look,
    connections::look,
    endpoint::look,
];

/// The hints that a run gives: first what is wrong with the run itself, then what is behind each objective that was missed or
/// nearly missed. The same finding about several objectives is told once, about the gravest of them.
pub fn hints(result: &RunResult) -> Vec<Hint> {
    let mut hints: Vec<Hint> = generator::hint(result).into_iter().collect();
    let mut missed: Vec<_> = result
        .slos
        .iter()
        .filter(|slo| {
            matches!(
                slo.status,
                SloStatus::Warning | SloStatus::Fail | SloStatus::Critical
            )
        })
        .collect();
    missed.sort_by_key(|slo| match slo.status {
        SloStatus::Critical => 0,
        SloStatus::Fail => 1,
        _ => 2,
    });
    for slo in missed {
        let Some(evidence) = Evidence::of(result, slo) else {
            continue;
        };
        let mut found: Vec<Finding> = LOOKS.iter().filter_map(|look| look(&evidence)).collect();
        found.iter_mut().for_each(|one| one.mind_faults(&evidence));
        found.sort_by_key(|finding| std::cmp::Reverse(finding.confidence));
        for finding in found {
            let is_told = hints
                .iter()
                .any(|hint| hint.cause == finding.cause && hint.finding == finding.finding);
            if !is_told {
                hints.push(Hint {
                    cause: finding.cause,
                    slo: Some(format!("{} {}", slo.label(), slo.target)),
                    confidence: finding.confidence,
                    finding: finding.finding,
                    evidence: finding.evidence,
                    advice: finding.advice.into_iter().map(str::to_owned).collect(),
                });
            }
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::synthetic::{Load, Spike, run};
    use super::*;

    /// The causes of the hints about objectives, without the one that names an endpoint.
    fn causes(result: &RunResult) -> Vec<Cause> {
        let causes = hints(result).into_iter().map(|hint| hint.cause);
        causes.filter(|cause| *cause != Cause::Endpoint).collect()
    }

    /// A run in which everything was refused for a while, so that no request of then has a time.
    fn outage() -> RunResult {
        let mut result = run(&Load {
            failed: |second| f64::from((10..20).contains(&second)),
            ..Load::calm()
        });
        for row in &mut result.intervals.rows {
            if let crate::result::IntervalValues::Trend {
                counts,
                means,
                medians,
                p95s,
                ..
            } = &mut row.values
            {
                counts[10..20].fill(0);
                for values in [means, medians, p95s] {
                    values[10..20].fill(None);
                }
            }
        }
        result
    }

    fn order(result: &RunResult) -> Hint {
        let mut all = hints(result).into_iter();
        all.find(|hint| hint.cause == Cause::ErrorsFirst).unwrap()
    }

    #[test]
    fn an_outage_of_which_no_request_has_a_time_is_told_whole() {
        let told = order(&outage()).finding;
        assert!(
            told.starts_with("100% of the requests fail from 10s to 20s"),
            "{told}"
        );
    }

    #[test]
    fn what_begins_with_a_fault_is_its_doing() {
        let mut result = outage();
        let mut told = |from: f64, to: f64| {
            let fault = serde_json::json!({
                "name": "slow PMS", "trigger": "by hand", "status": "held", "start_seconds": from, "end_seconds": to,
            });
            result.faults = vec![serde_json::from_value(fault).unwrap()];
            order(&result)
        };
        let hint = told(9.7, 19.8);
        assert!(
            hint.finding
                .ends_with(", while the fault `slow PMS` was at work"),
            "{}",
            hint.finding
        );
        assert!(hint.advice[0].contains("on purpose"), "{:?}", hint.advice);
        assert!(!told(40.0, 50.0).finding.contains("slow PMS"));
    }

    #[test]
    fn a_run_that_missed_nothing_gets_no_hint() {
        let calm = run(&Load::calm());
        assert!(hints(&calm).is_empty(), "{:?}", hints(&calm));
    }

    #[test]
    fn a_run_with_one_cause_gets_one_hint() {
        let load = Load::calm;
        let cases: Vec<(&str, Cause, Load)> = vec![
            (
                "latency rises with the rate",
                Cause::Saturation,
                Load {
                    rate: |second| 20.0 + second as f64 * 4.0,
                    median: |second| {
                        let rate = 20.0 + second as f64 * 4.0;
                        40.0 / (1.0 - rate / 560.0)
                    },
                    ..load()
                },
            ),
            (
                "latency rises with time",
                Cause::Leak,
                Load {
                    median: |second| 40.0 + second as f64 * 1.5,
                    ..load()
                },
            ),
            (
                "latency changes at once",
                Cause::Step,
                Load {
                    median: |second| if second < 70 { 40.0 } else { 130.0 },
                    ..load()
                },
            ),
            (
                "latency changes with a new version",
                Cause::AfterReload,
                Load {
                    median: |second| if second < 70 { 40.0 } else { 130.0 },
                    reload_at: Some(70.0),
                    ..load()
                },
            ),
            (
                "every twenty seconds it is slow",
                Cause::Waves,
                Load {
                    median: |second| if second % 20 < 3 { 300.0 } else { 40.0 },
                    ..load()
                },
            ),
            (
                "one request in thirty is slow",
                Cause::Tail,
                Load {
                    spike: Some(Spike {
                        share: 0.033,
                        factor: 30.0,
                    }),
                    ..load()
                },
            ),
            (
                "requests fail, none is slow",
                Cause::ErrorsFirst,
                Load {
                    failed: |second| if second < 60 { 0.0 } else { 0.3 },
                    ..load()
                },
            ),
            (
                "requests fail at the same share all the time",
                Cause::ErrorsFirst,
                Load {
                    failed: |_| 0.03,
                    ..load()
                },
            ),
            (
                "the generator is at its end",
                Cause::Generator,
                Load {
                    lag_p99: 800.0,
                    ..load()
                },
            ),
        ];
        for (what, cause, load) in cases {
            let result = run(&load);
            assert_eq!(causes(&result), [cause], "{what}: {:#?}", hints(&result));
            for hint in hints(&result) {
                assert!(
                    !hint.evidence.is_empty() && !hint.advice.is_empty(),
                    "{what}"
                );
                assert!(hint.finding.chars().any(|c| c.is_ascii_digit()), "{what}");
            }
        }
    }

    #[test]
    fn latency_that_rises_before_requests_fail_is_told_as_that() {
        let result = run(&Load {
            median: |second| if second < 50 { 40.0 } else { 200.0 },
            failed: |second| if second < 80 { 0.0 } else { 0.4 },
            ..Load::calm()
        });
        assert!(causes(&result).contains(&Cause::LatencyFirst));
        assert!(!causes(&result).contains(&Cause::ErrorsFirst));
    }

    #[test]
    fn failures_are_told_when_they_were_and_steady_ones_as_steady() {
        let finding = |failed: fn(u64) -> f64| {
            let result = run(&Load {
                failed,
                ..Load::calm()
            });
            let found = hints(&result);
            let hint = found.iter().find(|hint| hint.cause == Cause::ErrorsFirst);
            hint.unwrap().finding.clone()
        };
        assert!(finding(|_| 0.03).contains("throughout the run"));
        let onset = finding(|second| if second < 60 { 0.0 } else { 0.3 });
        assert!(onset.contains("from 60s on"), "{onset}");
        let outage = finding(|second| if (60..80).contains(&second) { 0.3 } else { 0.0 });
        assert!(outage.contains("from 60s to 80s"), "{outage}");
    }

    #[test]
    fn slowness_that_was_over_long_before_did_not_come_first() {
        let result = run(&Load {
            median: |second| {
                if (30..50).contains(&second) {
                    200.0
                } else {
                    40.0
                }
            },
            failed: |second| if second < 90 { 0.0 } else { 0.4 },
            ..Load::calm()
        });
        assert!(
            !causes(&result).contains(&Cause::LatencyFirst),
            "{:#?}",
            hints(&result)
        );
        assert!(causes(&result).contains(&Cause::ErrorsFirst));
    }

    #[test]
    fn noise_alone_gives_no_hint_however_often_it_is_looked_at() {
        let mut alarms = 0;
        for seed in 0..40 {
            // Slow throughout: the objective is missed, and nothing but that is the matter.
            let result = run(&Load {
                rate: |_| 30.0,
                median: |_| 150.0,
                seed,
                noise: 0.15,
                ..Load::calm()
            });
            alarms += usize::from(!causes(&result).is_empty());
        }
        assert!(alarms <= 2, "{alarms} of 40 runs");
    }

    #[test]
    fn connections_that_are_not_kept_are_told() {
        let result = run(&Load {
            connect_share: 1.0,
            median: |_| 150.0,
            ..Load::calm()
        });
        assert_eq!(
            causes(&result),
            [Cause::Connections],
            "{:#?}",
            hints(&result)
        );
    }

    #[test]
    fn the_endpoint_that_is_slow_is_named() {
        let result = run(&Load {
            slow_endpoint: true,
            median: |_| 40.0,
            ..Load::calm()
        });
        let all = hints(&result);
        let hint = all.iter().find(|hint| hint.cause == Cause::Endpoint);
        assert!(hint.unwrap().finding.contains("POST reserve"), "{all:#?}");
    }
}
