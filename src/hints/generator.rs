//! Whether the load generator itself kept up.

use super::{Cause, Confidence, Hint};
use crate::result::{RunResult, ratio};
use crate::units::{format_fraction, format_millis};

/// The share of its processors beyond which a load generator measures itself.
pub const BUSY: f64 = 0.9;
/// How late starts may be, in milliseconds, whatever the response time.
pub const LATE: f64 = 20.0;

/// Whether a result tells of the system under test, and not of the load generator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// What speaks against it, a sentence each; empty when nothing does.
    pub doubts: Vec<String>,
}

impl Trust {
    /// Whether nothing speaks against it.
    pub fn is_trustworthy(&self) -> bool {
        self.doubts.is_empty()
    }
}

/// The threads that ran users, as far as the document tells.
pub fn workers(result: &RunResult) -> u32 {
    result.generator.workers.max(result.run.machine.workers)
}

/// The share of its workers' time that the load generator spent computing.
pub fn busy(result: &RunResult) -> f64 {
    let generator = &result.generator;
    let spent = generator.cpu_user_seconds + generator.cpu_system_seconds;
    ratio(
        spent,
        result.run.duration_seconds * f64::from(workers(result)),
    )
}

/// Looks at what the load generator itself used, and how late it was.
pub fn trust(result: &RunResult) -> Trust {
    let mut doubts = Vec::new();
    let workers = workers(result);
    let busy = busy(result);
    // A second is too short to say so.
    if busy > BUSY && result.run.duration_seconds > 1.0 {
        doubts.push(format!(
            "its {workers} workers were busy for {} of the time",
            format_fraction(busy)
        ));
    }
    if let (Some(lag), Some(duration)) = (
        result.trend("iteration_lag"),
        result.trend("http_req_duration"),
    ) {
        let allowed = LATE.max(duration.med);
        if lag.p99 > allowed {
            doubts.push(format!(
                "one iteration in a hundred started {} late or more (`iteration_lag`), beside a median response time of {}",
                format_millis(lag.p99),
                format_millis(duration.med)
            ));
        }
    }
    Trust { doubts }
}

/// What the generator is judged by, as it was measured.
fn figures(result: &RunResult) -> impl Iterator<Item = String> {
    let generator = &result.generator;
    let spent = generator.cpu_user_seconds + generator.cpu_system_seconds;
    let processors = format!(
        "{spent:.1}s of processor time in a run of {:.1}s",
        result.run.duration_seconds
    );
    let late = result.trend("iteration_lag").map(|lag| {
        format!(
            "starts were late by {} in the middle, {} at the 95th percentile",
            format_millis(lag.med),
            format_millis(lag.p95)
        )
    });
    [Some(processors), late].into_iter().flatten()
}

/// The hint for a result that is not to be trusted.
pub fn hint(result: &RunResult) -> Option<Hint> {
    let doubts = trust(result).doubts;
    let (first, others) = doubts.split_first()?;
    Some(Hint {
        cause: Cause::Generator,
        slo: None,
        confidence: Confidence::High,
        finding: format!("the load generator did not keep up: {first}; the response times are partly its own"),
        // The first one has been said.
        evidence: others.iter().cloned().chain(figures(result)).collect(),
        advice: [
            "run on a machine with more processors, or with nothing else on it",
            "lower the rate, or split the plan between machines with `--execution-segment`",
            "take work out of the script's hot path: large bodies that are parsed, hashes, many checks",
        ]
        .map(str::to_owned)
        .to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn busy_workers_are_a_doubt_and_idle_ones_are_none() {
        let mut result = sample::passing();
        result.generator.workers = 2;
        result.run.duration_seconds = 100.0;
        result.generator.cpu_user_seconds = 150.0;
        result.generator.cpu_system_seconds = 45.0;
        let doubts = trust(&result).doubts;
        assert!(
            doubts[0].contains("2 workers were busy for 97.5%"),
            "{doubts:?}"
        );
        result.generator.cpu_user_seconds = 10.0;
        assert!(trust(&result).is_trustworthy(), "{:?}", trust(&result));
    }

    #[test]
    fn what_was_found_is_not_said_again_as_evidence_for_it() {
        let mut result = sample::passing();
        result.generator.workers = 2;
        result.run.duration_seconds = 100.0;
        result.generator.cpu_user_seconds = 195.0;
        result.generator.cpu_system_seconds = 0.0;
        let doubts = trust(&result).doubts;
        let hint = hint(&result).unwrap();
        assert!(hint.finding.contains(&doubts[0]), "{hint:?}");
        assert!(
            !hint.evidence.is_empty() && !hint.evidence.contains(&doubts[0]),
            "{hint:?}"
        );
        assert_eq!(
            hint.evidence[0],
            "195.0s of processor time in a run of 100.0s"
        );
    }
}
