//! A histogram that keeps three significant digits of every value, in memory that follows what was recorded.
//!
//! The layout is HdrHistogram's with three significant digits and a lowest discernible value of 1: values
//! below 2048 have a bucket each, and every doubling above has 1024 buckets, so a bucket is never wider than
//! a thousandth of its values. Buckets live in chunks of 64 that are made when first touched: recording a
//! value whose chunk exists allocates nothing.
//!
//! In: whole numbers. Trends are stored as value × [`SCALE`], so that a value of one millisecond is stored
//! as 1,000,000 nanoseconds; [`to_scaled`] and [`from_scaled`] convert. Out: quantiles, moments, a [`Delta`]
//! for the aggregator, and HdrHistogram's own V2 text (in `encoding`).

mod encoding;
mod layout;
pub mod variants;

pub use encoding::HistogramError;
pub use layout::{MAX_VALUE, SCALE, from_scaled, to_scaled};

use layout::{CHUNK, bounds_of, bucket_of};

/// Counts of values, by bucket.
#[derive(Debug, Clone)]
pub struct Histogram {
    chunks: Vec<Option<Box<[u64; CHUNK]>>>,
    count: u64,
    min: u64,
    max: u64,
    /// Exact in whole numbers, so that the order of recording and merging does not matter.
    sum: u128,
}

/// An interval's contents, compact: only the buckets that have counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    buckets: Vec<(u32, u64)>,
    count: u64,
    min: u64,
    max: u64,
    sum: u128,
}

impl Delta {
    /// How many values were recorded in the interval.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing was recorded in the interval.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// Equal when they hold the same counts, extremes and sum, whatever chunks were ever touched.
impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        (self.count, self.min, self.max, self.sum) == (other.count, other.min, other.max, other.sum)
            && self.buckets().eq(other.buckets())
    }
}

