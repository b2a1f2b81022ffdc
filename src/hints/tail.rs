//! Few requests are very slow while most are fast, at all times: queues, retries, a lock, a rare path.

use super::evidence::{Evidence, Subject, percentile};
use super::stats::mean;
use super::{Cause, Confidence, Finding};
use crate::metrics::Histogram;
use crate::metrics::histogram::{from_scaled, to_scaled};
use crate::result::IntervalValues;
use crate::slo::Op;
use crate::units::format_millis;

/// How much slower than the median the slow ones are.
const FACTOR: f64 = 6.0;

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    if evidence.subject != Subject::Latency
        || !matches!(evidence.target.op, Op::Less | Op::LessOrEqual)
    {
        return None;
    }
    let whole = evidence.histogram()?;
    let (median, p99) = (percentile(&whole, 50.0), percentile(&whole, 99.0));
    let bound = evidence.target.threshold.bound();
    let slow = (median * FACTOR / 2.0).max(median);
    let slow_count = whole.count() - whole.count_at_or_below(to_scaled(slow));
    let share = slow_count as f64 / whole.count() as f64;
    if whole.count() < 200 || p99 < FACTOR * median || median > bound || share > 0.1 {
        return None;
    }
    if !is_even(evidence, slow) {
        return None;
    }
    Some(Finding {
        cause: Cause::Tail,
        confidence: if p99 > 2.0 * FACTOR * median {
            Confidence::High
        } else {
            Confidence::Medium
        },
        finding: format!(
            "only the tail is slow: half of the requests take {} or less, one in a hundred {} or more, at all times of the run",
            format_millis(median),
            format_millis(p99)
        ),
        begins: None,
        evidence: vec![
            format!(
                "p50 {}, p90 {}, p99 {}, p99.9 {}, longest {}",
                format_millis(median),
                format_millis(percentile(&whole, 90.0)),
                format_millis(p99),
                format_millis(percentile(&whole, 99.9)),
                format_millis(from_scaled(whole.max() as f64))
            ),
            format!(
                "{:.2}% of {} requests took more than {}",
                share * 100.0,
                whole.count(),
                format_millis(slow)
            ),
        ],
        advice: vec![
            "look for what few requests meet: a queue before a pool, a lock, a retry after a time-out, a cache miss, a rare and expensive input",
            "a tail at round numbers (1s, 3s, 5s) is a time-out or a retry: find whose it is",
            "trace the slowest requests and see where their time goes",
        ],
    })
}

/// Whether slow requests come about as chance would have it, and not in some intervals only: then their number varies from
/// interval to interval little more than a Poisson process does (Fisher's index of dispersion).
fn is_even(evidence: &Evidence<'_>, slow: f64) -> bool {
    let Some(IntervalValues::Trend { histograms, .. }) =
        evidence.result.intervals.total("http_req_duration")
    else {
        return true;
    };
    let counts: Vec<f64> = histograms
        .iter()
        .flatten()
        .filter_map(|text| Histogram::from_v2_base64(text).ok())
        .map(|histogram| (histogram.count() - histogram.count_at_or_below(to_scaled(slow))) as f64)
        .collect();
    let level = mean(&counts);
    if counts.len() < 5 || level <= 0.0 {
        return true;
    }
    let variance = mean(
        &counts
            .iter()
            .map(|count| (count - level).powi(2))
            .collect::<Vec<_>>(),
    );
    variance / level < 3.0
}
