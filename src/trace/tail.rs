//! Which requests are slow, as seen from those before them.

use crate::metrics::Histogram;

/// After so many requests the bound is looked for anew.
const OFTEN: u64 = 256;
/// Before so many there is no telling.
const FEW: u64 = 100;

/// The response times of a worker so far.
#[derive(Debug)]
pub struct Tail {
    times: Histogram,
    /// From this on a request is slow, in nanoseconds.
    bound: u64,
    next: u64,
    percentile: f64,
}

impl Tail {
    /// Takes this share of requests for slow.
    pub fn new(slowest: f64) -> Self {
        Self {
            times: Histogram::new(),
            bound: u64::MAX,
            next: FEW,
            percentile: 100.0 * (1.0 - slowest),
        }
    }

    /// Whether a request that took so many nanoseconds is among the slowest so far.
    pub fn is_slow(&mut self, nanos: u64) -> bool {
        let is_slow = nanos > self.bound;
        self.times.record(nanos);
        if self.times.count() >= self.next {
            self.bound = self.times.value_at_percentile(self.percentile);
            // Often at first, when it still moves.
            self.next = self.times.count() + OFTEN.min(self.times.count());
        }
        is_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    #[test]
    fn about_the_share_that_was_asked_for_is_slow() {
        let mut random = SplitMix64::new(5);
        let mut tail = Tail::new(0.05);
        let times = (0..20_000).map(|_| (random.exponential() * 1e7) as u64);
        let slow = times.filter(|time| tail.is_slow(*time)).count();
        assert!((800..1_200).contains(&slow), "{slow}");
    }

    #[test]
    fn nothing_is_slow_before_there_is_anything_to_compare_with() {
        let mut tail = Tail::new(0.01);
        assert!(!(0..99).any(|number| tail.is_slow(number * 1_000_000)));
        assert!(!tail.is_slow(5));
        assert!(tail.is_slow(1 << 40));
    }
}
