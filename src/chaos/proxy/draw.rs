//! Chance that comes out alike for the same seed.

use crate::random::SplitMix64;

/// What one toxic draws on one connection, or another fault at one time: the same for the same seed and numbers, such as those of proxy,
/// toxic and connection.
#[derive(Debug, Clone)]
pub struct Draw(SplitMix64);

impl Draw {
    /// A sequence of its own for these numbers.
    pub fn new(seed: u64, parts: &[u64]) -> Self {
        let mut mixed = SplitMix64::new(seed);
        for part in parts {
            mixed = SplitMix64::new(mixed.next_u64() ^ part);
        }
        Self(mixed)
    }

    /// A number that stands for a name.
    pub fn of_name(name: &str) -> u64 {
        // FNV-1a, 64 bits (Fowler, Noll and Vo).
        name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    /// Uniform in [0, 1).
    pub fn fraction(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of that probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// How often something of that probability fails to happen before it does: as if each time was drawn.
    pub fn failures_before(&mut self, probability: f64) -> u64 {
        if probability >= 1.0 {
            return 0;
        }
        if probability <= 0.0 {
            return u64::MAX;
        }
        // Inversion of the geometric distribution; the cast ends at the largest number.
        (self.0.exponential() / -(-probability).ln_1p()) as u64
    }

    /// Uniform in 0..=most.
    pub fn up_to(&mut self, most: u64) -> u64 {
        // Lemire's multiplication; its bias is below one part in 2^32 for the small ranges drawn here.
        match most.checked_add(1) {
            Some(range) => ((u128::from(self.0.next_u64()) * u128::from(range)) >> 64) as u64,
            None => self.0.next_u64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_draws_and_another_connection_others() {
        let draws = |connection| {
            let mut draw = Draw::new(7, &[Draw::of_name("pms"), connection]);
            (0..8).map(|_| draw.up_to(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        assert!(draws(3).iter().all(|drawn| *drawn <= 1_000));
    }

    #[test]
    fn what_has_a_probability_happens_that_often() {
        let mut draw = Draw::new(1, &[]);
        let happened = (0..10_000).filter(|_| draw.happens(0.25)).count();
        assert!((2_300..2_700).contains(&happened), "{happened}");
        assert!(!draw.happens(0.0) && draw.happens(1.0));
    }

    #[test]
    fn what_is_waited_for_comes_after_as_long_as_its_probability_says() {
        let mut draw = Draw::new(1, &[]);
        let total: u64 = (0..10_000).map(|_| draw.failures_before(0.2)).sum();
        // The mean of (1 - p) / p is 4.
        assert!((38_000..42_000).contains(&total), "{total}");
        assert_eq!(draw.failures_before(1.0), 0);
        assert_eq!(draw.failures_before(0.0), u64::MAX);
    }
}
