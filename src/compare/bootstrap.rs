//! The stationary block bootstrap: how far a statistic of a run strays when its seconds depend on each other.
//!
//! A slow second is mostly followed by another one, so seconds must not be drawn one by one. The stationary bootstrap
//! (Politis and Romano, "The Stationary Bootstrap", JASA 89, 1994) draws blocks of consecutive intervals, which begin anywhere and have
//! random lengths, geometric with mean `b`, and go on at the start where they reach the end.
//!
//! - The mean length `b` comes from the data: Politis and White, "Automatic Block-Length Selection for the Dependent Bootstrap",
//!   Econometric Reviews 23, 2004, with the correction of Patton, Politis and White (28, 2009). It is never below `n^(1/3)`, since
//!   dependence that hides under the noise of single seconds still adds up.
//! - A bootstrap of a short run spreads too little: blocks are cut off, and the run's own mean is taken for the true one. Both are made up for
//!   by the factor by which it falls short for a series with the same correlation of neighbours ([`shortfall`]).
//!
//! In: an influence series (what each interval adds to the statistic's error), or weights to put on intervals. Out: standard errors.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Correlation of neighbours is not believed beyond this: nearer to 1 a run of any length says nothing.
const MOST_CORRELATED: f64 = 0.97;

/// How blocks are drawn for one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blocks {
    /// Mean length, in intervals.
    pub length: f64,
    /// By what the standard error of a bootstrap with such blocks is to be multiplied.
    pub correction: f64,
    /// Equivalent degrees of freedom of the variance that it estimates.
    pub freedom: f64,
}

impl Blocks {
    /// Those that fit the series `x`.
    pub fn fitting(x: &[f64]) -> Self {
        let n = x.len();
        let covariances = covariances(x);
        let length = block_length(&covariances, n).max((n as f64).cbrt());
        let correlation = neighbours(&covariances, n);
        Self {
            length,
            correction: shortfall(correlation, n, length).sqrt(),
            freedom: freedom(n, length),
        }
    }
}

/// Autocovariances of `x` at every lag, each divided by `n`.
fn covariances(x: &[f64]) -> Vec<f64> {
    let n = x.len();
    let mean = x.iter().sum::<f64>() / n.max(1) as f64;
    let centred: Vec<f64> = x.iter().map(|value| value - mean).collect();
    (0..n)
        .map(|lag| {
            let later = centred.iter().skip(lag);
            centred.iter().zip(later).map(|(a, b)| a * b).sum::<f64>() / n as f64
        })
        .collect()
}

/// The mean block length that Politis and White choose: `(2 G² / D)^(1/3) n^(1/3)`, with `G = Σ λ(k/M) |k| R(k)` and
/// `D = 2 (Σ λ(k/M) R(k))²` over lags from `-M` to `M`, λ the trapezoidal flat-top window, and `M` twice the lag after which
/// correlations are no more than noise.
fn block_length(covariances: &[f64], n: usize) -> f64 {
    let size = n as f64;
    let variance = covariances.first().copied().unwrap_or_default();
    if n < 4 || variance <= 0.0 {
        return 1.0;
    }
    let quiet_lags = 5.max(size.log10().sqrt().ceil() as usize);
    let most = size.sqrt().ceil() as usize + quiet_lags;
    let noise = 2.0 * (size.log10() / size).sqrt();
    let is_noise = |lag: usize| {
        covariances
            .get(lag)
            .is_none_or(|covariance| (covariance / variance).abs() < noise)
    };
    let last = (0..most)
        .find(|lag| (1..=quiet_lags).all(|further| is_noise(lag + further)))
        .unwrap_or(most)
        .max(1);
    let window = (2 * last).min(most);
    let (mut slope, mut spectrum) = (0.0, variance);
    for (lag, covariance) in covariances.iter().enumerate().skip(1).take(window) {
        let at = lag as f64 / window as f64;
        let lambda = if at <= 0.5 { 1.0 } else { 2.0 * (1.0 - at) };
        slope += 2.0 * lambda * lag as f64 * covariance;
        spectrum += 2.0 * lambda * covariance;
    }
    let longest = (3.0 * size.sqrt()).min(size / 3.0).ceil().max(1.0);
    let length = (slope * slope / (spectrum * spectrum) * size).cbrt();
    if length.is_finite() {
        length.clamp(1.0, longest)
    } else {
        1.0
    }
}

