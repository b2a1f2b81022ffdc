//! A result without what a comparison does not need: small enough for a repository.

use crate::result::{IntervalValues, RunResult, TimeSeries};

/// Significant digits of what intervals hold: more than the histograms' own three.
const DIGITS: i32 = 5;

/// The result, trimmed: no values by tag set, no series per second, no examples of errors, intervals rounded.
pub fn trim(result: &RunResult) -> RunResult {
    let mut trimmed = result.clone();
    for metric in &mut trimmed.metrics {
        metric.series.clear();
    }
    trimmed.time_series = TimeSeries::default();
    for error in &mut trimmed.errors {
        error.example = None;
    }
    for row in &mut trimmed.intervals.rows {
        match &mut row.values {
            IntervalValues::Counter { sums } => sums.iter_mut().for_each(round),
            IntervalValues::Gauge { values } => values.iter_mut().flatten().for_each(round),
            IntervalValues::Rate { .. } => {}
            IntervalValues::Trend {
                means,
                medians,
                p95s,
                ..
            } => {
                let lists = [means, medians, p95s];
                lists.into_iter().flatten().flatten().for_each(round);
            }
        }
    }
    trimmed
}

fn round(value: &mut f64) {
    if *value == 0.0 || !value.is_finite() {
        return;
    }
    let digits = DIGITS - 1 - value.abs().log10().floor() as i32;
    // Dividing by a whole power keeps the number short in decimal.
    let rounded = match digits {
        0.. => (*value * 10f64.powi(digits)).round() / 10f64.powi(digits),
        _ => (*value / 10f64.powi(-digits)).round() * 10f64.powi(-digits),
    };
    if rounded.is_finite() {
        *value = rounded;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_five_digits() {
        let inputs = [
            0.0,
            1.234_567_8,
            0.000_123_456_78,
            123_456_789.0,
            -9.999_999,
            1e-320,
            1e300,
        ];
        let rounded = inputs.map(|mut value| {
            round(&mut value);
            value
        });
        let expected = [0.0, 1.2346, 0.000_123_46, 123_460_000.0, -10.0];
        assert_eq!(rounded[..5], expected);
        assert!(rounded.iter().all(|value| value.is_finite()));
    }
}
