//! Response times that change at once and stay so: a new version, a failover, a cache that was emptied, a neighbour that woke up.

use super::evidence::{Evidence, Subject};
use super::stats::{self, median};
use super::{Cause, Confidence, Finding};
use crate::units::format_millis;

/// Intervals on each side of a change, at least.
const MARGIN: usize = 5;
/// What the response time must rise by.
const RISE: f64 = 1.25;

/// Whether values are of two levels rather than on one line.
pub fn is_step(values: &[f64]) -> bool {
    logarithms(values).is_some_and(|logs| step(&logs).is_some())
}

fn logarithms(values: &[f64]) -> Option<Vec<f64>> {
    let all_positive = values.iter().all(|value| *value > 0.0);
    all_positive.then(|| values.iter().map(|value| value.ln()).collect())
}

/// The change in values, if two levels leave a third of the variation and much less than a line does.
fn step(values: &[f64]) -> Option<stats::Change> {
    let change = stats::change(values, MARGIN)?;
    (change.two < 0.35 * change.one && change.two < 0.6 * change.line).then_some(change)
}

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    if evidence.subject != Subject::Latency || !evidence.is_long_enough() {
        return None;
    }
    let medians = evidence.each(|point| point.median);
    let found = step(&logarithms(&medians)?)?;
    let (before, after) = (found.before.exp(), found.after.exp());
    if after < RISE * before {
        return None;
    }
    let (calm, slow) = evidence.points.split_at_checked(found.at)?;
    let rate = |points: &[super::evidence::Point]| {
        median(&points.iter().map(|point| point.rate).collect::<Vec<_>>())
    };
    let (rate_before, rate_after) = (rate(calm), rate(slow));
    if rate_after > 1.2 * rate_before {
        // The load rose as well: that is another story.
        return None;
    }
    let at = slow.first()?.at - evidence.interval / 2.0;
    let near = |moment: f64| (moment - at).abs() <= 2.0 * evidence.interval.max(1.0);
    let reloads = &evidence.result.run.reloads;
    let reload = reloads.iter().find(|reload| near(reload.at));
    let mut lines = vec![
        format!(
            "median before {}, after {} ({:+.0}%)",
            format_millis(before),
            format_millis(after),
            (after / before - 1.0) * 100.0
        ),
        format!(
            "two levels leave {:.0}% of the variation of the median's logarithm, a straight line {:.0}%",
            100.0 * found.two / found.one,
            100.0 * found.line / found.one
        ),
        format!("requests per second before {rate_before:.0}, after {rate_after:.0}"),
    ];
    let confidence = if found.two < 0.15 * found.one {
        Confidence::High
    } else {
        Confidence::Medium
    };
    Some(match reload {
        Some(reload) => {
            lines.push(format!(
                "version {} of the script took over at {:.0}s",
                reload.version, reload.at
            ));
            Finding {
                cause: Cause::AfterReload,
                confidence,
                finding: format!(
                    "response times rose from {} to {} at {at:.0}s, when version {} of the script took over",
                    format_millis(before),
                    format_millis(after),
                    reload.version
                ),
                begins: Some(at),
                evidence: lines,
                advice: vec![
                    "compare what the two versions of the script send: the service may be the same",
                    "run each version by itself and compare the results with `rhaid compare`",
                ],
            }
        }
        None => Finding {
            cause: Cause::Step,
            confidence,
            finding: format!(
                "response times rose at once, from {} to {} at {at:.0}s, and stayed so",
                format_millis(before),
                format_millis(after)
            ),
            begins: Some(at),
            evidence: lines,
            advice: vec![
                "look what happened at that moment: a deployment, a failover, a cache emptied or full, a job begun, a limit reached",
                "compare the service's logs and metrics of the minute before with those of the minute after",
            ],
        },
    })
}
