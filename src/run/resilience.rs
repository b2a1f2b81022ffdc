//! One number for what a fault did to a run.

use super::phases::Requests;
use crate::metrics::histogram::{Histogram, from_scaled};
use crate::result::ratio;

/// Weights of the parts of the score: requests answered, response times, recovery, and how it was afterwards.
const WEIGHTS: [f64; 4] = [0.4, 0.2, 0.25, 0.15];
/// What a response time afterwards may make of the score at least.
const LEAST_SPEED: f64 = 0.5;
/// Added to response times before they are compared, in milliseconds: microseconds more are no slowness.
const HARDLY_ANY: f64 = 5.0;
/// A recovery that takes this many seconds, or as long as the fault, counts for nothing.
const LONGEST_RECOVERY: f64 = 30.0;

/// What the number is made of.
pub struct Course<'a> {
    pub before: &'a Requests,
    pub during: &'a Requests,
    pub after: &'a Requests,
    /// Requests a second before and during the fault.
    pub rates: [f64; 2],
    /// How long the fault lasted, in seconds.
    pub lasted: f64,
    /// How long after its end all was well again, if it was; nothing if no second was other than well.
    pub recovered: Option<f64>,
}

/// A percentile in milliseconds.
pub fn at(histogram: &Histogram, percentile: f64) -> f64 {
    from_scaled(histogram.value_at_percentile(percentile) as f64)
}

impl Course<'_> {
    /// From 0 to 100. Weighted, each from 0 to 1: the requests that were answered in a second during it, against before; how fast those were,
    /// against before; how soon all was well again; whether it was afterwards as before.
    pub fn score(&self) -> f64 {
        let Self { before, after, .. } = self;
        let answered = |of: &Requests| 1.0 - of.failed_share();
        let kept = match self.during.requests {
            0.0 if before.requests > 0.0 => 0.0,
            // What is not answered at all shows in how many were, a second.
            _ => ratio(
                answered(self.during) * self.rates[1],
                answered(before) * self.rates[0],
            )
            .min(1.0),
        };
        let speed = |of: &Requests| match of.duration.is_empty() || before.duration.is_empty() {
            true => 1.0,
            false => ratio(
                at(&before.duration, 95.0) + HARDLY_ANY,
                at(&of.duration, 95.0) + HARDLY_ANY,
            )
            .min(1.0),
        };
        let longest = self.lasted.max(LONGEST_RECOVERY);
        let left = |seconds: f64| (1.0 - seconds / longest).max(0.0);
        let recovery = self.recovered.map_or(0.0, left);
        let afterwards = match (self.recovered, after.requests) {
            (None, _) => 0.0,
            (Some(_), 0.0) => 1.0,
            (Some(_), _) => {
                ratio(answered(after), answered(before)).min(1.0) * speed(after).max(LEAST_SPEED)
            }
        };
        // What fails at once was not answered fast.
        let parts = [kept, kept * speed(self.during), recovery, afterwards];
        let score: f64 = parts
            .iter()
            .zip(WEIGHTS)
            .map(|(part, weight)| part * weight)
            .sum();
        (score * 1_000.0).round() / 10.0
    }
}
