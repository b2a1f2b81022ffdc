//! The statistics behind hints: robust ones, since a run is full of outliers.

/// The value in the middle; 0 of nothing.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A quantile by linear interpolation between order statistics (type 7 of Hyndman & Fan 1996); 0 of nothing.
pub fn quantile(values: &[f64], quantile: f64) -> f64 {
    let mut sorted: Vec<f64> = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let place = quantile.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let at = |index: usize| sorted.get(index.min(last)).copied().unwrap_or_default();
    at(below) + (at(below + 1) - at(below)) * (place - place.floor())
}

/// The arithmetic mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    crate::result::ratio(values.iter().sum(), values.len() as f64)
}

/// Ranks from 1, ties sharing the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let value = |index: &usize| values.get(*index).copied().unwrap_or_default();
    order.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let mut ranks = vec![0.0; values.len()];
    let mut at = 0;
    for tied in order.chunk_by(|a, b| value(a) == value(b)) {
        let rank = at as f64 + (tied.len() as f64 + 1.0) / 2.0;
        for &index in tied {
            if let Some(place) = ranks.get_mut(index) {
                *place = rank;
            }
        }
        at += tied.len();
    }
    ranks
}

/// Pearson's correlation; 0 where one of them does not vary.
pub fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xy += (a - mean_x) * (b - mean_y);
        xx += (a - mean_x).powi(2);
        yy += (b - mean_y).powi(2);
    }
    crate::result::ratio(xy, (xx * yy).sqrt())
}

/// Spearman's rank correlation.
pub fn rank_correlation(x: &[f64], y: &[f64]) -> f64 {
    correlation(&ranks(x), &ranks(y))
}

/// By how much neighbours resembling each other (the autocorrelation at lag 1) inflates a variance: (1 + r) / (1 − r), after
/// Bayley & Hammersley (1946) for a first-order autoregression. At least 1.
pub fn inflation(residuals: &[f64]) -> f64 {
    let r = autocorrelation(residuals, 1).clamp(0.0, 0.95);
    (1.0 + r) / (1.0 - r)
}

/// The autocorrelation at a lag.
pub fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let mean = mean(values);
    let later = values.iter().skip(lag);
    let products = values.iter().zip(later);
    let covariance: f64 = products.map(|(a, b)| (a - mean) * (b - mean)).sum();
    let variance: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    crate::result::ratio(covariance, variance)
}

/// A straight line that half of the points may be outliers of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub slope: f64,
    pub intercept: f64,
    /// A 95 % interval of the slope.
    pub low: f64,
    pub high: f64,
}

/// The Theil–Sen line: the median of all pairwise slopes (Theil 1950), with Sen's interval (1968), its variance inflated by the
/// residuals' autocorrelation. `x` must rise.
pub fn theil_sen(x: &[f64], y: &[f64]) -> Option<Line> {
    let points: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (at, (x1, y1)) in points.iter().enumerate() {
        for (x2, y2) in points.iter().skip(at + 1) {
            if x2 > x1 {
                slopes.push((y2 - y1) / (x2 - x1));
            }
        }
    }
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let slope = median(&slopes);
    let rests: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
    let intercept = median(&rests);
    let n = points.len() as f64;
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0 * inflation(&rests);
    let half = 1.96 * variance.sqrt() / 2.0;
    let middle = slopes.len() as f64 / 2.0;
    let last = slopes.len() - 1;
    let at = |place: f64| {
        let place = (place.max(0.0) as usize).min(last);
        slopes.get(place).copied().unwrap_or(slope)
    };
    Some(Line {
        slope,
        intercept,
        low: at((middle - half).floor()),
        high: at((middle + half).ceil()),
    })
}

/// A place where a level changes at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The first value of the new level.
    pub at: usize,
    pub before: f64,
    pub after: f64,
    /// What is left of the variation around one level, around two, and around a straight line, as sums of squares.
    pub one: f64,
    pub two: f64,
    pub line: f64,
}

/// The place that divides values best into two levels: where the sums of squares around them are least (Hinkley 1970).
/// At least `margin` values lie on each side.
pub fn change(values: &[f64], margin: usize) -> Option<Change> {
    let squares = |part: &[f64]| {
        let mean = mean(part);
        part.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
    };
    let mut best: Option<(usize, f64)> = None;
    for at in margin..values.len().saturating_sub(margin) + 1 {
        let (before, after) = values.split_at_checked(at)?;
        if after.len() < margin {
            break;
        }
        let rest = squares(before) + squares(after);
        if best.is_none_or(|(_, least)| rest < least) {
            best = Some((at, rest));
        }
    }
    let (at, two) = best?;
    let (before, after) = values.split_at_checked(at)?;
    let places: Vec<f64> = (0..values.len()).map(|index| index as f64).collect();
    let one = squares(values);
    let explained = correlation(&places, values).powi(2);
    Some(Change {
        at,
        before: median(before),
        after: median(after),
        one,
        two,
        line: one * (1.0 - explained),
    })
}

