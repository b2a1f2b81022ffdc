//! Response times that rise with the load: the system under test is near what it can do.

use super::evidence::{Evidence, Subject};
use super::stats::{self, median, quantile, rank_correlation};
use super::{Cause, Confidence, Finding};
use crate::units::format_millis;

/// The load must vary by this much for anything to be seen.
const SPAN: f64 = 1.4;
/// What the response time must rise by between low and high load.
const RISE: f64 = 1.3;

pub fn look(evidence: &Evidence<'_>) -> Option<Finding> {
    if evidence.subject != Subject::Latency || !evidence.is_long_enough() {
        return None;
    }
    let rates = evidence.each(|point| point.rate);
    let (least, most) = (quantile(&rates, 0.1), quantile(&rates, 0.9));
    if least <= 0.0 || most / least < SPAN {
        return None;
    }
    let medians = evidence.each(|point| point.median);
    let rho = rank_correlation(&rates, &medians);
    let n = rates.len() as f64;
    // A rank correlation of nothing has a standard error of 1/√(n − 1); neighbours that resemble each other widen it.
    let chance = 2.6 * (stats::inflation(&medians).min(4.0) / (n - 1.0)).sqrt();
    let (at_low, at_high) = (
        at(evidence, |rate| rate <= least),
        at(evidence, |rate| rate >= most),
    );
    if rho < chance.clamp(0.5, 0.9) || at_high < RISE * at_low {
        return None;
    }
    let mut lines = vec![
        format!(
            "at up to {least:.0} requests/s the median is {}, from {most:.0} requests/s on it is {}",
            format_millis(at_low),
            format_millis(at_high)
        ),
        format!(
            "rank correlation of rate and median: {rho:.2} over {} intervals",
            rates.len()
        ),
    ];
    // By Little's law there are rate × response time requests at work at once.
    let pairs: Vec<(f64, f64)> = evidence
        .points
        .iter()
        .map(|point| ((point.rate * point.mean / 1e3).max(1.0), point.rate))
        .collect();
    let mut knee = String::new();
    if let Some(law) = stats::scalability(&pairs)
        && law.explained > 0.5
    {
        lines.push(format!(
            "Universal Scalability Law: λ = {:.1}/s, σ = {:.4}, κ = {:.6}, explaining {:.0}% of the variation",
            law.lambda,
            law.sigma,
            law.kappa,
            law.explained * 100.0
        ));
        if let (Some(at), Some(ceiling)) = (law.knee(), law.ceiling()) {
            knee = format!(
                "; it will not do more than about {ceiling:.0} requests/s, reached with {at:.0} requests at once"
            );
        } else if let Some(ceiling) = law.ceiling() {
            knee = format!("; it comes near its limit of about {ceiling:.0} requests/s");
        }
    }
    Some(Finding {
        cause: Cause::Saturation,
        confidence: if rho > 0.8 && at_high > 1.5 * at_low {
            Confidence::High
        } else {
            Confidence::Medium
        },
        finding: format!(
            "response times rise with the load: the median goes from {} at {least:.0} requests/s to {} at {most:.0}{knee}",
            format_millis(at_low),
            format_millis(at_high)
        ),
        begins: None,
        evidence: lines,
        advice: vec![
            "look at what is full at the high rate: processors, the database's connections, a thread pool, a lock",
            "take work off the path: cache what is read often, add the index that the slowest query lacks, ask the database once instead of in a loop",
            "widen the pool that is full, or add instances, and run again at the same rate",
            "find the rate that still holds with `rhaid search`",
        ],
    })
}

/// The median response time of the intervals whose rate is wanted.
fn at(evidence: &Evidence<'_>, wanted: impl Fn(f64) -> bool) -> f64 {
    let medians: Vec<f64> = evidence
        .points
        .iter()
        .filter(|point| wanted(point.rate))
        .map(|point| point.median)
        .collect();
    median(&medians)
}
