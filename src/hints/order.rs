//! What came first when requests failed: the failures, or the slowness.

use super::evidence::{Evidence, Subject};
use super::stats::median;
use super::{Cause, Confidence, Finding};
use crate::units::{format_fraction, format_millis};

/// A share of failures that is more than a stray one.
const FAILURES: f64 = 0.01;
/// How much slower than at the beginning counts as slow.
const SLOWER: f64 = 1.8;

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    if !evidence.is_long_enough() {
        return None;
    }
    let points = &evidence.points;
    let beginning = (points.len() / 6).max(3);
    let first: Vec<f64> = points
        .iter()
        .take(beginning)
        .map(|point| point.p95)
        .collect();
    let calm = median(&first);
    let fails = onset(points, |point| point.failed > FAILURES)?;
    let slows = onset(points, |point| point.p95 > SLOWER * calm);
    let at = |index: usize| {
        points
            .get(index)
            .map_or(0.0, |point| point.at - evidence.interval / 2.0)
    };
    let failed: f64 = points
        .iter()
        .skip(fails)
        .map(|point| point.failed)
        .fold(0.0, f64::max);
    let most = points.iter().map(|point| point.p95).fold(0.0, f64::max);
    let mut lines = vec![
        format!(
            "more than {} of the requests fail from {:.0}s on, at most {}",
            format_fraction(FAILURES),
            at(fails),
            format_fraction(failed)
        ),
        match slows {
            Some(slows) => format!(
                "the p95 is more than {SLOWER} times that of the beginning ({}) from {:.0}s on, at most {}",
                format_millis(calm),
                at(slows),
                format_millis(most)
            ),
            None => format!(
                "the p95 stays near that of the beginning ({}), at most {}",
                format_millis(calm),
                format_millis(most)
            ),
        },
    ];
    if let Some(error) = evidence.result.errors.first() {
        lines.push(format!(
            "the most frequent error ({} times): {}",
            error.count, error.message
        ));
    }
    // Within an interval nobody can tell which was first.
    let is_slow_first = slows.is_some_and(|slows| slows + 1 < fails);
    let is_failing_first = slows.is_none_or(|slows| fails + 1 < slows);
    if is_slow_first {
        let slows = slows.unwrap_or_default();
        return Some(Finding {
            cause: Cause::LatencyFirst,
            confidence: Confidence::High,
            finding: format!(
                "requests became slow first, at {:.0}s, and failed from {:.0}s on",
                at(slows),
                at(fails)
            ),
            evidence: lines,
            advice: vec![
                "look for what slows down before anything breaks: a pool that runs empty, a queue that grows; the failures are time-outs of those who waited",
                "shed load early: short queues and quick refusals keep the rest fast",
            ],
        });
    }
    let is_asked = evidence.subject == Subject::Failures || slows.is_none();
    (is_failing_first && is_asked).then(|| Finding {
        cause: Cause::ErrorsFirst,
        confidence: if slows.is_none() { Confidence::High } else { Confidence::Medium },
        finding: format!(
            "requests fail from {:.0}s on (up to {}) without having become slow first",
            at(fails),
            format_fraction(failed)
        ),
        evidence: lines,
        advice: vec![
            "what refuses quickly is a limit or a defect, not a lack of speed: a rate limit, a full disk, an exhausted quota, a crash, an exception",
            "read the example request and response in the report, and the service's log at that second",
        ],
    })
}

/// The first of two neighbours for which something holds (or the last one alone).
fn onset(
    points: &[super::evidence::Point],
    holds: impl Fn(&super::evidence::Point) -> bool,
) -> Option<usize> {
    points.windows(2).position(|pair| pair.iter().all(&holds))
}
