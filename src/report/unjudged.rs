//! What failed without an objective that looks at it: a pass that nobody looked at is none.

use super::format::{percent, thousands};
use crate::result::{MetricValues, RunResult, ratio};

/// From this share of the planned arrivals on, dropped ones make it another test than was planned.
const DROPPED: f64 = 0.01;

/// The failures that no objective judges, and what to do about them.
#[derive(Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// As in `50% of all checks failed`.
    pub what: String,
    pub help: Option<&'static str>,
}

/// Checks and requests that failed and arrivals that were dropped, unless an objective is about them.
pub fn unjudged(result: &RunResult) -> Option<Unjudged> {
    let failed: Vec<String> = [checks(result), requests(result)]
        .into_iter()
        .flatten()
        .collect();
    let mut parts = Vec::new();
    if !failed.is_empty() {
        parts.push(format!("{} failed", failed.join(" and ")));
    }
    let dropped = dropped(result);
    let help = dropped.is_some().then_some("raise max_vus");
    parts.extend(dropped);
    (!parts.is_empty()).then(|| Unjudged {
        what: parts.join(", "),
        help,
    })
}

fn judges(result: &RunResult, metric: &str) -> bool {
    result.slos.iter().any(|slo| {
        slo.metric
            .split('{')
            .next()
            .is_some_and(|name| name == metric)
    })
}

fn share(failed: u64, all: u64) -> String {
    percent(ratio(failed as f64, all as f64))
}

fn checks(result: &RunResult) -> Option<String> {
    let failed: u64 = result.checks.iter().map(|check| check.fails).sum();
    let all = failed + result.checks.iter().map(|check| check.passes).sum::<u64>();
    (failed > 0 && !judges(result, "checks"))
        .then(|| format!("{} of all checks", share(failed, all)))
}

fn requests(result: &RunResult) -> Option<String> {
    match result.metric("http_req_failed") {
        Some(MetricValues::Rate { passes, total, .. })
            if *passes > 0 && !judges(result, "http_req_failed") =>
        {
            Some(format!("{} of all requests", share(*passes, *total)))
        }
        _ => None,
    }
}

fn dropped(result: &RunResult) -> Option<String> {
    let arrivals: Vec<_> = result
        .scenarios
        .iter()
        .filter(|scenario| scenario.executor.contains("arrival-rate"))
        .collect();
    let dropped: u64 = arrivals.iter().map(|s| s.dropped_iterations).sum();
    let started: u64 = arrivals
        .iter()
        .map(|s| s.iterations + s.interrupted_iterations)
        .sum();
    let planned = dropped + started;
    let many = ratio(dropped as f64, planned as f64) >= DROPPED;
    (dropped > 0 && many && !judges(result, "dropped_iterations")).then(|| {
        format!(
            "{} of arrivals were dropped ({} of {})",
            share(dropped, planned),
            thousands(dropped),
            thousands(planned)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn all_that_failed_is_said() {
        let mut result = sample::passing();
        assert_eq!(unjudged(&result), None);
        result.slos.clear();
        for check in &mut result.checks {
            check.fails += check.passes;
            check.passes = 0;
        }
        for metric in &mut result.metrics {
            if let ("http_req_failed", MetricValues::Rate { passes, total, .. }) =
                (metric.name.as_str(), &mut metric.total)
            {
                *passes = *total;
            }
        }
        let found = unjudged(&result).unwrap();
        assert_eq!(
            found.what,
            "100% of all checks and 100% of all requests failed"
        );
        assert_eq!(found.help, None);
    }

    #[test]
    fn dropped_arrivals_are_told_from_one_in_a_hundred_on() {
        let mut result = sample::passing();
        result.scenarios.truncate(1);
        let scenario = &mut result.scenarios[0];
        scenario.executor = "constant-arrival-rate".to_owned();
        (scenario.iterations, scenario.interrupted_iterations) = (12, 0);
        scenario.dropped_iterations = 28;
        let found = unjudged(&result).unwrap();
        assert_eq!(found.what, "70.0% of arrivals were dropped (28 of 40)");
        assert_eq!(found.help, Some("raise max_vus"));
        result.scenarios[0].iterations = 5_000;
        assert_eq!(unjudged(&result), None);
        result.scenarios[0].iterations = 12;
        result.slos[0].metric = "dropped_iterations".to_owned();
        assert_eq!(unjudged(&result), None);
    }
}