/// Correlation of neighbouring intervals, made up for its bias in a short series (Kendall, Biometrika 41, 1954: it falls short by
/// `(1 + 3ρ) / n`). Alternation, which would narrow the spread, is not believed.
fn neighbours(covariances: &[f64], n: usize) -> f64 {
    match covariances {
        [variance, next, ..] if *variance > 0.0 => {
            let found = next / variance;
            (found + (1.0 + 3.0 * found) / n as f64).clamp(0.0, MOST_CORRELATED)
        }
        _ => 0.0,
    }
}

/// Weight of the autocovariance at `lag` in the variance that a stationary bootstrap has (Politis and Romano 1994, lemma 1).
fn lag_weight(lag: usize, n: usize, length: f64) -> f64 {
    let stays = 1.0 - 1.0 / length;
    let share = lag as f64 / n as f64;
    let power = |times: usize| stays.powi(i32::try_from(times).unwrap_or(i32::MAX));
    (1.0 - share) * power(lag) + share * power(n - lag)
}

/// The variance of the mean of a series of `n` whose neighbours correlate by `rho` and whose correlation fades geometrically, divided by what
/// a stationary bootstrap of such a series makes of it on average. At least 1.
fn shortfall(rho: f64, n: usize, length: f64) -> f64 {
    if n < 2 {
        return 1.0;
    }
    let size = n as f64;
    let taper = |lag: usize| 1.0 - lag as f64 / size;
    let mut powers = vec![1.0; n];
    for lag in 1..n {
        powers[lag] = powers[lag - 1] * rho;
    }
    let pairs = |weigh: &dyn Fn(usize) -> f64| -> f64 { (1..n).map(weigh).sum() };
    let truth = 1.0 + 2.0 * pairs(&|lag| taper(lag) * powers[lag]);
    // What an autocovariance around the series' own mean is on average.
    let seen = |lag: usize| taper(lag) * (powers[lag] - truth / size);
    let found = seen(0) + 2.0 * pairs(&|lag| lag_weight(lag, n, length) * seen(lag));
    if found > 0.0 {
        (truth / found).max(1.0)
    } else {
        1.0
    }
}

/// Equivalent degrees of freedom of a variance estimated with these lag weights: `2n / Σ w²` over all lags (Priestley, "Spectral
/// Analysis and Time Series", 1981, section 6.2).
fn freedom(n: usize, length: f64) -> f64 {
    let squares: f64 = (1..n)
        .map(|lag| lag_weight(lag, n, length).powi(2))
        .sum::<f64>();
    (2.0 * n as f64 / (1.0 + 2.0 * squares)).max(3.0)
}

/// The standard error that a stationary bootstrap without end gives the mean of `x`, corrected; needs no random numbers, since the mean's
/// variance under it has a closed form.
pub fn error_of_mean(x: &[f64], blocks: &Blocks) -> f64 {
    let n = x.len();
    let covariances = covariances(x);
    let sum: f64 = covariances
        .iter()
        .enumerate()
        .map(|(lag, covariance)| match lag {
            0 => *covariance,
            _ => 2.0 * lag_weight(lag, n, blocks.length) * covariance,
        })
        .sum();
    (sum.max(0.0) / n.max(1) as f64).sqrt() * blocks.correction
}

