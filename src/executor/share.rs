//! A share: which items (VUs, arrivals, iterations) of the whole test belong to this machine and worker.

use std::sync::Arc;

use super::stripe::Stripe;
use super::{ExecutionSegment, ExecutionSegmentSequence, SegmentError};

/// A part of every countable thing in a test. Shares of all segments, or of all workers of a segment,
/// partition the items exactly. Cheap to clone; every question is answered in constant time.
#[derive(Debug, Clone)]
pub struct Share {
    stripe: Arc<Stripe>,
    worker: u64,
    workers: u64,
}

impl Share {
    /// Everything.
    pub fn whole() -> Self {
        Self::of_stripe(Stripe::whole())
    }

    /// The share of one segment. Without a sequence, the segment must be one of several equal parts.
    ///
    /// # Errors
    /// When the segment is not in the sequence, when a sequence is needed to know the other segments, or
    /// when the fractions line up too late.
    pub fn of(
        segment: &ExecutionSegment,
        sequence: Option<&ExecutionSegmentSequence>,
    ) -> Result<Self, SegmentError> {
        let Some(sequence) = sequence else {
            let parts = segment
                .equal_parts()
                .ok_or_else(|| needs_sequence(segment))?;
            let index = segment.from().slots_of(parts);
            return Ok(Self::of_stripe(Stripe::equal(parts, index)?));
        };
        let index = sequence
            .segments()
            .position(|part| part == *segment)
            .ok_or_else(|| SegmentError::NotInSequence {
                segment: segment.to_string(),
                sequence: sequence.to_string(),
                parts: sequence.segments().map(|part| part.to_string()).collect(),
            })?;
        Ok(Self::of_stripe(Stripe::of(sequence, index)?))
    }

    fn of_stripe(stripe: Stripe) -> Self {
        Self {
            stripe: Arc::new(stripe),
            worker: 0,
            workers: 1,
        }
    }

    /// The part of this segment's items that worker `worker` of `workers` has: they take turns. A number
    /// outside wraps around, and no workers count as one.
    #[must_use]
    pub fn for_worker(&self, worker: u32, workers: u32) -> Self {
        let workers = u64::from(workers.max(1));
        Self {
            stripe: Arc::clone(&self.stripe),
            worker: u64::from(worker) % workers,
            workers,
        }
    }

    /// All workers of this segment together.
    #[must_use]
    pub fn segment_only(&self) -> Self {
        self.for_worker(0, 1)
    }

    /// Whether item `n` (from 0) is in this share.
    pub fn owns(&self, n: u64) -> bool {
        self.stripe.owns(n)
            && (self.workers == 1 || self.stripe.count(n) % self.workers == self.worker)
    }

    /// How many of the first `n` items are in this share.
    pub fn count(&self, n: u64) -> u64 {
        let of_segment = self.stripe.count(n);
        // Turns completed, and one more if this worker's turn has come in the last round.
        of_segment / self.workers + u64::from(of_segment % self.workers > self.worker)
    }

    /// The `k`-th item (from 0) of this share, as its number in the whole; saturates where numbers end.
    pub fn nth(&self, k: u64) -> u64 {
        self.stripe
            .nth(k.saturating_mul(self.workers).saturating_add(self.worker))
    }

    /// How many of `vus` VUs are in this share.
    pub fn count_vus(&self, vus: u32) -> u32 {
        // Never more than there are.
        u32::try_from(self.count(u64::from(vus))).unwrap_or(vus)
    }

    /// Whether every segment of the test has at least one of the first `n` items.
    pub(super) fn serves_all_segments(&self, n: u64) -> bool {
        self.stripe.serves_all(n)
    }
}

fn needs_sequence(segment: &ExecutionSegment) -> SegmentError {
    let mut points = vec![
        super::Fraction::ZERO,
        segment.from(),
        segment.to(),
        super::Fraction::ONE,
    ];
    points.dedup();
    let example = points
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",");
    SegmentError::NeedsSequence {
        segment: segment.to_string(),
        example,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(segment: &str, sequence: Option<&str>) -> Result<Share, SegmentError> {
        let sequence = sequence.map(|text| text.parse().unwrap());
        Share::of(&segment.parse().unwrap(), sequence.as_ref())
    }

    #[test]
    fn the_whole_has_everything() {
        let whole = Share::whole();
        assert_eq!((whole.count(7), whole.nth(7), whole.owns(7)), (7, 7, true));
        let same = share("0:1", None).unwrap();
        assert_eq!((same.count(7), same.nth(7)), (7, 7));
    }

    #[test]
    fn an_equal_part_needs_no_sequence() {
        let third = share("1/3:2/3", None).unwrap();
        let own: Vec<u64> = (0..10).filter(|n| third.owns(*n)).collect();
        assert_eq!(own, [1, 4, 7]);
    }

    #[test]
    fn an_uneven_part_asks_for_the_sequence() {
        assert_eq!(
            share("1/4:3/4", None).unwrap_err().to_string(),
            "segment 1/4:3/4 is not one of several equal parts, so the other machines' segments cannot be told from \
             it: pass all cut points to every machine, as in --execution-segment-sequence 0,1/4,3/4,1"
        );
        assert!(share("1/4:3/4", Some("0,1/4,3/4,1")).is_ok());
    }

    #[test]
    fn a_segment_outside_its_sequence_is_told_the_segments() {
        assert_eq!(
            share("0:1/2", Some("0,1/4,1")).unwrap_err().to_string(),
            "segment 0:1/2 is not part of the sequence 0,1/4,1: its segments are 0:1/4, 1/4:1"
        );
    }

    #[test]
    fn workers_take_turns_with_their_segments_items() {
        let half = share("1/2:1", None).unwrap();
        let worker = half.for_worker(1, 3);
        let own: Vec<u64> = (0..20).filter(|n| worker.owns(*n)).collect();
        assert_eq!(own, [3, 9, 15]);
        assert_eq!(worker.segment_only().count(20), 10);
        assert!(half.for_worker(0, 0).owns(1));
    }

    #[test]
    fn item_numbers_saturate_instead_of_overflowing() {
        let worker = share("1/2:1", None).unwrap().for_worker(3, 4);
        assert_eq!(worker.nth(u64::MAX), u64::MAX);
        assert_eq!(Share::whole().count(u64::MAX), u64::MAX);
    }
}
