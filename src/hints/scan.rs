//! When failures stood out: the stretch of a run in which most of them lie, if there is one.
//!
//! The scan statistic of Kulldorff (1997), "A spatial scan statistic", for counts of failures among requests: of all stretches
//! of neighbouring intervals the one whose likelihood ratio against "the same share everywhere" is the greatest. The ratio is
//! divided by the dispersion of what is left (McCullagh & Nelder 1989), so that failures which come in clumps are not taken
//! for a stretch.

use std::ops::Range;

/// Twice the logarithm of the likelihood ratio above which a stretch is not chance. A run of a few hundred intervals has some
/// ten thousand stretches; by chance one in a hundred such runs exceeds 23.
const BEYOND_CHANCE: f64 = 25.0;
/// How many times the share outside a stretch its own must be.
const STANDS_OUT: f64 = 2.0;
/// The shortest stretch: of one interval nobody can say that it began and ended.
const SHORTEST: usize = 2;

/// A stretch in which more failed than elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The intervals of it.
    pub intervals: Range<usize>,
    /// Failures as a fraction of the requests in it, and of those outside.
    pub inside: f64,
    pub outside: f64,
}

/// Failures, and requests.
#[derive(Clone, Copy, Default)]
struct Count {
    failed: f64,
    asked: f64,
}

impl Count {
    fn share(self) -> f64 {
        crate::result::ratio(self.failed, self.asked)
    }

    fn less(self, other: Self) -> Self {
        Self {
            failed: self.failed - other.failed,
            asked: self.asked - other.asked,
        }
    }

    /// The logarithm of the likelihood of these counts at their own share.
    fn likelihood(self) -> f64 {
        let term = |part: f64| {
            if part > 0.0 {
                part * (part / self.asked).ln()
            } else {
                0.0
            }
        };
        term(self.failed) + term(self.asked - self.failed)
    }
}

/// The stretch in which failures stand out, from the failures and requests of each interval; nothing if they are spread evenly,
/// or as evenly as clumps of them let one see.
pub fn stretch(counts: &[(u64, u64)]) -> Option<Stretch> {
    let mut sums = vec![Count::default()];
    for (failed, asked) in counts {
        let last = *sums.last()?;
        sums.push(Count {
            failed: last.failed + *failed as f64,
            asked: last.asked + *asked as f64,
        });
    }
    let all = *sums.last()?;
    let pooled = all.likelihood();
    let mut best: Option<(f64, Range<usize>, Count)> = None;
    for (from, before) in sums.iter().enumerate() {
        for (to, upto) in sums.iter().enumerate().skip(from + SHORTEST) {
            let inside = upto.less(*before);
            let outside = all.less(inside);
            if inside.share() <= outside.share() || outside.asked <= 0.0 {
                continue;
            }
            let ratio = 2.0 * (inside.likelihood() + outside.likelihood() - pooled);
            if best.as_ref().is_none_or(|(most, ..)| ratio > *most) {
                best = Some((ratio, from..to, inside));
            }
        }
    }
    let (ratio, intervals, inside) = best?;
    let outside = all.less(inside).share();
    let inside = inside.share();
    let share = |number: usize| {
        if intervals.contains(&number) {
            inside
        } else {
            outside
        }
    };
    let stands_out = inside >= STANDS_OUT * outside;
    (stands_out && ratio / dispersion(counts, share) > BEYOND_CHANCE).then_some(Stretch {
        intervals,
        inside,
        outside,
    })
}

/// How much more the counts vary than by chance, at least 1 (Pearson's statistic by its degrees of freedom).
fn dispersion(counts: &[(u64, u64)], share: impl Fn(usize) -> f64) -> f64 {
    let squares: f64 = counts
        .iter()
        .enumerate()
        .map(|(number, (failed, asked))| {
            let (share, asked) = (share(number), *asked as f64);
            let variance = asked * share * (1.0 - share);
            if variance > 0.0 {
                (*failed as f64 - asked * share).powi(2) / variance
            } else {
                0.0
            }
        })
        .sum();
    (squares / counts.len().saturating_sub(3).max(1) as f64).max(1.0)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Failures of requests at a share that depends on the second.
    fn counts(
        seconds: usize,
        asked: u64,
        seed: u64,
        share: impl Fn(usize) -> f64,
    ) -> Vec<(u64, u64)> {
        let mut random = StdRng::seed_from_u64(seed);
        (0..seconds)
            .map(|second| {
                let failed = (0..asked)
                    .filter(|_| random.random::<f64>() < share(second))
                    .count();
                (failed as u64, asked)
            })
            .collect()
    }

    #[test]
    fn failures_that_are_spread_evenly_have_no_stretch() {
        let mut found = 0;
        for seed in 0..200 {
            let asked = [3, 20, 200][seed as usize % 3];
            found += usize::from(stretch(&counts(120, asked, seed, |_| 0.03)).is_some());
        }
        assert!(found <= 4, "{found} of 200");
    }

    #[test]
    fn failures_in_clumps_without_a_stretch_are_spread_evenly() {
        let clumps = |second: usize| if second % 7 == 3 { 0.3 } else { 0.01 };
        assert_eq!(stretch(&counts(120, 50, 5, clumps)), None);
    }

    #[test]
    fn a_stretch_is_found_where_it_is() {
        let outage = counts(120, 50, 1, |second| {
            if (40..55).contains(&second) {
                0.4
            } else {
                0.002
            }
        });
        let found = stretch(&outage).unwrap();
        assert_eq!(found.intervals, 40..55);
        assert!((found.inside - 0.4).abs() < 0.06 && found.outside < 0.01);

        let onset = counts(120, 20, 2, |second| if second < 60 { 0.0 } else { 0.3 });
        let found = stretch(&onset).unwrap();
        assert!((59..=61).contains(&found.intervals.start), "{found:?}");
        assert_eq!(found.intervals.end, 120);
    }

    #[test]
    fn nothing_to_look_at_has_no_stretch() {
        assert_eq!(stretch(&[]), None);
        assert_eq!(stretch(&[(3, 5)]), None);
        assert_eq!(stretch(&[(0, 0); 40]), None);
        assert_eq!(stretch(&[(5, 5); 40]), None);
    }
}
