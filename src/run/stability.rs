//! When a run knows enough: the values of its objectives are narrow enough to judge by, and more seconds would cost time only.

/// Seconds before which nothing is believed: a mean of few seconds is steady by chance.
const SOONEST: usize = 20;
/// Values kept of each objective; when they are full, neighbours are put together in pairs.
const MOST: usize = 4_096;
/// Batches that a mean is judged by, at least.
const BATCHES: usize = 5;

/// Follows the objectives' values, second by second.
#[derive(Debug)]
pub struct Stability {
    /// Half the width of the confidence interval that is wanted, as a fraction of the value.
    wanted: f64,
    followed: Vec<Followed>,
}

#[derive(Debug, Default)]
struct Followed {
    values: Vec<f64>,
    bound: f64,
}

impl Stability {
    /// For intervals within `wanted` (a fraction) on either side.
    pub fn new(wanted: f64) -> Self {
        Self {
            wanted,
            followed: Vec::new(),
        }
    }

    /// Takes what each objective's value was in this second (nothing without samples) and its bound. Whether all are known well
    /// enough by now.
    pub fn second(&mut self, values: &[(Option<f64>, f64)]) -> bool {
        self.followed.resize_with(values.len(), Followed::default);
        for (followed, (value, bound)) in self.followed.iter_mut().zip(values) {
            followed.bound = *bound;
            followed.values.extend(*value);
            if followed.values.len() >= MOST {
                followed.values = followed
                    .values
                    .chunks_exact(2)
                    .map(|pair| pair.iter().sum::<f64>() / 2.0)
                    .collect();
            }
        }
        !self.followed.is_empty()
            && self
                .followed
                .iter()
                .all(|followed| followed.is_known_within(self.wanted))
    }
}

impl Followed {
    fn is_known_within(&self, wanted: f64) -> bool {
        if self.values.len() < SOONEST {
            return false;
        }
        interval(&self.values).is_some_and(|(mean, half)| {
            // A share of failures near zero would never be known to within a fraction of itself; within one of its bound it is.
            half <= wanted * mean.abs().max(self.bound.abs())
        })
    }
}

/// The mean of values that resemble their neighbours, and half the width of its 95 % confidence interval, by the method of
/// non-overlapping batch means (Schmeiser 1982): means of batches of √n neighbours are nearly independent of each other.
pub fn interval(values: &[f64]) -> Option<(f64, f64)> {
    let size = (values.len() as f64).sqrt().floor() as usize;
    let batches: Vec<f64> = values
        .chunks_exact(size.max(1))
        .map(|batch| batch.iter().sum::<f64>() / batch.len() as f64)
        .collect();
    if batches.len() < BATCHES {
        return None;
    }
    let count = batches.len() as f64;
    let mean = batches.iter().sum::<f64>() / count;
    let variance = batches
        .iter()
        .map(|batch| (batch - mean).powi(2))
        .sum::<f64>()
        / (count - 1.0);
    Some((mean, student(batches.len() - 1) * (variance / count).sqrt()))
}

/// The two-sided 95 % quantile of Student's distribution, by the expansion of Cornish & Fisher (Abramowitz & Stegun 26.7.5); right to
/// a thousandth from four degrees of freedom on.
pub fn student(freedom: usize) -> f64 {
    let (z, f) = (1.959_964_f64, freedom.max(1) as f64);
    let third = (z.powi(3) + z) / 4.0;
    let fifth = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let seventh = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + third / f + fifth / f.powi(2) + seventh / f.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [
            (4, 2.776),
            (5, 2.571),
            (10, 2.228),
            (30, 2.042),
            (200, 1.972),
        ] {
            let found = student(freedom);
            assert!((found - expected).abs() < 0.01, "{freedom}: {found}");
        }
    }

    #[test]
    fn a_value_that_hardly_varies_is_known_soon_and_one_that_jumps_is_not() {
        let mut steady = Stability::new(0.02);
        let mut jumping = Stability::new(0.02);
        let mut known_at = None;
        for second in 0..60_u32 {
            let wobble = f64::from(second * 7 % 5) - 2.0;
            if steady.second(&[(Some(100.0 + wobble), 300.0)]) && known_at.is_none() {
                known_at = Some(second + 1);
            }
            let jump = if second / 9 % 2 == 0 { 40.0 } else { 160.0 };
            assert!(!jumping.second(&[(Some(jump), 150.0)]), "at {second}");
        }
        assert_eq!(known_at, Some(20));
    }

    #[test]
    fn all_objectives_must_be_known_and_one_without_samples_is_not() {
        let mut one_silent = Stability::new(0.5);
        for _ in 0..100 {
            assert!(!one_silent.second(&[(Some(1.0), 1.0), (None, 1.0)]));
        }
        assert!(!Stability::new(0.5).second(&[]));
    }

    #[test]
    fn a_share_of_failures_of_zero_is_known_by_its_bound() {
        let mut none_fails = Stability::new(0.02);
        let known = (0..30).any(|_| none_fails.second(&[(Some(0.0), 0.01)]));
        assert!(known);
    }
}
