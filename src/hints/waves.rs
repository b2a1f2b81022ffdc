//! Response times that rise and fall with a period: garbage collection, a job that runs by the clock, a cache that expires.

use super::evidence::{Evidence, Subject};
use super::stats::{quantile, rhythm};
use super::{Cause, Confidence, Finding};
use crate::units::format_millis;

/// How much higher the crests are than the troughs.
const HEIGHT: f64 = 1.3;

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    if evidence.subject != Subject::Latency {
        return None;
    }
    // Second by second where the run's total is meant, since a wave may be shorter than an interval.
    let column = evidence
        .column("http_req_duration_p95")
        .filter(|_| evidence.selector.conditions().is_empty());
    let (values, step): (Vec<f64>, f64) = match column {
        Some(column) => (
            column.values.iter().copied().flatten().collect(),
            evidence.result.time_series.interval_seconds as f64,
        ),
        None => (evidence.each(|point| point.p95), evidence.interval),
    };
    let values: Vec<f64> = values.into_iter().filter(|value| *value > 0.0).collect();
    if values.len() < 24 {
        return None;
    }
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let found = rhythm(&logs)?;
    let (trough, crest) = (quantile(&values, 0.2), quantile(&values, 0.95));
    if crest < HEIGHT * trough {
        return None;
    }
    let period = found.period as f64 * step;
    Some(Finding {
        cause: Cause::Waves,
        confidence: if found.strength > 0.6 {
            Confidence::High
        } else {
            Confidence::Medium
        },
        finding: format!(
            "response times come in waves: every {period:.0}s the p95 rises from {} to {}",
            format_millis(trough),
            format_millis(crest)
        ),
        begins: None,
        evidence: vec![
            format!(
                "autocorrelation of the p95 at a lag of {period:.0}s: {:.2}, and again at twice the lag",
                found.strength
            ),
            format!(
                "p95 of the calm seconds {}, of the slow ones {}",
                format_millis(trough),
                format_millis(crest)
            ),
        ],
        advice: vec![
            "lay the service's garbage collection log beside the chart: a pause as often as that is the first suspect",
            "look for what runs by the clock at that interval: cron, a health check, a metrics scrape, a checkpoint of the database, a cache that expires for all at once",
            "spread it out (jitter in expiry times, smaller and more frequent collections) and run again",
        ],
    })
}
