//! How consecutive items (VUs, arrivals, iterations) are dealt to the segments of a sequence.
//!
//! Items are dealt in a pattern that repeats after `period` slots, the least common multiple of the
//! denominators. A segment of `w` slots gets its `c`-th slot no earlier than `floor(c * period / w)` and
//! before `ceil((c + 1) * period / w)`, by dealing each slot to the eligible segment with the earliest
//! deadline. Such a schedule always exists and earliest-deadline-first finds it (Baruah et al.,
//! "Proportionate progress", Algorithmica 1996), so that among the first `n` items every segment has its
//! ideal number, rounded down or up. Plainly taking the segment that is furthest behind does not promise
//! that: among many small segments some would fall behind by more than one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::fraction::lcm;
use super::{ExecutionSegmentSequence, SegmentError};

/// Longest period: its table takes four megabytes.
const MAX_PERIOD: u64 = 1_000_000;

/// The slots of one segment within the repeating pattern of its sequence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stripe {
    /// `before[i]`: own slots among the first `i` of the period; one longer than the period.
    before: Vec<u32>,
    /// Own slots, ascending.
    slots: Vec<u32>,
    /// Among this many items, every segment of the sequence has at least one.
    all_served: u64,
}

impl Stripe {
    /// The pattern of a test that is not split.
    pub(super) fn whole() -> Self {
        Self {
            before: vec![0, 1],
            slots: vec![0],
            all_served: 1,
        }
    }

    /// The slots of the segment at `index` in `sequence`.
    pub(super) fn of(
        sequence: &ExecutionSegmentSequence,
        index: usize,
    ) -> Result<Self, SegmentError> {
        let too_long = SegmentError::PeriodTooLong { limit: MAX_PERIOD };
        let period = sequence
            .points()
            .iter()
            .try_fold(1, |period, point| lcm(period, point.denom()))
            .filter(|period| *period <= MAX_PERIOD)
            .ok_or(too_long)?;
        let widths: Vec<u64> = sequence
            .segments()
            .map(|segment| segment.to().slots_of(period) - segment.from().slots_of(period))
            .collect();
        Ok(deal(period, &widths, index))
    }

    /// The pattern of the `index`-th of `parts` equal segments.
    pub(super) fn equal(parts: u64, index: u64) -> Result<Self, SegmentError> {
        if parts > MAX_PERIOD {
            return Err(SegmentError::PeriodTooLong { limit: MAX_PERIOD });
        }
        Ok(Self {
            before: (0..=parts).map(|slot| u32::from(slot > index)).collect(),
            slots: vec![u32::try_from(index).unwrap_or(u32::MAX)],
            all_served: parts,
        })
    }

    fn period(&self) -> u64 {
        self.before.len() as u64 - 1
    }

    /// Whether item `n` is in this segment.
    pub(super) fn owns(&self, n: u64) -> bool {
        // The remainder lies below the period, and the table holds one more than that.
        let slot = (n % self.period()) as usize;
        self.before[slot + 1] > self.before[slot]
    }

    /// How many of the first `n` items are in this segment.
    pub(super) fn count(&self, n: u64) -> u64 {
        let period = self.period();
        let slot = (n % period) as usize;
        n / period * self.slots.len() as u64 + u64::from(self.before[slot])
    }

    /// The `k`-th item of this segment; saturates where item numbers end.
    pub(super) fn nth(&self, k: u64) -> u64 {
        let width = self.slots.len() as u64;
        let slot = self.slots[(k % width) as usize];
        (k / width)
            .saturating_mul(self.period())
            .saturating_add(u64::from(slot))
    }

    /// Whether every segment of the sequence has at least one of the first `n` items.
    pub(super) fn serves_all(&self, n: u64) -> bool {
        n >= self.all_served
    }
}

/// Deals one period, keeping the slots of the segment at `index`. The widths add up to the period, so a
/// segment is eligible at every slot.
fn deal(period: u64, widths: &[u64], index: usize) -> Stripe {
    let job = |segment: usize, c: u64| {
        let release = c * period / widths[segment];
        let deadline = ((c + 1) * period).div_ceil(widths[segment]);
        (release, deadline, segment, c)
    };
    let mut waiting: BinaryHeap<_> = (0..widths.len())
        .map(|segment| Reverse(job(segment, 0)))
        .collect();
    let mut ready = BinaryHeap::new();
    let mut stripe = Stripe {
        before: vec![0],
        slots: Vec::new(),
        all_served: 0,
    };
    for slot in 0..period {
        while let Some(Reverse((release, deadline, segment, c))) = waiting.peek().copied()
            && release <= slot
        {
            waiting.pop();
            // Among equal deadlines the widest goes first: its next slot is due soonest, which spreads it best.
            ready.push(Reverse((deadline, Reverse(widths[segment]), segment, c)));
        }
        if let Some(Reverse((_, _, segment, c))) = ready.pop() {
            if c == 0 {
                stripe.all_served = slot + 1;
            }
            if segment == index {
                // The period is capped far below `u32::MAX`.
                stripe.slots.push(slot as u32);
            }
            if c + 1 < widths[segment] {
                waiting.push(Reverse(job(segment, c + 1)));
            }
        }
        stripe.before.push(stripe.slots.len() as u32);
    }
    stripe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sequence(text: &str) -> ExecutionSegmentSequence {
        text.parse().unwrap()
    }

    fn slots(text: &str, index: usize) -> Vec<u32> {
        Stripe::of(&sequence(text), index).unwrap().slots
    }

    #[test]
    fn equal_segments_take_turns() {
        assert_eq!(slots("0,1/3,2/3,1", 1), [1]);
        for index in 0..3 {
            let dealt = Stripe::of(&sequence("0,1/3,2/3,1"), index as usize).unwrap();
            assert_eq!(Stripe::equal(3, index).unwrap(), dealt);
        }
    }

    #[test]
    fn uneven_segments_are_spread_evenly() {
        assert_eq!(slots("0,1/4,1/2,1", 2), [0, 2]);
        assert_eq!(slots("0,1/4,1/2,1", 0), [1]);
        assert_eq!(slots("0,1/4,1/2,1", 1), [3]);
    }

    #[test]
    fn a_period_that_is_too_long_is_refused() {
        let error = Stripe::of(&sequence("0,0.3333333,1"), 0).unwrap_err();
        assert!(error.to_string().contains("1000000 items"), "{error}");
        let primes = sequence("0,1/1000003,1");
        assert!(Stripe::of(&primes, 0).is_err());
        assert!(Stripe::equal(1_000_001, 3).is_err());
    }

    #[test]
    fn the_first_items_tell_when_every_segment_is_served() {
        let stripe = Stripe::of(&sequence("0,1/4,1/2,1"), 0).unwrap();
        assert!(!stripe.serves_all(3));
        assert!(stripe.serves_all(4));
    }

    proptest! {
        #[test]
        fn among_the_first_items_every_segment_has_its_ideal_rounded_down_or_up(
            widths in prop::collection::vec(1u64..40, 1..12),
        ) {
            let period: u64 = widths.iter().sum();
            let stripes: Vec<Stripe> = (0..widths.len()).map(|index| deal(period, &widths, index)).collect();
            for n in 0..=2 * period {
                let mut sum = 0;
                for (stripe, width) in stripes.iter().zip(&widths) {
                    let count = stripe.count(n);
                    prop_assert!(count >= n * width / period && count <= (n * width).div_ceil(period));
                    sum += count;
                }
                prop_assert_eq!(sum, n);
                prop_assert_eq!(stripes.iter().filter(|stripe| stripe.owns(n)).count(), 1);
            }
        }
    }
}