/// The standard error of any statistic of `n` weighted intervals, from `times` resamples, corrected. Resamples for which it has no value
/// are left out; `None` when hardly any has one. The same `seed` draws the same.
pub fn error_by_resampling(
    n: usize,
    blocks: &Blocks,
    times: usize,
    seed: u64,
    statistic: impl Fn(&[f64]) -> Option<f64>,
) -> Option<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut weights = vec![0.0; n];
    let mut values = Vec::with_capacity(times);
    for _ in 0..times {
        draw(&mut random, blocks.length, &mut weights);
        values.extend(statistic(&weights).filter(|value| value.is_finite()));
    }
    if n == 0 || values.len() < times / 2 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / count).sqrt() * blocks.correction)
}

/// Draws blocks until there are as many intervals as before; each weight says how often its interval was drawn.
fn draw(random: &mut StdRng, length: f64, weights: &mut [f64]) {
    let n = weights.len();
    weights.fill(0.0);
    let mut at = 0;
    for drawn in 0..n {
        let begins = drawn == 0 || random.random::<f64>() * length < 1.0;
        at = if begins {
            random.random_range(0..n)
        } else {
            (at + 1) % n
        };
        if let Some(weight) = weights.get_mut(at) {
            *weight += 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A series whose neighbours correlate by `rho`, of variance about 1.
    fn correlated(n: usize, rho: f64, seed: u64) -> Vec<f64> {
        let mut random = StdRng::seed_from_u64(seed);
        // Three even numbers are near enough to a normal one.
        let mut noise = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let mut level = noise();
        (0..n)
            .map(|_| {
                level = rho * level + (1.0 - rho * rho).sqrt() * noise();
                level
            })
            .collect()
    }

    fn mean_of(values: impl ExactSizeIterator<Item = f64>) -> f64 {
        let count = values.len() as f64;
        values.sum::<f64>() / count
    }

    #[test]
    fn blocks_are_longer_where_seconds_depend_on_each_other() {
        let length = |rho| {
            mean_of(
                (0..40u32).map(|seed| Blocks::fitting(&correlated(600, rho, seed.into())).length),
            )
        };
        let (none, some, strong) = (length(0.0), length(0.5), length(0.9));
        assert!(none < 10.0, "{none}");
        assert!(none < some && some < strong, "{none} {some} {strong}");
    }

    #[test]
    fn a_series_without_any_change_has_no_error() {
        let blocks = Blocks::fitting(&[4.0; 30]);
        assert_eq!(error_of_mean(&[4.0; 30], &blocks), 0.0);
        assert!(blocks.length.is_finite() && blocks.correction.is_finite());
    }

    #[test]
    fn the_error_of_a_mean_is_what_means_of_many_runs_stray() {
        for rho in [0.0, 0.4, 0.7] {
            let runs: Vec<Vec<f64>> = (0..400).map(|seed| correlated(60, rho, seed)).collect();
            let means: Vec<f64> = runs
                .iter()
                .map(|run| mean_of(run.iter().copied()))
                .collect();
            let strayed = mean_of(means.iter().map(|mean| mean * mean)).sqrt();
            let found = mean_of(
                runs.iter()
                    .map(|run| error_of_mean(run, &Blocks::fitting(run))),
            );
            let ratio = found / strayed;
            assert!((0.85..1.15).contains(&ratio), "rho {rho}: {ratio}");
        }
    }

    #[test]
    fn resampling_and_the_closed_form_agree_about_a_mean() {
        let x = correlated(60, 0.6, 7);
        let blocks = Blocks::fitting(&x);
        let drawn = error_by_resampling(60, &blocks, 4_000, 1, |weights| {
            let sum: f64 = weights.iter().zip(&x).map(|(w, x)| w * x).sum();
            Some(sum / 60.0)
        });
        let ratio = drawn.unwrap() / error_of_mean(&x, &blocks);
        assert!((0.94..1.06).contains(&ratio), "{ratio}");
    }

    #[test]
    fn a_statistic_that_hardly_ever_has_a_value_has_no_error() {
        let blocks = Blocks::fitting(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(error_by_resampling(4, &blocks, 100, 1, |_| None), None);
        assert_eq!(error_by_resampling(0, &blocks, 100, 1, |_| Some(1.0)), None);
    }
}
