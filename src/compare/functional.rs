//! A statistic as a function of weights on intervals: what a bootstrap needs to know of it.

use super::bootstrap::{Blocks, error_by_resampling, error_of_mean};
use crate::metrics::Histogram;
use crate::metrics::histogram::from_scaled;

/// Resamples for a statistic without a closed form.
const RESAMPLES: usize = 600;
/// The same runs give the same figures.
const SEED: u64 = 0x5eed;

/// A statistic of one run, over its intervals.
pub enum Functional {
    /// The sum of one series over the sum of another.
    Ratio(Ratio),
    /// A quantile of the pooled samples of all intervals, on a logarithmic scale.
    Quantile(Quantile),
}

/// The sum of one series over the sum of another.
pub struct Ratio {
    /// Interval by interval: what is divided.
    pub above: Vec<f64>,
    /// Interval by interval: by what.
    pub below: Vec<f64>,
    /// Whether the logarithm of the ratio is meant.
    pub logarithm: bool,
}

/// A quantile of the pooled samples of all intervals.
pub struct Quantile {
    pub samples: std::rc::Rc<Samples>,
    /// From 0 to 1.
    pub quantile: f64,
}

/// The standard error of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    pub size: f64,
    pub freedom: f64,
    /// Mean length of a block, in intervals.
    pub block: f64,
}

impl Functional {
    /// What each interval adds to the statistic's error: its mean is zero, and the mean's error is the statistic's.
    fn influence(&self) -> Option<Vec<f64>> {
        match self {
            Self::Ratio(ratio) => ratio.influence(),
            Self::Quantile(quantile) => quantile.influence(),
        }
    }

    fn value(&self, weights: &[f64]) -> Option<f64> {
        match self {
            Self::Ratio(ratio) => ratio.value(weights),
            Self::Quantile(quantile) => quantile
                .samples
                .quantile(weights, quantile.quantile)
                .map(f64::ln),
        }
    }

    /// Intervals that hold anything.
    pub fn filled(&self) -> usize {
        let counts = match self {
            Self::Ratio(ratio) => &ratio.below,
            Self::Quantile(quantile) => &quantile.samples.counts,
        };
        counts.iter().filter(|count| **count > 0.0).count()
    }

    fn has_closed_form(&self) -> bool {
        matches!(self, Self::Ratio(_))
    }
}

/// The standard error of `after - before`. Paired: both runs have as many intervals, and the same ones are drawn from both.
pub fn error_of_difference(before: &Functional, after: &Functional, paired: bool) -> Option<Error> {
    let (first, second) = (before.influence()?, after.influence()?);
    if !paired {
        let (a, b) = (alone(before, &first)?, alone(after, &second)?);
        let size = a.size.hypot(b.size);
        // Welch and Satterthwaite.
        let parts = a.size.powi(4) / a.freedom + b.size.powi(4) / b.freedom;
        let freedom = size.powi(4) / parts;
        return Some(Error {
            size,
            freedom: if freedom.is_finite() {
                freedom
            } else {
                a.freedom.min(b.freedom)
            },
            block: a.block.max(b.block),
        });
    }
    let together: Vec<f64> = first.iter().zip(&second).map(|(a, b)| b - a).collect();
    let blocks = Blocks::fitting(&together);
    let size = if before.has_closed_form() && after.has_closed_form() {
        error_of_mean(&together, &blocks)
    } else {
        error_by_resampling(together.len(), &blocks, RESAMPLES, SEED, |weights| {
            Some(after.value(weights)? - before.value(weights)?)
        })?
    };
    Some(Error {
        size,
        freedom: blocks.freedom,
        block: blocks.length,
    })
}

/// The standard error of one run's statistic.
pub fn error_alone(statistic: &Functional) -> Option<Error> {
    alone(statistic, &statistic.influence()?)
}