impl Histogram {
    /// An empty histogram; it allocates nothing yet.
    pub const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            count: 0,
            min: u64::MAX,
            max: 0,
            sum: 0,
        }
    }

    /// Records a value, at most [`MAX_VALUE`].
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Records a value several times. Counts saturate.
    #[inline]
    pub fn record_n(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        let value = value.min(MAX_VALUE);
        self.add_to_bucket(bucket_of(value), times);
        self.add_summary(times, value, value, u128::from(value) * u128::from(times));
    }

    #[inline]
    fn add_to_bucket(&mut self, bucket: usize, times: u64) {
        match self.chunks.get_mut(bucket / CHUNK) {
            Some(Some(chunk)) => {
                let slot = &mut chunk[bucket % CHUNK];
                *slot = slot.saturating_add(times);
            }
            _ => self.add_to_new_chunk(bucket, times),
        }
    }

    #[cold]
    fn add_to_new_chunk(&mut self, bucket: usize, times: u64) {
        let at = bucket / CHUNK;
        if self.chunks.len() <= at {
            self.chunks.resize_with(at + 1, || None);
        }
        self.chunks[at].get_or_insert_with(|| Box::new([0; CHUNK]))[bucket % CHUNK] = times;
    }

    #[inline]
    fn add_summary(&mut self, count: u64, min: u64, max: u64, sum: u128) {
        self.count = self.count.saturating_add(count);
        self.min = self.min.min(min);
        self.max = self.max.max(max);
        self.sum = self.sum.saturating_add(sum);
    }

    /// Adds everything another histogram holds.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, times) in other.buckets() {
            self.add_to_bucket(bucket, times);
        }
        self.add_summary(other.count, other.min, other.max, other.sum);
    }

    /// What was recorded since an earlier state of this same histogram. The extremes are those of the buckets, and no further
    /// apart than the present ones.
    #[must_use]
    pub fn minus(&self, earlier: &Self) -> Self {
        let mut difference = Self::new();
        let before: std::collections::HashMap<usize, u64> = earlier.buckets().collect();
        for (bucket, times) in self.buckets() {
            let times = times.saturating_sub(before.get(&bucket).copied().unwrap_or(0));
            if times > 0 {
                let (lowest, highest) = bounds_of(bucket);
                difference.add_to_bucket(bucket, times);
                difference.add_summary(times, lowest.max(self.min), highest.min(self.max), 0);
            }
        }
        difference.sum = self.sum.saturating_sub(earlier.sum);
        difference
    }

    /// Adds an interval drained from another histogram.
    pub fn add_delta(&mut self, delta: &Delta) {
        for &(bucket, times) in &delta.buckets {
            self.add_to_bucket(bucket as usize, times);
        }
        self.add_summary(delta.count, delta.min, delta.max, delta.sum);
    }

    /// Takes the contents, leaving the histogram empty but its chunks in place.
    pub fn drain(&mut self) -> Delta {
        let buckets = self
            .buckets()
            .map(|(bucket, times)| (bucket as u32, times))
            .collect();
        let delta = Delta {
            buckets,
            count: self.count,
            min: self.min,
            max: self.max,
            sum: self.sum,
        };
        self.clear();
        delta
    }

    /// Forgets every value, keeping the chunks. Only chunks between the extremes are visited.
    pub fn clear(&mut self) {
        let touched = self.touched();
        for chunk in self.chunks[touched].iter_mut().flatten() {
            chunk.fill(0);
        }
        (self.count, self.min, self.max, self.sum) = (0, u64::MAX, 0, 0);
    }

    /// The chunks that can hold counts now: those between the smallest and the largest value.
    fn touched(&self) -> std::ops::Range<usize> {
        if self.count == 0 {
            return 0..0;
        }
        let end = (bucket_of(self.max) / CHUNK + 1).min(self.chunks.len());
        (bucket_of(self.min) / CHUNK).min(end)..end
    }

    /// Buckets that have counts, in the order of their values.
    fn buckets(&self) -> impl Iterator<Item = (usize, u64)> {
        let touched = self.touched();
        let first = touched.start;
        self.chunks[touched]
            .iter()
            .enumerate()
            .flat_map(move |(at, chunk)| {
                chunk
                    .iter()
                    .flat_map(|chunk| chunk.iter().enumerate())
                    .filter(|(_, times)| **times > 0)
                    .map(move |(slot, times)| ((first + at) * CHUNK + slot, *times))
            })
    }

    /// Every bucket that has counts: its smallest and its largest value, and the count.
    pub fn iter_nonzero(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        self.buckets().map(|(bucket, times)| {
            let (lowest, highest) = bounds_of(bucket);
            (lowest, highest, times)
        })
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest value, exact; 0 when empty.
    pub fn min(&self) -> u64 {
        if self.is_empty() { 0 } else { self.min }
    }

    /// The largest value, exact; 0 when empty.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The sum of the values themselves, not of their buckets.
    pub fn sum(&self) -> f64 {
        self.sum as f64
    }

    /// The mean of the values themselves; 0 when empty.
    pub fn mean(&self) -> f64 {
        if self.is_empty() {
            0.0
        } else {
            self.sum() / self.count as f64
        }
    }

    /// The standard deviation of the whole population, every value taken as the middle of its bucket.
    pub fn stddev(&self) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let mean = self.mean();
        let squares: f64 = self
            .iter_nonzero()
            .map(|(lowest, highest, times)| {
                let middle = lowest as f64 + (highest - lowest) as f64 / 2.0;
                (middle - mean).powi(2) * times as f64
            })
            .sum();
        (squares / self.count as f64).sqrt()
    }

    /// The value that a share `quantile` (0 to 1) of the values do not exceed: the largest value of its
    /// bucket, but never more than the exact maximum. A quantile of 0 is the exact minimum; an empty
    /// histogram answers 0. The rank is HdrHistogram's: quantile × count, rounded up.
    pub fn value_at_quantile(&self, quantile: f64) -> u64 {
        if quantile <= 0.0 {
            return self.min();
        }
        self.value_at_rank((quantile.min(1.0) * self.count as f64).ceil() as u64)
    }

    /// As [`value_at_quantile`](Self::value_at_quantile), for a percentile from 0 to 100. Unlike
    /// `value_at_quantile(p / 100.0)` a percentile whose rank is whole hits that rank: 99.9 of a thousand
    /// values is the 999th, although 99.9 / 100 lies a hair above 0.999.
    pub fn value_at_percentile(&self, percentile: f64) -> u64 {
        if percentile <= 0.0 {
            return self.min();
        }
        self.value_at_rank(self.rank_of_percentile(percentile))
    }

    /// Between which values a percentile from 0 to 100 lies for certain: the bounds of its bucket, and the exact extremes
    /// where they are closer. The upper one is [`value_at_percentile`](Self::value_at_percentile).
    pub fn range_at_percentile(&self, percentile: f64) -> (u64, u64) {
        if percentile <= 0.0 {
            return (self.min(), self.min());
        }
        self.range_at_rank(self.rank_of_percentile(percentile))
    }

    fn rank_of_percentile(&self, percentile: f64) -> u64 {
        let rank = percentile.min(100.0) * self.count as f64 / 100.0;
        (rank * (1.0 - 4.0 * f64::EPSILON)).ceil() as u64
    }

    fn value_at_rank(&self, rank: u64) -> u64 {
        self.range_at_rank(rank).1
    }

    fn range_at_rank(&self, rank: u64) -> (u64, u64) {
        let rank = rank.max(1);
        let mut seen = 0u64;
        for (bucket, times) in self.buckets() {
            seen = seen.saturating_add(times);
            if seen >= rank {
                let (lowest, highest) = bounds_of(bucket);
                return (lowest.max(self.min), highest.min(self.max));
            }
        }
        (self.max, self.max)
    }

    /// How many values lie at or below `value`, or in its bucket.
    pub fn count_at_or_below(&self, value: u64) -> u64 {
        let last = bucket_of(value.min(MAX_VALUE));
        self.buckets()
            .take_while(|(bucket, _)| *bucket <= last)
            .fold(0, |sum, (_, times)| sum.saturating_add(times))
    }

    /// Puts back the exact extremes and sum that the V2 text does not carry, from wherever they were kept
    /// beside it. Extremes outside the buckets of the present ones are ignored.
    pub fn restore_exact(&mut self, min: u64, max: u64, sum: u128) {
        if self.is_empty() || bucket_of(min.min(MAX_VALUE)) != bucket_of(self.min) {
            return;
        }
        if min <= max && max <= MAX_VALUE && bucket_of(max) == bucket_of(self.max) {
            (self.min, self.max, self.sum) = (min, max, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    #[test]
    fn an_empty_histogram_answers_zero() {
        let empty = Histogram::new();
        assert!(empty.is_empty());
        assert_eq!(
            (
                empty.min(),
                empty.max(),
                empty.count(),
                empty.value_at_quantile(0.5)
            ),
            (0, 0, 0, 0)
        );
        assert_eq!(
            (empty.mean(), empty.stddev(), empty.count_at_or_below(9)),
            (0.0, 0.0, 0)
        );
    }

    #[test]
    fn values_beyond_the_range_are_recorded_as_the_largest() {
        let histogram = filled(&[u64::MAX, MAX_VALUE]);
        assert_eq!(
            histogram.iter_nonzero().map(|b| b.2).collect::<Vec<_>>(),
            [2]
        );
        assert_eq!(histogram.max(), MAX_VALUE);
    }

    #[test]
    fn moments_are_those_of_the_values() {
        let histogram = filled(&[2, 4, 4, 4, 5, 5, 7, 9]);
        assert_eq!(
            (histogram.sum(), histogram.mean(), histogram.stddev()),
            (40.0, 5.0, 2.0)
        );
        assert_eq!(
            (
                histogram.count_at_or_below(4),
                histogram.count_at_or_below(100)
            ),
            (4, 8)
        );
    }

    #[test]
    fn a_percentile_with_a_whole_rank_hits_it() {
        let histogram = filled(&(1..=1000).collect::<Vec<_>>());
        let at = |percentile| histogram.value_at_percentile(percentile);
        assert_eq!(
            [at(0.0), at(50.0), at(95.0), at(99.9), at(99.91), at(100.0)],
            [1, 500, 950, 999, 1000, 1000]
        );
    }

    #[test]
    fn clearing_keeps_the_chunks_and_counts_never_overflow() {
        let mut histogram = filled(&[1, 1_000_000_000]);
        let chunks = histogram.chunks.len();
        histogram.clear();
        assert_eq!(histogram, Histogram::new());
        assert_eq!(histogram.chunks.len(), chunks);
        histogram.record_n(7, u64::MAX);
        histogram.record_n(7, u64::MAX);
        assert_eq!(
            (histogram.count(), histogram.value_at_quantile(1.0)),
            (u64::MAX, 7)
        );
    }

    fn value() -> impl Strategy<Value = u64> {
        (any::<u64>(), 1u32..64).prop_map(|(value, shift)| value >> shift)
    }

    #[test]
    fn the_difference_to_an_earlier_state_is_what_came_since() {
        let earlier = filled(&[5, 5, 1_000]);
        let mut later = earlier.clone();
        for value in [5, 70_000, 70_000] {
            later.record(value);
        }
        let since = later.minus(&earlier);
        assert_eq!((since.count(), since.min(), since.sum()), (3, 5, 140_005.0));
        assert_eq!(since.value_at_percentile(100.0), later.max());
        assert!(later.minus(&later).is_empty());
    }

    proptest! {
        // Each case builds a dense histogram to compare with, which is slow unoptimised.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_agrees_with_the_hdrhistogram_crate(values in prop::collection::vec(value(), 1..200), q in 0.0001f64..=1.0) {
            let ours = filled(&values);
            let mut theirs = hdrhistogram::Histogram::<u64>::new_with_bounds(1, MAX_VALUE, 3).unwrap();
            for value in &values {
                theirs.record(*value).unwrap();
            }
            let max = *values.iter().max().unwrap();
            prop_assert_eq!(ours.max(), max);
            prop_assert_eq!(ours.min(), *values.iter().min().unwrap());
            prop_assert_eq!(ours.count(), theirs.len());
            for q in [q, 0.5, 0.95, 0.999, 1.0] {
                prop_assert_eq!(ours.value_at_quantile(q), theirs.value_at_quantile(q).min(max));
            }
            for value in values {
                prop_assert_eq!(ours.count_at_or_below(value), theirs.count_between(0, value));
            }
        }

        #[test]
        fn merging_is_recording_everything(a in prop::collection::vec(value(), 0..50), b in prop::collection::vec(value(), 0..50)) {
            let all = filled(&[a.clone(), b.clone()].concat());
            let mut merged = filled(&a);
            merged.merge(&filled(&b));
            prop_assert_eq!(&merged, &all);

            let mut source = filled(&b);
            let mut total = filled(&a);
            total.add_delta(&source.drain());
            prop_assert_eq!(&total, &all);
            prop_assert!(source.is_empty() && source.drain().is_empty());
            for value in &a {
                source.record(*value);
            }
            prop_assert_eq!(source, filled(&a));
        }
    }
}
