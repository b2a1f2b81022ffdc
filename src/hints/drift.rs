//! Response times that rise with time while the load stays the same: something piles up.

use super::change::is_step;
use super::evidence::{Evidence, Subject};
use super::stats::{rank_correlation, theil_sen};
use super::{Cause, Confidence, Finding};
use crate::units::format_millis;

/// What the response time must rise by over the run.
const RISE: f64 = 0.1;

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    if evidence.subject != Subject::Latency || !evidence.is_long_enough() {
        return None;
    }
    let times = evidence.each(|point| point.at);
    let medians = evidence.each(|point| point.median);
    let rates = evidence.each(|point| point.rate);
    let load = rank_correlation(&times, &rates);
    if load > 0.5 || is_step(&medians) {
        return None;
    }
    let line = theil_sen(&times, &medians)?;
    let (first, last) = (times.first()?, times.last()?);
    let (from, to) = (
        line.intercept + line.slope * first,
        line.intercept + line.slope * last,
    );
    if line.low <= 0.0 || from <= 0.0 || to < from * (1.0 + RISE) {
        return None;
    }
    Some(Finding {
        cause: Cause::Leak,
        confidence: if to > 1.5 * from && line.low > line.slope / 2.0 {
            Confidence::High
        } else {
            Confidence::Medium
        },
        finding: format!(
            "response times rise with time at the same load: the median goes from {} to {} in {:.0}s",
            format_millis(from),
            format_millis(to),
            last - first
        ),
        begins: None,
        evidence: vec![
            format!(
                "slope of the median (Theil–Sen): {} a minute, 95% interval {} to {}",
                format_millis(line.slope * 60.0),
                format_millis(line.low * 60.0),
                format_millis(line.high * 60.0)
            ),
            format!(
                "rank correlation of time and rate: {load:.2}, so the load does not explain it"
            ),
        ],
        advice: vec![
            "look for what piles up: the heap after each garbage collection, open connections, rows of a table without an index, files, a queue's length",
            "restart the service in the middle of a run: if it is fast again, the service holds it; if not, the data do",
            "run for longer (`rhaid new … --template soak`) and watch the slope",
        ],
    })
}