fn alone(statistic: &Functional, influence: &[f64]) -> Option<Error> {
    let blocks = Blocks::fitting(influence);
    let size = if statistic.has_closed_form() {
        error_of_mean(influence, &blocks)
    } else {
        error_by_resampling(influence.len(), &blocks, RESAMPLES, SEED, |weights| {
            statistic.value(weights)
        })?
    };
    Some(Error {
        size,
        freedom: blocks.freedom,
        block: blocks.length,
    })
}

impl Ratio {
    fn influence(&self) -> Option<Vec<f64>> {
        let below: f64 = self.below.iter().sum();
        let ratio = self.above.iter().sum::<f64>() / below;
        let scale = below / self.below.len() as f64 * if self.logarithm { ratio } else { 1.0 };
        let usable = ratio.is_finite() && scale.is_finite() && scale > 0.0;
        usable.then(|| {
            let pairs = self.above.iter().zip(&self.below);
            pairs
                .map(|(above, below)| (above - ratio * below) / scale)
                .collect()
        })
    }

    fn value(&self, weights: &[f64]) -> Option<f64> {
        let sum = |series: &[f64]| -> f64 { weights.iter().zip(series).map(|(w, x)| w * x).sum() };
        let ratio = sum(&self.above) / sum(&self.below);
        let value = if self.logarithm { ratio.ln() } else { ratio };
        value.is_finite().then_some(value)
    }
}

impl Quantile {
    /// `(q - F(x)) / f(x)` summed over an interval's samples, on the logarithmic scale. The density is that of the samples between two
    /// quantiles on either side.
    fn influence(&self) -> Option<Vec<f64>> {
        let samples = &self.samples;
        let ones = vec![1.0; samples.counts.len()];
        let value = samples.quantile(&ones, self.quantile)?;
        let all: f64 = samples.counts.iter().sum();
        let q = self.quantile;
        let reach = (2.0 * (q * (1.0 - q) / all).sqrt()).clamp(0.2 * (1.0 - q), 0.8 * (1.0 - q));
        let low = samples.quantile(&ones, q - reach)?.ln();
        let high = samples.quantile(&ones, q + reach)?.ln();
        // Values closer than a histogram tells apart are as far apart as it tells.
        let width = (high - low).max(1e-3);
        let scale = 2.0 * reach / width * all / ones.len() as f64;
        let below = samples.at_or_below(value);
        let pairs = samples.counts.iter().zip(below);
        Some(
            pairs
                .map(|(count, below)| (count * q - below) / scale)
                .collect(),
        )
    }
}

/// The samples of every interval, arranged so that any quantile of any weighting of intervals is found in a few steps.
pub struct Samples {
    /// Values in order: the upper bounds of buckets that have counts in any interval.
    values: Vec<f64>,
    /// For each value and then each interval: samples at or below it.
    below: Vec<f64>,
    /// For each interval: samples.
    counts: Vec<f64>,
}

impl Samples {
    /// Of the histograms of a run's intervals; `None` where there was no sample.
    pub fn new(histograms: &[Option<Histogram>]) -> Self {
        let intervals = histograms.len();
        let mut counts: std::collections::BTreeMap<u64, Vec<f64>> =
            std::collections::BTreeMap::new();
        for (at, histogram) in histograms.iter().enumerate() {
            for (_, highest, times) in histogram.iter().flat_map(Histogram::iter_nonzero) {
                let row = counts
                    .entry(highest)
                    .or_insert_with(|| vec![0.0; intervals]);
                if let Some(count) = row.get_mut(at) {
                    *count += times as f64;
                }
            }
        }
        let mut sums = vec![0.0; intervals];
        let mut below = Vec::with_capacity(counts.len() * intervals);
        let mut values = Vec::with_capacity(counts.len());
        for (highest, row) in counts {
            values.push(from_scaled(highest as f64));
            for (sum, count) in sums.iter_mut().zip(row) {
                *sum += count;
            }
            below.extend_from_slice(&sums);
        }
        Self {
            values,
            below,
            counts: sums,
        }
    }

