//! The curve of percentiles to five nines, on an axis on which each further nine takes as much room as the one before.

use serde::Serialize;

use super::super::format::plural;
use crate::metrics::histogram::{Histogram, from_scaled};
use crate::result::{MetricValues, RunResult, TrendSummary};

/// Points from one nine to the next.
const POINTS: u32 = 32;
/// How many nines are drawn: 99.999 %.
const NINES: u32 = 5;

/// The percentiles of one trend.
#[derive(Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Number of samples.
    count: u64,
    /// Whether it is drawn from the few percentiles of a summary, for want of the distribution.
    rough: bool,
    /// Places on the axis, `1 / (1 - quantile)`: 1 is the minimum, 2 the median, 10 the 90th percentile.
    x: Vec<f64>,
    /// Milliseconds.
    y: Vec<f64>,
}

impl Curve {
    /// How far it reaches, in a sentence.
    pub fn said(&self) -> String {
        let samples = plural(self.count, "sample", "samples");
        if self.rough {
            return format!("From the percentiles that the document tells of {samples}.");
        }
        let last = self.x.last().copied().unwrap_or(1.0);
        match last >= 10f64.powi(NINES as i32) {
            true => format!("Of {samples}."),
            // Of a thousand 99.9, of ten thousand 99.99.
            false => format!(
                "Of {samples}, which tell up to the {:.*} percentile.",
                (last.log10() - 1.0).clamp(0.0, 3.0).ceil() as usize,
                100.0 - 100.0 / last
            ),
        }
    }
}

/// The curve of the trend called `name`; `None` when it is missing or empty.
pub fn curve(result: &RunResult, name: &str) -> Option<Curve> {
    let Some(MetricValues::Trend { summary, histogram }) = result.metric(name) else {
        return None;
    };
    if summary.count == 0 {
        return None;
    }
    let whole = histogram
        .as_deref()
        .and_then(|text| Histogram::from_v2_base64(text).ok())
        .filter(|histogram| !histogram.is_empty());
    Some(match whole {
        Some(histogram) => of_distribution(&histogram),
        None => of_summary(summary),
    })
}

/// Up to the nine that the number of samples can tell: the rarest of a thousand is the 99.9th percentile.
fn of_distribution(histogram: &Histogram) -> Curve {
    let reach = (histogram.count() as f64).clamp(1.0, 10f64.powi(NINES as i32));
    let mut x: Vec<f64> = (0..=NINES * POINTS)
        .map(|step| 10f64.powf(f64::from(step) / f64::from(POINTS)))
        .take_while(|place| *place < reach * 0.999)
        .collect();
    x.push(reach);
    let y = x
        .iter()
        .map(|place| {
            let value = histogram.value_at_percentile(100.0 - 100.0 / place);
            from_scaled(value as f64)
        })
        .collect();
    Curve {
        count: histogram.count(),
        rough: false,
        x,
        y,
    }
}

fn of_summary(summary: &TrendSummary) -> Curve {
    let known = [
        (1.0, summary.min),
        (2.0, summary.med),
        (10.0, summary.p90),
        (20.0, summary.p95),
        (100.0, summary.p99),
        (1_000.0, summary.p999),
    ];
    let (x, y) = known
        .into_iter()
        .filter(|(place, value)| *place <= summary.count.max(2) as f64 && value.is_finite())
        .unzip();
    Curve {
        count: summary.count,
        rough: true,
        x,
        y,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::histogram::to_scaled;
    use crate::result::sample;

    #[test]
    fn a_curve_goes_from_the_least_to_the_greatest_and_never_falls() {
        let mut histogram = Histogram::new();
        for value in 1..=1_000 {
            histogram.record(to_scaled(f64::from(value)));
        }
        let curve = of_distribution(&histogram);
        assert_eq!((curve.x[0], curve.y[0]), (1.0, 1.0));
        assert_eq!(curve.x.last(), Some(&1_000.0));
        assert!(curve.y.windows(2).all(|pair| pair[0] <= pair[1]));
        let at = |place: f64| {
            let index = curve.x.iter().position(|x| (x - place).abs() < 1e-9);
            curve.y[index.unwrap()]
        };
        assert!((at(10.0) - 900.0).abs() < 1.0, "{}", at(10.0));
        assert!((at(100.0) - 990.0).abs() < 1.0, "{}", at(100.0));
    }

    #[test]
    fn without_a_distribution_the_known_percentiles_are_joined() {
        let curve = curve(&sample::passing(), "http_req_duration").unwrap();
        assert!(curve.rough);
        assert_eq!(curve.x, [1.0, 2.0, 10.0, 20.0, 100.0, 1_000.0]);
        assert_eq!(super::curve(&sample::empty(), "http_req_duration"), None);
    }

    #[test]
    fn one_sample_is_one_point() {
        let mut histogram = Histogram::new();
        histogram.record(to_scaled(3.0));
        let curve = of_distribution(&histogram);
        assert_eq!(curve.x, [1.0]);
    }
}
