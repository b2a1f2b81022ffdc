//! Chance of a run's own plan, from its seed.

use std::time::Duration;

use crate::random::SplitMix64;

/// A sequence that is the same for the same seed.
pub struct Chance(SplitMix64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed ^ 0x6661_756c_7473))
    }

    /// A length between these, evenly.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let share = (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        least + most.saturating_sub(least).mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_lie_between_and_repeat() {
        let (least, most) = (Duration::from_secs(2), Duration::from_secs(5));
        let drawn = |seed| {
            let mut chance = Chance::new(seed);
            (0..100)
                .map(|_| chance.between(least, most))
                .collect::<Vec<_>>()
        };
        assert!(drawn(1).iter().all(|length| (least..most).contains(length)));
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }
}