    /// Whether there is no sample at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn row(&self, at: usize) -> &[f64] {
        let n = self.counts.len();
        self.below.get(at * n..(at + 1) * n).unwrap_or_default()
    }

    /// The value that a share `q` of the weighted samples do not exceed.
    fn quantile(&self, weights: &[f64], q: f64) -> Option<f64> {
        let sum = |row: &[f64]| -> f64 { weights.iter().zip(row).map(|(w, x)| w * x).sum() };
        let all = sum(&self.counts);
        if all <= 0.0 {
            return None;
        }
        let rank = (q * all).max(f64::MIN_POSITIVE);
        let (mut low, mut high) = (0, self.values.len().saturating_sub(1));
        while low < high {
            let middle = (low + high) / 2;
            if sum(self.row(middle)) >= rank {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        self.values.get(low).copied().filter(|value| *value > 0.0)
    }

    /// For each interval: samples at or below `value`.
    fn at_or_below(&self, value: f64) -> Vec<f64> {
        let rows = self.values.partition_point(|known| *known <= value);
        match rows.checked_sub(1) {
            Some(last) => self.row(last).to_vec(),
            None => vec![0.0; self.counts.len()],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn histogram(values: &[u64]) -> Option<Histogram> {
        let mut histogram = Histogram::new();
        values
            .iter()
            .for_each(|value| histogram.record(*value * 1_000_000));
        (!values.is_empty()).then_some(histogram)
    }

    fn samples() -> Samples {
        Samples::new(&[histogram(&[1, 2, 3]), None, histogram(&[10, 20, 30, 40])])
    }

    #[test]
    fn quantiles_are_those_of_the_weighted_intervals() {
        let samples = samples();
        let at = |weights: &[f64], q| samples.quantile(weights, q).map(f64::round);
        assert_eq!(at(&[1.0, 1.0, 1.0], 0.5), Some(10.0));
        assert_eq!(at(&[3.0, 0.0, 0.0], 0.5), Some(2.0));
        assert_eq!(at(&[0.0, 0.0, 2.0], 1.0), Some(40.0));
        assert_eq!(at(&[0.0, 3.0, 0.0], 0.5), None);
        assert_eq!(samples.at_or_below(2.5), [2.0, 0.0, 0.0]);
    }

    #[test]
    fn an_influence_adds_up_to_nothing() {
        let ratio = Ratio {
            above: vec![3.0, 5.0, 0.0, 8.0],
            below: vec![1.0, 2.0, 0.0, 2.0],
            logarithm: true,
        };
        let sum: f64 = ratio.influence().unwrap().iter().sum();
        assert!(sum.abs() < 1e-12, "{sum}");
        let values = |from: u64| histogram(&(from..from + 200).collect::<Vec<_>>());
        let quantile = Quantile {
            samples: Rc::new(Samples::new(&[values(100), values(150), values(120)])),
            quantile: 0.5,
        };
        // A quantile is off its rank by as much as one sample of six hundred.
        let influence = quantile.influence().unwrap();
        let sum: f64 = influence.iter().sum();
        assert!(sum.abs() < 0.05, "{influence:?}");
        assert!(
            influence[0] < influence[2] && influence[2] < influence[1],
            "{influence:?}"
        );
    }

    #[test]
    fn a_ratio_of_nothing_has_no_error() {
        let nothing = || {
            Functional::Ratio(Ratio {
                above: vec![0.0; 9],
                below: vec![0.0; 9],
                logarithm: false,
            })
        };
        assert!(error_of_difference(&nothing(), &nothing(), true).is_none());
    }

    #[test]
    fn a_course_that_both_runs_share_is_no_noise_when_they_are_paired() {
        let ramp = |offset: f64| {
            Functional::Ratio(Ratio {
                above: (0..60)
                    .map(|at| f64::from(at) + offset + f64::from(at % 3))
                    .collect(),
                below: vec![1.0; 60],
                logarithm: false,
            })
        };
        let error = |paired| {
            error_of_difference(&ramp(10.0), &ramp(12.0), paired)
                .unwrap()
                .size
        };
        assert!(error(true) < 0.01, "{}", error(true));
        assert!(error(false) > 1.0, "{}", error(false));
    }
}