/// The Universal Scalability Law (Gunther 1993): throughput at a concurrency N is λN / (1 + σ(N−1) + κN(N−1)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scalability {
    /// Throughput of one at a time.
    pub lambda: f64,
    /// Contention: the share that cannot be done side by side.
    pub sigma: f64,
    /// Coherency: what keeping each other up to date costs.
    pub kappa: f64,
    /// How much of the variation of N/X the fit explains, from 0 to 1.
    pub explained: f64,
}

impl Scalability {
    /// The concurrency beyond which throughput falls, if there is one.
    pub fn knee(&self) -> Option<f64> {
        (self.kappa > 0.0 && self.sigma < 1.0).then(|| ((1.0 - self.sigma) / self.kappa).sqrt())
    }

    /// The throughput at a concurrency.
    pub fn throughput(&self, n: f64) -> f64 {
        self.lambda * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
    }

    /// The throughput that no concurrency exceeds.
    pub fn ceiling(&self) -> Option<f64> {
        match self.knee() {
            Some(knee) => Some(self.throughput(knee.max(1.0))),
            None => (self.sigma > 0.0).then(|| self.lambda / self.sigma),
        }
    }
}

/// Fits the law to pairs of concurrency and throughput: N/X = 1/λ + σ/λ·(N−1) + κ/λ·N(N−1) is linear in its coefficients, of
/// which none may be negative.
pub fn scalability(points: &[(f64, f64)]) -> Option<Scalability> {
    let rows: Vec<([f64; 3], f64)> = points
        .iter()
        .filter(|(n, x)| *n > 0.0 && *x > 0.0)
        .map(|(n, x)| {
            let beyond = (n - 1.0).max(0.0);
            ([1.0, beyond, n * beyond], n / x)
        })
        .collect();
    if rows.len() < 4 {
        return None;
    }
    let mut used = [true; 3];
    let solution = loop {
        let solution = least_squares(&rows, used)?;
        match (1..3).find(|term| solution[*term] < 0.0) {
            Some(term) => used[term] = false,
            None => break solution,
        }
    };
    let [base, contention, coherency] = solution;
    if base <= 0.0 {
        return None;
    }
    let level = mean(&rows.iter().map(|(_, y)| *y).collect::<Vec<_>>());
    let (mut rest, mut all) = (0.0, 0.0);
    for (x, y) in &rows {
        let fitted: f64 = x.iter().zip(&solution).map(|(x, c)| x * c).sum();
        rest += (y - fitted).powi(2);
        all += (y - level).powi(2);
    }
    Some(Scalability {
        lambda: 1.0 / base,
        sigma: contention / base,
        kappa: coherency / base,
        explained: (1.0 - crate::result::ratio(rest, all)).clamp(0.0, 1.0),
    })
}

/// Solves the normal equations of the terms that are used, by elimination with pivots.
fn least_squares(rows: &[([f64; 3], f64)], used: [bool; 3]) -> Option<[f64; 3]> {
    let terms: Vec<usize> = (0..3).filter(|term| used[*term]).collect();
    let size = terms.len();
    let mut system = vec![vec![0.0; size + 1]; size];
    for (x, y) in rows {
        for (row, &a) in terms.iter().enumerate() {
            for (column, &b) in terms.iter().enumerate() {
                system[row][column] += x[a] * x[b];
            }
            system[row][size] += x[a] * y;
        }
    }
    for step in 0..size {
        let pivot = (step..size)
            .max_by(|a, b| system[*a][step].abs().total_cmp(&system[*b][step].abs()))?;
        system.swap(step, pivot);
        if system[step][step].abs() < 1e-12 {
            return None;
        }
        let by = system[step].clone();
        for (row, values) in system.iter_mut().enumerate() {
            if row != step {
                let factor = values[step] / by[step];
                for (value, pivot) in values.iter_mut().zip(&by).skip(step) {
                    *value -= factor * pivot;
                }
            }
        }
    }
    let mut solution = [0.0; 3];
    for (row, &term) in terms.iter().enumerate() {
        solution[term] = system[row][size] / system[row][row];
    }
    Some(solution)
}

/// A rhythm in values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    /// In values.
    pub period: usize,
    /// The autocorrelation at that lag.
    pub strength: f64,
}

/// Finds a rhythm: the highest peak of the autocorrelation that stands out from chance (Bartlett's bound, four of its standard
/// errors), rises by a fifth over the dip before it, and comes again at twice its lag. Noise that only resembles its neighbours
/// has no such peak.
pub fn rhythm(values: &[f64]) -> Option<Rhythm> {
    let longest = values.len() / 4;
    let chance = 4.0 / (values.len() as f64).sqrt();
    let wave: Vec<f64> = (0..=2 * longest + 1)
        .map(|lag| autocorrelation(values, lag))
        .collect();
    let at = |lag: usize| wave.get(lag).copied().unwrap_or(f64::NEG_INFINITY);
    let mut best: Option<Rhythm> = None;
    let mut dip = f64::INFINITY;
    for lag in 2..=longest {
        dip = dip.min(at(lag - 1));
        let strength = at(lag);
        let is_peak = strength >= at(lag - 1) && strength > at(lag + 1);
        let again = (2 * lag - 1..=2 * lag + 1).map(at).fold(f64::MIN, f64::max);
        if is_peak
            && strength > chance.max(0.2)
            && strength - dip > 0.2
            && again > strength / 2.0
            && best.is_none_or(|best| strength > best.strength + 0.05)
        {
            best = Some(Rhythm {
                period: lag,
                strength,
            });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_ranks_are_those_of_the_books() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!(median(&[]), 0.0);
        assert_eq!(ranks(&[10.0, 30.0, 10.0, 20.0]), [1.5, 4.0, 1.5, 3.0]);
        assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[1.0, 8.0, 27.0]), 1.0);
    }

    #[test]
    fn a_line_is_found_among_outliers_and_its_interval_holds_the_truth() {
        let x: Vec<f64> = (0..60).map(f64::from).collect();
        let y: Vec<f64> = x
            .iter()
            .map(|x| {
                if (*x as u64).is_multiple_of(7) {
                    900.0
                } else {
                    5.0 + 2.0 * x
                }
            })
            .collect();
        let line = theil_sen(&x, &y).unwrap();
        assert!((line.slope - 2.0).abs() < 0.05, "{line:?}");
        assert!(line.low <= 2.0 && 2.0 <= line.high, "{line:?}");
        assert!(theil_sen(&[1.0], &[1.0]).is_none());
    }

    #[test]
    fn the_scalability_law_is_recovered_from_its_own_values() {
        let law = Scalability {
            lambda: 100.0,
            sigma: 0.03,
            kappa: 0.0005,
            explained: 1.0,
        };
        let points: Vec<(f64, f64)> = (1..60)
            .map(|n| (f64::from(n), law.throughput(f64::from(n))))
            .collect();
        let found = scalability(&points).unwrap();
        assert!((found.lambda - 100.0).abs() < 1e-6, "{found:?}");
        assert!((found.sigma - 0.03).abs() < 1e-9, "{found:?}");
        assert!((found.kappa - 0.0005).abs() < 1e-9, "{found:?}");
        assert!((found.knee().unwrap() - 44.0).abs() < 0.1);
        assert!(found.explained > 0.999);
    }

    #[test]
    fn what_scales_in_a_straight_line_has_no_knee() {
        let points: Vec<(f64, f64)> = (1..20)
            .map(|n| (f64::from(n), 50.0 * f64::from(n)))
            .collect();
        assert_eq!(scalability(&points).unwrap().knee(), None);
        assert!(scalability(&points[..2]).is_none());
    }

    #[test]
    fn a_level_that_changes_is_found_where_it_does() {
        let mut values = vec![10.0; 40];
        values.extend([25.0; 20]);
        let found = change(&values, 5).unwrap();
        assert_eq!((found.at, found.before, found.after), (40, 10.0, 25.0));
        assert!(found.two < 1e-9 && found.line > 100.0);
    }

    #[test]
    fn a_rhythm_is_told_from_noise_that_drifts() {
        let beat: Vec<f64> = (0..120)
            .map(|at| if at % 20 < 3 { 9.0 } else { 1.0 })
            .collect();
        assert_eq!(rhythm(&beat).unwrap().period, 20);
        let mut state = 7u64;
        let mut level = 0.0;
        let drifting: Vec<f64> = (0..120)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                level = 0.8 * level + (state >> 40) as f64 / 1e7 - 0.8;
                level
            })
            .collect();
        assert_eq!(rhythm(&drifting), None);
        assert_eq!(rhythm(&[1.0; 50]), None);
    }
}
